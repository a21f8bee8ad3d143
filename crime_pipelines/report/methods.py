"""The report's methods, for readers who check the numbers."""

from __future__ import annotations

from typing import Final

from crime_pipelines.analysis.disclosure import LEAST, LEAST_SENSITIVE
from crime_pipelines.domain.night import LATE_NIGHT
from crime_pipelines.questions.hexagons.question import HEXAGON_KM

_FILTERS: Final = "The filters"
_METHODS: Final[tuple[tuple[str, str], ...]] = (
    (
        "What counts as an incident",
        "One row for each identifier: of several versions the one updated last. Rows that can\u2019t be read "
        "are kept as rejects, with a reason, and are in no number.",
    ),
    (
        "Late at night",
        f"{LATE_NIGHT}, local time; the second before the end is the last. Rates are late-night incidents "
        "over residents (census of 2020, unless the source below names a file of them) and over the days "
        "that the data cover, in years of 365.25 days.",
    ),
    (
        "Thefts",
        "Incidents of type THEFT, or of FBI code 06 where the type is missing.",
    ),
    (
        "Rising or falling",
        "A line through the logarithm of incidents per day in complete months, beside a level for each "
        "calendar month; its error allows for months that resemble the ones before (Sun 2011). Significant "
        "at 5\u00a0%, two-sided. The last 12 months are compared with the 12 before by the same model.",
    ),
    (
        "Intervals",
        "Of 95\u00a0%. Arrest rates: Wilson. An area\u2019s late-night rate: Garwood\u2019s, of a count "
        "whose variance exceeds its mean as much as all areas\u2019 months do; its rank: 1,000 draws of all "
        "areas\u2019 counts. They say what chance does, not what is missing from the records.",
    ),
    (
        "The map",
        "The areas\u2019 outlines, from a file or simplified from the City of Chicago\u2019s boundaries (as "
        "they are, without warranty). For other departments without a file: incidents\u2019 own "
        f"coordinates in hexagons {HEXAGON_KM} km wide, each of the area that most of its incidents lie in.",
    ),
    (
        _FILTERS,
        "This page holds counts by type of crime, area, police district, month and hour of the day, and adds "
        "them up itself; a count of one describes a single incident. Nothing is sent anywhere. Averages by "
        "day and rates by year are over the days that the data cover of the months chosen.",
    ),
    (
        "Saved tables",
        "CSV in UTF-8. A text that a spreadsheet would take for a formula gets an apostrophe before it.",
    ),
)
_PUBLISHED: Final = (
    "What is left out for publication",
    f"Types of crime and kinds of location with a count below {LEAST}, {LEAST_SENSITIVE} for homicide, "
    "sexual offences and those that may involve children; with them, larger ones that would give a small "
    "one away; the areas, if one of them has a small count. Sums, ranks and \u201cfirst\u201d are of what is "
    "shown. Left out whole: the filters with their counts by month and hour, comparisons, hot spots, hours "
    "of the week, forecasts by type and area, moments of single incidents, and the account of the rows "
    "read with its warnings.",
)


def methods(*, published: bool) -> tuple[tuple[str, str], ...]:
    """Return the methods.

    Args:
        published: whether the page is made to be published.

    Returns:
        Pairs of a heading and a text.
    """
    if not published:
        return _METHODS
    return (_PUBLISHED, *(each for each in _METHODS if each[0] != _FILTERS))
