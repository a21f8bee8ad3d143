"""The question `surges`."""
