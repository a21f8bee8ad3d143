"""The five questions: what each asks, in SQL and in words, and how its answer is finished."""

from crime_pipelines.questions.catalogue import (
    DATA_QUALITY,
    EARLIEST_AS_OF,
    QUESTIONS,
    REPORT_QUESTIONS,
    Answer,
    Column,
    Question,
    question,
)

__all__ = [
    "DATA_QUALITY",
    "EARLIEST_AS_OF",
    "QUESTIONS",
    "REPORT_QUESTIONS",
    "Answer",
    "Column",
    "Question",
    "question",
]
