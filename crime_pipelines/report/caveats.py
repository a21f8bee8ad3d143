"""Caveats: what a reader must know before trusting an answer, with the counts of this run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crime_pipelines.domain.fields import FIELD, Reason
from crime_pipelines.questions import Answer
from crime_pipelines.report.coverage import SMALL_NUMBER, Cover, Facts
from crime_pipelines.report.formatting import (
    NBSP,
    count,
    counted,
    day,
    listed,
    moment,
    month,
    percent_of,
    shown,
)

#: What each reason for a reject means.
REASONS: Final[Mapping[str, str]] = {
    Reason.MALFORMED_ROW: "the row has the wrong number of fields, or its quoting is broken",
    Reason.MISSING_ID: "the row has no identifier",
    Reason.BAD_ID: "the identifier is not a positive whole number",
    Reason.MISSING_DATE: "the row has no date",
    Reason.BAD_DATE: "the date can't be read, or is not in the calendar",
    Reason.DATE_WITHOUT_TIME: "the date has no time of day, so that late night can't be told",
    Reason.BAD_ARREST: "the arrest is neither true nor false",
}
_ENCODING: Final = "encoding"

Caution = tuple[str, str]


def reason(name: str) -> str:
    """Explain a reason for a reject."""
    return REASONS.get(name, "the row can't be an incident")


def warned(name: str) -> str:
    """Explain a warning by field."""
    if name == _ENCODING:
        return "rows with bytes that are not UTF-8; what could not be read shows as \ufffd"
    field = FIELD.get(name)
    return f"read as empty. {field.description}" if field else "read as empty"


def cautions(answers: Mapping[str, Answer], facts: Facts) -> list[Caution]:
    """List the caveats of the whole report.

    Args:
        answers: the answers by name.
        facts: what the data cover.

    Returns:
        Pairs of a heading and a text.
    """
    found = [
        *_input(facts),
        (
            "Reported crime only",
            "These are incidents that the department recorded. What is not reported is not counted, and how "
            "much is reported differs by place, by type of crime and over time.",
        ),
        *_period(answers, facts),
        *_placeholders(facts),
        *_unknown(facts),
        *_small(answers),
        *_shift(facts),
    ]
    broken = facts.record.warnings.get(_ENCODING, 0)
    if broken:
        found.append(
            (
                "Broken characters",
                f"{counted(broken, 'row')} held bytes that are not UTF-8. They count all the same; a "
                "name that is broken counts as a name of its own.",
            )
        )
    return found


def _input(facts: Facts) -> list[Caution]:
    headings = {
        "outlying_dates": "Dates outside the covered period",
        "thin_end": "Few incidents in the last days",
        "all_midnight": "No times of day",
        "no_area": "No known areas",
        "cut_short": "A file that may be cut short",
        "no_updated_on": "Versions that can't be told apart",
    }
    return [
        (headings.get(each.about, "About the input"), f"{each.text[:1].upper()}{each.text[1:]}.")
        for each in facts.record.input_warnings
    ]


def _period(answers: Mapping[str, Answer], facts: Facts) -> list[Caution]:
    found: list[Caution] = []
    as_of = facts.record.as_of
    months = facts.months(answers)
    cut = [each for each in months if each.cover is Cover.CUT]
    if cut:
        found.append(
            (
                "The last month is incomplete",
                f"{month(cut[-1].first)} counts as incomplete, as the report is as of {moment(as_of)}. It is "
                "marked, can't be compared with other months, and is left out of the test for a trend.",
            )
        )
    begun = [each for each in months if each.cover is Cover.BEGUN]
    if begun and facts.first_at:
        found.append(
            (
                "The first month is incomplete",
                f"The data begin on {day(facts.first_at)}: {month(begun[0].first)} is marked, and left out "
                "of the test for a trend.",
            )
        )
    bare = sum(each.cover is Cover.NONE for each in months)
    if bare:
        found.append(
            (
                "Months without data",
                f"{counted(bare, 'month')} of the {len(months)} lie outside the data. They show 0 because "
                "nothing was recorded in the file, not because nothing happened.",
            )
        )
    later = facts.quality("after_as_of")
    if later:
        found.append(
            (
                "Incidents after the date of the report",
                f"{counted(later, 'incident')} occurred after {moment(as_of)}. That date chooses the months "
                "and years shown and leaves no incident out: they still count in every answer whose period "
                "includes them.",
            )
        )
    return found


def _placeholders(facts: Facts) -> list[Caution]:
    total, midnight, noon = facts.record.incidents, facts.quality("at_midnight"), facts.quality("at_noon")
    if not midnight and not noon:
        return []
    text = (
        f"{count(midnight)} of {counted(total, 'incident')} ({percent_of(midnight, total)}) are "
        f"recorded at exactly midnight and {count(noon)} ({percent_of(noon, total)}) at exactly noon, "
        "often because the time was not known. Midnight counts as late night, noon does not"
    )
    late = facts.quality("late_night")
    if midnight and late:
        text += (
            f": {percent_of(midnight, late)} of the {counted(late, 'late-night incident')} are those at "
            "midnight"
        )
    return [("Times that stand for \u201cnot known\u201d", f"{text}.")]


def _unknown(facts: Facts) -> list[Caution]:
    total = facts.record.incidents
    parts = [
        (facts.quality(name), what)
        for name, what in (
            ("without_area", "without a known community area (in no area's number)"),
            ("without_location", "without a location description (in no theft location)"),
            ("without_type", "without a type of crime (a theft only if the FBI code says so)"),
        )
    ]
    told = [f"{count(number)} ({percent_of(number, total)}) {what}" for number, what in parts if number]
    if not told:
        return []
    return [("Incidents with something missing", f"{listed(told)}. They count in every other answer.")]


def _small(answers: Mapping[str, Answer]) -> list[Caution]:
    small = [row for row in answers["arrest_rates"].records() if row["incidents"] < SMALL_NUMBER]
    if not small:
        return []
    which = listed([shown(row["primary_type"], 40) for row in small[:6]])
    rest = f" and {len(small) - 6} more" if len(small) > 6 else ""
    return [
        (
            "Small numbers",
            f"A rate from fewer than {SMALL_NUMBER} incidents says little; look at its interval. Marked so "
            f"among the arrest rates: {which}{rest}.",
        )
    ]


def _shift(facts: Facts) -> list[Caution]:
    years, otherwise = facts.record.shift_years, facts.quality("shifted_otherwise")
    if years:
        direction = "forward" if years > 0 else "back"
        text = (
            f"Every date was moved {direction} by {counted(abs(years), 'calendar year')}; the time of day is "
            "as recorded. All periods here are those of the shifted dates, whose days of the week are others."
        )
    else:
        text = "Dates are unshifted: as recorded in the file."
    if otherwise:
        text += (
            f" But {counted(otherwise, 'incident')} ({percent_of(otherwise, facts.record.incidents)}) "
            "came with another shift of their own, which they kept: periods mix dates of different shifts."
        )
    return [("Shifted dates" if years or otherwise else "Dates as recorded", text)]


def rejected_share(facts: Facts) -> str:
    """Return the rejected rows as a share of those read."""
    return f"{percent_of(facts.record.rejects, facts.record.read)}".replace(" ", NBSP)
