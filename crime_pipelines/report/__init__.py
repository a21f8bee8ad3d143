"""The report of a run: one self-contained page with the five answers, their charts and their caveats."""

from crime_pipelines.report.files import chart_files
from crime_pipelines.report.page import Extras, draw_answers, warm_up, write_report

__all__ = ["Extras", "chart_files", "draw_answers", "warm_up", "write_report"]
