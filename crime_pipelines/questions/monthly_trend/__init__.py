"""The question `monthly_trend`."""
