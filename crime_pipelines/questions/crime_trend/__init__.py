"""The question `crime_trend`."""
