"""The sections of the report: one for each answer, by its question.

A question without a module of its own here is shown by `default.Section`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crime_pipelines.questions import Answer, Question
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.sections.arrest_rates import ArrestRates
from crime_pipelines.report.sections.changes import Changes
from crime_pipelines.report.sections.clusters import Clusters, NearRepeats
from crime_pipelines.report.sections.crime_trend import CrimeTrend
from crime_pipelines.report.sections.default import Section, Words
from crime_pipelines.report.sections.forecasts import MonthlyForecasts, StepForecasts
from crime_pipelines.report.sections.hot_spots import HotSpotAccuracy, HotSpots
from crime_pipelines.report.sections.monthly_trend import MonthlyTrend
from crime_pipelines.report.sections.safest_areas import SafestAreas
from crime_pipelines.report.sections.surges import Surges
from crime_pipelines.report.sections.theft_locations import TheftLocations
from crime_pipelines.report.sections.weather import Weather
from crime_pipelines.report.sections.weekday_hours import WeekdayHours

__all__ = ["Section", "Words", "own_sections", "section_of", "words"]

_SECTIONS: Final[Mapping[str, type[Section]]] = {
    "monthly_trend": MonthlyTrend,
    "theft_locations": TheftLocations,
    "crime_trend": CrimeTrend,
    "safest_areas": SafestAreas,
    "arrest_rates": ArrestRates,
    "changes": Changes,
    "monthly_forecasts": MonthlyForecasts,
    "weekly_forecasts": StepForecasts,
    "daily_forecasts": StepForecasts,
    "weekday_hours": WeekdayHours,
    "hot_spots": HotSpots,
    "hot_spot_accuracy": HotSpotAccuracy,
    "surges": Surges,
    "clusters": Clusters,
    "weather": Weather,
    "near_repeats": NearRepeats,
}


def section_of(question: Question) -> Section:
    """Find the section that shows a question's answer.

    Args:
        question: the question.

    Returns:
        Its own section, or the default one.
    """
    return _SECTIONS.get(question.name, Section)(question)


def words(
    answers: Mapping[str, Answer], facts: Facts, analyses: Mapping[str, Answer] | None = None
) -> dict[str, Words]:
    """Put each answer in words.

    Args:
        answers: the answers by name.
        facts: what the data cover.
        analyses: the analyses by name, where they are made.

    Returns:
        The words by the answer's name.
    """
    everything = {**answers, **(analyses or {})}
    return {name: section_of(answer.question).words(everything, facts) for name, answer in answers.items()}


def own_sections(answers: Mapping[str, Answer], analyses: Mapping[str, Answer]) -> list[Answer]:
    """Choose the analyses that get a section of their own: those that no answer's section shows beside it.

    Args:
        answers: the answers by name.
        analyses: the analyses by name.

    Returns:
        The analyses, in the order given.
    """
    taken = {name for answer in answers.values() for name in section_of(answer.question).beside}
    return [analysis for name, analysis in analyses.items() if name not in taken]
