"""A run's output: its folder, its record, its checks."""
