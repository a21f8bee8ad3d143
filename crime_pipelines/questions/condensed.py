"""Incidents condensed to what a question can tell apart: partial counts that merge in any order.

A question's answer depends on little of an incident: the month, or the area and whether it was late at
night. Incidents that a question can't tell apart make a **group**, of which it is enough to know the earliest
moment, the latest and the number. Groups of two blocks of incidents merge, and the question's own SQL is
asked of their representatives: the earliest for all but one of the group, the latest for that one. So span
and counts are exact, and no question is written a second time for engines that count block by block.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crime_pipelines.questions.catalogue import (
    ARREST_RATES,
    CRIME_TREND,
    DATA_QUALITY,
    MONTHLY_TREND,
    SAFEST_AREAS,
    THEFT_LOCATIONS,
    Question,
)
from crime_pipelines.questions.render import expression, render

#: How many incidents a row of representatives stands for.
WEIGHT: Final = "weight"


@dataclass(frozen=True, slots=True)
class Condensing:
    """How incidents are condensed for a question.

    Attributes:
        question: the question.
        alike: expressions in BigQuery's dialect; incidents for which all of them agree are one group.
            Whatever the question asks of an incident must follow from them, but for the first and the last
            moment.
        carried: the columns beside `occurred_at` that the question reads, each as a text or a number that any
            incident of a group may lend it.
        where: which incidents can count at all.
    """

    question: Question
    alike: tuple[str, ...]
    carried: tuple[str, ...] = ()
    where: str = "TRUE"

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that hold `alike`."""
        return tuple(f"alike_{at}" for at in range(len(self.alike)))

    def condense_sql(self, dialect: str, incidents: str) -> str:
        """Condense a table of incidents.

        Args:
            dialect: sqlglot's name of the engine's dialect.
            incidents: the engine's name of the table.

        Returns:
            A SELECT of a row per group.
        """
        keys = [
            f"{expression(alike, dialect)} AS {key}" for alike, key in zip(self.alike, self.keys, strict=True)
        ]
        carried = [f"MAX({column}) AS {column}" for column in self.carried]
        return (
            f"SELECT {', '.join([*keys, *carried])}, MIN(occurred_at) AS earliest, "
            f"MAX(occurred_at) AS latest, COUNT(*) AS {WEIGHT} FROM {incidents} "
            f"WHERE {expression(self.where, dialect)} GROUP BY {', '.join(self._positions())}"
        )

    def merge_sql(self, condensed: str) -> str:
        """Merge condensed tables of different incidents.

        Args:
            condensed: a SQL table expression of their rows together.

        Returns:
            A SELECT of a row per group.
        """
        carried = [f"MAX({column}) AS {column}" for column in self.carried]
        return (
            f"SELECT {', '.join([*self.keys, *carried])}, MIN(earliest) AS earliest, MAX(latest) AS latest, "
            f"CAST(SUM({WEIGHT}) AS BIGINT) AS {WEIGHT} FROM {condensed} "
            f"GROUP BY {', '.join(self._positions())}"
        )

    def representatives_sql(self, condensed: str) -> str:
        """The rows that a question is asked of in place of the incidents.

        Args:
            condensed: a SQL table expression with one row per group.

        Returns:
            A SELECT of `carried`, `occurred_at` and `WEIGHT`.
        """
        columns = "".join(f"{column}, " for column in self.carried)
        return (
            f"SELECT {columns}earliest AS occurred_at, {WEIGHT} - 1 AS {WEIGHT} FROM {condensed} "
            f"WHERE {WEIGHT} > 1 "
            f"UNION ALL SELECT {columns}latest AS occurred_at, 1 AS {WEIGHT} FROM {condensed}"
        )

    def question_sql(self, dialect: str, as_of: datetime, shift_years: int) -> str:
        """The question, asked of representatives under the name `incidents`.

        Args:
            dialect: sqlglot's name of the engine's dialect.
            as_of: the moment the answer is as of: the latest incident's, or the last second of a day.
            shift_years: the run's date shift.

        Returns:
            A SELECT of the question's columns.
        """
        return render(self.question, dialect, as_of, shift_years, weight=WEIGHT)

    def _positions(self) -> list[str]:
        return [str(at) for at in range(1, len(self.alike) + 1)]


_MONTH: Final = "DATETIME_TRUNC(occurred_at, MONTH)"
_YEAR: Final = "EXTRACT(YEAR FROM occurred_at)"
#: Later than the last whole second of its day. `as_of` is a last second unless it is the latest incident's
#: moment, so an incident is later than `as_of` by its day and by this alone.
_PAST_DAYS_END: Final = (
    "EXTRACT(HOUR FROM occurred_at) = 23 AND EXTRACT(MINUTE FROM occurred_at) = 59 "
    "AND EXTRACT(SECOND FROM occurred_at) = 59 AND occurred_at > DATETIME_TRUNC(occurred_at, SECOND)"
)

#: By question, in the catalogue's order, the question of data quality last.
CONDENSINGS: Final = (
    Condensing(MONTHLY_TREND, (_MONTH,)),
    Condensing(
        THEFT_LOCATIONS,
        (_YEAR, "location_description", "primary_type", "fbi_code"),
        ("location_description", "primary_type", "fbi_code"),
        "is_theft(primary_type, fbi_code)",
    ),
    Condensing(CRIME_TREND, (_MONTH,)),
    Condensing(SAFEST_AREAS, ("community_area", "is_late_night(occurred_at)"), ("community_area",)),
    Condensing(ARREST_RATES, (_YEAR, "primary_type", "arrest"), ("primary_type", "arrest")),
    Condensing(
        DATA_QUALITY,
        (
            "DATETIME_TRUNC(occurred_at, DAY)",
            _PAST_DAYS_END,
            "occurred_at = DATETIME_TRUNC(occurred_at, DAY)",
            "EXTRACT(HOUR FROM occurred_at) = 12 AND occurred_at = DATETIME_TRUNC(occurred_at, HOUR)",
            "is_late_night(occurred_at)",
            "community_area IS NULL",
            "location_description IS NULL",
            "primary_type IS NULL",
            "shift_years",
        ),
        ("community_area", "location_description", "primary_type", "shift_years"),
    ),
)
CONDENSING: Final = {each.question.name: each for each in CONDENSINGS}
#: The columns of an incident that any of the questions reads.
COLUMNS_READ: Final = (
    "occurred_at",
    *sorted({*(column for each in CONDENSINGS for column in each.carried), "fbi_code"}),
)
