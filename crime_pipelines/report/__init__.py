"""The report of a run: one self-contained page with the answers, their charts and their caveats."""

from crime_pipelines.report.chart_files import chart_files
from crime_pipelines.report.extras import Extras, report_questions
from crime_pipelines.report.page import warm_up, write_public, write_report
from crime_pipelines.report.section_content import draw_answers

__all__ = [
    "Extras",
    "chart_files",
    "draw_answers",
    "report_questions",
    "warm_up",
    "write_public",
    "write_report",
]
