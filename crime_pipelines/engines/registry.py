"""The installed engines, by name.

Any installed package can add one by an entry point in the group `crime_pipelines.engines` that names a
subclass of `engines.base.Engine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Final

from crime_pipelines.errors import InputError
from crime_pipelines.support.extras import how_to_install

if TYPE_CHECKING:
    from crime_pipelines.engines.base import Engine

GROUP: Final = "crime_pipelines.engines"
DEFAULT_ENGINE: Final = "duckdb"


def engine_names() -> list[str]:
    """List the installed engines, the default first.

    >>> engine_names()[0]
    'duckdb'
    """
    return sorted(
        {point.name for point in entry_points(group=GROUP)}, key=lambda name: name != DEFAULT_ENGINE
    )


def open_engine(name: str, options: Mapping[str, str] | None = None) -> Engine:
    """Open an engine.

    Args:
        name: one of `engine_names()`.
        options: keyword arguments of the engine's class (``runner`` for ``beam``).

    Returns:
        The engine, to be entered with ``with``.

    Raises:
        InputError: there is no such engine, it takes no such option, or what it needs is not installed.
    """
    point = _entry_point(name)
    try:
        engine_class = point.load()
    except ImportError as error:
        ours = point.dist is not None and point.dist.name == "crime-pipelines"
        raise InputError(f"--engine {name}: {error}{f'; {how_to_install(name)}' if ours else ''}") from error
    try:
        engine: Engine = engine_class(**(options or {}))
    except TypeError as error:
        raise InputError(f"--engine {name}: {error}") from error
    return engine


def _entry_point(name: str) -> EntryPoint:
    for point in entry_points(group=GROUP, name=name):
        return point
    choice = ", ".join(engine_names())
    if not choice:  # a checkout that was brought up to date under an older installation
        how = how_to_install("spark,beam,gcp")
        raise InputError(f"no engine is registered: the installation is older than the code; {how}")
    raise InputError(f"unknown engine {name!r}; choose one of {choice}")
