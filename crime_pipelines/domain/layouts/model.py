"""Layouts: what a department's file holds, and how it maps to our fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

from crime_pipelines.domain.layouts.forms import Form

ARREST: Final = "arrest"


class LayoutError(ValueError):
    """A layout that can't be used; the text says where and why, in one line."""


class Area(NamedTuple):
    """An area of a department's city.

    Attributes:
        number: its number.
        name: its name.
        residents: its residents; None where they are not on file.
    """

    number: int
    name: str
    residents: int | None


@dataclass(frozen=True)
class Areas:
    """The areas of a department's city.

    Attributes:
        all: the areas in order of number.
    """

    all: tuple[Area, ...] = ()

    @cached_property
    def by_text(self) -> Mapping[str, int]:
        """The numbers by their plain texts."""
        return {str(area.number): area.number for area in self.all}

    @cached_property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The numbers as ranges without gaps, both ends included."""
        numbers = [area.number for area in self.all]
        breaks = [at for at, (one, other) in enumerate(pairwise(numbers), 1) if other != one + 1]
        starts, ends = [0, *breaks], [*breaks, len(numbers)]
        return tuple(
            (numbers[start], numbers[end - 1]) for start, end in zip(starts, ends, strict=True) if numbers
        )

    @cached_property
    def digits(self) -> int:
        """The digits of the greatest number."""
        return max((len(text) for text in self.by_text), default=1)


@dataclass(frozen=True)
class Names:
    """The names of types, or of locations, and their spellings.

    Attributes:
        renamings: old spellings, folded, and the ones to use.
        known: names in their normal form. Others pass as well: the list only spares the work of folding.
    """

    renamings: Mapping[str, str] = field(default_factory=dict, hash=False)
    known: tuple[str, ...] = ()

    @cached_property
    def known_set(self) -> frozenset[str]:
        """The known names, to look one up."""
        return frozenset(self.known)


@dataclass(frozen=True, slots=True)
class Heading:
    """The column that a form takes.

    Attributes:
        names: its headings, of which a file has one.
        further: headings that count only where none of these is there, and the first of them alone.
        is_first: whether the first counts of several columns that are headed alike.
    """

    names: tuple[str, ...]
    further: tuple[str, ...] = ()
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """The columns that a field is made of.

    Attributes:
        form: how.
        headings: a heading for each column that the form takes.
    """

    form: Form
    headings: tuple[Heading, ...]


@dataclass(frozen=True)
class Layout:
    """One department's file: its headings, areas and spellings.

    Attributes:
        name: its name.
        department: the department; files of one can be read together.
        title: what a reader calls it.
        mappings: the fields that it has, each with its columns.
        areas: the areas.
        types: the spellings of types.
        locations: the spellings of locations.
        absent: needed fields that the department's data do not have.
        is_detected: whether a file may be taken for it by its headings alone.
        origin: the file that it was read from, as the user named it; empty for a bundled one.
    """

    name: str
    department: str
    title: str
    mappings: Mapping[str, FieldMapping]
    areas: Areas = field(default_factory=Areas)
    types: Names = field(default_factory=Names)
    locations: Names = field(default_factory=Names)
    absent: frozenset[str] = frozenset()
    is_detected: bool = True
    origin: str = ""

    @property
    def has_arrests(self) -> bool:
        """Tell whether the data say of each incident whether there was an arrest."""
        return ARREST not in self.absent

    @property
    def is_told_by_headings(self) -> bool:
        """Tell whether files of it are known by their headings, without being named."""
        return self.is_detected and not self.origin

    def __hash__(self) -> int:
        """Hash the name alone: a stream asks it for every message."""
        return hash(self.name)

    def __str__(self) -> str:
        """Return the name, or the file that it was read from."""
        return self.origin or self.name
