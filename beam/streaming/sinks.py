"""Rows to BigQuery, in bounded batches, so that no row can hold up the others.

They go to the default stream of its Storage Write API (docs/decisions/0025), by a step of our own: Beam's
connector starts a Java service, and retries refused rows for ever. Rows are appended at least once: what is
appended again is the same version of the same incident, which the warehouse counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.utils.windowed_value import WindowedValue

from crime_pipelines.beam.streaming.messages import METRICS
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.row_stream import RowStream
from crime_pipelines.schema.columns import Table
from crime_pipelines.schema.protobuf_rows import RowEncoder, RowError

#: Rows and bytes of a request: half of the bytes that BigQuery takes.
MOST_ROWS: Final = 500
MOST_BYTES: Final = 5 * 1024 * 1024
#: Bytes of payloads that wait with their rows: a message may have 10 MB, a dead letter's row a few kB.
MOST_HELD: Final = 32 * 1024 * 1024


class AppendRows(beam.DoFn):
    """Appends rows to a table of the warehouse, many a request; gives what BigQuery refuses, and why.

    A passing fault is tried again for as long as the settings say, then the bundle fails and the runner tries
    it again; so does a table that is not there, out of reach or without a column, which no message can cause.
    """

    def __init__(
        self,
        settings: Settings,
        table: Table,
        row_of: Callable[[Any], dict[str, Any]],
        held_of: Callable[[Any], int] | None = None,
    ) -> None:
        """Say where to.

        Args:
            settings: the settings.
            table: the table of the warehouse's dataset; it has a column `loaded_at`, which is added.
            row_of: makes an element's row, values as `RowEncoder` takes them.
            held_of: the bytes that an element holds beside its row, such as its message.
        """
        super().__init__()
        self._settings, self._table, self._row_of = settings, table, row_of
        self._held_of = held_of
        self._encoder: RowEncoder | None = None
        self._stream: RowStream | None = None
        self._batch: list[tuple[WindowedValue, bytes]] = []
        self._bytes = self._held = 0
        self._appended = Metrics.counter(METRICS, f"rows_appended_{table.name}")
        self._refused = Metrics.counter(METRICS, f"rows_refused_{table.name}")

    def setup(self) -> None:
        """Make the rows' type; the connection is opened with the first rows, and serves every bundle."""
        self._encoder = RowEncoder(self._table)
        self._stream = RowStream(self._settings, self._table, self._encoder.descriptor)

    def start_bundle(self) -> None:
        """Nothing waits."""
        self._batch, self._bytes, self._held = [], 0, 0

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
        if self._encoder is None:
            raise RuntimeError("rows before setup")
        try:
            row = self._encoder.encode(self._row_of(element))
        except RowError as error:
            self._refused.inc()
            yield element, str(error)
            return
        if len(row) > MOST_BYTES:
            self._refused.inc()
            yield element, f"the row has {len(row):,} bytes"
            return
        held = self._held_of(element) if self._held_of else 0
        if self._batch and (
            len(self._batch) >= MOST_ROWS
            or self._bytes + len(row) > MOST_BYTES
            or self._held + held > MOST_HELD
        ):
            for refused in self._append():
                yield refused.value
        self._batch.append((WindowedValue(element, moment, (window,)), row))
        self._bytes += len(row)
        self._held += held

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Append what waits, before the messages count as handled.

        Yields:
            Refused elements, and why.

        Raises:
            PipelineError: as for `process`.
        """
        yield from self._append()

    def teardown(self) -> None:
        """Close the connection."""
        if self._stream is not None:
            self._stream.close()

    def _append(self) -> Iterator[WindowedValue]:
        if self._stream is None or self._encoder is None:
            raise RuntimeError("rows before setup")
        batch = self._batch
        self.start_bundle()
        if not batch:
            return
        stamp = self._encoder.encode({"loaded_at": datetime.now(UTC)})
        refused = self._stream.append([row + stamp for _, row in batch])
        self._appended.inc(len(batch) - len(refused))
        self._refused.inc(len(refused))
        for number, why in sorted(refused.items()):
            taken = batch[number][0]
            yield taken.with_value((taken.value, why))
