"""The analyses that a run makes."""

from __future__ import annotations

from pathlib import Path

from crime_pipelines.analysis.weather import read_temperatures
from crime_pipelines.questions.model import Question
from crime_pipelines.questions.registry import ANALYSES, OPTIONAL_ANALYSES
from crime_pipelines.questions.weather.question import with_temperatures


def chosen_analyses(analyses: bool, weather: Path | None, near_repeats: bool) -> tuple[Question, ...]:
    """Return the analyses to make.

    Args:
        analyses: whether to make those that every run makes unless told otherwise.
        weather: a file of temperatures; see `read_temperatures`.
        near_repeats: whether to look for near repeats.

    Returns:
        The analyses.

    Raises:
        InputError: the temperatures can't be read.
    """
    chosen = ANALYSES if analyses else ()
    if weather is not None:
        chosen += (with_temperatures(read_temperatures(weather)),)
    return chosen + tuple(each for each in OPTIONAL_ANALYSES if near_repeats and each.name == "near_repeats")
