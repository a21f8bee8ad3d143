"""How to read each chart, in words."""

from __future__ import annotations

from typing import Final

from crime_pipelines.report.arrests import TYPES
from crime_pipelines.report.facts import SMALL_NUMBER

#: How to read the charts of an answer.
KEYS: Final = {
    "monthly_trend": (
        "Above: incidents a month; the scale begins at 0. Below: the latest year\u2019s complete months, on "
        "the range and the mean (dashed) of the same month in the years before: crime has seasons, and a "
        "month is best compared with its own kind. That scale need not begin at 0."
    ),
    "theft_locations": (
        "Thefts a year, all years to one scale. \u25b2 and \u25bc: ranks risen and fallen since the year "
        "before; new: not among that year\u2019s ten."
    ),
    "crime_trend": (
        "The bar is the change a year with its 95\u00a0% interval: where it crosses \u201c0\u201d, there may "
        "be no change. The points are incidents per day in each complete month, the line and its band that "
        "change about the middle of the period; their scale need not begin at 0. The test allows for the "
        "seasons, which the line leaves out."
    ),
    "safest_areas": (
        "Late-night incidents, per 1,000 residents a year where these are on file; the bars to one scale, "
        "the map\u2019s colours for seven groups of equally many areas."
    ),
    "arrest_rates": (
        "Dot: share of incidents with an arrest; bar: its 95\u00a0% interval; hollow dot: fewer than "
        f"{SMALL_NUMBER} incidents; dashed line: all types together. At most "
        f"{TYPES} types are drawn."
    ),
}


#: How to read the charts that the filters change.
EXPLORER_KEYS: Final = {
    "months": "Incidents a month; paler: years not chosen; orange: months that the data cover in part.",
    "clock": (
        "Incidents by hour; a wedge\u2019s area is its number. Orange: late at night. Midnight and noon hold "
        "those whose time was not known."
    ),
    "map": "Late-night incidents per 1,000 residents a year. Choose an area by a click on it, or above.",
}
