"""The chart of locations that move up and down their ranking from year to year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

#: How a location's movement is told: signs in charts, the same with words in tables.
NEW: Final = "new"
SAME: Final = "="
MOVES: Final[Mapping[str, str]] = {"": "\u2013", NEW: "new", SAME: "same"}


def movements(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Compare each location's rank with that of the year before.

    Args:
        rows: the rows of `theft_locations`.

    Returns:
        For each row a text (`NEW` for one that was not among the ten, nothing for the first year) and the
        number of ranks it rose by, empty where there is none.
    """
    ranks = {(row["year"], row["location"]): row["rank"] for row in rows}
    years = {row["year"] for row in rows}
    moves = []
    for row in rows:
        before = ranks.get((row["year"] - 1, row["location"]))
        if row["year"] - 1 not in years:
            moves.append(("", ""))
        elif before is None:
            moves.append((NEW, ""))
        else:
            rose = before - row["rank"]
            sign = f"\u25b2\u2009{rose}" if rose > 0 else f"\u25bc\u2009{-rose}" if rose else SAME
            moves.append((sign, str(rose)))
    return moves
