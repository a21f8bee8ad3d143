"""The questions that a run answers, a line for each."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from crime_pipelines.questions.model import Question


def load(package: str) -> Question:
    """Load a question from its folder.

    Args:
        package: the folder, as a package with a module ``question`` that defines ``QUESTION``.

    Returns:
        The question.

    Raises:
        ImportError: there is no such package, or no such module in it.
        ValueError: the question does not have its folder's name.
    """
    loaded: Question = import_module(f"{package}.question").QUESTION
    folder = package.rpartition(".")[2]
    if loaded.name != folder:
        raise ValueError(
            f"{package}.question: the name is {loaded.name!r}; it must be the folder's, {folder!r}"
        )
    return loaded


def _load(*folders: str) -> tuple[Question, ...]:
    return tuple(load(f"{__package__}.{folder}") for folder in folders)


#: The questions, in the order of the report, each by its folder.
QUESTIONS: Final = _load(
    "monthly_trend",
    "theft_locations",
    "crime_trend",
    "safest_areas",
    "arrest_rates",
)
#: Asked before the others: it says which incidents they are about.
COVERED_PERIOD: Final = load(f"{__package__}.covered_period")
#: The question of what a reader must know about the data, asked in every run beside the others.
DATA_QUALITY: Final = load(f"{__package__}.data_quality")
#: The questions that only the report asks, for its filters and its map.
REPORT_QUESTIONS: Final = _load("filter_counts", "hexagons")
#: The questions that only the warehouse's views answer, for dashboards of others.
VIEW_QUESTIONS: Final = _load("incident_counts", "hexagons")
#: The analyses: asked beside the answers, written into `analysis/`, left out by `--no-analysis`.
ANALYSES: Final = _load(
    "changes",
    "theft_changes",
    "monthly_forecasts",
    "weekly_forecasts",
    "daily_forecasts",
    "weekday_hours",
    "hot_spots",
    "hot_spot_accuracy",
    "surges",
    "clusters",
)
#: The analyses that are made only where they are asked for.
OPTIONAL_ANALYSES: Final = _load("weather", "near_repeats")


def question(name: str) -> Question:
    """Look up a question.

    Args:
        name: such as ``monthly_trend``.

    Returns:
        The one of `QUESTIONS` with that name.

    Raises:
        KeyError: there is none of that name.
    """
    return {asked.name: asked for asked in QUESTIONS}[name]
