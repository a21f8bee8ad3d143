"""Rows to BigQuery, in bounded batches, so that no row can hold up the others.

Beam's own sink knows one endpoint alone, and retries refused rows for ever. Rows are appended at least once:
what is appended again is the same version of the same incident, which the warehouse counts once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.utils.windowed_value import WindowedValue

from crime_pipelines.beam.streaming.messages import METRICS
from crime_pipelines.cloud.clients import retry_of, warehouse_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.errors import PipelineError

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

#: Rows and bytes of a request: as BigQuery recommends, and half of what it takes.
MOST_ROWS: Final = 500
MOST_BYTES: Final = 5 * 1024 * 1024
#: Requests whose rows are told to be sent again, before the bundle is given back to the runner.
_MOST_ATTEMPTS: Final = 5
#: What BigQuery says of a row that is not at fault itself.
_STOPPED: Final = "stopped"
_PASSING: Final = frozenset(
    {"backendError", "internalError", "rateLimitExceeded", "quotaExceeded", "timeout"}
)
#: Statuses of a request that is at fault as a whole, for its size or for a row of it.
_AT_FAULT: Final = (400, 413)


class AppendRows(beam.DoFn):
    """Appends rows to a table of the warehouse, many a request; gives what BigQuery refuses, and why.

    A passing fault is tried again for as long as the settings say, then the bundle fails and the runner tries
    it again; so does a table that is not there or out of reach, which no message can cause.
    """

    def __init__(self, settings: Settings, table: str, row_of: Callable[[Any], dict[str, Any]]) -> None:
        """Say where to.

        Args:
            settings: the settings.
            table: the table's name in the warehouse's dataset; it has a column `loaded_at`, which is added.
            row_of: makes an element's row, values as JSON has them.
        """
        super().__init__()
        self._settings, self._table, self._row_of = settings, table, row_of
        self._client: Client | None = None
        self._batch: list[tuple[WindowedValue, dict[str, Any]]] = []
        self._bytes = 0
        self._appended = Metrics.counter(METRICS, f"rows_appended_{table}")
        self._refused = Metrics.counter(METRICS, f"rows_refused_{table}")

    def setup(self) -> None:
        """Open BigQuery."""
        self._client = warehouse_client(self._settings)

    def start_bundle(self) -> None:
        """Nothing waits."""
        self._batch, self._bytes = [], 0

    def process(
        self,
        element: Any,
        moment: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[tuple[Any, str]]:
        """Take an element, and append those that wait where they are many.

        Args:
            element: the element.
            moment: its time.
            window: its window.

        Yields:
            Refused elements, and why.

        Raises:
            PipelineError: BigQuery can't be reached, or refuses all of it.
        """
        row = self._row_of(element)
        size = len(json.dumps(row))
        if size > MOST_BYTES:
            self._refused.inc()
            yield element, f"the row has {size:,} bytes"
            return
        if len(self._batch) >= MOST_ROWS or self._bytes + size > MOST_BYTES:
            for refused in self._append():
                yield refused.value
        self._batch.append((WindowedValue(element, moment, (window,)), row))
        self._bytes += size

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Append what waits, before the messages count as handled.

        Yields:
            Refused elements, and why.

        Raises:
            PipelineError: as for `process`.
        """
        yield from self._append()

    def teardown(self) -> None:
        """Close BigQuery."""
        if self._client is not None:
            self._client.close()  # type: ignore[no-untyped-call]

    def _append(self) -> Iterator[WindowedValue]:
        if self._client is None:
            raise RuntimeError("rows before setup")
        batch, self._batch, self._bytes = self._batch, [], 0
        if not batch:
            return
        stamp = {"loaded_at": datetime.now(UTC).isoformat()}
        refused = append(self._client, self._settings, self._table, [row | stamp for _, row in batch])
        self._appended.inc(len(batch) - len(refused))
        self._refused.inc(len(refused))
        for number, why in sorted(refused.items()):
            taken = batch[number][0]
            yield taken.with_value((taken.value, why))


def append(
    client: Client, settings: Settings, table: str, rows: Sequence[Mapping[str, Any]]
) -> dict[int, str]:
    """Append rows; those that are refused do not keep the others from being appended.

    Args:
        client: BigQuery.
        settings: the settings.
        table: the table's name in the warehouse's dataset.
        rows: the rows, values as JSON has them.

    Returns:
        Why rows were refused, by their number.

    Raises:
        PipelineError: BigQuery can't be reached, or the table is not there or out of reach.
    """
    refused: dict[int, str] = {}
    waiting = [list(range(len(rows)))]
    attempts = 0
    while waiting:
        numbers = waiting.pop()
        try:
            errors = _insert(client, settings, table, [rows[number] for number in numbers])
        except _AtFaultError as error:
            if len(numbers) == 1:
                refused[numbers[0]] = str(error)
            else:
                middle = len(numbers) // 2
                waiting += [numbers[:middle], numbers[middle:]]
            continue
        own = {numbers[at]: why for at, why in errors.items() if why is not None}
        again = [numbers[at] for at, why in errors.items() if why is None]
        refused |= own
        attempts = 0 if own else attempts + 1
        if again and attempts >= _MOST_ATTEMPTS:
            raise PipelineError(f"{table}: BigQuery did not take {len(again):,} rows in {attempts} attempts")
        if again:
            waiting.append(again)
    return refused


class _AtFaultError(Exception):
    """A request that is refused as a whole for what is in it."""


def _insert(
    client: Client, settings: Settings, table: str, rows: Sequence[Mapping[str, Any]]
) -> dict[int, str | None]:
    """Return why rows were refused, by their number; None for those that are to be sent again."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.bigquery import AutoRowIDs

    try:
        refused = client.insert_rows_json(
            f"{settings.project}.{settings.dataset}.{table}",
            rows,
            row_ids=AutoRowIDs.DISABLED,
            retry=retry_of(settings),
            timeout=settings.retry_seconds,
        )
    except GoogleAPICallError as error:
        if error.code in _AT_FAULT:
            raise _AtFaultError(f"BigQuery refuses the request ({error.code})") from error
        raise PipelineError(f"{table}: BigQuery: {error.message}") from error
    return {each["index"]: reason_of(each["errors"]) for each in refused}


def reason_of(errors: Sequence[Mapping[str, Any]]) -> str | None:
    """Return why a row was refused.

    Args:
        errors: what BigQuery says of it. Its messages quote values, which must not get into a log.

    Returns:
        Columns, and what is wrong with each; None where the row itself is not at fault.
    """
    own = [each for each in errors if each.get("reason") not in _PASSING | {_STOPPED}]
    told = {f"{each.get('location') or 'the row'} {each.get('reason')}" for each in own}
    return ", ".join(sorted(told)) or None
