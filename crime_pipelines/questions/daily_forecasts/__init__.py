"""The question `daily_forecasts`."""
