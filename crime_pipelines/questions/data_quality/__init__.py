"""The question `data_quality`."""
