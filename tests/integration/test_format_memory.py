"""Packed files of any size are read in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

import pytest
import zstandard

from crime_pipelines.engines.testing.inputs import row
from crime_pipelines.synthetic import HEADER

#: Unpacked, this comes to so many bytes, far more than may be taken.
_BYTES: Final = 400 << 20
#: Bytes of memory for all of Python, its libraries, and the reading.
_MOST: Final = 300 << 20

# not getrusage: its peak is that of the process which this one was forked from, where that is more
_COUNT: Final = """
import re, sys
from pathlib import Path
from crime_pipelines.sources import resolve
(file,) = resolve(sys.argv[1])
rows = file.count_rows().rows
(peak,) = re.findall(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())
print(rows, int(peak) * 1024)
"""


def _zip(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    member = archive.open("a.csv", "w", force_zip64=True)
    close = member.close

    def close_both() -> None:
        close()
        archive.close()

    member.close = close_both  # type: ignore[method-assign]
    return member


OPEN: Final[dict[str, Callable[[Path], IO[bytes]]]] = {
    "a.csv.gz": lambda path: gzip.open(path, "wb", 1),  # noqa: SIM115
    "a.csv.bz2": lambda path: bz2.open(path, "wb", 1),  # noqa: SIM115
    "a.csv.xz": lambda path: lzma.open(path, "wb", preset=0),  # noqa: SIM115
    "a.csv.zst": lambda path: zstandard.open(path, "wb"),  # type: ignore[dict-item,return-value]
    "a.csv.zip": _zip,
    "a.tsv": lambda path: path.open("wb"),
    "a.json": lambda path: path.open("wb"),
    "a.jsonl": lambda path: path.open("wb"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OPEN)
def test_what_is_unpacked_is_not_held(name: str, tmp_path: Path) -> None:
    separator = "\t" if ".tsv" in name else ","
    header, one = HEADER.replace(",", separator) + "\n", row(1).replace(",", separator) + "\n"
    end = ""
    if "json" in name:
        keys = HEADER.lower().replace(" ", "_").split(",")
        one = json.dumps(dict(zip(keys, row(1).split(","), strict=True)))
        header, one, end = ("[", one + ",\n", one + "]") if name == "a.json" else ("", one + "\n", "")
    repeated = 2_000
    times = _BYTES // (len(one) * repeated)
    with OPEN[name](tmp_path / name) as file:
        file.write(header.encode())
        for _ in range(times):
            file.write((one * repeated).encode())
        file.write(end.encode())
    done = subprocess.run(
        [sys.executable, "-c", _COUNT, str(tmp_path / name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows, peak = map(int, done.stdout.split())
    assert rows == times * repeated + bool(end)
    assert peak < _MOST
