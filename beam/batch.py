"""The batch pipeline: incident files to incidents, rejects and the answers' counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from crime_pipelines.beam.account import AccountFn, as_json
from crime_pipelines.beam.answers import Condensed, CondenseFn
from crime_pipelines.beam.blocks import BLOCK_BYTES
from crime_pipelines.beam.parquet import created
from crime_pipelines.beam.transforms import (
    LatestVersions,
    ReadIncidentFiles,
    WriteIncidents,
    WriteRejects,
)
from crime_pipelines.engine import INCIDENTS, REJECTS, Ingested
from crime_pipelines.sources import SourceFile

#: What the pipeline leaves of its counts, in the folder for that.
ACCOUNT: Final = "account.json"

#: How much gzip packs.
_PACKED: Final = 6


@dataclass(frozen=True, slots=True)
class Grain:
    """How much a worker takes at a time.

    Attributes:
        block_bytes: bytes of CSV that are read at a time, about.
        bucket_bytes: bytes of CSV whose incidents are compared and written at a time, about.
    """

    block_bytes: int
    bucket_bytes: int


#: For workers that are many, each with its share of a machine's memory.
SHARED: Final = Grain(BLOCK_BYTES, 128 << 20)
#: For one that has a machine to itself: what is done once for each piece is a tenth of a run's time.
ALONE: Final = Grain(256 << 20, 512 << 20)


def buckets_for(files: Sequence[SourceFile], bucket_bytes: int) -> int:
    """How finely to part the incidents of some files, so that each part fits a worker's memory.

    Args:
        files: the files.
        bucket_bytes: bytes of CSV of a part, about.

    Returns:
        The number of buckets.
    """
    return max(1, -(-unpacked_size(files) // bucket_bytes))


def unpacked_size(files: Sequence[SourceFile]) -> int:
    """How large files are once unpacked, about.

    Args:
        files: the files.

    Returns:
        Bytes.
    """
    return sum(file.size * (_PACKED if file.gzipped else 1) for file in files)


def build(
    pipeline: beam.Pipeline,
    files: Sequence[SourceFile],
    output: str,
    counts: str,
    shift_years: int,
    marks: str | None = None,
    grain: Grain = SHARED,
) -> beam.PCollection:
    """Wire the batch.

    Args:
        pipeline: the pipeline.
        files: the files, looked at.
        output: the folder for `incidents/` and `rejects/`, local or a URI.
        counts: the folder for the account (`ACCOUNT`) and condensed incidents (`condensed_file`).
        shift_years: calendar years to move dates by.
        marks: as for `ReadIncidentFiles`.
        grain: how much a worker takes at a time.

    Returns:
        Tables of incidents, one row each, under the number of their bucket.
    """
    read = pipeline | "Read" >> ReadIncidentFiles(files, shift_years, marks, grain.block_bytes)
    latest = read.incidents | "Latest" >> LatestVersions(buckets_for(files, grain.bucket_bytes))
    latest.incidents | "WriteIncidents" >> WriteIncidents(FileSystems.join(output, INCIDENTS))
    read.rejects | "WriteRejects" >> WriteRejects(FileSystems.join(output, REJECTS))
    (
        (read.accounts, latest.accounts)
        | "Accounts" >> beam.Flatten()
        | "Account" >> beam.CombineGlobally(AccountFn()).without_defaults()
        | "WriteAccount" >> beam.Map(_write_account, counts)
    )
    (
        latest.incidents
        | "Tables" >> beam.Values().with_output_types(pa.Table)
        | "Condense" >> beam.CombineGlobally(CondenseFn()).without_defaults()
        | "WriteCondensed" >> beam.Map(_write_condensed, counts)
    )
    return latest.incidents


def condensed_file(question: str) -> str:
    """The name of the file of incidents condensed for a question.

    Args:
        question: the question's name.

    Returns:
        The name; an Arrow IPC file.
    """
    return f"{question}.arrow"


def _write_account(account: Ingested, folder: str) -> None:
    with created(FileSystems.join(folder, ACCOUNT)) as out:
        out.write(as_json(account))


def _write_condensed(condensed: Condensed, folder: str) -> None:
    for name, groups in condensed.items():
        with (
            created(FileSystems.join(folder, condensed_file(name))) as out,
            pa.ipc.new_file(out, groups.schema) as writer,
        ):
            writer.write_table(groups)
