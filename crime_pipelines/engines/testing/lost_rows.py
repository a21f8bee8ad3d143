"""Files of which readers have lost rows, read rows twice, or refused valid ones."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from crime_pipelines.domain.records.csv_splitter import GREATEST_RECORD
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.synthetic import HEADER

#: DuckDB cuts files here.
_CUT: Final = 8_000_000


def short_row_behind_a_cut(folder: Path) -> None:
    """The first whole row behind a cut has too few fields; the last field of each row is not quoted."""
    lines = [HEADER]
    size = len(HEADER) + 1
    key = 1
    while size < _CUT:
        lines.append(row(key))
        size += len(lines[-1]) + 1
        key += 1
    lines.append("x,y,z")
    lines += [row(key + each) for each in range(5_000)]
    (folder / "cut.csv.gz").write_bytes(gzip.compress("\n".join([*lines, ""]).encode(), 1))
    # the same with the cut at the short row's beginning, to the byte
    excess = size - _CUT - len(lines[-5_002]) - 1
    lines[-5_002] = row(key - 1, Block="X" * (len("0000X W MADISON ST") + max(0, -excess)))
    (folder / "cut_exactly.csv").write_text("\n".join([*lines, ""]).replace("HX1", "HX2"), encoding="utf-8")


def stray_quotes(folder: Path) -> None:
    """A quote behind a closing one, and another thirty rows on: what is between must not vanish."""
    rows = [row(each) for each in range(1, 61)]
    for number in (15, 45):
        rows[number] = rows[number].replace(",STREET,", ',"STREET" ",')
    write(folder / "stray.csv", rows)
    write(folder / "after.csv", [row(100), row(101).replace(",STREET,", ',"STREET" "X",'), row(102)])
    write(folder / "spaces.csv", [row(200).replace(",STREET,", ', "STREET"  ,'), row(201)])


def packed_by_others(folder: Path) -> None:
    """Gzip as tapes, transfers and other programs leave it: optional fields, padding, several members."""
    data = "\n".join([HEADER, *(row(each) for each in range(1, 9)), ""]).encode()
    rest = "\n".join([*(row(each) for each in range(11, 19)), ""]).encode()
    (folder / "padded.csv.gz").write_bytes(gzip.compress(data) + bytes(512))
    (folder / "named.csv.gz").write_bytes(
        member(data.replace(b"HX1", b"HX3"), flags=8 | 16 | 2, optional=b"in.csv\0a comment\0")
    )
    (folder / "extra.csv.gz").write_bytes(member(data, flags=4, optional=struct.pack("<H", 3) + b"abc"))
    (folder / "members.csv.gz").write_bytes(gzip.compress(data) + gzip.compress(rest) + bytes(3))


def member(data: bytes, flags: int, optional: bytes) -> bytes:
    """A member of a gzip file with optional fields in its head (RFC 1952)."""
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + optional
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    packer = zlib.compressobj(wbits=-15)
    return head + packer.compress(data) + packer.flush() + struct.pack("<LL", zlib.crc32(data), len(data))


def returns(folder: Path) -> None:
    """Headings end in LF and rows in CR, or the other way round."""
    rows = [row(each) for each in range(1, 9)]
    (folder / "rows.csv").write_text(HEADER + "\n" + "\r".join(rows) + "\r", encoding="utf-8", newline="")
    rows = [row(each) for each in range(11, 19)]
    (folder / "headings.csv").write_text(HEADER + "\r" + "\n".join(rows), encoding="utf-8", newline="")


def names(folder: Path) -> None:
    """Names that are patterns elsewhere."""
    for number, name in enumerate(
        ["crimes[1].csv", "crimes1.csv", "a::b.csv", "*.csv", "d[1]/q?.csv", "'.csv"]
    ):
        write(folder / name, [row(10 * number + each) for each in range(1, 4)])


def longest_row(folder: Path) -> None:
    """A row of just as many bytes as are allowed, and of one more; plain and over two lines."""
    over = GREATEST_RECORD - len(row(1, Block=""))
    rows = [
        row(1, Block="A" * over),
        row(2, Block="A" * (over + 1)),
        row(3),
        row(4, Block="A" * (over - 3) + "\n"),
        row(5),
        row(6, Block="A" * (over - 1)),
    ]
    write(folder / "in.csv", rows)


def many_headings(folder: Path) -> None:
    """An export joined with other tables, of 700 columns."""
    more = "".join(f",joined_{each}" for each in range(678))
    rows = [row(each) + "," * 678 for each in range(1, 6)]
    rows += [row(6) + ",x" * 678, row(7) + "," * 677, row("x") + ",y" * 678, row(8) + "," * 678 + "z"]
    write(folder / "in.csv", rows, header=HEADER + more)


def long_rejects(folder: Path) -> None:
    """Rows of the wrong width that are kept whole, however long, and however many fields they have."""
    rows = [row(each) for each in range(1, 61)]
    rows[10] = "x" * 20_000 + ",y"
    rows[20] = "x," * 120_000 + "y"
    rows[30] = "x" * 3_000_000
    rows[40] = row(99) + ",é" * 9_000
    write(folder / "in.csv", rows)


def open_quote(folder: Path) -> None:
    """A quote that never closes, before thousands of lines with quotes of their own."""
    rows = [row(each) for each in range(1, 61)]
    write(folder / "in.csv", [*rows, '91,"a', *['a""'] * 30_000, *(row(100 + each) for each in range(5))])


LOST_ROWS: Final[dict[str, Callable[[Path], None]]] = {
    each.__name__: each
    for each in (short_row_behind_a_cut, stray_quotes, packed_by_others, returns, names, longest_row,
                 many_headings, long_rejects, open_quote)
}  # fmt: skip
