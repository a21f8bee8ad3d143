"""A dry run: what a run would read, its first rows, and how long the reading takes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

import click

from crime_pipelines.engines.base import Job
from crime_pipelines.engines.registry import engine_names
from crime_pipelines.errors import InputError, no_incident
from crime_pipelines.layouts import layout_named
from crime_pipelines.output.atomic_replace import refuse_overlap, refuse_place
from crime_pipelines.sources import STANDARD_INPUT, SourceFile, is_spooled, resolve
from crime_pipelines.sources.formats.reading import open_as_csv

#: Bytes of a file that are read on trial.
_SAMPLE: Final = 16 << 20
_ROWS_SHOWN: Final = 3
_COLUMNS_SHOWN: Final = (
    "id", "occurred_at", "primary_type", "location_description", "arrest", "community_area", "block"
)  # fmt: skip
_FILES_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class _Trial:
    """The reading of a file's beginning.

    Attributes:
        rows: rows read.
        share: the part of the file that they are, 0 to 1.
        seconds: wall time.
        first: the first incidents, by the names of columns.
    """

    rows: int
    share: float
    seconds: float
    first: Sequence[dict[str, Any]]


def show_dry_run(
    source: str, out: Path, engine: str, shift_years: int, layout: str | None, names: Iterable[str]
) -> None:
    """Print what a run would do, and do nothing.

    Args:
        source: the SOURCE.
        out: where the output would be.
        engine: the engine's name.
        shift_years: calendar years that dates would be moved by.
        layout: the layout of the files, or the file that describes it; None to tell it by their headings.
        names: what the run would write, as far as it is known.

    Raises:
        InputError: the run would refuse its input, its output's place or its engine.
    """
    if engine not in engine_names():
        raise InputError(f"unknown engine {engine!r}; choose one of {', '.join(engine_names())}")
    if source == STANDARD_INPUT:
        raise InputError("--dry-run reads the beginning of a file; standard input can be read only once")
    if is_spooled(source):
        raise InputError("--dry-run reads the beginning of a file; a table in BigQuery would be read whole")
    files = resolve(source, layout=None if layout is None else layout_named(layout))
    refuse_overlap(out, [file.location for file in files if file.is_local])
    refuse_place(out, names)
    for file in files[:_FILES_SHOWN]:
        click.echo(f"{file.uri}: {file.form}, {_size(file.size)}, layout {file.layout}")
        found = {name for name, _ in file.columns}
        known = {position for _, column in file.columns for position in column.positions}
        passed = [heading for at, heading in enumerate(file.headings) if at not in known]
        click.echo(f"  columns read: {', '.join(sorted(found))}")
        if passed:
            click.echo(f"  columns passed over: {', '.join(passed)}")
    if len(files) > _FILES_SHOWN:
        click.echo(f"... and {len(files) - _FILES_SHOWN:,} more files")
    largest = max(files, key=lambda file: file.size)
    trial = _try(largest, shift_years)
    click.echo(f"First incidents of {largest.uri}, as they would be written:")
    for row in trial.first:
        click.echo("  " + ", ".join(f"{name}={_text(row[name])}" for name in _COLUMNS_SHOWN))
    whole = sum(file.size for file in files) / (trial.share * largest.size)
    about = "" if whole == 1 else "about "
    rows = round(trial.rows * whole, -3 if about else None)
    click.echo(
        f"{len(files):,} file{'s' * (len(files) != 1)}, {_size(sum(file.size for file in files))}: "
        f"{about}{rows:,.0f} rows. To read them takes the embedded engine "
        f"about {max(1, round(trial.seconds * whole)):,} s here, to answer and draw the report some "
        "seconds more."
    )
    state = "would be replaced" if (out / "run.json").exists() else "would be made"
    click.echo(f"{out}: {state}. This was a dry run: nothing was written.")


def _try(file: SourceFile, shift_years: int) -> _Trial:
    """Read the beginning of a file with the embedded engine."""
    from crime_pipelines.engines.duckdb.engine import DuckDBEngine

    with TemporaryDirectory(prefix="crime-pipelines-") as name:
        scratch = Path(name)
        sample = scratch / "sample.csv"
        share = _copy_beginning(file, sample)
        beginning = replace(file.as_csv_at(sample), size=sample.stat().st_size)
        (scratch / "out").mkdir()
        with DuckDBEngine() as engine:
            begun = time.perf_counter()
            rows = engine.ingest(Job([beginning], scratch / "out", scratch, shift_years))
            seconds = time.perf_counter() - begun
            if not rows.incidents:
                raise no_incident(file.uri, rows.rejected)
            first = engine.first_incidents(_ROWS_SHOWN)
    return _Trial(rows.read, share, seconds, first)


def _copy_beginning(file: SourceFile, sample: Path) -> float:
    """Copy whole lines from the beginning of a file, as comma-separated text; return the part they are."""
    held: list[IO[bytes]] = []

    @contextmanager
    def stored() -> Iterator[IO[bytes]]:
        with file.open_stored() as stream:
            held.append(stream)
            yield stream

    path = Path(file.location) if file.is_local else None
    with open_as_csv(stored, file.form, file.headings, file.uri, path) as stream:
        text = bytearray()
        while len(text) < _SAMPLE and (piece := stream.read(_SAMPLE - len(text))):
            text += piece
        is_whole = not stream.read(1)
        position = held[0].tell() if held else file.size
    if not is_whole:
        del text[text.rfind(b"\n") + 1 :]
    sample.write_bytes(text)
    return 1.0 if is_whole else max(1, min(position, file.size)) / file.size


def _size(number: int) -> str:
    return f"{number / 1e6:,.1f} MB" if number >= 1e5 else f"{number:,} bytes"


def _text(value: object) -> str:
    return "" if value is None else str(value)
