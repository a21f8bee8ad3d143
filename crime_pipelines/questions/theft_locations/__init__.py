"""The question `theft_locations`."""
