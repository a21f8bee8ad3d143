"""The question `changes`."""
