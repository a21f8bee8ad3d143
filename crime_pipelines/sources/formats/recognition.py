"""A file's form, told by its content; what is refused, with a sentence of its own each."""

from __future__ import annotations

import json
import re
from typing import IO, Final

from crime_pipelines.domain.records.csv_records import BrokenQuotingError, OpenQuoteError, split_record
from crime_pipelines.errors import InputError
from crime_pipelines.sources.formats.form import Content, Form, Packing
from crime_pipelines.sources.formats.packing import DamagedError, unpacked
from crime_pipelines.sources.formats.parquet_footer import MAGIC as PARQUET
from crime_pipelines.sources.formats.separated import GREATEST_HEADINGS, exchanged_text
from crime_pipelines.sources.formats.zip_archive import MAGICS as ZIP

_UTF8_BOM: Final = b"\xef\xbb\xbf"
_PACKED: Final = {
    b"\x1f\x8b": Packing.GZIP,
    b"\xfd7zXZ\x00": Packing.XZ,
    b"\x28\xb5\x2f\xfd": Packing.ZSTD,
    **dict.fromkeys(ZIP, Packing.ZIP),
}
_BZIP2: Final = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_SKIPPABLE: Final = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
#: How a file begins that is refused, and what to tell whoever sent it.
_REFUSED: Final = {
    b"\xff\xfe": "is UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text: save it as UTF-8",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "is a spreadsheet; save it as CSV",
    b"7z\xbc\xaf\x27\x1c": "is a 7-Zip archive: unpack it, or pack it with zip, gzip, bzip2, xz or zstd",
    b"Rar!": "is a RAR archive: unpack it, or pack it with zip, gzip, bzip2, xz or zstd",
}
_TAR: Final = slice(257, 262)
_GEOJSON: Final = re.compile(rb'"type"\s*:\s*"(?:FeatureCollection|Feature)"')
#: So many of the first bytes are looked at for text of two bytes a character.
_WIDE: Final = 512
_SEPARATORS: Final = (",", "\t", ";")


def packing_of(start: bytes) -> Packing:
    """Tell how a file is packed.

    Args:
        start: its first bytes as stored.

    Returns:
        The packing.
    """
    if _BZIP2.match(start) or (len(start) < 10 and start[:4] in (b"BZh%d" % level for level in range(1, 10))):
        return Packing.BZIP2
    if _SKIPPABLE.match(start):
        return Packing.ZSTD
    return next((packing for magic, packing in _PACKED.items() if start.startswith(magic)), Packing.NONE)


def recognise(stored: IO[bytes], uri: str) -> Form:
    """Tell a file's form.

    Args:
        stored: its bytes as stored, which can be sought in; left at the beginning.
        uri: the file, as named to the user.

    Returns:
        The form, without a member where it is a zip archive.

    Raises:
        InputError: the file is empty, damaged, or of a form that is not read.
    """
    start = stored.read(GREATEST_HEADINGS)
    stored.seek(0)
    if not start:
        raise InputError(f"{uri}: is empty")
    packing = packing_of(start)
    if packing is Packing.ZIP:
        return Form(packing)
    if packing is Packing.NONE:
        return form_of(start, packing, uri)
    with unpacked(stored, packing, uri) as stream:
        start = stream.read(GREATEST_HEADINGS)
    stored.seek(0)
    return form_of(start, packing, uri)


def form_of(start: bytes, packing: Packing, uri: str, member: str = "") -> Form:
    """Tell the form of a file that is unpacked.

    Args:
        start: its first bytes, unpacked.
        packing: how it was packed.
        uri: the file, as named to the user.
        member: its name in a zip archive.

    Returns:
        The form.

    Raises:
        InputError: the file is empty, damaged, or of a form that is not read.
    """
    if not start:
        raise InputError(f"{uri}: is empty")
    for magic, problem in _REFUSED.items():
        if start.startswith(magic):
            raise InputError(f"{uri}: {problem}")
    if start[_TAR] == b"ustar":
        raise InputError(f"{uri}: is a tar archive; unpack it and name the file or the folder")
    inner = packing_of(start)
    if inner is not Packing.NONE:
        raise InputError(f"{uri}: is a pack within a pack: {inner} within {packing}; unpack it once")
    if start.startswith(PARQUET):
        if packing is not Packing.NONE:
            raise InputError(f"{uri}: is Parquet within {packing}, a pack within a pack; unpack it")
        return Form(content=Content.PARQUET)
    if PARQUET.startswith(start) or start.startswith(b"PARE"):
        raise DamagedError(f"{uri}: is damaged or encrypted Parquet")
    if _is_wide(start):
        raise InputError(f"{uri}: is UTF-16 text: save it as UTF-8")
    text = start.removeprefix(_UTF8_BOM).lstrip(b" \t\r\n\x1e")
    if text.startswith(b"{") or re.match(rb"\[\s*(?:[{\]]|\Z)", text):
        return Form(packing, _json_content(text, uri), member=member)
    return Form(packing, separator=_separator(start), member=member)


def _is_wide(start: bytes) -> bool:
    sample = start[:_WIDE]
    zeros = sorted((sample[0::2].count(0), sample[1::2].count(0)))
    return len(sample) >= 16 and zeros[0] == 0 and zeros[1] > 0.2 * len(sample)


def _json_content(text: bytes, uri: str) -> Content:
    if _GEOJSON.search(text):
        raise InputError(f"{uri}: is GeoJSON; export the rows as CSV or JSON")
    if text.startswith(b"["):
        return Content.JSON_ARRAY
    lines = text.split(b"\n")
    # The first may be a malformed row, or longer than what is looked at.
    if any(map(_is_object, lines[:2])) or (len(lines) == 1 and len(text) > GREATEST_HEADINGS // 2):
        return Content.JSON_LINES
    raise InputError(
        f"{uri}: begins with a JSON object that does not end on its line; "
        "a file of rows is an array of objects, or has an object on each line"
    )


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _separator(start: bytes) -> str:
    """Return the sign that the first line has most fields by."""
    lines = start.removeprefix(_UTF8_BOM).splitlines()
    line = lines[0].decode("utf-8", "replace") if lines else ""
    fields = {}
    for separator in _SEPARATORS:
        try:
            fields[separator] = len(split_record(exchanged_text(line, separator)))
        except (BrokenQuotingError, OpenQuoteError):
            fields[separator] = 0
    return max(_SEPARATORS, key=fields.__getitem__)
