"""The objects of a JSON file, counted from its bytes by other code than the reader that parses them."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import IO, TYPE_CHECKING, Final

import numpy as np

from crime_pipelines.sources.formats.form import Content

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIECE: Final = 1 << 20
_MARK: Final = b"\xef\xbb\xbf"
_QUOTE: Final = 34
_BACKSLASH: Final = 92
_FEED: Final = 10
#: By byte: 1 where something opens, -1 where it closes.
_STEPS: Final = np.zeros(256, dtype=np.int8)
_STEPS[list(b"{[")] = 1
_STEPS[list(b"}]")] = -1


def count_objects(stream: IO[bytes], content: Content) -> int:
    """Count the objects at the top level.

    Args:
        stream: the file's text.
        content: an array of objects, or a line for each: then every line that is not blank counts.

    Returns:
        Their number.
    """
    counter = _InArray() if content is Content.JSON_ARRAY else _OnLines()
    start = b""
    while len(start) < len(_MARK) and (piece := stream.read(len(_MARK) - len(start))):
        start += piece
    for piece in chain([start.removeprefix(_MARK)], iter(partial(stream.read, _PIECE), b"")):
        if piece:
            counter.add(np.frombuffer(piece, dtype=np.uint8))
    return counter.objects


class _OnLines:
    """Lines that hold something else than spaces."""

    def __init__(self) -> None:
        self.objects = 0
        self._line = 0
        self._counted = -1

    def add(self, data: NDArray[np.uint8]) -> None:
        lines = self._line + np.cumsum(data == _FEED)
        is_space = (data == 32) | (data == 9) | (data == 13) | (data == _FEED)
        filled = np.unique(lines[~is_space])
        if len(filled):
            self.objects += len(filled) - int(filled[0] == self._counted)
            self._counted = int(filled[-1])
        self._line = int(lines[-1]) if len(lines) else self._line


class _InArray:
    """Braces that open at a depth of one, outside of strings."""

    def __init__(self) -> None:
        self.objects = 0
        self._depth = 0
        self._in_string = 0
        self._is_escaped = False

    def add(self, data: NDArray[np.uint8]) -> None:
        is_quote = data == _QUOTE
        is_quote[self._escaped(data)] = False
        inside = (np.cumsum(is_quote) + self._in_string) & 1
        self._in_string = int(inside[-1])
        places = np.flatnonzero(_STEPS[data])
        places = places[inside[places] == 0]
        if not len(places):
            return
        steps = _STEPS[data[places]].astype(np.int64)
        depths = self._depth + np.cumsum(steps)
        self.objects += int(np.count_nonzero((data[places] == ord("{")) & (depths == 2)))
        self._depth = int(depths[-1])

    def _escaped(self, data: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Find the characters that follow an odd number of backslashes."""
        places = np.flatnonzero(data == _BACKSLASH)
        first = [0] if self._is_escaped else []
        if self._is_escaped:
            places = places[places > 0]
        self._is_escaped = False
        if len(places):
            begins = np.flatnonzero(np.diff(places, prepend=-2) != 1)
            lengths = np.diff(begins, append=len(places))
            after = (places[begins] + lengths)[lengths % 2 == 1]
            self._is_escaped = bool(len(after)) and int(after[-1]) == len(data)
            return np.concatenate([np.array(first, dtype=np.int64), after[after < len(data)]])
        return np.array(first, dtype=np.int64)
