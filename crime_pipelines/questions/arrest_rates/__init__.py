"""The question `arrest_rates`."""
