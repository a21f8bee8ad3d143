"""The interface of engines, their registry, and DuckDB, the default."""
