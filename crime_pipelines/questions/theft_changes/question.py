"""The locations of thefts, like for like with the year before, and how their ranks moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from crime_pipelines.analysis.changes import (
    BLOCK_DAYS,
    FEWER,
    MORE,
    MOST_BLOCKS,
    TOO_SHORT,
    Comparison,
    Period,
    blocks_held,
    year_to_date,
)
from crime_pipelines.analysis.rates import FALLEN, RISEN, WITHIN_CHANCE, monthly_dispersion, rank_moves
from crime_pipelines.questions.model import Column, Question, Row, read_query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_YEARS: Final = 3
#: A verdict, a change, and the ends of its interval.
_Tested = tuple[str | None, float | None, float | None, float | None]
_UNTESTED: Final[_Tested] = (None, None, None, None)
_UNTESTABLE: Final[_Tested] = (TOO_SHORT, None, None, None)


def _compare(rows: Sequence[Row]) -> list[Row]:
    """Compare each location's thefts and rank with those of the same days a year before.

    Args:
        rows: (location, month, block, thefts, those up to the last day's date, first and last day).

    Returns:
        A row for each year and each location that has thefts in it.
    """
    if not rows:
        return []
    first_day, last_day = rows[0][5:7]
    locations = sorted({row[0] for row in rows})
    whole_years: Counter[tuple[str, int]] = Counter()
    to_date: Counter[tuple[str, int]] = Counter()
    for location, month, _, thefts, early, *_ in rows:
        whole_years[location, month.year] += thefts
        to_date[location, month.year] += early
    counted_from = max(first_day, last_day - timedelta(days=MOST_BLOCKS * BLOCK_DAYS - 1))
    dispersed = monthly_dispersion([(row[0], row[1], row[3]) for row in rows], counted_from, last_day)
    changes = _Changes(rows, first_day, last_day)
    found: list[Row] = []
    for year in range(last_day.year - _YEARS + 1, last_day.year + 1):
        latest = year == last_day.year
        (_, until), (begins_before, _) = year_to_date(last_day if latest else date(year, 12, 31))
        thefts = to_date if latest else whole_years
        counts = [thefts[location, year] for location in locations]
        earlier = [thefts[location, year - 1] for location in locations]
        known = first_day <= begins_before
        for location, count, count_before, move in zip(
            locations, counts, earlier, rank_moves(counts, earlier, dispersed), strict=True
        ):
            if count:
                then = (count_before, move.rank_before, move.move) if known else (None, None, None)
                change = _UNTESTED
                if latest:
                    change = changes.of(location, count, count_before) if known else _UNTESTABLE
                found.append(
                    (year, move.rank, location, until, count, *then, move.rank_low, move.rank_high, *change)
                )
    return sorted(found, key=lambda row: row[:2])


class _Changes:
    """The tests of the latest year's thefts, up to the last day, against the same days of the year before."""

    def __init__(self, rows: Sequence[Row], first_day: date, last_day: date) -> None:
        """Place the blocks.

        Args:
            rows: as for `_compare`.
            first_day: first day of the data.
            last_day: last day of them.
        """
        import numpy as np

        self._number = blocks_held(first_day, last_day)
        self._comparison = Comparison(Period.of(*year_to_date(last_day), last_day), self._number)
        self._blocks: dict[str, NDArray[np.float64]] = {}
        for location, _, block, thefts, *_ in rows:
            self._blocks.setdefault(location, np.zeros(MOST_BLOCKS))[block] += thefts

    def of(self, location: str, count: int, before: int) -> _Tested:
        """Return the verdict on a location, the change and the ends of its interval."""
        change = self._comparison.of(count, before, self._blocks[location][: self._number])
        return (change.verdict, change.change, change.change_low, change.change_high)


QUESTION: Final = Question(
    name="theft_changes",
    title="Theft locations, like for like",
    wording="Did thefts at a kind of location, and its rank, change by more than chance?",
    columns=(
        Column("year", "integer", "Calendar year."),
        Column("rank", "integer", "1 for the location with most thefts in the year up to `last_day`."),
        Column("location", "text", "Location description."),
        Column(
            "last_day", "date", "31 December, or in the latest year the last day that the data hold whole."
        ),
        Column("thefts", "integer", "Thefts there from 1 January to `last_day`."),
        Column("thefts_before", "integer", "Those in the same days of the year before; empty if not known."),
        Column("rank_before", "integer", "Its rank in those days."),
        Column(
            "move",
            "text",
            f"{RISEN} or {FALLEN} where the 95 % interval of the ranks that it rose by does not hold 0; "
            f"or {WITHIN_CHANCE}.",
        ),
        Column("rank_low", "integer", "Least rank of the rank's 95 % interval, overdispersion allowed for."),
        Column("rank_high", "integer", "Greatest rank of that interval."),
        Column(
            "verdict",
            "text",
            f"In the latest year: {MORE}, {FEWER} or no clear change against the year before, at 5 %, "
            "two-sided; or why there is none.",
        ),
        Column("change", "decimal", "Thefts per day against those before: -0.2 is 20 % fewer."),
        Column("change_low", "decimal", "Lower end of the change's 95 % interval."),
        Column("change_high", "decimal", "Upper end of that interval."),
    ),
    caveats=("Where one kind of location was given a new name, both names seem to have moved.",),
    sql=read_query(__name__),
    finish=_compare,
    parameters={"block_days": str(BLOCK_DAYS), "most_blocks": str(MOST_BLOCKS)},
)
