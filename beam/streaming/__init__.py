"""The streaming pipeline and its steps."""
