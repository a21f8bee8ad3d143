"""Changes by type of crime and by area: this period against the one before, with a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from crime_pipelines.analysis.changes import (
    BLOCK_DAYS,
    FEWER,
    MORE,
    MOST_BLOCKS,
    TOO_SHORT,
    Change,
    Comparison,
    Days,
    Period,
    blocks_held,
    year_to_date,
    years_before,
)
from crime_pipelines.questions.model import Column, Question, Row, read_query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

YEAR_TO_DATE: Final = "year to date"
LAST_12_MONTHS: Final = "last 12 months"
LAST_28_DAYS: Final = "last 28 days"


@dataclass(frozen=True, slots=True)
class _Windows:
    """Two periods that are compared, by name; each by its first and its last day."""

    name: str
    now: Days
    before: Days


def _compare(rows: Sequence[Row]) -> list[Row]:
    """Compare the periods of every type, of every area and of all incidents.

    Args:
        rows: (scope, name, area, block, incidents, and those of four periods, first and last day).

    Returns:
        Three rows for each.
    """
    import numpy as np

    if not rows:
        return []
    first_day, last_day = rows[0][9:11]
    number = blocks_held(first_day, last_day)
    everything = np.zeros((MOST_BLOCKS, 5), dtype=np.int64)
    tables: dict[tuple[str, str | None, int | None], NDArray[np.int64]] = {("all", None, None): everything}
    for scope, name, area, block, *numbers in (row[:9] for row in rows):
        table = tables.setdefault((scope, name, area), np.zeros((MOST_BLOCKS, 5), dtype=np.int64))
        table[block] += numbers
        if scope == "type":
            everything[block] += numbers
    found: list[Row] = []
    for at, windows in enumerate(_windows(last_day)):
        seasonal = windows.name == LAST_28_DAYS
        comparison = Comparison(Period.of(windows.now, windows.before, last_day, seasonal=seasonal), number)
        for key, table in tables.items():
            blocks = table[:number, 0].astype(float)
            if windows.name == LAST_28_DAYS:
                now, before = int(table[0, 0]), int(table[1, 0])
            else:
                now, before = (int(each) for each in table[:, 1 + 2 * at : 3 + 2 * at].sum(axis=0))
            short = windows.before[0] < first_day
            change = Change(TOO_SHORT) if short else comparison.of(now, before, blocks)
            found.append(
                (
                    *(*key, windows.name, *windows.now, *windows.before, now),
                    *(None if short else before, *astuple(change)),
                )
            )
    return found


def _windows(last: date) -> Iterator[_Windows]:
    yield _Windows(YEAR_TO_DATE, *year_to_date(last))
    one, two = years_before(last, 1), years_before(last, 2)
    next_day = timedelta(days=1)
    yield _Windows(LAST_12_MONTHS, (one + next_day, last), (two + next_day, one))
    block = timedelta(days=BLOCK_DAYS)
    yield _Windows(LAST_28_DAYS, (last - block + next_day, last), (last - 2 * block + next_day, last - block))


QUESTION: Final = Question(
    name="changes",
    title="Changes",
    wording="What changed, by type of crime and by area?",
    columns=(
        Column("scope", "text", "all, type or area."),
        Column("name", "text", "The type of crime, or the area; empty for all, and where none is stated."),
        Column("area", "integer", "The area's number."),
        Column("comparison", "text", f"{YEAR_TO_DATE}, {LAST_12_MONTHS} or {LAST_28_DAYS}."),
        Column("first_day", "date", "First day of the period."),
        Column("last_day", "date", "Its last day: the last one that the data hold whole."),
        Column("first_day_before", "date", "First day of the period that it is compared with."),
        Column("last_day_before", "date", "Last day of that."),
        Column("incidents", "integer", "Incidents of the period."),
        Column("incidents_before", "integer", "Incidents of the period before."),
        Column(
            "verdict",
            "text",
            f"{MORE}, {FEWER} or no clear change, at 5 %, two-sided; or why there is none.",
        ),
        Column("expected", "decimal", "Incidents to be expected if nothing but the season had changed."),
        Column("expected_low", "integer", "Lower end of the 95 % range of what is then counted."),
        Column("expected_high", "integer", "Upper end of that range."),
        Column("change", "decimal", "Incidents against the expected ones: -0.2 is 20 % fewer."),
        Column("change_low", "decimal", "Lower end of the change's 95 % interval."),
        Column("change_high", "decimal", "Upper end of that interval."),
    ),
    caveats=(
        "Of 20 comparisons in which nothing changed, chance marks one as more or fewer.",
        "Equal parts of the year are compared; for the last 28 days the season's usual change is taken out.",
        "Reports of the last days may still come in.",
    ),
    sql=read_query(__name__),
    finish=_compare,
    parameters={"block_days": str(BLOCK_DAYS), "most_blocks": str(MOST_BLOCKS)},
)
