"""Comparison of the embedded engine with programs that others would write for the same job.

`python -m benchmarks` measures; docs/scale.md says what was measured and how.
"""
