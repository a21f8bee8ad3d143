"""A first look at a file of incidents: its form, and where in it each field stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import IO, Final

from crime_pipelines.domain.layouts.headings import is_own_output
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.records.csv_records import BrokenQuotingError, OpenQuoteError, split_record
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import layout_named
from crime_pipelines.sources.file import SourceFile
from crime_pipelines.sources.formats.form import Content, Form, Packing
from crime_pipelines.sources.formats.json_rows import json_rows
from crime_pipelines.sources.formats.packing import DamagedError
from crime_pipelines.sources.formats.parquet_footer import read_footer
from crime_pipelines.sources.formats.reading import open_unpacked
from crime_pipelines.sources.formats.recognition import form_of, recognise
from crime_pipelines.sources.formats.separated import GREATEST_HEADINGS, exchanged_text
from crime_pipelines.sources.formats.zip_archive import member_name, members
from crime_pipelines.sources.headings import fields_in, without_empty_end
from crime_pipelines.sources.own_output import layout_of
from crime_pipelines.sources.storage import Found, stat_local

_UTF8_BOM: Final = b"\xef\xbb\xbf"
_PIECE: Final = 1 << 20


def look(file: Found, layout: Layout | None = None) -> SourceFile:
    """Tell a file's form and read its headings.

    Args:
        file: the file, no zip archive of several.
        layout: its layout, where the user named one.

    Returns:
        The file, and where in it each field stands.

    Raises:
        InputError: it is not an incident file.
    """
    seen = look_into(file, lambda _: None, layout)
    if len(seen) != 1:
        raise InputError(f"{file.uri}: holds {len(seen)} files; unpack it and name one")
    return seen[0]


def look_into(file: Found, warn: Callable[[str], None], layout: Layout | None = None) -> list[SourceFile]:
    """Tell a file's form and read its headings; of a zip archive those of each file in it.

    Args:
        file: the file.
        warn: called with a line for each file in a zip archive that is passed over.
        layout: as for `look`.

    Returns:
        The file, and where in it each field stands; of a zip archive each file in it.

    Raises:
        InputError: it is not an incident file.
    """
    with file.open_stored() as stored:
        form = recognise(stored, file.uri)
        if form.packing is not Packing.ZIP:
            return [_seen(file, form, layout)]
        stored.seek(0)
        packed = members(stored, file.uri, warn)
    seen: list[SourceFile] = []
    for info in packed:
        member = replace(file, uri=f"{file.uri}/{member_name(info)}", size=info.compress_size)
        form = Form(Packing.ZIP, member=info.filename)
        with open_unpacked(file.open_stored, form, member.uri) as stream:
            form = form_of(stream.read(GREATEST_HEADINGS), Packing.ZIP, member.uri, info.filename)
        seen.append(_seen(member, form, layout))
    return seen


def _seen(file: Found, form: Form, layout: Layout | None) -> SourceFile:
    try:
        return _with_columns(file, form, layout)
    except DamagedError:
        raise
    except InputError:
        # Damage that is noticed only further on may be why.
        if form.packing is not Packing.NONE:
            with open_unpacked(file.open_stored, form, file.uri) as stream:
                while stream.read(_PIECE):
                    pass
        raise


def look_unmapped(path: str) -> SourceFile:
    """Tell a file's form and read its headings, whatever its layout.

    Args:
        path: the file, on this machine; no zip archive.

    Returns:
        The file; no column is that of a field.

    Raises:
        InputError: it can't be read.
    """
    try:
        file = stat_local(path)
        with file.open_stored() as stored:
            form = recognise(stored, file.uri)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror or error})") from error
    if form.packing is Packing.ZIP:
        raise InputError(f"{path}: is a zip archive; unpack it and name one of its files")
    headings = without_empty_end(_headings(file, form))
    common = {field.name: getattr(file, field.name) for field in fields(Found)}
    return SourceFile(**common, form=form, headings=headings, columns=())


def _with_columns(file: Found, form: Form, layout: Layout | None) -> SourceFile:
    headings = _headings(file, form)
    common = {field.name: getattr(file, field.name) for field in fields(Found)}
    if layout is None and is_own_output(headings) and (name := layout_of(file.location, _reader(file))):
        layout = layout_named(name)
    found = fields_in(headings, file.uri, layout)
    return SourceFile(
        **common,
        form=form,
        headings=without_empty_end(headings),
        columns=found.columns,
        layout=found.layout,
    )


def _reader(file: Found) -> Callable[[str], bytes]:
    """Return a function that reads another file of where a file lies, as the file itself is opened."""
    scheme, separator, _ = file.location.partition("://")

    def read(path: str) -> bytes:
        is_uri = separator and not file.is_local
        name = path.replace(f"{scheme}:/", f"{scheme}://", 1) if is_uri else path
        try:
            with replace(file, uri=name, location=name).open_stored() as stored:
                return stored.read()
        except InputError as error:
            raise FileNotFoundError(name) from error

    return read


def _headings(file: Found, form: Form) -> tuple[str, ...]:
    if form.content is Content.PARQUET:
        with file.open_stored() as stored:
            return read_footer(stored, file.uri).columns
    with open_unpacked(file.open_stored, form, file.uri) as stream:
        if form.content is Content.CSV:
            text = exchanged_text(_first_line(stream, file.uri), form.separator)
            try:
                headings = tuple(exchanged_text(each, form.separator) for each in split_record(text))
            except (BrokenQuotingError, OpenQuoteError) as error:
                raise InputError(f"{file.uri}: its first line is not CSV headings ({error})") from error
            return headings
        return _keys(stream, form, file.uri)


def _keys(stream: IO[bytes], form: Form, uri: str) -> tuple[str, ...]:
    """Return the keys of all objects: the City's API leaves out those without a value."""
    keys: dict[str, None] = {}
    for row in json_rows(stream, form.content, uri):
        if not isinstance(row, str) and not row.keys() <= keys.keys():
            keys.update(dict.fromkeys(row))
            if sum(map(len, keys)) > GREATEST_HEADINGS:
                raise InputError(f"{uri}: its objects have too many keys for headings")
    if not keys:
        raise InputError(f"{uri}: holds no JSON object")
    return tuple(keys)


def _first_line(stream: IO[bytes], uri: str) -> str:
    start = stream.read(GREATEST_HEADINGS)
    lines = start.removeprefix(_UTF8_BOM).splitlines()
    line = lines[0] if lines else b""
    if len(lines) == 1 and len(start) == GREATEST_HEADINGS:
        raise InputError(
            f"{uri}: its first line has more than {GREATEST_HEADINGS:,} bytes, too many for headings"
        )
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{uri}: is not a CSV file in UTF-8 (byte {error.start + 1} of its first line)"
        ) from error
    if "\0" in text:
        raise InputError(f"{uri}: is not a CSV file (its first line holds zero bytes)")
    return text
