"""Reading an API page by page: cursors that must lead on, and texts in its queries."""

from __future__ import annotations

from typing import Generic, TypeVar

_Position = TypeVar("_Position")


class Progress(Generic[_Position]):
    """Finds positions that come round again, by Brent's method: one position is all that is remembered."""

    def __init__(self, start: _Position) -> None:
        """Begin.

        Args:
            start: the position that the first page comes after.
        """
        self._remembered, self._steps, self._span = start, 0, 1

    def comes_to(self, position: _Position) -> bool:
        """Take the next position in.

        Args:
            position: that of a page's last row.

        Returns:
            False where it was seen before; what goes in a circle is found in the third round at the latest.
        """
        if position == self._remembered:
            return False
        self._steps += 1
        if self._steps == self._span:
            self._remembered, self._steps, self._span = position, 0, 2 * self._span
        return True


def literal(text: str) -> str:
    """Return a text as the API's query language (SoQL) writes it.

    >>> literal("row's")
    "'row''s'"

    Args:
        text: the text.

    Returns:
        The same in single quotes.
    """
    return "'" + text.replace("'", "''") + "'"
