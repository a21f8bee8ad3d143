"""The report of a run: one self-contained page with the five answers, their charts and their caveats."""

from crime_pipelines.report.page import write_report

__all__ = ["write_report"]
