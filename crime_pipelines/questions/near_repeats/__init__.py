"""The question `near_repeats`."""
