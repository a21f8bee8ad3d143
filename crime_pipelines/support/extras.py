"""Instructions for installing a missing part of the package, in words that work where the user is."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from urllib.parse import unquote, urlsplit


def how_to_install(extra: str) -> str:
    """Say how to install an extra.

    Args:
        extra: its name, or several with commas between, such as ``gcp,spark``.

    Returns:
        A clause for the end of a message: ``make dev`` in the checkout that the package was installed from,
        or pip with the wheel that it was installed from (PEP 610); the package's name where neither is known.
    """
    try:
        origin = json.loads(distribution("crime-pipelines").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        origin = {}
    path = unquote(urlsplit(origin.get("url", "")).path)
    if path and "dir_info" in origin:
        return f"run 'make dev' in {path}, which installs every extra"
    return f"pip install '{path or 'crime-pipelines'}[{extra}]'"
