"""Files in any form as comma-separated text, and the number of their rows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO

from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.records.csv_records import join_record, split_record
from crime_pipelines.sources.formats.form import Content, Form, Packing
from crime_pipelines.sources.formats.json_count import count_objects
from crime_pipelines.sources.formats.json_rows import comma_row, json_rows, object_text
from crime_pipelines.sources.formats.malformed import original_row
from crime_pipelines.sources.formats.packing import buffered, unpacked
from crime_pipelines.sources.formats.parquet_footer import read_footer
from crime_pipelines.sources.formats.parquet_rows import comma_lines
from crime_pipelines.sources.formats.separated import comma_rows, count_separated, separated_row
from crime_pipelines.sources.formats.zip_archive import opened_member

#: Opens a file as it is stored.
Opener = Callable[[], AbstractContextManager[IO[bytes]]]


@contextmanager
def open_unpacked(stored: Opener, form: Form, uri: str) -> Iterator[IO[bytes]]:
    """Open a file, unpacked.

    Args:
        stored: opens it as stored.
        form: its form.
        uri: the file, as named to the user.

    Yields:
        Its bytes.

    Raises:
        InputError: it can't be opened, or is found to be damaged while it is read.
    """
    with stored() as raw:
        if form.packing is Packing.ZIP:
            with opened_member(raw, form.member, uri) as stream:
                yield stream
        else:
            with unpacked(raw, form.packing, uri) as stream:
                yield stream


@contextmanager
def open_as_csv(
    stored: Opener, form: Form, headings: Sequence[str], uri: str, path: Path | None
) -> Iterator[IO[bytes]]:
    """Open a file as comma-separated text.

    Args:
        stored: opens it as stored.
        form: its form.
        headings: its headings.
        uri: the file, as named to the user.
        path: where it lies on this machine; None for elsewhere.

    Yields:
        The text.

    Raises:
        InputError: it can't be opened, or is found to be damaged while it is read.
    """
    if not form.is_rewritten:
        with open_unpacked(stored, form, uri) as stream:
            yield stream
        return
    with ExitStack() as stack:
        if form.content is Content.PARQUET:
            rows = comma_lines(path or stack.enter_context(_fetched(stored)), headings, uri)
        else:
            stream = stack.enter_context(open_unpacked(stored, form, uri))
            if form.content is Content.CSV:
                rows = comma_rows(stream, form.separator, len(headings))
            else:
                rows = (comma_row(row, headings) for row in json_rows(stream, form.content, uri))
        yield buffered(_with_headings(rows, headings))


def _with_headings(rows: Iterator[bytes], headings: Sequence[str]) -> Iterator[bytes]:
    # Headings take one line; what they say is known.
    yield join_record([" ".join(heading.split()) for heading in headings]).encode("utf-8", "replace") + b"\n"
    yield from rows


@contextmanager
def _fetched(stored: Opener) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="crime-source-") as copy, stored() as stream:
        shutil.copyfileobj(stream, copy)
        copy.flush()
        yield Path(copy.name)


def count_apart(stored: Opener, form: Form, headings: Sequence[str], uri: str) -> int:
    """Count the rows of a file that is no comma-separated text, by other code than what reads them.

    Args:
        stored: opens it as stored.
        form: its form.
        headings: its headings.
        uri: the file, as named to the user.

    Returns:
        Their number.

    Raises:
        InputError: it can't be opened, or is damaged.
    """
    if form.content is Content.PARQUET:
        with stored() as raw:
            return read_footer(raw, uri).rows
    with open_unpacked(stored, form, uri) as stream:
        if form.content is Content.CSV:
            return count_separated(stream, form.separator, len(headings))
        return count_objects(stream, form.content)


def original_text(form: Form, headings: Sequence[str], reason: str, row: str) -> str:
    """Write a rejected row as its file has it.

    Args:
        form: the file's form, no comma-separated text.
        headings: its headings.
        reason: why the row was rejected.
        row: the row as comma-separated text.

    Returns:
        The row; of JSON and Parquet an object of those of its values that are not empty, as texts.
    """
    if reason == Reason.MALFORMED_ROW:
        return original_row(row)
    fields = split_record(row)
    fields = (fields + [""] * len(headings))[: len(headings)]
    if form.content is Content.CSV:
        return separated_row(fields, form.separator)
    return object_text(headings, fields)
