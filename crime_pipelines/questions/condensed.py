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

from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.questions.model import Groups, Question
from crime_pipelines.questions.registry import COVERED_PERIOD, DATA_QUALITY, QUESTIONS
from crime_pipelines.questions.render import expression, render

#: How many incidents a row of representatives stands for.
WEIGHT: Final = "weight"


@dataclass(frozen=True, slots=True)
class Condensing:
    """Incidents condensed for a question.

    Attributes:
        question: the question.
        groups: its groups.
    """

    question: Question
    groups: Groups

    @classmethod
    def of(cls, question: Question) -> Condensing:
        """Return the condensing for a question.

        Args:
            question: the question.

        Returns:
            Its condensing.

        Raises:
            ValueError: the question does not say what it can tell apart.
        """
        if question.groups is None:
            raise ValueError(
                f"questions/{question.name}/question.py: there are no groups; engines that count block by "
                "block need to know what the question can tell apart"
            )
        return cls(question, question.groups)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that hold `Groups.alike`, and `_AFTER_UPDATE`."""
        return (*(f"alike_{at}" for at in range(len(self.groups.alike))), _AFTER_UPDATE)

    def condense_sql(self, dialect: str, incidents: str) -> str:
        """Condense a table of incidents.

        Args:
            dialect: sqlglot's name of the engine's dialect.
            incidents: the engine's name of the table.

        Returns:
            A SELECT of a row per group.
        """
        keys = [
            f"{expression(alike, dialect)} AS {key}"
            for alike, key in zip((*self.groups.alike, _IS_AFTER_UPDATE), self.keys, strict=True)
        ]
        carried = [f"MAX({column}) AS {column}" for column in self.groups.carried]
        return (
            f"SELECT {', '.join([*keys, *carried])}, MIN(occurred_at) AS earliest, "
            f"MAX(occurred_at) AS latest, COUNT(*) AS {WEIGHT} FROM {incidents} "
            f"WHERE {expression(self.groups.where, dialect)} GROUP BY {', '.join(self._positions())}"
        )

    def merge_sql(self, condensed: str) -> str:
        """Merge condensed tables of different incidents.

        Args:
            condensed: a SQL table expression of their rows together.

        Returns:
            A SELECT of a row per group.
        """
        carried = [f"MAX({column}) AS {column}" for column in self.groups.carried]
        return (
            f"SELECT {', '.join([*self.keys, *carried])}, MIN(earliest) AS earliest, MAX(latest) AS latest, "
            f"CAST(SUM({WEIGHT}) AS BIGINT) AS {WEIGHT} FROM {condensed} "
            f"GROUP BY {', '.join(self._positions())}"
        )

    def representatives_sql(self, condensed: str) -> str:
        """Return the rows that a question is asked of in place of the incidents.

        Args:
            condensed: a SQL table expression with one row per group.

        Returns:
            A SELECT of `Groups.carried`, `updated_on`, `occurred_at` and `WEIGHT`.
        """
        # Of an update all that matters is whether the date is later; the first moment of all makes it so.
        updated_on = f"CASE WHEN {_AFTER_UPDATE} THEN TIMESTAMP '0001-01-01 00:00:00' END AS updated_on"
        columns = "".join(f"{column}, " for column in (*self.groups.carried, updated_on))
        return (
            f"SELECT {columns}earliest AS occurred_at, {WEIGHT} - 1 AS {WEIGHT} FROM {condensed} "
            f"WHERE {WEIGHT} > 1 "
            f"UNION ALL SELECT {columns}latest AS occurred_at, 1 AS {WEIGHT} FROM {condensed}"
        )

    def question_sql(
        self,
        dialect: str,
        as_of: datetime | None,
        shift_years: int,
        covered: CoveredPeriod | None = None,
    ) -> str:
        """Return the question, asked of representatives under the name `incidents`.

        Args:
            dialect: sqlglot's name of the engine's dialect.
            as_of: the moment the answer is as of: the end of the covered period (None), or the last second
                of a day.
            shift_years: the run's date shift.
            covered: the covered period of all incidents.

        Returns:
            A SELECT of the question's columns.
        """
        return render(self.question, dialect, as_of, shift_years, weight=WEIGHT, covered=covered)

    def _positions(self) -> list[str]:
        return [str(at) for at in range(1, len(self.keys) + 1)]


#: Every group is of incidents that are all outlying by their update or all not.
_AFTER_UPDATE: Final = "after_update"
_IS_AFTER_UPDATE: Final = "is_dated_after_update(occurred_at, updated_on)"
#: By question, in the registry's order, the questions of the period and of data quality last.
CONDENSINGS: Final = tuple(Condensing.of(asked) for asked in (*QUESTIONS, COVERED_PERIOD, DATA_QUALITY))
CONDENSING: Final = {each.question.name: each for each in CONDENSINGS}
