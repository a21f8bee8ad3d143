"""Parquet folders as SQL for DuckDB, whatever their names are.

DuckDB takes the path of a file to read for a glob pattern, and reads a column out of every folder on the way
that is called ``name=value``. Folders of the user's may have any name, so both must not happen.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

_WILDCARD: Final = re.compile(r"[*?\[]")
#: The folder that a file of incidents lies in.
_YEAR_FOLDER: Final = "year=(-?[0-9]+)/[^/]*$"


def quoted(text: object) -> str:
    """Write a text as DuckDB's string literal.

    Args:
        text: the text.

    Returns:
        The literal.
    """
    return "'" + str(text).replace("'", "''") + "'"


def without_wildcards(path: str) -> str:
    """Write a path as a pattern that matches it alone.

    Args:
        path: the path.

    Returns:
        The pattern, as DuckDB reads patterns.
    """
    return _WILDCARD.sub(r"[\g<0>]", path)


def literal(path: Path) -> str:
    """Return a pattern that matches one path alone.

    Args:
        path: the path, absolute or relative.

    Returns:
        The absolute path without links, each wildcard in brackets. DuckDB would take ``~`` for the home, and
        ``..`` for the folder above the link's name instead of the one above its target.
    """
    return without_wildcards(os.path.realpath(path))


def parquet_sql(path: Path, pattern: str = "") -> str:
    """Return a SQL table expression of Parquet files, with the columns in the files and no others.

    Args:
        path: a file, or a folder with a pattern.
        pattern: the files below the folder, such as ``*.parquet``.

    Returns:
        The expression; it has the virtual columns `filename` and `file_row_number`.
    """
    below = f"/{pattern}" if pattern else ""
    return f"read_parquet({quoted(literal(path) + below)}, hive_partitioning = false)"


def files_sql(folder: Path, pattern: str, names: Sequence[str] | None) -> str:
    """Return a SQL table expression of Parquet files in a folder, as `parquet_sql`.

    Args:
        folder: the folder.
        pattern: the files below it, where they are not named.
        names: the paths of the files inside the folder; None for all that fit the pattern.

    Returns:
        The expression.
    """
    if not names:
        return parquet_sql(folder, pattern)
    root = literal(folder)
    files = ", ".join(quoted(f"{root}/{without_wildcards(name)}") for name in names)
    return f"read_parquet([{files}], hive_partitioning = false)"


def incidents_sql(incidents: Path, also: Iterable[str] = (), names: Sequence[str] | None = None) -> str:
    """Return a SQL table expression of incidents; their year is that of each file's folder ``year=YYYY``.

    Args:
        incidents: the folder of incidents.
        also: virtual columns that are wanted, too.
        names: the paths of the files inside the folder; None for all that there are.

    Returns:
        A SELECT in parentheses.
    """
    # The name of its file is one constant for many rows, so the expression costs next to nothing.
    columns = ["*", *also, f"CAST(REGEXP_EXTRACT(filename, '{_YEAR_FOLDER}', 1) AS BIGINT) AS year"]
    return f"(SELECT {', '.join(columns)} FROM {files_sql(incidents, '*/*.parquet', names)})"
