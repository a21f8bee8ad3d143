"""Demonstrations: a file goes through the local cloud until its answers are in BigQuery."""
