"""The question `weekly_forecasts`."""
