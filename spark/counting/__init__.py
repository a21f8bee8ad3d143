"""Rows counted, and held against what was read."""
