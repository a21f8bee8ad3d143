"""The report as a page that keeps up to date."""
