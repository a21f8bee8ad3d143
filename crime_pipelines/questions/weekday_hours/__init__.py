"""The question `weekday_hours`."""
