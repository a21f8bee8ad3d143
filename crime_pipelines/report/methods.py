"""How the numbers were worked out, for whoever checks them."""

from __future__ import annotations

from typing import Final

from crime_pipelines.domain.night import END_HOUR, START_HOUR

#: Pairs of a heading and a text.
METHODS: Final = (
    (
        "What counts as an incident",
        "One row for each identifier: of several versions the one updated last. Rows that can\u2019t be read "
        "are kept as rejects, with a reason, and are in no number.",
    ),
    (
        "Late at night",
        f"From {START_HOUR}:00:00 up to 0{END_HOUR - 1}:59:59, local time. Rates are late-night incidents "
        "over residents (census of 2020) and over the days that the data cover, in years of 365.25 days.",
    ),
    (
        "Thefts",
        "Incidents of type THEFT, or of FBI code 06 where the type is missing.",
    ),
    (
        "Rising or falling",
        "A line through the logarithm of incidents per day in complete months, beside a level for each "
        "calendar month; its error allows for months that resemble the ones before (Sun 2011). Significant "
        "at 5\u00a0%, two-sided.",
    ),
    (
        "Intervals",
        "Of 95\u00a0%. Arrest rates: Wilson. An area\u2019s late-night rate: exact for a count by chance "
        "(Garwood). They say what chance does, not what is missing from the records.",
    ),
    (
        "The map",
        "Incidents\u2019 own coordinates in hexagons 0.54 km wide; each belongs to the area that most of its "
        "incidents lie in. Holes inside the city are closed, specks and far-off places left out; or true "
        "outlines, where a file of them was given.",
    ),
    (
        "The filters",
        "Counts by year, type of crime and area, by month and by hour, travel in this page and are added up "
        "in it. No single incident does, and nothing is sent anywhere.",
    ),
    (
        "Saved tables",
        "CSV in UTF-8. A text that a spreadsheet would take for a formula gets an apostrophe before it.",
    ),
)
