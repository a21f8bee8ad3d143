"""Comparison of the embedded engine with programs that others would write for the same job.

`python -m benchmarks` measures; docs/benchmarks.md says what and how, and holds the last tables.
"""
