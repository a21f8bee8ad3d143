"""The report's static files: style sheet, scripts and template."""

from __future__ import annotations

from importlib.resources import files


def static_text(name: str) -> str:
    """Read a static file of the report.

    Args:
        name: its name.

    Returns:
        Its text.
    """
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")
