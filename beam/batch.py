"""The batch pipeline: incident files to incidents, rejects and the answers' counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from crime_pipelines.beam.answers import Condensed, CondenseFn
from crime_pipelines.beam.arrow import IncidentTable
from crime_pipelines.beam.parquet import created
from crime_pipelines.beam.parting import WriteByYear
from crime_pipelines.beam.reading.blocks import BLOCK_BYTES
from crime_pipelines.beam.reading.checks import After, CheckRows
from crime_pipelines.beam.reading.row_counts import SumRowCounts, as_json
from crime_pipelines.beam.transforms import (
    LatestInBuckets,
    ReadIncidentFiles,
    WriteBuckets,
    WriteRejects,
)
from crime_pipelines.engines.base import INCIDENTS, REJECTS
from crime_pipelines.schema.row_counts import RowCounts
from crime_pipelines.sources import SourceFile

#: What the pipeline leaves of its counts, in the folder for that.
ROW_COUNTS_FILE: Final = "row_counts.json"

#: How much packing saves, about.
_PACKED: Final = 6


@dataclass(frozen=True, slots=True)
class Grain:
    """The amount of work that a worker takes at a time.

    Attributes:
        block_bytes: bytes of CSV that are read at a time, about.
        bucket_bytes: bytes of CSV whose incidents are compared and written at a time, about.
    """

    block_bytes: int
    bucket_bytes: int


#: For workers that are many, each with its share of a machine's memory.
SHARED: Final = Grain(BLOCK_BYTES, 128 << 20)
#: Of more data buckets are larger, not more, up to `_LARGEST_BUCKET`: each block is cut into as many tables.
_MOST_BUCKETS: Final = 512
_LARGEST_BUCKET: Final = 512 << 20
#: Of more buckets than these, the condensed incidents are added up on several workers before the last.
_FEW_BUCKETS: Final = 64
_FANOUT: Final = 16
#: For one that has a machine to itself: what is done once for each piece is a tenth of a run's time.
ALONE: Final = Grain(256 << 20, 512 << 20)


def buckets_for(files: Sequence[SourceFile], bucket_bytes: int) -> int:
    """Choose the number of buckets of incidents, so that each bucket fits a worker's memory.

    Args:
        files: the files.
        bucket_bytes: bytes of CSV of a part, about.

    Returns:
        The number of buckets.
    """
    size = unpacked_size(files)
    buckets = -(-size // bucket_bytes)
    if buckets > _MOST_BUCKETS:
        buckets = max(_MOST_BUCKETS, -(-size // max(bucket_bytes, _LARGEST_BUCKET)))
    return max(1, buckets)


def unpacked_size(files: Sequence[SourceFile]) -> int:
    """Estimate the size of files once unpacked.

    Args:
        files: the files.

    Returns:
        Bytes.
    """
    return sum(file.size * (1 if file.form.is_plain else _PACKED) for file in files)


def build(
    pipeline: beam.Pipeline,
    files: Sequence[SourceFile],
    output: str,
    counts: str,
    shift_years: int,
    marks: str | None = None,
    grain: Grain = SHARED,
    careful: Collection[str] = (),
    *,
    output_stays: bool = True,
) -> beam.PCollection:
    """Wire the batch.

    Args:
        pipeline: the pipeline.
        files: the files, looked at.
        output: the folder for `incidents/` and `rejects/`, local or a URI.
        counts: the folder for the row counts (`ROW_COUNTS_FILE`) and condensed incidents (`condensed_file`).
        shift_years: calendar years to move dates by.
        marks: as for `ReadIncidentFiles`.
        grain: how much a worker takes at a time.
        careful: as for `ReadIncidentFiles`.
        output_stays: whether what is written stays there, so that nothing must be before the row counts are
            known to agree. Otherwise it is for the caller to compare them, and to discard what was written.

    Returns:
        The incidents, condensed (`answers.Condensed`); one element, none without incidents.
    """
    read = pipeline | "Read" >> ReadIncidentFiles(files, shift_years, marks, grain.block_bytes, careful)
    buckets = buckets_for(files, grain.bucket_bytes)
    latest = read.incidents | "Latest" >> LatestInBuckets(buckets)
    incidents, rejects, row_counts = latest.incidents, read.rejects, read.row_counts
    if output_stays:
        row_counts = row_counts | "CheckRows" >> CheckRows(files, latest.versions)
        incidents = incidents | "Incidents" >> After(row_counts, tuple[int, IncidentTable])
        rejects = rejects | "Rejects" >> After(row_counts, tuple[str, IncidentTable])
    folder = FileSystems.join(output, INCIDENTS)
    incidents | "WriteIncidents" >> (WriteByYear(folder) if output_stays else WriteBuckets(folder))
    rejects | "WriteRejects" >> WriteRejects(FileSystems.join(output, REJECTS))
    (
        (row_counts, latest.row_counts)
        | "RowCounts" >> beam.Flatten()
        | "SumRowCounts" >> beam.CombineGlobally(SumRowCounts()).without_defaults()
        | "WriteRowCounts" >> beam.Map(_write_row_counts, counts)
    )
    condensed = (
        incidents
        | "Tables" >> beam.Values().with_output_types(IncidentTable)
        | "Condense"
        >> beam.CombineGlobally(CondenseFn())
        .without_defaults()
        .with_fanout(_FANOUT if buckets > _FEW_BUCKETS else None)
    )
    condensed | "WriteCondensed" >> beam.Map(_write_condensed, counts)
    return condensed


def condensed_file(question: str) -> str:
    """Return the name of the file of incidents condensed for a question.

    Args:
        question: the question's name.

    Returns:
        The name; an Arrow IPC file.
    """
    return f"{question}.arrow"


def _write_row_counts(row_counts: RowCounts, folder: str) -> None:
    with created(FileSystems.join(folder, ROW_COUNTS_FILE)) as out:
        out.write(as_json(row_counts))


def _write_condensed(condensed: Condensed, folder: str) -> None:
    for name, groups in condensed.items():
        with (
            created(FileSystems.join(folder, condensed_file(name))) as out,
            pa.ipc.new_file(out, groups.schema) as writer,
        ):
            writer.write_table(groups)
