"""The question `clusters`."""
