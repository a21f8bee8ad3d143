"""A file of incidents: its bytes, and its rows counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Final, Protocol, Self, cast

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.mapping import MappedColumn
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.records.csv_splitter import LineTooLongError
from crime_pipelines.domain.records.record_boundaries import after_headings
from crime_pipelines.errors import InputError, rows_lost
from crime_pipelines.sources.formats.form import PLAIN, Form, Packing
from crime_pipelines.sources.formats.packing import DamagedError
from crime_pipelines.sources.formats.reading import count_apart, open_as_csv, original_text
from crime_pipelines.sources.formats.separated import GREATEST_HEADINGS
from crime_pipelines.sources.meter import Meter
from crime_pipelines.sources.row_counter import LongLineError, ReadsInto, RowCount, count_rows
from crime_pipelines.sources.storage import Found, file_system, one_line

_CHUNK: Final = 1 << 20


class SupportsRead(Protocol):
    """A binary stream, as far as it is read here."""

    def read(self, size: int = -1, /) -> bytes:
        """Read up to so many bytes."""
        ...


@dataclass(frozen=True, slots=True)
class SourceFile(Found):
    """A file of incidents, after a first look at it.

    Attributes:
        form: the form that it is stored in.
        headings: its headings, as written.
        columns: for each field of `fields.FIELDS` that it has, the columns that it is made of.
        layout: its layout.
    """

    form: Form
    headings: tuple[str, ...]
    columns: tuple[tuple[str, MappedColumn], ...]
    layout: Layout = CHICAGO

    @property
    def gzipped(self) -> bool:
        """Tell whether it is comma-separated text packed with gzip."""
        return self.form == Form(Packing.GZIP)

    @contextmanager
    def open(self, meter: Meter | None = None) -> Iterator[IO[bytes]]:
        """Open the file as comma-separated text, whatever its form is.

        Args:
            meter: watches how far it is read.

        Yields:
            A binary stream.

        Raises:
            InputError: it can't be opened, or it is found to be damaged while it is read.
        """
        path = Path(self.location) if self.is_local else None
        stored = self.open_stored if meter is None else partial(meter.watch, self.open_stored)
        with open_as_csv(stored, self.form, self.headings, self.uri, path) as stream:
            yield stream

    @contextmanager
    def open_rows(self) -> Iterator[Iterator[bytes]]:
        """Open the file's bytes behind its headings, for `domain.records.csv_records`.

        Yields:
            The bytes in pieces.

        Raises:
            InputError: as for `open`.
        """
        with self.open() as stream:
            yield _after_headings(stream)

    def at(self, path: Path) -> Self:
        """Say that the file lies on this machine, perhaps as a copy.

        Args:
            path: where.

        Returns:
            The file, opened from there; its name stays.
        """
        return replace(self, location=str(path), is_local=True)

    def as_csv_at(self, path: Path) -> Self:
        """Say that the file lies on this machine as comma-separated text.

        Args:
            path: where.

        Returns:
            The file, opened from there; its name stays.
        """
        return replace(self.at(path), form=PLAIN)

    def original_text(self, reason: str, row: str) -> str:
        """Write a rejected row as the file has it, whatever its form is.

        Args:
            reason: why the row was rejected.
            row: the row as comma-separated text.

        Returns:
            The row.
        """
        if not self.form.is_rewritten:
            return row
        return original_text(self.form, self.headings, reason, row)

    def count_rows(
        self, copy: Callable[[memoryview], object] | None = None, meter: Meter | None = None
    ) -> RowCount:
        """Count the file's rows, by other code than the readers', and verify its packing.

        Args:
            copy: called with all of its unpacked bytes, in order, piece by piece.
            meter: shows how far the count is.

        Returns:
            The count.

        Raises:
            InputError: it can't be read, is damaged, or has a line that is too long to be kept.
            PipelineError: rows were lost where they were rewritten as comma-separated text.
        """
        meter = meter or Meter(self.size)
        found = meter.found
        try:
            with self.open(meter) as stream:
                # BufferedReader and GzipFile have it; typeshed's IO does not say so.
                count_rows(
                    cast("ReadsInto", stream), len(self.headings), found, skip_headings=True, copy=copy
                )
            if self.form.is_rewritten:
                counted = count_apart(self.open_stored, self.form, self.headings, self.uri)
                if counted != found.rows:
                    raise rows_lost(self.uri, counted, found.rows)
            meter.finish()
            return found
        except DamagedError as error:
            raise DamagedError(
                f"{error}: {found.rows:,} rows were read before that; get the file again"
            ) from error
        except (LongLineError, LineTooLongError) as error:
            raise InputError(
                f"{self.uri}: {error}, the most that a row may have; is it a file of incidents?"
            ) from error


def _after_headings(stream: SupportsRead) -> Iterator[bytes]:
    start = stream.read(GREATEST_HEADINGS + 1)
    yield start[after_headings(start) :]
    while chunk := stream.read(_CHUNK):
        yield chunk


def fetched(file: SourceFile, scratch: Path, number: int) -> Path:
    """Fetch a file, as it is stored, to this machine if it is not there already.

    Args:
        file: the file.
        scratch: the folder to fetch it into.
        number: tells it apart from others there.

    Returns:
        Its path.

    Raises:
        InputError: it can't be fetched.
    """
    if file.is_local:
        return Path(file.location)
    path = scratch / f"fetched{number}"
    try:
        system = file_system(file.location)
        system.get_file(system._strip_protocol(file.location), str(path))
    except Exception as error:  # each storage client has exceptions of its own
        raise InputError(f"{file.uri}: can't be fetched ({one_line(error)})") from error
    return path
