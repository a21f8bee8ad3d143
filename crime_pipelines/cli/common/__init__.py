"""Parts that the commands share: settings, options of every command, progress, messages."""
