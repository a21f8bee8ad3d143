"""The part of a run that is fit to be published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from crime_pipelines.analysis.disclosure import (
    LEAST,
    LEAST_SENSITIVE,
    gives_away,
    hidden_rows,
    shown_of_ranked,
)
from crime_pipelines.domain.offences import is_sensitive
from crime_pipelines.domain.periods.as_of import end_of_day
from crime_pipelines.errors import InputError
from crime_pipelines.output.layout import ANALYSIS, ANSWERS
from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import ANALYSES, QUESTIONS, Answer

_THEFT: Final = "THEFT"
_Records = list[dict[str, Any]]
_FIRST: Final = "first_occurred_at"
_LAST: Final = "last_occurred_at"
#: What of `data_quality` says that a question can't be answered at all, by counting every incident.
_TOTAL: Final = ("without_area", "without_location", "without_type", "at_midnight")
#: The forecasts; of other analyses the counts overlap with those of the months, and nothing is published.
_FORECASTS: Final = ("monthly_forecasts", "weekly_forecasts", "daily_forecasts")


@dataclass(frozen=True, slots=True)
class Published:
    """The part of a run that is fit to be published.

    Attributes:
        record: what the run says of itself, without moments of single incidents and counts of few.
        answers: the answers by name, each without the rows that may not be published.
        analyses: the analyses by name, likewise.
        left_out: for each answer of which rows were left out, a sentence that says so.
    """

    record: RunRecord
    answers: Mapping[str, Answer]
    analyses: Mapping[str, Answer]
    left_out: Mapping[str, str]

    @classmethod
    def of(
        cls, record: RunRecord, answers: Mapping[str, Answer], analyses: Mapping[str, Answer]
    ) -> Published:
        """Leave out what may not be published.

        Args:
            record: the run's record, with `data_quality`.
            answers: the answers by name; one that no rule here is about is left out whole.
            analyses: the analyses by name.

        Returns:
            The rest.

        Raises:
            InputError: a month has so few incidents that nothing may be published.
        """
        first, last = (_day(record.data_quality.get(name)) for name in (_FIRST, _LAST))
        shown = fit_answers(answers, record.source, first, last)
        left_out = {
            name: _SAID.get(name, "This answer is left out.")
            for name, answer in shown.items()
            if len(answer.rows) < len(answers[name].rows)
        }
        return cls(_public_record(record), shown, fit_analyses(analyses), left_out)


def fit_answers(
    answers: Mapping[str, Answer], source: str, first: date | None, last: date | None
) -> dict[str, Answer]:
    """Leave out what of the answers may not be published.

    Args:
        answers: the answers by name; one that no rule here is about is left out whole.
        source: what they are of, for the error.
        first: the day of the first incident; None where not known.
        last: the day of the last one, likewise.

    Returns:
        The answers with the rows that may be published.

    Raises:
        InputError: a month has so few incidents that nothing may be published.
    """
    records = {name: answer.records() for name, answer in answers.items()}
    _refuse_small_months(source, first, last, records["monthly_trend"])
    shown = {name: Answer(answer.question, _chosen(answer, records)) for name, answer in answers.items()}
    if _thefts_give_away(records, {name: answer.records() for name, answer in shown.items()}):
        shown["theft_locations"] = Answer(shown["theft_locations"].question, [])
    return shown


def fit_analyses(analyses: Mapping[str, Answer]) -> dict[str, Answer]:
    """Leave out what of the analyses may not be published: all but the forecasts of all incidents together.

    Args:
        analyses: the analyses by name.

    Returns:
        Those with rows that may be published.
    """
    found = {}
    for name in _FORECASTS:
        if name in analyses:
            answer = analyses[name]
            rows = zip(answer.rows, answer.records(), strict=True)
            kept = [row for row, record in rows if record.get("scope", "all") == "all"]
            found[name] = Answer(answer.question, kept)
    return found


def publish(
    folder: Path, record: RunRecord, answers: Mapping[str, Answer], analyses: Mapping[str, Answer]
) -> Published:
    """Write the answers and analyses that are fit to be published, as CSV.

    Args:
        folder: the folder to write them in; made if need be. Those written there before are replaced.
        record: the run's record.
        answers: the answers by name.
        analyses: the analyses by name.

    Returns:
        What is fit to be published, for a page.

    Raises:
        InputError: nothing is.
        OSError: they can't be written.
    """
    public = Published.of(record, answers, analyses)
    for name, questions, found in (
        (ANSWERS, QUESTIONS, public.answers),
        (ANALYSIS, ANALYSES, public.analyses),
    ):
        for question in questions:
            path = folder / name / f"{question.name}.csv"
            if question.name in found and found[question.name].rows:
                path.parent.mkdir(parents=True, exist_ok=True)
                found[question.name].write_csv(path)
            else:
                path.unlink(missing_ok=True)
    return public


def _chosen(answer: Answer, records: Mapping[str, _Records]) -> list[tuple[Any, ...]]:
    choose = _RULES.get(answer.question.name)
    if choose is None:
        return []
    hidden = choose(records)
    return [row for at, row in enumerate(answer.rows) if at not in hidden]


def _none(_: Mapping[str, _Records]) -> frozenset[int]:
    return frozenset()


def _hidden_types(records: Mapping[str, _Records]) -> frozenset[int]:
    rows = records["arrest_rates"]
    return hidden_rows(
        [(row["arrests"], row["incidents"] - row["arrests"]) for row in rows],
        [LEAST_SENSITIVE if is_sensitive(row["primary_type"]) else LEAST for row in rows],
    )


def _hidden_locations(records: Mapping[str, _Records]) -> frozenset[int]:
    places = defaultdict(list)
    for at, row in enumerate(records["theft_locations"]):
        places[row["year"]].append((at, row["thefts"]))
    return frozenset(
        at
        for ranked in places.values()
        for at, _ in ranked[shown_of_ranked([thefts for _, thefts in ranked], LEAST) :]
    )


def _hidden_areas(records: Mapping[str, _Records]) -> frozenset[int]:
    """Hide all areas or none: of some, the safest would be one that is not."""
    rows = records["safest_areas"]
    counts = [(row["late_night_incidents"], row["incidents"] - row["late_night_incidents"]) for row in rows]
    total = sum(row["incidents"] for row in records["monthly_trend"])
    small = hidden_rows(counts, [LEAST] * len(rows))
    rest = gives_away(total, sum(row["incidents"] for row in rows))
    return frozenset(range(len(rows))) if small or rest else frozenset()


#: What chooses the rows to hide, by the answer's name. The trend follows from months that are all shown.
_RULES: Final[Mapping[str, Callable[[Mapping[str, _Records]], frozenset[int]]]] = {
    "monthly_trend": _none,
    "crime_trend": _none,
    "theft_locations": _hidden_locations,
    "safest_areas": _hidden_areas,
    "arrest_rates": _hidden_types,
}
#: The answers and analyses of which something may be published.
PUBLISHABLE: Final = (*_RULES, *_FORECASTS)
_SAID: Final = {
    "theft_locations": f"For publication, locations with fewer than {LEAST} thefts a year are left out, and "
    "more where these could be worked out.",
    "safest_areas": f"For publication, the areas are left out: a count of one of them, or of no known area, "
    f"is below {LEAST} or could be worked out.",
    "arrest_rates": f"For publication, types with fewer than {LEAST} incidents with or without an arrest "
    f"({LEAST_SENSITIVE} for homicide, sexual offences and those that may involve children) are left out, "
    "and with them a larger one that would give them away; ranks and sums are of the types shown.",
}


def _thefts_give_away(every: Mapping[str, _Records], shown: Mapping[str, _Records]) -> bool:
    """Tell whether the thefts shown lay bare a hidden type, or leave a small count of another's total."""
    known, told = (
        [row["incidents"] for row in records["arrest_rates"] if row["primary_type"] == _THEFT]
        for records in (every, shown)
    )
    if known != told:
        return True
    by_year: defaultdict[int, int] = defaultdict(int)
    for row in shown["theft_locations"]:
        by_year[row["year"]] += row["thefts"]
    months: defaultdict[int, int] = defaultdict(int)
    for row in shown["monthly_trend"]:
        months[row["month"].year] += row["incidents"]
    return gives_away(sum(told), sum(by_year.values())) or any(
        gives_away(months[at], thefts) for at, thefts in by_year.items()
    )


def _refuse_small_months(source: str, first: date | None, last: date | None, months: _Records) -> None:
    for row in months:
        month = row["month"]
        outside = (first and month < first.replace(day=1)) or (last and month > last)
        if row["incidents"] < LEAST and not (outside and not row["incidents"]):
            raise InputError(
                f"{source}: nothing can be published, as {month:%Y-%m} has fewer than {LEAST} "
                "incidents, which the other numbers would give away; give more data, or whole months alone"
            )


def _public_record(record: RunRecord) -> RunRecord:
    quality: dict[str, Any] = {
        name: record.incidents
        for name in _TOTAL
        if record.incidents and record.data_quality.get(name) == record.incidents
    }
    first, last = (_day(record.data_quality.get(name)) for name in (_FIRST, _LAST))
    if first and last:
        quality |= {_FIRST: datetime.combine(first, datetime.min.time()), _LAST: end_of_day(last)}
    return replace(
        record,
        as_of=end_of_day(record.as_of.date()),
        data_quality=quality,
        input_warnings=[],
        warnings={},
        rejected={},
    )


def _day(moment: Any) -> date | None:
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.date() if at else None
