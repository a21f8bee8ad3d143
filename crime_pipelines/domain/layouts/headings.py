"""Headings of a file, and the columns that a layout makes its fields of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from crime_pipelines.domain.fields import FIELDS, normal_heading
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.mapping import MappedColumn
from crime_pipelines.domain.layouts.model import Heading, Layout


class Matched(NamedTuple):
    """A layout's fields in a file.

    Attributes:
        columns: the columns of each field that is there, in the order of `FIELDS`.
        missing: the headings that needed fields lack, by field.
        repeated: the positions of headings of which one too many is there, by field.
    """

    columns: tuple[tuple[str, MappedColumn], ...]
    missing: Mapping[str, tuple[str, ...]]
    repeated: Mapping[str, tuple[int, ...]]

    @property
    def known(self) -> frozenset[int]:
        """The positions of the headings that fields take."""
        return frozenset(at for _, column in self.columns for at in column.positions)


def match_headings(headings: Sequence[str], layout: Layout = CHICAGO, absent: int | None = None) -> Matched:
    """Find a layout's fields among headings.

    Args:
        headings: the headings as written.
        layout: the layout.
        absent: the position that stands for columns which are not there; None if there is none.

    Returns:
        The fields found. A field is missing where one of its columns is.
    """
    normal = [normal_heading(heading) for heading in headings]
    columns: list[tuple[str, MappedColumn]] = []
    missing: dict[str, tuple[str, ...]] = {}
    repeated: dict[str, tuple[int, ...]] = {}
    for field in FIELDS:
        mapping = layout.mappings.get(field.name)
        if mapping is None:
            continue
        found = [_positions(heading, normal) for heading in mapping.headings]
        if absent is not None:
            found = [positions or (absent,) for positions in found]
        lacks = [heading.names[0] for heading, at in zip(mapping.headings, found, strict=True) if not at]
        if lacks:
            if field.needed:
                missing[field.name] = tuple(lacks)
            continue
        for positions in found:
            if len(positions) > 1:
                repeated[field.name] = positions
        columns.append((field.name, MappedColumn(mapping.form, tuple(at[0] for at in found))))
    return Matched(tuple(columns), missing, repeated)


def _positions(heading: Heading, normal: Sequence[str]) -> tuple[int, ...]:
    names = {normal_heading(name) for name in heading.names}
    positions = tuple(at for at, found in enumerate(normal) if found in names)
    if not positions:
        for name in heading.further:
            if (further := normal_heading(name)) in normal:
                return (normal.index(further),)
    return positions[:1] if heading.is_first else positions


@lru_cache(maxsize=64)
def in_our_words(layout: Layout) -> Layout:
    """Return the layout of a department's incidents under our own names, as messages and outputs have them.

    Args:
        layout: the department's layout.

    Returns:
        The layout, but that every field is the column of its name.
    """
    mappings = {name: mapping for name, mapping in CHICAGO.mappings.items() if name not in layout.absent}
    return replace(layout, mappings=mappings)


def is_own_output(headings: Sequence[str]) -> bool:
    """Tell whether headings are those of an output of ours.

    Args:
        headings: the headings as written.

    Returns:
        True if so.
    """
    return {"shift_years", *(field.name for field in FIELDS if field.needed)} <= set(headings)
