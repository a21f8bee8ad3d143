"""Names of files that a folder as SOURCE takes."""

from __future__ import annotations

from crime_pipelines.sources.formats.form import ENDINGS


def is_taken(name: str) -> bool:
    """Tell whether a folder as SOURCE takes a file in.

    Args:
        name: the file's name inside the folder, with those of the folders between.

    Returns:
        True for a name that ends in one of `ENDINGS` and is not hidden.
    """
    return name.lower().endswith(ENDINGS) and not is_hidden(name)


def is_taken_by_dataproc(name: str) -> bool:
    """Tell whether a Dataproc job takes a file in.

    Args:
        name: as for `is_taken`.

    Returns:
        True for comma-separated text, plain or gzipped, that is not hidden.
    """
    return name.lower().endswith((".csv", ".csv.gz")) and not is_hidden(name)


def is_hidden(name: str) -> bool:
    """Tell whether a file is hidden: a part of its name begins with ``.`` or ``_``.

    Args:
        name: as for `is_taken`.

    Returns:
        True if it is.
    """
    return any(part.startswith((".", "_")) for part in name.split("/"))
