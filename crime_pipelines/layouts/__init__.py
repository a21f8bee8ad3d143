"""Layouts of departments' files: those that come with the package, and a user's own."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.loading import read_layout
from crime_pipelines.domain.layouts.model import Layout, LayoutError
from crime_pipelines.errors import InputError

#: The layouts that come with the package, in the order in which a file is held against them.
BUNDLED: Final = ("chicago", "chicago_bigquery", "new_york", "los_angeles", "generic")

#: The departments of whose areas outlines come with the package.
_OUTLINED: Final = ("chicago",)


@lru_cache(maxsize=len(BUNDLED))
def bundled(name: str) -> Layout:
    """Read a layout that comes with the package.

    Args:
        name: one of `BUNDLED`.

    Returns:
        The layout.
    """
    return CHICAGO if name == CHICAGO.name else read_layout(files(__package__), f"{name}.toml")


def _pickled(layout: Layout) -> tuple[Callable[..., object], tuple[object, ...]]:
    """Send a bundled layout to workers by its name: with its tables it takes longer than a small file."""
    if not layout.origin and layout.name in BUNDLED and layout is bundled(layout.name):
        return bundled, (layout.name,)
    return _restored, (layout.__class__, {each.name: getattr(layout, each.name) for each in fields(layout)})


def _restored(kind: Callable[..., object], values: Mapping[str, object]) -> object:
    return kind(**values)


copyreg.pickle(Layout, _pickled)  # type: ignore[arg-type]


def layout_named(name: str) -> Layout:
    """Read the layout that a user names.

    Args:
        name: one of `BUNDLED`, or the path of a TOML file.

    Returns:
        The layout.

    Raises:
        InputError: there is none of that name, or the file is no layout.
    """
    if name in BUNDLED:
        return bundled(name)
    path = Path(name)
    if path.suffix != ".toml":
        raise InputError(
            f"layout {name!r}: is not known; choose one of {', '.join(BUNDLED)}, or name a .toml file"
        )
    try:
        return read_layout(path.parent, path.name, name)
    except LayoutError as error:
        raise InputError(str(error)) from error


def layout_text(name: str) -> str:
    """Return the text of the TOML file of a layout.

    Args:
        name: as for `layout_named`, of a layout that can be read.

    Returns:
        The text.
    """
    file = files(__package__).joinpath(f"{name}.toml") if name in BUNDLED else Path(name)
    return file.read_text(encoding="utf-8-sig")


def outlines_text(department: str) -> str:
    """Return the table of the outlines of a department's areas that comes with the package.

    Args:
        department: the department.

    Returns:
        CSV: an area and its outline, as degrees east and north of its points; empty where there is none.
    """
    file = files(__package__).joinpath(f"{department}_outlines.csv")
    return file.read_text(encoding="utf-8") if department in _OUTLINED else ""


def detectable() -> Iterator[Layout]:
    """Read the layouts that files are held against, one by one: nearly all files are of the first.

    Yields:
        The layouts.
    """
    for name in BUNDLED:
        layout = bundled(name)
        if layout.is_detected:
            yield layout
