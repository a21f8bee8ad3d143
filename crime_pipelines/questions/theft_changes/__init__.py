"""The question `theft_changes`."""
