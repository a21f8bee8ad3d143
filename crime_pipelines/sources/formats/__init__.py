"""Formats of incident files, recognised by content and read as the comma-separated text that engines take."""
