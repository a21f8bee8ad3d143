"""The question `filter_counts`."""
