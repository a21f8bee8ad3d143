"""The embedded engine: DuckDB inside this process, the default. It needs no Java and no cloud."""
