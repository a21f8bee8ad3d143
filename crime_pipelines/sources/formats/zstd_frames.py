"""Ends of zstd frames, by RFC 8878: a file that ends within one ends too early."""

from __future__ import annotations

from typing import IO, Final

_MAGIC: Final = 0xFD2FB528
_SKIPPABLE: Final = 0x184D2A50
_RLE: Final = 1
#: Bytes of a frame's content size, by the two highest bits of its descriptor.
_CONTENT_SIZES: Final = (0, 2, 4, 8)
_DICTIONARY_SIZES: Final = (0, 1, 2, 4)


class FrameCheck:
    """A stream of zstd frames, whose ends are followed while it is read."""

    def __init__(self, stored: IO[bytes]) -> None:
        """Begin.

        Args:
            stored: the frames.
        """
        self._stored = stored
        self._held = b""
        self._skip = 0
        self._inside = False
        self._checksum = False
        self._is_lost = False

    @property
    def is_complete(self) -> bool:
        """Tell whether what was read so far ends where a frame does."""
        return not (self._inside or self._skip or self._held)

    def read(self, size: int = -1, /) -> bytes:
        """Read up to so many bytes."""
        data = self._stored.read(size)
        if not self._is_lost:
            self._follow(data)
        return data

    def _follow(self, data: bytes) -> None:
        data = self._held + data
        position = 0
        while True:
            skipped = min(self._skip, len(data) - position)
            position += skipped
            self._skip -= skipped
            used = (
                0
                if self._skip
                else self._block(data, position)
                if self._inside
                else self._head(data, position)
            )
            if not used:
                break
            position += used
        self._held = data[position:]

    def _head(self, data: bytes, at: int) -> int:
        """Read the head of a frame; the bytes it takes, 0 where more are needed."""
        if len(data) - at < 5:
            return 0
        magic = int.from_bytes(data[at : at + 4], "little")
        if magic & ~0xF == _SKIPPABLE:
            if len(data) - at < 8:
                return 0
            self._skip = int.from_bytes(data[at + 4 : at + 8], "little")
            return 8
        if magic != _MAGIC:
            self._is_lost = True  # the library refuses it
            return 0
        descriptor = data[at + 4]
        is_single = bool(descriptor & 0x20)
        content = _CONTENT_SIZES[descriptor >> 6] or int(is_single)
        size = 5 + (not is_single) + _DICTIONARY_SIZES[descriptor & 3] + content
        if len(data) - at < size:
            return 0
        self._inside = True
        self._checksum = bool(descriptor & 4)
        return size

    def _block(self, data: bytes, at: int) -> int:
        if len(data) - at < 3:
            return 0
        head = int.from_bytes(data[at : at + 3], "little")
        is_last, kind, size = head & 1, head >> 1 & 3, head >> 3
        self._skip = 1 if kind == _RLE else size
        if is_last:
            self._inside = False
            self._skip += 4 * self._checksum
        return 3
