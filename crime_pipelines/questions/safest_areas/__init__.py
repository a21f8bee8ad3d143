"""The question `safest_areas`."""
