"""The same rows in every format that is read, and files of formats that are refused."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb
import zstandard

from crime_pipelines.domain.records.csv_records import split_record
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.synthetic import HEADER

_NAMES: Final = HEADER.split(",")
_KEYS: Final = [name.lower().replace(" ", "_") for name in _NAMES]
#: Incidents, a later version, values that need quotes, and rejects.
ROWS: Final = [
    row(1),
    row(2, Block='0000X "W" MADISON, ST', Location="(41.882, -87.628)", Arrest="true"),
    row(3, Location_Description="", Community_Area="", Primary_Type="BATTERY"),
    row(1, Location_Description="APARTMENT", Updated_On="02/11/2018 03:50:01 PM"),
    row("x", Block="a;b\tc,d"),
    row(5, Date=""),
    row(6, Arrest="perhaps", Location='"(1, 2)"'),
    row(7, Block="caf\u00e9 \u2603", Date="2016-02-29T23:00:00.000", Ward="many"),
]
#: How many rows are rejected, by reason.
REJECTED: Final = {"bad_arrest": 1, "bad_id": 1, "missing_date": 1}


def _fields() -> list[list[str]]:
    return [split_record(each) for each in ROWS]


def separated(separator: str, rows: list[list[str]] | None = None) -> bytes:
    """Rows as text; a field is quoted where it must be."""

    def quoted(field: str) -> str:
        return (
            '"' + field.replace('"', '""') + '"' if any(sign in field for sign in f'{separator}"') else field
        )

    lines = [_NAMES, *(_fields() if rows is None else rows)]
    return "".join(separator.join(map(quoted, fields)) + "\n" for fields in lines).encode()


def objects() -> list[dict[str, str]]:
    """Rows as the City's API gives them: keys without a value are left out."""
    return [{key: field for key, field in zip(_KEYS, fields, strict=True) if field} for fields in _fields()]


def _lines() -> bytes:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects()).encode()


def _array() -> bytes:
    return json.dumps(objects(), indent=2).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _zip() -> bytes:
    rows = _fields()
    return zipped(
        {"a.csv": separated(",", rows[:3]), "b/B.TSV": separated("\t", rows[3:]), "__MACOSX/._a.csv": b"x"}
    )


def parquet() -> bytes:
    """Rows as Parquet, each column with a type of its own where its texts allow."""
    typed = {"Domestic": "BOOLEAN", "Latitude": "DOUBLE", "Longitude": "DOUBLE", "Year": "INTEGER"}
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{name}" VARCHAR' for name in _NAMES)
        connection.execute(f"CREATE TABLE rows ({columns})")
        marks = ", ".join("?" for _ in _NAMES)
        connection.executemany(f"INSERT INTO rows VALUES ({marks})", _fields())
        casts = ", ".join(
            f'NULLIF("{each}", \'\')::{typed.get(each, "VARCHAR")} AS "{each}"' for each in _NAMES
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "x.parquet")
            connection.execute(f"COPY (SELECT {casts} FROM rows) TO '{path}' (FORMAT parquet)")
            return path.read_bytes()


FORMATS: Final[dict[str, Callable[[], bytes]]] = {
    "crimes.tsv": lambda: separated("\t"),
    "semicolons.csv": lambda: separated(";"),
    "crimes.csv.bz2": lambda: bz2.compress(separated(",")),
    "crimes.csv.xz": lambda: lzma.compress(separated(",")),
    "crimes.csv.zst": lambda: zstandard.compress(separated(",")),
    "crimes.tsv.gz": lambda: gzip.compress(separated("\t")),
    "crimes.csv.zip": _zip,
    "crimes.json": _array,
    "crimes.jsonl": _lines,
    "crimes.ndjson.zst": lambda: zstandard.compress(_lines()),
    "crimes.json.gz": lambda: gzip.compress(_array()),
    "crimes.parquet": parquet,
}


def others(folder: Path) -> None:
    """A folder of several formats, with files that are passed over."""
    write(folder / "a.csv", [row(1), row(2), row(3)])
    (folder / "b.tsv").write_bytes(separated("\t", [split_record(row(4)), split_record(row(5))]))
    (folder / "deep").mkdir()
    rows = [split_record(row(6)), split_record(row(7))]
    (folder / "deep" / "c.csv.zip").write_bytes(zipped({"c.csv": separated(",", rows)}))
    write(folder / "d.txt", [row(8)])
    write(folder / ".hidden.csv", [row(9)])
    write(folder / "_temporary" / "e.csv", [row(10)])


def _tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        info = tarfile.TarInfo("crimes.csv")
        info.size = len(separated(","))
        archive.addfile(info, io.BytesIO(separated(",")))
    return stream.getvalue()


def _geojson() -> bytes:
    features = [{"type": "Feature", "properties": each, "geometry": None} for each in objects()]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def _many() -> bytes:
    return separated(",", [split_record(row(each)) for each in range(1, 3_000)])


def _changed(data: bytes, at: float) -> bytes:
    changed = bytearray(data)
    changed[int(at * len(data))] ^= 0x55
    return bytes(changed)


#: Content that is refused, and what the line must say.
REFUSED: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "tar": (_tar, "is a tar archive"),
    "gzip within gzip": (lambda: gzip.compress(gzip.compress(separated(","))), "is a pack within a pack"),
    "gzip within zip": (lambda: zipped({"a.csv": gzip.compress(separated(","))}), "is a pack within a pack"),
    "xlsx": (lambda: zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "is a spreadsheet"),
    "xls": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000), "is a spreadsheet"),
    "GeoJSON": (_geojson, "is GeoJSON"),
    "UTF-16": (lambda: separated(",").decode().encode("utf-16"), "is UTF-16 text"),
    "damaged bzip2": (lambda: _changed(bz2.compress(_many()), 0.5), "is damaged bzip2"),
    "damaged xz": (lambda: _changed(lzma.compress(_many()), 0.5), "is damaged xz"),
    "cut zstd": (lambda: zstandard.compress(_many())[:-20], "is damaged zstd"),
    "damaged zip": (lambda: _changed(zipped({"a.csv": _many()}), 0.5), "is damaged zip"),
    "cut Parquet": (lambda: parquet()[:-40], "is damaged Parquet"),
    "cut JSON": (lambda: _array()[:-40], "is damaged JSON behind 7 objects"),
}
