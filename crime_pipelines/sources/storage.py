"""Files where they are stored: on this machine, in Cloud Storage, or in whatever fsspec reaches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import fsspec

from crime_pipelines.errors import InputError

_BUCKET_KINDS: Final = "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"
#: What a file system says of a version of a file, in the order of preference.
_VERSION: Final = ("generation", "etag", "ETag", "md5Hash", "mtime", "updated", "LastModified", "created")
_MODIFIED: Final = ("mtime", "updated", "LastModified", "created")


@dataclass(frozen=True, slots=True)
class Found:
    """A file that a SOURCE means, before anything of it was read.

    Attributes:
        uri: its path or URI, as named to the user; bytes of a name that are not UTF-8 are escaped.
        location: what it is opened by: a path, or a URI where `is_local` is false.
        is_local: whether it lies on this machine.
        size: its size as stored, in bytes.
        modified: when it was last changed, UTC, ISO 8601; None where its storage does not tell.
        version: changes whenever the file does, as far as its storage tells.
    """

    uri: str
    location: str
    is_local: bool
    size: int
    modified: str | None
    version: str

    def open_stored(self) -> AbstractContextManager[IO[bytes]]:
        """Open the file's bytes as stored.

        Returns:
            To be entered with ``with``: a binary stream.

        Raises:
            InputError: it can't be read.
        """
        return opened(self)


def stat_local(path: str, *, uri: str | None = None) -> Found:
    """Describe a file of this machine.

    Args:
        path: its path.
        uri: how it is named to the user; as `shown` says unless given.

    Returns:
        The file.

    Raises:
        OSError: there is none.
    """
    stat = os.stat(path)  # noqa: PTH116 - the name as it was given, byte for byte
    modified = datetime.fromtimestamp(stat.st_mtime, UTC).isoformat(timespec="seconds")
    version = f"{stat.st_dev}-{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}"
    return Found(uri or shown(path), path, True, stat.st_size, modified, version)


def stat_remote(system: Any, path: str) -> Found:
    """Describe a file of another storage.

    Args:
        system: its file system, fsspec's.
        path: its path there.

    Returns:
        The file.
    """
    info = system.info(path)
    modified = next((info[name] for name in _MODIFIED if info.get(name)), None)
    uri = system.unstrip_protocol(path)
    version = next((info[name] for name in _VERSION if info.get(name)), "")
    text = modified.isoformat() if isinstance(modified, datetime) else modified
    return Found(
        uri, uri, False, info["size"], None if text is None else str(text), f"{info['size']} {version}"
    )


def shown(path: str) -> str:
    """Write a path as text that can be printed.

    Args:
        path: the path, as Python has it from the system.

    Returns:
        The same, bytes that are not UTF-8 as ``\\xNN``.
    """
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def refuse_changed(files: Iterable[Found]) -> None:
    """Make sure that files are still what they were when they were looked at.

    Args:
        files: the files, read meanwhile.

    Raises:
        InputError: one of them has changed or is gone.
    """
    for file in files:
        try:
            if file.is_local:
                now = stat_local(file.location)
            else:
                system = file_system(file.location)
                system.invalidate_cache()
                now = stat_remote(system, system._strip_protocol(file.location))
        except Exception as error:  # each storage client has exceptions of its own
            raise InputError(f"{file.uri}: was taken away while it was read ({one_line(error)})") from error
        if now.version != file.version:
            raise InputError(f"{file.uri}: was changed while it was read; run again when it is complete")


def file_system(uri: str) -> Any:
    """Open the file system that a URI names.

    Args:
        uri: the URI. Only what stands before ``://`` counts: no part of a name makes a chain of file systems.

    Returns:
        fsspec's file system. Where Google's variable names another endpoint for Cloud Storage, no credentials
        are looked for.

    Raises:
        ImportError: what it needs is not installed.
        ValueError: there is no such kind of file system.
    """
    return fsspec.filesystem(uri.partition("://")[0], **storage_options(uri))


def storage_options(uri: str) -> dict[str, Any]:
    """Choose the options for fsspec's file system.

    Cloud Storage is asked for bytes as they are stored. An object with ``Content-Encoding: gzip`` would be
    unpacked on the way otherwise, and cut at the size that it has packed.

    Args:
        uri: a path or URI.

    Returns:
        The options: where Google's variable names another endpoint for Cloud Storage, no credentials are
        looked for.
    """
    if not uri.startswith(("gs://", "gcs://")):
        return {}
    stored = {"session_kwargs": {"auto_decompress": False, "headers": {"Accept-Encoding": "gzip"}}}
    if not os.environ.get("STORAGE_EMULATOR_HOST"):
        return stored
    # Read when gcsfs is imported: it would ask for the kind of bucket over TLS, in vain, for a minute.
    os.environ.setdefault(_BUCKET_KINDS, "false")
    return {"token": "anon", **stored}


@contextmanager
def opened(file: Found) -> Iterator[IO[bytes]]:
    """Open a file's bytes as stored.

    Args:
        file: the file.

    Yields:
        A binary stream.

    Raises:
        InputError: it can't be read.
    """
    try:
        if file.is_local:
            with Path(file.location).open("rb") as stream:
                yield stream
        else:
            system = file_system(file.location)
            with system.open(system._strip_protocol(file.location), "rb") as stream:
                yield stream
    except OSError as error:
        raise InputError(f"{file.uri}: can't be read ({one_line(error)})") from error


def one_line(error: BaseException) -> str:
    """Put an error's text on one line.

    Args:
        error: the error.

    Returns:
        Its text, or its type's name if it has none.
    """
    return " ".join(str(error).split()) or type(error).__name__
