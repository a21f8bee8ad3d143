"""The files and folders that an output is known to have before it is made."""

from __future__ import annotations

from collections.abc import Iterable

from crime_pipelines.engines.base import INCIDENTS, REJECTS
from crime_pipelines.output.layout import ANALYSIS, ANSWERS, PAGE, PUBLIC, REPORT
from crime_pipelines.questions import QUESTIONS
from crime_pipelines.questions.model import Question


def names_of_a_run(analyses: Iterable[Question], *, public: bool) -> list[str]:
    """List what a run is known to write.

    Args:
        analyses: the analyses that it makes.
        public: whether it writes what is fit to be published as well.

    Returns:
        Paths inside the output folder; those of folders end with a slash.
    """
    return [
        f"{INCIDENTS}/",
        f"{REJECTS}/",
        *names_of_a_demo(),
        *(f"{ANALYSIS}/{each.name}.csv" for each in analyses),
        *([f"{PUBLIC}/{PAGE}"] if public else []),
    ]


def names_of_a_demo() -> list[str]:
    """List what a demo is known to write, as `names_of_a_run` does."""
    return [*(f"{ANSWERS}/{each.name}.csv" for each in QUESTIONS), f"{REPORT}/{PAGE}"]
