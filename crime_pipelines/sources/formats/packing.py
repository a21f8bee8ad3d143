"""Packed bytes, unpacked as a stream in bounded memory; damage of any kind is an error."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Final, cast

from isal import igzip, isal_zlib

from crime_pipelines.errors import InputError
from crime_pipelines.sources.formats.form import Packing
from crime_pipelines.sources.formats.zstd_frames import FrameCheck
from crime_pipelines.sources.storage import one_line

_PIECE: Final = 1 << 16
_GUNZIPPED: Final = 1 << 18
#: Bytes that the window of a packed file may take; the strongest usual levels of xz and zstd take 64 and 128
#: MiB.
_GREATEST_WINDOW: Final = 256 << 20


class DamagedError(InputError):
    """A packed file is damaged or cut short."""


class _DamageError(ValueError):
    """Damage in packed bytes, before the file is named."""


_DAMAGE: Final = (
    EOFError,
    zlib.error,
    cast("type[Exception]", isal_zlib.error),  # its stubs take the class for an instance
    gzip.BadGzipFile,
    lzma.LZMAError,
    zipfile.BadZipFile,
    _DamageError,
)


@contextmanager
def damage_in_words(uri: str, kind: str) -> Iterator[None]:
    """Turn the errors of unpacking into one that names the file.

    Args:
        uri: the file, as named to the user.
        kind: what it is, such as ``gzip``.

    Yields:
        While it is unpacked.

    Raises:
        DamagedError: it is damaged or cut short.
    """
    try:
        yield
    except _DAMAGE as error:
        raise DamagedError(f"{uri}: is damaged {kind} ({one_line(error)})") from error


@contextmanager
def unpacked(stored: IO[bytes], packing: Packing, uri: str) -> Iterator[IO[bytes]]:
    """Unpack a file that is packed as a whole.

    Args:
        stored: its bytes as stored.
        packing: how they are packed; not `Packing.ZIP`.
        uri: the file, as named to the user.

    Yields:
        The unpacked bytes.

    Raises:
        DamagedError: it is found to be damaged, in the worst case at its end.
    """
    if packing is Packing.NONE:
        yield stored
        return
    with damage_in_words(uri, packing):
        if packing is Packing.GZIP:
            yield buffered(_gunzipped(stored))
        elif packing is Packing.ZSTD:
            yield buffered(_zstd_pieces(stored))
        else:
            yield buffered(_pieces(stored, _MAKERS[packing]))


def _gunzipped(stored: IO[bytes]) -> Iterator[bytes]:
    """Unpack by ISA-L, at a third of zlib's time; where it finds damage, zlib goes on and is the judge.

    ISA-L keeps to itself what it unpacked ahead of the damage, and how many rows that were is worth knowing.
    """
    start, given = stored.tell(), 0
    try:
        with igzip.open(stored, "rb") as stream:  # type: ignore[no-untyped-call]
            while piece := stream.read(_GUNZIPPED):
                given += len(piece)
                yield piece
            return
    except _DAMAGE:
        stored.seek(start)
    with gzip.open(stored, "rb") as again:
        again.seek(given)
        while piece := again.read1(_PIECE):
            yield piece


class _Stream(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def buffered(pieces: Iterator[bytes]) -> IO[bytes]:
    """Read pieces of bytes as a stream.

    Args:
        pieces: the pieces.

    Returns:
        The stream.
    """
    return io.BufferedReader(_Stream(pieces), _PIECE)


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_GREATEST_WINDOW)


_MAKERS: Final[dict[Packing, Callable[[], Any]]] = {Packing.BZIP2: bz2.BZ2Decompressor, Packing.XZ: _xz}


def _pieces(stored: IO[bytes], make: Callable[[], Any]) -> Iterator[bytes]:
    """Unpack streams that follow one another, with zeros between them and at the end.

    The standard library's own readers take anything that follows the first stream for its end.
    """
    packed = stored.read(_PIECE)
    while packed:
        unpacker = make()
        while not unpacker.eof:
            try:
                data = unpacker.decompress(packed, _PIECE)
            except OSError as error:  # bzip2's, which says no more
                raise _DamageError(one_line(error)) from error
            packed = b""
            if data:
                yield data
            elif unpacker.needs_input and not unpacker.eof:
                packed = stored.read(_PIECE)
                if not packed:
                    raise EOFError("it ends too early")
        packed = unpacker.unused_data
        while not (packed := packed.lstrip(b"\0")):
            packed = stored.read(_PIECE)
            if not packed:
                return


def _zstd_pieces(stored: IO[bytes]) -> Iterator[bytes]:
    import zstandard

    # The library does not tell the end of a file from a file that ends too early.
    check = FrameCheck(stored)
    unpacker = zstandard.ZstdDecompressor(max_window_size=_GREATEST_WINDOW)
    try:
        with unpacker.stream_reader(
            cast("IO[bytes]", check), read_size=_PIECE, read_across_frames=True, closefd=False
        ) as stream:
            while data := stream.read(_PIECE):
                yield data
    except zstandard.ZstdError as error:
        raise _DamageError(one_line(error)) from error
    if not check.is_complete:
        raise EOFError("it ends too early")
