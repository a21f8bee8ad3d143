"""The question `weather`."""
