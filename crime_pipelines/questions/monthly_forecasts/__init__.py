"""The question `monthly_forecasts`."""
