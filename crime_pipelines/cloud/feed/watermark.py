"""The watermark of the feed: the position up to which the API has been read, kept in a file."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

import fsspec

from crime_pipelines.errors import InputError
from crime_pipelines.sources.storage import storage_options

_MOMENT: Final = re.compile(
    "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_ROW_ID: Final = 256
#: A state is far smaller; who names another file by mistake should not have it read into memory.
_MOST_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Watermark:
    """The position up to which the API has been read.

    Attributes:
        updated_at: when the last row that was read was published, as the API writes it.
        row: that row's own id in the API.
    """

    updated_at: str
    row: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no position.

        Raises:
            ValueError: the time is no time, or the row no id.
        """
        moment_of(self.updated_at)
        row: object = self.row  # from JSON, it can be anything
        if not isinstance(row, str) or len(row) > _LONGEST_ROW_ID or not row.isprintable():
            raise ValueError(f"{str(row)[:80]!a} is no row's id")

    @property
    def moment(self) -> datetime:
        """The time of `updated_at`, in UTC."""
        return moment_of(self.updated_at)

    @property
    def is_due(self) -> bool:
        """True if its time is no later than now."""
        return self.moment <= datetime.now(UTC)


def moment_of(text: object) -> datetime:
    """Read a time as the API writes it: ISO 8601, UTC where it names no zone.

    >>> moment_of("2024-02-29T06:00:00.000-06:00").isoformat()
    '2024-02-29T12:00:00+00:00'

    Args:
        text: the text.

    Returns:
        The time, in UTC.

    Raises:
        ValueError: it is none.
    """
    if isinstance(text, str) and (_MOMENT.fullmatch(text) or _DAY.fullmatch(text)):
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (OverflowError, ValueError):
            pass
    raise ValueError(f"{str(text)[:80]!a} is no time; write it as 2024-02-29T00:00:00Z")


def read_state(state: str) -> Watermark | None:
    """Read the watermark that a file holds.

    Args:
        state: the file, local or a URI.

    Returns:
        The watermark, or None where there is no such file.

    Raises:
        InputError: it holds something else, or a time later than now.
    """
    try:
        with fsspec.open(state, "rb", **storage_options(state)) as file:
            watermark = Watermark(**json.loads(file.read(_MOST_BYTES)))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{state}: is no state of a feed ({error}); delete it and give --since") from error
    if not watermark.is_due:
        raise InputError(
            f"{state}: is no state of a feed: its time {watermark.updated_at} is later than now; "
            "delete it and give --since"
        )
    return watermark


def write_state(state: str, watermark: Watermark) -> None:
    """Keep a watermark.

    Args:
        state: the file, local or a URI.
        watermark: the watermark.

    Raises:
        OSError: it can't be written.
    """
    system, path = fsspec.core.url_to_fs(state, **storage_options(state))
    content = json.dumps(asdict(watermark)).encode()
    if isinstance(system, fsspec.get_filesystem_class("file")):
        # Objects in a bucket change at once; a file does by being renamed.
        system.pipe_file(f"{path}.new", content)
        os.replace(f"{path}.new", path)  # noqa: PTH105 - fsspec's paths are texts
    else:
        system.pipe_file(path, content)
