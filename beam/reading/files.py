"""Source files as workers find and open them."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final, Self

from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems

from crime_pipelines.domain.layouts.mapping import MappedColumn
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.errors import InputError
from crime_pipelines.sources import SourceFile
from crime_pipelines.sources.looking import look_into
from crime_pipelines.sources.names import is_taken
from crime_pipelines.sources.storage import Found, one_line, opened

_log: Final = logging.getLogger(__name__)


@contextmanager
def _opened(file: Found) -> Iterator[IO[bytes]]:
    """Open a file's bytes as stored, through the runner's own file systems where it is not local.

    So workers need no fsspec implementation of the storage.
    """
    if file.is_local:
        with opened(file) as stream:
            yield stream
        return
    try:
        with FileSystems.open(
            file.location, "application/octet-stream", compression_type=CompressionTypes.UNCOMPRESSED
        ) as stream:
            yield stream
    except OSError as error:  # Beam's own among them
        raise InputError(f"{file.uri}: can't be read ({one_line(error)})") from error


class MatchedFile(Found):
    """A file that a worker has found."""

    __slots__ = ()
    open_stored = _opened


class WorkerFile(SourceFile):
    """A file of incidents that a worker opens."""

    __slots__ = ()
    open_stored = _opened

    @classmethod
    def of(cls, file: SourceFile) -> Self:
        """Take a file that was looked at.

        Args:
            file: the file.

        Returns:
            The same file, for workers.
        """
        return cls(*(getattr(file, field.name) for field in fields(file)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the file: what many files share, headings and layout, is made bytes of once."""
        own = [getattr(self, field.name) for field in fields(self) if field.name not in _SHARED]
        return _worker_file, (type(self), *own, _packed(self.headings, self.columns, self.layout))


_SHARED: Final = ("headings", "columns", "layout")
_Columns = tuple[tuple[str, MappedColumn], ...]


@lru_cache(maxsize=64)
def _packed(headings: tuple[str, ...], columns: _Columns, layout: Layout) -> bytes:
    return pickle.dumps((headings, columns, layout))


@lru_cache(maxsize=64)
def _unpacked(packed: bytes) -> tuple[tuple[str, ...], _Columns, Layout]:
    headings, columns, layout = pickle.loads(packed)  # noqa: S301 - what `_packed` has made
    return headings, columns, layout


def _worker_file(kind: Callable[..., WorkerFile], *fields_and_packed: Any) -> WorkerFile:
    *own, packed = fields_and_packed
    return kind(*own, *_unpacked(packed))


def matching(source: str) -> list[MatchedFile]:
    """Find the files that a name means, on a worker.

    Args:
        source: a file, a glob, or a folder (its files whose names `sources.is_taken` takes), local or a URI
            of a file system that Beam knows.

    Returns:
        The files, in the order of their names.

    Raises:
        InputError: there are none, or they can't be listed.
    """
    try:
        files = _matches(source)
        if not files or ([each.path for each in files] == [source.rstrip("/")] and Path(source).is_dir()):
            folder = FileSystems.join(source, "")
            files = [each for each in _matches(f"{folder}**") if is_taken(each.path.removeprefix(folder))]
    except (BeamIOError, OSError, ValueError) as error:
        raise InputError(f"{source}: can't be read ({one_line(error)})") from error
    if not files:
        raise InputError(f"{source}: no file matches")
    return [
        MatchedFile(
            each.path,
            each.path,
            FileSystems.get_scheme(each.path) is None,
            each.size_in_bytes,
            _moment(each.last_updated_in_seconds),
            f"{each.size_in_bytes} {each.last_updated_in_seconds}",
        )
        for each in sorted(files, key=lambda each: each.path)
    ]


def _matches(pattern: str) -> list[FileMetadata]:
    (found,) = FileSystems.match([pattern])
    return list(found.metadata_list)


def looked_at(file: MatchedFile) -> Iterator[WorkerFile]:
    """Tell a file's form and read its headings; of a zip archive those of each file in it.

    Args:
        file: the file.

    Yields:
        The file, or the archive's files.

    Raises:
        InputError: it is not an incident file.
    """
    yield from map(WorkerFile.of, look_into(file, _log.warning))


def _moment(seconds: float | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None
