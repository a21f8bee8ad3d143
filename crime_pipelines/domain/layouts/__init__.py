"""Facts of departments' files."""
