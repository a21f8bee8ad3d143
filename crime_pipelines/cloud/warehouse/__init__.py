"""The warehouse in BigQuery: its tables and views, how a run gets into it, and the answers."""
