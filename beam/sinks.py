"""Rows to BigQuery, through Google's client library, wherever its variables say that BigQuery is.

Beam's own sink knows one endpoint alone. Rows are inserted at least once: what is inserted again is the same
version of the same incident, which the warehouse's views count once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import apache_beam as beam
from apache_beam.metrics import Metrics

from crime_pipelines.beam.messages import METRICS
from crime_pipelines.clients import retry_of, warehouse_client
from crime_pipelines.errors import PipelineError
from crime_pipelines.settings import Settings

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

#: Rows of a request: what BigQuery recommends.
_ROWS: Final = 500


class InsertRows(beam.DoFn):
    """Inserts rows into a table of the warehouse, many a request; `loaded_at` is added."""

    def __init__(self, settings: Settings, table: str, stamped: bool = True) -> None:
        """Say where to.

        Args:
            settings: the settings.
            table: the table's name in the warehouse's dataset.
            stamped: whether the table has a column `loaded_at`.
        """
        super().__init__()
        self._settings, self._table, self._stamped = settings, table, stamped
        self._client: Client | None = None
        self._waiting: list[dict[str, Any]] = []
        self._inserted = Metrics.counter(METRICS, f"rows_inserted_{table}")

    def setup(self) -> None:
        """Open BigQuery."""
        self._client = warehouse_client(self._settings)

    def start_bundle(self) -> None:
        """Nothing waits."""
        self._waiting = []

    def process(self, row: dict[str, Any]) -> None:
        """Take a row, and insert those that wait where they are many.

        Args:
            row: the row, values as JSON has them.

        Raises:
            PipelineError: BigQuery refuses a row.
        """
        self._waiting.append(row)
        if len(self._waiting) >= _ROWS:
            self._insert()

    def finish_bundle(self) -> None:
        """Insert what waits, before the messages count as handled.

        Raises:
            PipelineError: BigQuery refuses a row.
        """
        if self._waiting:
            self._insert()

    def teardown(self) -> None:
        """Close BigQuery."""
        if self._client is not None:
            self._client.close()  # type: ignore[no-untyped-call]

    def _insert(self) -> None:
        if self._client is None:
            raise RuntimeError("rows before setup")
        rows, self._waiting = self._waiting, []
        if self._stamped:
            now = datetime.now(UTC).isoformat()
            rows = [{**row, "loaded_at": now} for row in rows]
        insert(self._client, self._settings, self._table, rows)
        self._inserted.inc(len(rows))


def insert(client: Client, settings: Settings, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows.

    Args:
        client: BigQuery.
        settings: the settings.
        table: the table's name in the warehouse's dataset.
        rows: the rows, values as JSON has them.

    Raises:
        PipelineError: BigQuery refuses a row; every row was valid before it came here.
    """
    refused = client.insert_rows_json(
        f"{settings.project}.{settings.dataset}.{table}",
        list(rows),
        retry=retry_of(settings),
        timeout=settings.retry_seconds,
    )
    if refused:
        raise PipelineError(f"BigQuery refuses rows of {table}: {str(refused[0])[:300]}")
