"""Warnings: what a run says about its input on standard error, in `run.json` and in the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crime_pipelines.domain.fields import FIELD, Kind
from crime_pipelines.domain.periods.covered_period import LAST_DAYS, CoveredPeriod, PeriodEnd
from crime_pipelines.domain.values import is_unreadable, value
from crime_pipelines.quality.gate import ZONE_HINT, has_zone
from crime_pipelines.quality.layout_checks import texts_of
from crime_pipelines.sources import SourceFile

#: Rows at which programs cut an export short, such as the City's API, or a spreadsheet below its headings.
_LIMITS: Final = (1_000, 50_000, 1_048_575)
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class InputWarning:
    """A fact about the input that a reader of the answers must know.

    Attributes:
        about: what it is about, a name for programs.
        text: one line for people.
    """

    about: str
    text: str


def period_warnings(period: CoveredPeriod, end: PeriodEnd) -> Iterator[InputWarning]:
    """Warn of dates that can't be right, or may not be.

    Args:
        period: the covered period.
        end: its last days.

    Yields:
        The warnings.
    """
    if period.outlying:
        are = "incident is" if period.outlying == 1 else "incidents are"
        yield InputWarning(
            "outlying_dates",
            f"{period.outlying:,} {are} outlying and in no answer: dated outside the covered period "
            f"({period.first.date()} to {period.last.date()}, shifted dates), or more than a day later than "
            "their own update",
        )
    if end.is_thin:
        days = [str(day) for day in end.days]
        usual = end.before * LAST_DAYS / end.days_before
        yield InputWarning(
            "thin_end",
            f"the last {LAST_DAYS} days of the covered period hold {end.incidents:,} incidents, where about "
            f"{usual:,.0f} are usual; the latest dates are {', '.join(days)}: if they are mistyped, or the "
            "data were cut short, give --as-of",
        )


def field_warnings(
    unreadable: Mapping[str, int], held: Mapping[str, int], files: Sequence[SourceFile]
) -> Iterator[InputWarning]:
    """Warn of fields most of whose values can't be read.

    Args:
        unreadable: values that could not be read, by field.
        held: values that could, by field.
        files: the files.

    Yields:
        The warnings.
    """
    for field, number in unreadable.items():
        if field not in held or number <= held[field]:
            continue
        examples = (next(_unreadable_texts(file, field), None) for file in files)
        example = next((text for text in examples if text is not None), None)
        shown = f", such as {example[:_SHOWN]!r}" if example else ""
        zone = (
            f": {ZONE_HINT}" if example and FIELD[field].kind is Kind.DATETIME and has_zone(example) else ""
        )
        yield InputWarning(
            f"unreadable_{field}",
            f"{field}: {number:,} of {number + held[field]:,} values can't be read{shown}, and count as "
            f"empty{zone}",
        )


def _unreadable_texts(file: SourceFile, field: str) -> Iterator[str]:
    if field in dict(file.columns):
        for text in texts_of(file, field):
            kind = FIELD[field].kind
            if is_unreadable(kind, text, value(kind, text, 0, file.layout)):
                yield text


def file_warnings(
    files: Sequence[SourceFile], rows: Mapping[str, int], superseded: int
) -> Iterator[InputWarning]:
    """Warn of files that may be cut short, or can't tell versions apart.

    Args:
        files: the files.
        rows: the rows of each, by name.
        superseded: versions that a later one replaced.

    Yields:
        The warnings.
    """
    for file in files:
        if rows.get(file.uri) in _LIMITS:
            yield InputWarning(
                "cut_short",
                f"{file.uri}: has exactly {rows[file.uri]:,} rows, where many programs stop; is it the whole "
                "export?",
            )
    lacking = [file for file in files if "updated_on" not in dict(file.columns)]
    if superseded and lacking:
        others = f" and {len(lacking) - 1:,} more" if len(lacking) > 1 else ""
        yield InputWarning(
            "no_updated_on",
            f"{lacking[0].uri}{others}: has no column updated_on, and {superseded:,} rows repeat an id: "
            "which version is the latest can't be told",
        )


def quality_warnings(quality: Mapping[str, Any]) -> Iterator[InputWarning]:
    """Warn of what no incident has.

    Args:
        quality: the columns of the question `data_quality`.

    Yields:
        The warnings.
    """
    incidents = quality["incidents"]
    if incidents and quality["at_midnight"] == incidents:
        yield InputWarning(
            "all_midnight",
            "occurred_at: every time is midnight, so the dates have lost their times, and late night can't "
            "be judged",
        )
    if incidents and quality["without_area"] == incidents:
        yield InputWarning(
            "no_area", "community_area: no incident has a known area, so areas can't be compared"
        )
