"""Vega-Lite specs of charts: their sizes, scales, axes and layers, in the colours of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from crime_pipelines.report.formatting import MINUS, NBSP, count, percent_sign

Spec = dict[str, Any]

#: Natural widths of a chart, in CSS pixels: on a desk, and on a phone that is 360 px wide.
WIDE: Final = 900
NARROW: Final = 312
FONT_SIZE: Final = 12.5
STEP: Final = 36  # height of a row with its text above its bar
#: The name of the data of a chart that the page's filters change.
SELECTION: Final = "selection"

#: The channel of a mark's words.
WORDS: Final[Spec] = {"field": "words", "type": "nominal"}

#: Of Vega-Lite.
VERSION: Final = "6.4"
_CONFIG: Final[Spec] = {
    "aria": False,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "labelFontSize": FONT_SIZE,
        "titleColor": "var(--muted)",
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "normal",
        "gridColor": "var(--grid)",
        "domainColor": "var(--axis)",
        "tickColor": "var(--axis)",
        "labelLimit": 0,
    },
    "text": {"fill": "var(--ink)", "fontSize": FONT_SIZE},
    "point": {"opacity": 1},
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in one or two widths.

    Attributes:
        label: what it shows, for who can't see it.
        wide: its spec; None where the narrow one does for all.
        narrow: its spec for phones.
        title: a heading, or nothing.
        columns: how many of its marks stand in a row, where they stand in rows and columns.
        key: what its signs mean, for a chart that stands alone; empty where none needs it.
    """

    label: str
    narrow: Spec
    wide: Spec | None = None
    title: str = ""
    columns: int = 1
    key: str = ""


@dataclass(frozen=True, slots=True)
class Edges:
    """Room around the plot, in pixels."""

    top: int
    right: int
    bottom: int
    left: int


def sheet(
    width: int,
    plot_height: int,
    edges: Edges,
    layers: list[Spec],
    selection: list[dict[str, Any]] | None = None,
) -> Spec:
    """Return a chart of a fixed size, whatever its texts: browsers measure text otherwise than Vega does.

    Args:
        width: of the whole, in pixels.
        plot_height: of the plot without its edges, in pixels.
        edges: the room around the plot.
        layers: Vega-Lite layers.
        selection: the rows of layers over `SELECTION`.

    Returns:
        The spec.
    """
    return {
        **({"datasets": {SELECTION: selection}} if selection is not None else {}),
        "width": width - edges.left - edges.right,
        "height": plot_height,
        "padding": {"top": edges.top, "right": edges.right, "bottom": edges.bottom, "left": edges.left},
        "autosize": "none",
        "background": None,
        "config": _CONFIG,
        "layer": layers,
    }


def scaled(domain: list[float], axis: Spec | None = None) -> Spec:
    """Return a linear scale of exactly this domain.

    Args:
        domain: both ends.
        axis: its axis; none where the numbers stand beside the marks.

    Returns:
        The encoding, but for its field.
    """
    scale = {"domain": domain, "nice": False, "zero": False}
    return {"type": "quantitative", "scale": scale, "axis": axis}


def unit_of(unit: str) -> Spec:
    """Return the part of a chart that says how its numbers are written; the page's script may change it.

    Args:
        unit: `count`, `rate`, `percent` or `change`.

    Returns:
        The part, which `unit_text` refers to.
    """
    return {"params": [{"name": "unit", "value": unit}]}


def unit_text(value: str, *, axis: bool = False) -> str:
    """Return Vega's expression for a number's text, in the chart's unit and with as many digits as it needs.

    Args:
        value: the expression of the number.
        axis: whether it is a round number of an axis.

    Returns:
        The expression.
    """
    sign = percent_sign().replace(NBSP, " ")
    if axis:
        count_text = rate_text = f"format({value}, ',~r')"
        percent_text = change_text = f"format(abs(100 * {value}), ',~r') + '{sign}'"
    else:
        digits = f"{value} < 0.02 ? ',.4f' : {value} < 0.2 ? ',.3f' : {value} < 2 ? ',.2f' : ',.1f'"
        count_text, rate_text = f"format({value}, ',d')", f"format({value}, {digits})"
        percent_text = f"format(100 * {value}, {value} < 0.01 ? ',.3~f' : ',.1f') + '{sign}'"
        change_text = f"format(abs(100 * {value}), ',.1f') + '{sign}'"
    plus = f"{value} > 0 ? '+' : {value} < 0 ? '{MINUS}' : ''"
    return (
        f"unit === 'change' ? ({plus}) + {change_text} : "
        f"{value} === 0 ? (unit === 'percent' ? '0{sign}' : '0') : "
        f"unit === 'percent' ? {percent_text} : unit === 'count' ? {count_text} : {rate_text}"
    )


def month_axis(ends: list[int]) -> Spec:
    """Return an axis of months with a tick at each January.

    It counts months (`Month.ordinal`) instead of taking dates, so that no time zone can move one.

    Args:
        ends: the ordinals of the first and the last month.

    Returns:
        The encoding, but for its field.
    """
    low, high = ends[0] - 0.5, ends[1] + 0.5
    januaries = [at for at in range(ends[0], ends[1] + 1) if at % 12 == 0]
    label = "format(floor(datum.value / 12), 'd')"
    if not januaries:  # less than a year: say which months
        januaries = sorted(set(ends))
        label += " + '-' + format(datum.value % 12 + 1, '02d')"
    axis = {"values": januaries, "labelExpr": label, "grid": False, "title": None, "labelFlush": True}
    return scaled([low, high], axis)


def gutter(top: float) -> int:
    """Room for the numbers of an axis, in pixels.

    Args:
        top: the greatest of them.

    Returns:
        The room.
    """
    return 18 + 8 * len(count(round(top)))


def layer(mark: str, rows: list[dict[str, Any]] | str, style: Spec | None = None, **encoding: Any) -> Spec:
    """Return a layer of marks.

    Args:
        mark: the kind of mark.
        rows: its data, or `SELECTION` for what the page's filters change.
        style: properties of the mark.
        encoding: Vega-Lite channels.

    Returns:
        The layer.
    """
    data = {"name": rows} if isinstance(rows, str) else {"values": rows}
    return {"data": data, "mark": {"type": mark, **(style or {})}, "encoding": encoding}


def spots(mark: str, rows: list[dict[str, Any]], **encoding: Any) -> Spec:
    """Return a layer of places that a chart has words for; it is not seen until a reader points at one.

    Args:
        mark: `point`, or `rect` for places that have a size.
        rows: its data, in the order of reading. Their `words` are lines of text.
        encoding: Vega-Lite channels.

    Returns:
        The layer.
    """
    style: Spec = {"opacity": 0, **({"shape": "M0,0h0"} if mark == "point" else {})}
    return layer(mark, rows, style, **encoding, description=WORDS)
