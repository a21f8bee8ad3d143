"""The question `incident_counts`."""
