"""From a Vega-Lite spec to a static SVG that takes its colours from the page, and the words of its marks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Final

from crime_pipelines.report.charts.draw import VERSION, Chart, Edges, Spec, layer, sheet
from crime_pipelines.report.formatting import chart_numbers

_TAG: Final = re.compile(r"<[^<>]*>")
_WORDS: Final = re.compile(r' aria-label="([^"]*)"')
#: What Vega adds for scripts and for charts that are read mark by mark.
_NEEDLESS: Final = re.compile(
    r' (?:role|class|aria-[a-z]+|pointer-events|font-family|xmlns:xlink|version)="[^"]*"| opacity="1"'
)
_INVISIBLE: Final = re.compile(r' (?:fill|stroke|stroke-width|opacity)="[^"]*"')
#: Digits beyond a hundredth of a pixel.
_DIGITS: Final = re.compile(r"(\.\d\d)\d+")
_EMPTY: Final = re.compile(r"<path d=\"\"[^<>]*/>|<path d=\"M0,0h0v0h0Z\"[^<>]*/>")


def warm_up() -> None:
    """Start the converter, which takes half a second the first time; no lock of Python's is held meanwhile.

    Whoever will draw later may call it early, in a thread of its own.
    """
    svg(sheet(1, 1, Edges(0, 0, 0, 0), [layer("point", [{}])]))


def svg(spec: Spec) -> tuple[str, list[str]]:
    """Draw a chart.

    Args:
        spec: a Vega-Lite spec that holds its data.

    Returns:
        The `<svg>` element, without role or label: whoever puts it into a page gives it these. Texts are
        escaped. And the words of its marks, unescaped: `data-mark` of an element is their position.

    Raises:
        ValueError: the spec is wrong.
    """
    import vl_convert  # takes its time, and most users of the package never draw

    drawn: str = vl_convert.vegalite_to_svg(
        spec, vl_version=VERSION, allowed_base_urls=[], format_locale=chart_numbers()
    )
    words: list[str] = []

    def plain(tag: re.Match[str]) -> str:
        text = tag[0]
        if found := _WORDS.search(text):
            text = text.replace(found[0], f' data-mark="{len(words)}"')
            words.append(unescape(found[1]))
            if ' opacity="0"' in text:
                text = _INVISIBLE.sub("", text)
        return _DIGITS.sub(r"\1", _NEEDLESS.sub("", text))

    # Texts can't be hit: in them < and > are escaped, so tags are what stands between bare ones.
    return _EMPTY.sub("", _TAG.sub(plain, drawn.strip())), words


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, drawn.

    Attributes:
        label: what it shows, in words, for those who don't see it.
        title: the line above it.
        narrow: the `<svg>` element for a phone.
        wide: the one for a screen; None if it is the same.
        words: the words of its marks, each of one or more lines; those of both widths are the same.
        columns: how many of the marks stand in a row.
    """

    label: str
    title: str
    narrow: str
    wide: str | None
    words: tuple[str, ...] = ()
    columns: int = 1

    @property
    def marks(self) -> str:
        """The words of all marks as one text, an empty line between two."""
        return "\n\n".join(self.words)


def picture(chart: Chart) -> Picture:
    """Draw a chart.

    Args:
        chart: the chart.

    Returns:
        The picture.

    Raises:
        ValueError: a spec is wrong, or its marks have other words in one width than in the other.
    """
    narrow, words = svg(chart.narrow)
    wide, others = svg(chart.wide) if chart.wide is not None else (None, words)
    if words != others:
        raise ValueError(f"the marks of both widths must have the same words: {chart.label}")
    return Picture(chart.label, chart.title, narrow, wide, tuple(words), chart.columns)
