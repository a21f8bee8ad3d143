"""Headings of a file of incidents, and the field that each column holds."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from crime_pipelines.domain.fields import DELETED, FIELD, normal_heading
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.forms import Plain
from crime_pipelines.domain.layouts.headings import Matched, in_our_words, is_own_output, match_headings
from crime_pipelines.domain.layouts.mapping import MappedColumn
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import detectable

#: Characters of a first line that are shown.
_SHOWN: Final = 60
#: How much alike two headings are, 0 to 1, so that the one may be meant by the other.
_ALIKE: Final = 0.5
#: Letters of a needed heading that another one may hold to be near it; with fewer, both must be much alike.
_LETTERS: Final = 4
_ALIKE_IF_SHORT: Final = 0.8
_WAY_OUT: Final = "; describe another layout with 'crime-pipelines layout new', and name it with --layout"


def without_empty_end(headings: tuple[str, ...]) -> tuple[str, ...]:
    """Drop empty headings at the end of the first line.

    Args:
        headings: the headings as written.

    Returns:
        The headings up to the last one that says anything.
    """
    end = len(headings)
    while end and not normal_heading(headings[end - 1]):
        end -= 1
    return headings[:end]


class FileFields(NamedTuple):
    """The fields that a file has.

    Attributes:
        layout: its layout.
        columns: the columns of each field, in the order of `fields.FIELDS`; last that of `fields.DELETED`, if
            there is one.
    """

    layout: Layout
    columns: tuple[tuple[str, MappedColumn], ...]


def fields_in(headings: Sequence[str], uri: str, layout: Layout | None) -> FileFields:
    """Find the layout of a file, and the columns of each field.

    Args:
        headings: the headings as written.
        uri: the file, as named to the user.
        layout: the layout, where the user named one.

    Returns:
        The layout: the one given, or the first of those that come with the package whose needed headings are
        all there.

    Raises:
        InputError: a needed heading is missing, or two columns hold the same field.
    """
    nearest: tuple[Layout, Matched] | None = None
    for each in detectable() if layout is None else _either(layout, headings):
        matched = match_headings(headings, each)
        if not matched.missing:
            deleted = tuple(at for at, heading in enumerate(headings) if normal_heading(heading) == DELETED)
            repeated = {**matched.repeated, **({DELETED: deleted} if len(deleted) > 1 else {})}
            for name, found in repeated.items():
                raise InputError(
                    f"{uri}: has {len(found)} columns for {name}: {', '.join(headings[at] for at in found)}"
                )
            says_deleted = [(DELETED, MappedColumn(Plain(), deleted))] if deleted else []
            return FileFields(each, (*matched.columns, *says_deleted))
        if nearest is None or len(matched.known) > len(nearest[1].known):
            nearest = each, matched
    if nearest is None:
        raise AssertionError("there is no layout to hold a file against")
    raise _lacking(*nearest, headings, uri)


def _either(layout: Layout, headings: Sequence[str]) -> list[Layout]:
    """Return a layout, or the same under our own names where a file has these."""
    return [in_our_words(layout)] if is_own_output(headings) else [layout]


def _lacking(layout: Layout, matched: Matched, headings: Sequence[str], uri: str) -> InputError:
    missing = [(FIELD[name], title) for name, lacking in matched.missing.items() for title in lacking]
    titles = [title for _, title in missing]
    of_layout = "" if layout == CHICAGO else f" of the layout {layout}"
    lacks = f"lacks the heading{'s' * (len(titles) > 1)} {', '.join(titles)}{of_layout}"
    if len(matched.known) > 1:
        line = ",".join(headings)
        line = line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."
        unknown = [
            heading
            for at, heading in enumerate(headings)
            if normal_heading(heading) and at not in matched.known
        ]
        near = [
            f"{found.strip()!r} for {title}"
            for field, title in missing
            if (found := _nearest((title, field.name, *field.headings), unknown)) is not None
        ]
        nearest = f"; the nearest found: {', '.join(near)}" if near else ""
        return InputError(f"{uri}: {lacks}{nearest}; its first line is {line!r}{_WAY_OUT}")
    # It may be an incident, which must not get into a log; one field may happen to read like a heading.
    fields = f"{len(headings):,} field{'s' * (len(headings) != 1)}"
    known = "one" if matched.known else "none"
    return InputError(
        f"{uri}: {lacks}; its first line has {fields}, {known} of which is a known heading{_WAY_OUT}"
    )


def _nearest(names: Sequence[str], headings: Sequence[str]) -> str | None:
    names = [normal_heading(name) for name in names]

    def likeness(heading: str) -> float:
        normal = normal_heading(heading)
        return max(
            1.0 if len(name) >= _LETTERS and name in normal else SequenceMatcher(None, name, normal).ratio()
            for name in names
        )

    best = max(headings, key=likeness, default=None)
    least = _ALIKE if max(map(len, names)) >= _LETTERS else _ALIKE_IF_SHORT
    return best if best is not None and likeness(best) >= least else None
