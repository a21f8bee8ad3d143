"""The questions: what each asks, in SQL and in words, and how its answer is finished.

A question is a folder here and a line in `registry`; docs/how-to/add-a-question.md has the steps.
"""

from crime_pipelines.questions.covered_period.question import period_of
from crime_pipelines.questions.model import Answer, Column, Groups, Question
from crime_pipelines.questions.monthly_trend.question import EARLIEST_AS_OF
from crime_pipelines.questions.registry import (
    ANALYSES,
    COVERED_PERIOD,
    DATA_QUALITY,
    OPTIONAL_ANALYSES,
    QUESTIONS,
    REPORT_QUESTIONS,
    VIEW_QUESTIONS,
    question,
)

__all__ = [
    "ANALYSES",
    "COVERED_PERIOD",
    "DATA_QUALITY",
    "EARLIEST_AS_OF",
    "OPTIONAL_ANALYSES",
    "QUESTIONS",
    "REPORT_QUESTIONS",
    "VIEW_QUESTIONS",
    "Answer",
    "Column",
    "Groups",
    "Question",
    "period_of",
    "question",
]
