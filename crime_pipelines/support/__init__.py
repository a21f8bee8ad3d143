"""Support for every part: caches, cores, logs, interruptions, DuckDB."""
