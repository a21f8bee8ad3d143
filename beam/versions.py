"""The current version of each incident, among those in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput

from crime_pipelines.beam.arrow import query, usable_threads
from crime_pipelines.beam.reading.chunks import METRICS, ROW_COUNTS
from crime_pipelines.domain.versions import LATEST_FIRST
from crime_pipelines.schema.row_counts import RowCounts

_LATEST: Final = (
    "WITH repeated AS (SELECT id FROM versions GROUP BY id HAVING COUNT(*) > 1) "
    "SELECT * FROM versions ANTI JOIN repeated USING (id) UNION ALL "
    "SELECT * EXCLUDE (place) FROM ("
    f"SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY {LATEST_FIRST}) AS place "
    "FROM versions SEMI JOIN repeated USING (id)) WHERE place = 1"
)


def by_bucket(versions: pa.Table, buckets: int) -> Iterator[tuple[int, pa.Table]]:
    """Part versions so that those of one incident stay together.

    Args:
        versions: versions of incidents.
        buckets: how many parts there are.

    Yields:
        The number of a part, and the versions in it.
    """
    if buckets == 1:
        yield 0, versions
        return
    bucket = versions["id"].to_numpy() % buckets
    order = pa.array(np.argsort(bucket, kind="stable"))
    # Arrow takes rows on one core alone.
    with ThreadPoolExecutor(usable_threads()) as pool:
        columns = pool.map(lambda column: column.take(order), versions.columns)
        ordered = pa.Table.from_arrays([*columns], schema=versions.schema)
    ends = np.cumsum(np.bincount(bucket, minlength=buckets))
    start = 0
    for number, end in enumerate(ends.tolist()):
        if end > start:
            yield number, ordered.slice(start, end - start)
        start = end


class Latest(NamedTuple):
    """The current versions.

    Attributes:
        incidents: one row per incident that is not deleted.
        deleted: the number of incidents whose current version is a tombstone.
    """

    incidents: pa.Table
    deleted: int


def latest_versions(versions: pa.Table) -> Latest:
    """Keep the current version of each incident.

    Args:
        versions: versions of incidents, all that there are of each of them.

    Returns:
        The incidents, without those that are deleted.
    """
    current = _current(versions)
    incidents = current
    if current["occurred_at"].null_count:
        incidents = current.filter(pc.is_valid(current["occurred_at"]))
    return Latest(incidents, current.num_rows - incidents.num_rows)


def _current(versions: pa.Table) -> pa.Table:
    # Sorting takes half the time that counting the distinct ones does.
    ids = np.sort(versions["id"].to_numpy())
    if (ids[1:] != ids[:-1]).all():
        return versions
    return query(_LATEST, versions=versions).cast(versions.schema)


class DropSuperseded(beam.DoFn):
    """Keeps the current version of each incident of a bucket."""

    def __init__(self) -> None:
        """Set up the counter."""
        super().__init__()
        self._superseded = Metrics.counter(METRICS, "versions_superseded")

    def process(
        self, element: tuple[int, Iterable[pa.Table]]
    ) -> Iterator[tuple[int, pa.Table] | TaggedOutput]:
        """Compare the versions of one bucket.

        Args:
            element: the bucket's number, and the versions in it.

        Yields:
            The number, and the incidents; tagged, their row_counts.
        """
        bucket, tables = element
        versions = pa.concat_tables(tables)
        incidents, deleted = latest_versions(versions)
        superseded = versions.num_rows - incidents.num_rows
        self._superseded.inc(superseded)
        yield bucket, incidents
        latest = pc.max(incidents["occurred_at"]).as_py()
        yield TaggedOutput(
            ROW_COUNTS, RowCounts([], incidents.num_rows, superseded, latest=latest, deleted=deleted)
        )
