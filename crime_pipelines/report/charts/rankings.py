"""Charts of what is ranked: locations and areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crime_pipelines.analysis.rates import FALLEN, RISEN
from crime_pipelines.questions import Answer
from crime_pipelines.report.charts.draw import NARROW, STEP, Chart, Edges, Spec, layer, scaled, sheet, spots
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import count, rate, shown
from crime_pipelines.report.tables import TableColumn, row_text

#: How many areas of either end are drawn. The table holds all.
ENDS: Final = 10

_NAME: Final = 27  # characters that fit beside a number in a panel of a phone
_RATE: Final = "late_night_per_1000_residents_per_year"
_ALL: Final = "The table below holds every number."
#: How a location's movement is told: signs in charts, the same with words in tables. A sign is filled where
#: the movement is more than chance makes, so that colour alone tells nothing.
NEW: Final = "new"
SAME: Final = "="
RISEN_SIGN: Final = "\u25b2"
FALLEN_SIGN: Final = "\u25bc"
RISEN_BY_CHANCE: Final = "\u25b3"
FALLEN_BY_CHANCE: Final = "\u25bd"
#: How to read the signs.
SIGNS: Final = (
    f"Ranks since the year before: {RISEN_SIGN} risen, {FALLEN_SIGN} fallen; {RISEN_BY_CHANCE} and "
    f"{FALLEN_BY_CHANCE}: by no more than chance may move them, or untested; {NEW}: not among "
    "that year\u2019s ten."
)
MOVED: Final = "Since the year before"
MOVES: Final[Mapping[str, str]] = {"": "\u2013", NEW: "new", SAME: "same"}

_RANK: Final = 22  # pixels for a rank, and for a movement
_MOVE: Final = 30


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    value: float
    number: str
    rank: int
    words: str
    move: str = ""


def thefts(answers: Mapping[str, Answer], facts: Facts, columns: Mapping[str, TableColumn]) -> list[Chart]:
    """Return the ten locations with most thefts, a panel for each year, all to one scale.

    Args:
        answers: the answers by name, with `theft_changes` where it is known.
        facts: what the data cover.
        columns: the columns of the table of `theft_locations`.

    Returns:
        A chart for each year that has thefts.
    """
    rows = answers["theft_locations"].records()
    most = max((row["thefts"] for row in rows), default=0)
    moves = movements(rows, theft_changes(answers))
    charts = []
    for year in sorted({row["year"] for row in rows}):
        bars = [
            _Bar(
                shown(row["location"], _NAME),
                row["thefts"],
                count(row["thefts"]),
                row["rank"],
                _moved(row_text(row, columns, "location", ["year", "rank", "thefts"]), move),
                move,
            )
            for row, (move, _) in zip(rows, moves, strict=True)
            if row["year"] == year
        ]
        label = f"Thefts by location in {facts.year(year)}: {_read_out(bars)}. {_ALL}"
        key = SIGNS if any(bar.move for bar in bars) else ""
        panel = _panel(bars, most, NARROW, "var(--accent)")
        charts.append(Chart(label, panel, title=facts.year(year), key=key))
    return charts


def _moved(words: str, move: str) -> str:
    return f"{words}\n{MOVED}: {MOVES.get(move, move)}" if move else words


def areas(answers: Mapping[str, Answer], facts: Facts, columns: Mapping[str, TableColumn]) -> list[Chart]:
    """Return the safest and the least safe areas, to one scale.

    Args:
        answers: the answers by name.
        facts: what the data cover.
        columns: the columns of the table of `safest_areas`.

    Returns:
        Two charts; one where they would overlap, and none without areas.
    """
    rows = answers["safest_areas"].records()
    if not rows:
        return []
    rated = has_rates(rows)
    bars = [
        _Bar(
            shown(row["name"], _NAME) if row["name"] else f"Area {row['area']}",
            row[_RATE] if rated else row["late_night_incidents"],
            rate(row[_RATE]) if rated else count(row["late_night_incidents"]),
            row["rank"],
            area_words(row, columns),
        )
        for row in rows
    ]
    most = max(bar.value for bar in bars)
    if len(bars) <= 2 * ENDS:
        groups = [("All areas, the safest first", bars, "var(--accent)")]
    else:
        groups = [
            (f"The {ENDS} safest", bars[:ENDS], "var(--accent)"),
            (f"The {ENDS} least safe", bars[-ENDS:], "var(--warm)"),
        ]
    return [
        Chart(
            f"{title}, late-night incidents{' per 1,000 residents a year' if rated else ''}: "
            f"{_read_out(group)}. {_ALL}",
            _panel(group, most, NARROW, hue),
            title=title,
        )
        for title, group, hue in groups
    ]


def theft_changes(answers: Mapping[str, Answer]) -> dict[tuple[int, str], dict[str, Any]]:
    """Return the rows of `theft_changes` by year and location.

    Args:
        answers: the answers by name, with `theft_changes` where it is known.

    Returns:
        The rows; none where it is not known.
    """
    rows = answers["theft_changes"].records() if "theft_changes" in answers else []
    return {(row["year"], row["location"]): row for row in rows}


def movements(
    rows: Sequence[Mapping[str, Any]], changes: Mapping[tuple[int, str], Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """Compare each location's rank with that of the year before.

    Args:
        rows: the rows of `theft_locations`.
        changes: what `theft_changes` gives.

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
            clear = changes.get((row["year"], row["location"]), {}).get("move") in (RISEN, FALLEN)
            up, down = (RISEN_SIGN, FALLEN_SIGN) if clear else (RISEN_BY_CHANCE, FALLEN_BY_CHANCE)
            sign = f"{up}\u2009{rose}" if rose > 0 else f"{down}\u2009{-rose}" if rose else SAME
            moves.append((sign, str(rose)))
    return moves


def area_words(row: Mapping[str, Any], columns: Mapping[str, TableColumn]) -> str:
    """Return what a chart says of an area.

    Args:
        row: its row of `safest_areas`.
        columns: the columns of that table.

    Returns:
        The lines; those of a rate where there is one.
    """
    number = () if row["name"] else ("area",)
    rated = (_RATE, "rate_low", "rate_high") if row[_RATE] is not None else ()
    return row_text(row, columns, "name", [*number, "rank", *rated, "late_night_incidents"])


def has_rates(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether areas are ranked by rate; where residents are not on file for all, it is by number."""
    return all(row[_RATE] is not None for row in rows)


def _read_out(bars: Sequence[_Bar]) -> str:
    words = {SAME: " (same rank)", NEW: " (new)", "": ""}
    return "; ".join(
        f"{bar.rank} {bar.name}, {bar.number}{words.get(bar.move, f' ({bar.move})')}" for bar in bars
    )


def _panel(bars: Sequence[_Bar], most: float, width: int, hue: str) -> Spec:
    rows: list[dict[str, Any]] = [
        {
            "name": bar.name,
            "value": bar.value,
            "number": bar.number,
            "rank": str(bar.rank),
            "move": bar.move,
            "zero": 0,
            "most": most or 1,
            "words": bar.words,
            **_lines(at),
        }
        for at, bar in enumerate(bars)
    ]
    moved = any(bar.move for bar in bars)
    hues = {RISEN_SIGN: "var(--warm-text)", FALLEN_SIGN: "var(--link)"}
    for row in rows:
        row["hue"] = hues.get(row["move"][:1], "var(--muted)")
    x = scaled([0, most or 1])
    y = scaled([len(rows), 0])
    band: Spec = {"x": {"field": "zero", **x}, "y": {"field": "top", **y}, "y2": {"field": "bottom"}}
    line = {"field": "text", **y}
    return sheet(
        width,
        STEP * len(rows),
        Edges(0, 1, 2, 1),
        [
            layer("rect", rows, {"fill": "var(--track)"}, **band, x2={"field": "most"}),
            layer("rect", rows, {"fill": hue}, **band, x2={"field": "value"}),
            layer(
                "text",
                rows,
                {"align": "left", "fill": "var(--muted)"},
                x={"value": 0},
                y=line,
                text={"field": "rank"},
            ),
            *(
                [
                    layer(
                        "text",
                        rows,
                        {"align": "left"},
                        x={"value": _RANK},
                        y=line,
                        text={"field": "move"},
                        fill={"field": "hue", "type": "nominal", "scale": None},
                    )
                ]
                if moved
                else []
            ),
            layer(
                "text",
                rows,
                {"align": "left"},
                x={"value": _RANK + _MOVE if moved else _RANK},
                y=line,
                text={"field": "name"},
            ),
            layer(
                "text",
                rows,
                {"align": "right", "fontWeight": "bold"},
                x={"value": {"expr": "width"}},
                y=line,
                text={"field": "number"},
            ),
            spots(
                "rect",
                rows,
                x={"value": 0},
                x2={"value": {"expr": "width"}},
                y={"field": "begin", **y},
                y2={"field": "end"},
            ),
        ],
    )


def _lines(at: int) -> dict[str, float]:
    """Place a text in its row, the bar below it, and the row about both."""
    return {"text": at + 0.4, "top": at + 0.64, "bottom": at + 0.86, "begin": at + 0.06, "end": at + 0.98}
