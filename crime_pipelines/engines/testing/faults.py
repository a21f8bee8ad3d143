"""Sources that every engine must refuse in one line, each made for what it is named after."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.synthetic import HEADER

_ROWS: Final = 4_999


def _file(name: str, data: bytes | str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return make


def _stored(place: int) -> bytes:
    """A gzip file with one bit changed; its rows are stored as they are, not packed."""
    data = "\n".join([HEADER, *(row(each) for each in range(_ROWS)), ""])
    changed = bytearray(gzip.compress(data.encode(), 0))
    changed[place] ^= 1
    return bytes(changed)


def _among_others(folder: Path) -> Path:
    for name in ("a.csv", "c.csv.gz"):
        write(folder / "in" / name, [row(each) for each in range(3)])
    (folder / "in" / "b.csv.gz").write_bytes(_stored(-8))
    return folder / "in"


_WHOLE: Final = gzip.compress("\n".join([HEADER, *(row(each) for each in range(1, 5_000))]).encode())

FAULTS: Final[dict[str, Callable[[Path], Path]]] = {
    "missing": lambda folder: folder / "in.csv",
    "empty": _file("in.csv", b""),
    "no headings": _file("in.csv", row(1) + "\n"),
    "random bytes": _file("in.csv", random.Random(2).randbytes(100_000)),
    "truncated gzip": _file("in.csv.gz", _WHOLE[: len(_WHOLE) // 2]),
    "gzip with a wrong checksum": _file("in.csv.gz", _stored(-8)),
    "gzip with a wrong length": _file("in.csv.gz", _stored(-4)),
    "gzip with a changed byte": _file("in.csv.gz", _stored(1_000)),
    "a damaged file among others": _among_others,
    "a line too long to be kept": _file(
        "in.csv", "\n".join([HEADER, row(1), "", "x" * ((1 << 24) + 1), row(2), ""])
    ),
    "headings alone": _file("in.csv", HEADER + "\n"),
    "all rejected": _file("in.csv", "\n".join([HEADER, row("x"), row(2, Date="")]) + "\n"),
    # 60 months before it there is no calendar
    "of year 1": _file("in.csv", "\n".join([HEADER, row(1, Date="11/30/0002 11:59:59 PM")]) + "\n"),
}

_DAMAGED: Final = f"{_ROWS:,} rows were read before that; get the file again"
#: What the line must say beside the source's name.
SAID: Final = {
    "gzip with a wrong checksum": _DAMAGED,
    "gzip with a wrong length": _DAMAGED,
    "gzip with a changed byte": _DAMAGED,
    "a damaged file among others": "in/b.csv.gz: is damaged gzip",
    "a line too long to be kept": "in.csv: line 4 has more than 16,777,216 bytes",
}
