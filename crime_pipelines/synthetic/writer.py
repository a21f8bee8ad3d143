"""Writing the file: chunks are made on threads and put down in order; the file gets its name at the end."""

import errno
import os
import secrets
import zlib
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.layouts import layout_named
from crime_pipelines.support.cores import usable_cores

from . import days
from .defects import COPIES, LARGEST_SHARE, REASONS, WARNINGS, chunk_text, counts, number
from .rows import HEADER, Plan, prepare
from .translation import Translation

_BOM = b"\xef\xbb\xbf"
_LEVEL = 1  # three times as fast as the usual 6, for a file a fifth larger
_LAST_YEAR = 9_900
_Made = tuple[bytes | bytearray, bytes]  # a piece of text, and the same compressed


@dataclass(frozen=True)
class Generated:
    """The file that was written.

    Attributes:
        path: the file.
        rows: records written, repeats and malformed ones among them: what a reader of the file has to count.
        bytes: size of the file, as it is on the disk.
        defects: records by kind of defect; each record has at most one.
        expected_rejects: records that a reader has to reject, by reason.
        superseded: records that lose to another version of the same incident.
        expected_warnings: records that are read with one unreadable field, by field.
    """

    path: Path
    rows: int
    bytes: int
    defects: dict[str, int]
    expected_rejects: dict[str, int]
    superseded: int
    expected_warnings: dict[str, int]

    @property
    def incidents(self) -> int:
        """Different incidents that a reader has to find."""
        return self.rows - self.superseded - sum(self.expected_rejects.values())


def _check(path: Path, rows: int, seed: int, first: date, years: int, change: float, defects: float) -> None:
    """Refuse what no file can be made from."""
    if rows < 0:
        raise ValueError(f"rows must be 0 or more, not {rows}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, not {seed}")
    if not 1 <= years <= 200:
        raise ValueError(f"years must be from 1 to 200, not {years}")
    if first.year + years > _LAST_YEAR:
        raise ValueError(f"the last year must be {_LAST_YEAR} or before, not {first.year + years}")
    if not -1 < change <= 1:
        raise ValueError(f"change_per_year must be above -1 and at most 1, not {change}")
    if not 0 <= defects <= LARGEST_SHARE:
        raise ValueError(f"defects must be a share from 0 to {LARGEST_SHARE}, not {defects}")
    if path.exists() and not path.is_file():
        raise ValueError(
            f"{path} is {'a folder' if path.is_dir() else 'a device or pipe'}, not a file to write"
        )
    if not path.absolute().parent.is_dir():
        raise ValueError(f"{path}: there is no folder for it; make it, or name another")


def _threads() -> int:
    """Threads to make chunks on: more than four wait for the interpreter and the disk."""
    return min(4, usable_cores())


def _deflated(data: bytes | bytearray) -> bytes:
    """Deflate data up to a whole byte, so that pieces made apart can be joined."""
    press = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return press.compress(data) + press.flush(zlib.Z_SYNC_FLUSH)


class _Plain:
    """A file as it is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def make(self, data: bytes | bytearray) -> _Made:
        """Prepare data for `put`; called on any thread."""
        return data, b""

    def put(self, made: _Made) -> None:
        """Write the next piece."""
        self._file.write(made[0])

    def finish(self) -> None:
        """Write what ends the file."""


class _Gzip(_Plain):
    """A gzip member of pieces compressed apart; without name and time, so that it is always the same."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._sum = zlib.crc32(b"")
        self._size = 0
        file.write(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff")

    def make(self, data: bytes | bytearray) -> _Made:
        return data, _deflated(data)

    def put(self, made: _Made) -> None:
        data, pressed = made
        self._sum = zlib.crc32(data, self._sum)
        self._size += len(data)
        self._file.write(pressed)

    def finish(self) -> None:
        tail = self._sum.to_bytes(4, "little") + (self._size % 2**32).to_bytes(4, "little")
        self._file.write(b"\x03\x00" + tail)


def _pieces(plan: Plan, target: _Plain, other: Translation | None) -> Generator[_Made, None, None]:
    """Return the chunks in order, a few of them made ahead."""

    def make(chunk: int) -> _Made:
        text = chunk_text(plan, chunk)
        return target.make(text if other is None else other.translate(text))

    threads = _threads()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="generate")
    waiting: deque[Future[_Made]] = deque()
    try:
        for chunk in range(plan.chunks):
            waiting.append(pool.submit(make, chunk))
            # No more than these are in memory, however slow the disk is.
            if len(waiting) > threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def generate(
    path: Path,
    rows: int,
    *,
    seed: int = 1,
    first_day: date = date(2012, 1, 1),
    years: int = 7,
    change_per_year: float = -0.03,
    defects: float = 0.0,
    bom: bool = False,
    crlf: bool = False,
    may_replace: bool = True,
    layout: str = CHICAGO.name,
    progress: Callable[[int], None] | None = None,
) -> Generated:
    """Write a synthetic incident file, in the City's file layout or a department's.

    The same arguments give the same bytes; compressed, the same text, and the same bytes with the same zlib.
    The file appears under its name when it is whole; whatever interrupts the work leaves nothing behind.

    Args:
        path: the file to write or replace; gzipped if its name ends in `.gz`. A link to a file is followed.
        rows: records to write, 0 or more.
        seed: 0 or more; another seed gives another file.
        first_day: the first day of the range.
        years: whole years from the first day, 1 to 200.
        change_per_year: change of the number of incidents from year to year, as a share.
        defects: share of the records that carry a defect, 0 to 0.4, spread evenly over the kinds.
        bom: start with a byte order mark.
        crlf: end lines with CR LF.
        may_replace: whether a file that is there may be replaced.
        layout: the layout to write in, by its name or its TOML file; another than the City's takes no
            defects.
        progress: called now and then with the records written so far; what it raises ends the work.

    Raises:
        InputError: there is no such layout.
        ValueError: an argument out of its range, or a path that cannot be a file; nothing is written.
        FileExistsError: there is a file, or a link, that may not be replaced.
        OSError: the file cannot be written.
    """
    path = Path(path)
    _check(path, rows, seed, first_day, years, change_per_year, defects)
    if not may_replace and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    known = layout_named(layout)
    if defects and known != CHICAGO:
        raise ValueError(f"defects are of the City's layout alone, and layout {known} is another")
    spoiled = number(rows, defects)
    newline = "\r\n" if crlf else "\n"
    plan = prepare(days.plan(first_day, years, rows, seed, change_per_year), rows, seed, spoiled, newline)
    other = None if known == CHICAGO else Translation(known, newline)
    place = Path(os.path.realpath(path))
    unfinished = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    file = unfinished.open("xb")
    try:
        with file:
            header = HEADER if other is None else other.header()
            target = _Gzip(file) if path.name.endswith(".gz") else _Plain(file)
            target.put(target.make((_BOM if bom else b"") + (header + newline).encode()))
            with closing(_pieces(plan, target, other)) as pieces:
                for chunk, piece in enumerate(pieces):
                    target.put(piece)
                    if progress is not None:
                        progress(plan.bounds(chunk)[1])
            target.finish()
        size = unfinished.stat().st_size
        if may_replace or not _named(unfinished, place):
            unfinished.replace(place)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    kinds = counts(spoiled)
    rejects: dict[str, int] = {}
    for kind, reason in REASONS.items():
        rejects[reason] = rejects.get(reason, 0) + kinds[kind]
    return Generated(
        path=path,
        rows=rows,
        bytes=size,
        defects=_present(kinds),
        expected_rejects=_present(rejects),
        superseded=sum(kinds[kind] for kind in COPIES),
        expected_warnings=_present({field: kinds[kind] for kind, field in WARNINGS.items()}),
    )


def _named(unfinished: Path, place: Path) -> bool:
    """Give a file its name, unless another has appeared there; False where the disk knows no second names."""
    try:
        place.hardlink_to(unfinished)
    except FileExistsError:
        raise
    except OSError:
        return False
    unfinished.unlink()
    return True


def _present(numbers: dict[str, int]) -> dict[str, int]:
    """Without the zeros."""
    return {name: value for name, value in numbers.items() if value}
