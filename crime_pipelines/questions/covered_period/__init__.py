"""The question `covered_period`."""
