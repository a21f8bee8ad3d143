"""A table in BigQuery as a SOURCE: ``bq://project.dataset.table``, copied to a file of this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.domain.records.csv_records import join_record
from crime_pipelines.errors import InputError, rows_lost
from crime_pipelines.support.extras import how_to_install

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

SCHEME: Final = "bq://"
_EMULATOR: Final = "BIGQUERY_EMULATOR_HOST"
#: A project may bear a domain, as in ``example.com:project``.
_NAME: Final = re.compile(r"(?P<project>([a-z0-9.-]+:)?[a-z0-9-]+)\.(?P<dataset>\w+)\.(?P<table>[\w-]+)")
_PAGE: Final = 10_000


def is_table(source: str) -> bool:
    """Tell whether a SOURCE is a table in BigQuery.

    Args:
        source: the SOURCE.

    Returns:
        True for ``bq://project.dataset.table``.
    """
    return source.startswith(SCHEME) and not os.path.exists(source)  # noqa: PTH110 - as it was written


def copy_table(source: str, path: Path) -> None:
    """Copy a table to a file of comma-separated text, as it was at one moment.

    Its rows are counted in BigQuery as of that moment, too.

    Args:
        source: ``bq://project.dataset.table``. The queries are billed to the project of
            ``GOOGLE_CLOUD_PROJECT``, or to that of the credentials.
        path: the file.

    Raises:
        InputError: there is no such table, or it can't be read.
        PipelineError: other than the counted rows came.
        OSError: the file can't be written.
    """
    match = _NAME.fullmatch(source.removeprefix(SCHEME))
    if match is None:
        raise InputError(f"{source}: is no table; name it as {SCHEME}project.dataset.table")
    try:
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError
    except ImportError as error:
        raise InputError(f"{source}: BigQuery can't be read here: {how_to_install('gcp')}") from error
    try:
        with closing(_client(match["project"])) as client:
            counted, rows = _rows(client, f"`{match[0]}`")
            written = _write(path, rows)
    except (GoogleAPIError, GoogleAuthError) as error:
        raise InputError(f"{source}: can't be read ({' '.join(str(error).split())[:300]})") from error
    if written != counted:
        raise rows_lost(source, counted, written)


def _client(project: str) -> Client:
    from google.cloud.bigquery import Client

    if not os.environ.get(_EMULATOR):
        return Client()
    from google.auth.credentials import AnonymousCredentials

    return Client(project=os.environ.get("GOOGLE_CLOUD_PROJECT", project), credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]


def _rows(client: Client, table: str) -> tuple[int, Iterator[tuple[Any, ...]]]:
    """Count the rows of a table and read them, both as of the same moment; the headings come first."""
    ((moment,),) = [row.values() for row in client.query("SELECT CURRENT_TIMESTAMP()").result()]
    then = f"FROM {table} FOR SYSTEM_TIME AS OF TIMESTAMP '{moment.isoformat(sep=' ')}'"
    ((counted,),) = [row.values() for row in client.query(f"SELECT COUNT(*) {then}").result()]
    found = client.query(f"SELECT * {then}").result(page_size=_PAGE)

    def rows() -> Iterator[tuple[Any, ...]]:
        yield tuple(field.name for field in found.schema)
        for row in found:
            yield row.values()

    return counted, rows()


def _write(path: Path, rows: Iterator[tuple[Any, ...]]) -> int:
    """Write rows and return their number; the headings do not count."""
    number = -1
    with path.open("w", encoding="utf-8", newline="") as file:
        for row in rows:
            file.write(join_record([_text(value) for value in row]) + "\n")
            number += 1
    return number


def _text(value: object) -> str | None:
    """Return the text of a value, as BigQuery exports it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=None).isoformat(sep=" ")
        return f"{moment} UTC" if value.tzinfo else moment
    return repr(value) if isinstance(value, float) else str(value)
