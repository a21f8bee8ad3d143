"""SOURCE: which files it means, and a first look at each of them."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol

import fsspec

from crime_pipelines.domain.records import BrokenQuotingError, OpenQuoteError, split_record
from crime_pipelines.domain.schema import FIELDS, normal_heading
from crime_pipelines.errors import InputError

ENDINGS: Final = (".csv", ".csv.gz")
_GZIP: Final = b"\x1f\x8b"
_UTF8_BOM: Final = b"\xef\xbb\xbf"
#: How a file begins that is something else, and what to tell whoever sent it.
_FOREIGN: Final = {
    b"PK\x03\x04": "is a zip archive or a spreadsheet, not CSV: unpack it or save it as CSV",
    b"\xff\xfe": "is UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text: save it as UTF-8",
    b"BZh": "is packed with bzip2: unpack it or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "is packed with zstd: unpack it or pack it with gzip",
    b"PAR1": "is Parquet, not CSV",
}
_BUCKET_KINDS: Final = "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"
#: Headings longer than this are no headings.
GREATEST_HEADINGS: Final = 1 << 16


class SupportsRead(Protocol):
    """A binary stream, as far as it is read here."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to so many bytes."""
        ...


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of incidents, after a first look at it.

    Attributes:
        uri: its path or URI, as named to the user.
        size: its size as stored, in bytes.
        gzipped: whether it is packed with gzip.
        headings: its headings, as written.
        columns: for each field of `schema.FIELDS` that it has, the position of its column.
        line_break: the line break that ends its headings: `\\n`, `\\r\\n`, `\\r`, or nothing.
    """

    uri: str
    size: int
    gzipped: bool
    headings: tuple[str, ...]
    columns: tuple[tuple[str, int], ...]
    line_break: str

    @property
    def is_local(self) -> bool:
        """Whether the file lies on this machine."""
        return "://" not in self.uri

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The file's bytes, unpacked.

        Yields:
            A binary stream.

        Raises:
            InputError: it can't be opened.
        """
        with _opened(self.uri) as raw:
            if not self.gzipped:
                yield raw
                return
            with gzip.open(raw, "rb") as unpacked:
                yield unpacked  # type: ignore[misc]


def resolve(source: str) -> list[SourceFile]:
    """The files that a SOURCE means, each looked at.

    Args:
        source: a file, a folder (all its .csv and .csv.gz files, at any depth), a glob, or a URI of one of
            these such as ``gs://bucket/folder``.

    Returns:
        The files, in the order of their names.

    Raises:
        InputError: there are none, or one of them is not an incident file.
    """
    return [look(uri, size) for uri, size in _find(source)]


def _find(source: str) -> list[tuple[str, int]]:
    try:
        system, path = fsspec.core.url_to_fs(source, **storage_options(source))
    except (ImportError, ValueError) as error:
        scheme = source.partition("://")[0]
        hint = ": pip install 'crime-pipelines[gcp]'" if scheme == "gs" else ""
        raise InputError(f"{source}: files under {scheme}:// can't be read here ({error}){hint}") from error
    try:
        if system.isfile(path):
            names = [path]
        elif system.isdir(path):
            names = [name for name in system.find(path) if is_taken(name[len(path) :])]
            if not names:
                raise InputError(f"{source}: no .csv or .csv.gz file in this folder")
        elif any(sign in path for sign in "*?["):
            names = [name for name in system.glob(path) if system.isfile(name)]
            if not names:
                raise InputError(f"{source}: no file matches")
        elif system.exists(path):
            raise InputError(f"{source}: neither a file nor a folder")
        else:
            raise InputError(f"{source}: no such file or folder")
        local = isinstance(system, fsspec.get_filesystem_class("file"))
        return [
            (_name(name, source) if local else system.unstrip_protocol(name), system.size(name))
            for name in sorted(names)
        ]
    except InputError:
        raise
    except Exception as error:  # each storage client has exceptions of its own
        raise InputError(f"{source}: can't be read ({_one_line(error)})") from error


def is_taken(name: str) -> bool:
    """Whether a folder as SOURCE takes a file in.

    Args:
        name: the file's name inside the folder, with those of the folders between.

    Returns:
        True for CSV, plain or gzipped, that is not hidden (a part beginning with ``.`` or ``_``).
    """
    return name.lower().endswith(ENDINGS) and not any(part.startswith((".", "_")) for part in name.split("/"))


def storage_options(uri: str) -> dict[str, str]:
    """What fsspec is told of a file system.

    Args:
        uri: a path or URI.

    Returns:
        The options: where Google's variable names another endpoint for Cloud Storage, no credentials are
        looked for.
    """
    if not (uri.startswith(("gs://", "gcs://")) and os.environ.get("STORAGE_EMULATOR_HOST")):
        return {}
    # Read when gcsfs is imported: it would ask for the kind of bucket over TLS, in vain, for a minute.
    os.environ.setdefault(_BUCKET_KINDS, "false")
    return {"token": "anon"}


def _name(path: str, source: str) -> str:
    """A local path as the user would write it: relative if SOURCE was."""
    if Path(source).is_absolute() or not Path(path).is_relative_to(Path.cwd()):
        return path
    return str(Path(path).relative_to(Path.cwd()))


@contextmanager
def _opened(uri: str) -> Iterator[IO[bytes]]:
    try:
        with fsspec.open(uri, "rb", **storage_options(uri)) as file:
            yield file
    except OSError as error:
        raise InputError(f"{uri}: can't be read ({_one_line(error)})") from error


def refuse_damaged(files: Iterable[SourceFile]) -> None:
    """Look through packed files, for an engine that says a file is damaged, but not which.

    Args:
        files: the files.

    Raises:
        InputError: one of them is no whole gzip file.
    """
    for file in files:
        if file.gzipped:
            try:
                with file.open() as unpacked:
                    while unpacked.read(1 << 20):
                        pass
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise InputError(f"{file.uri}: is damaged gzip ({_one_line(error)})") from error


def fetched(file: SourceFile, scratch: Path, number: int) -> Path:
    """Where a file lies on this machine; one in the cloud is fetched first.

    Args:
        file: the file.
        scratch: the folder to fetch it into.
        number: tells it apart from others there.

    Returns:
        Its path.

    Raises:
        InputError: it can't be fetched.
    """
    if file.is_local:
        return Path(file.uri)
    path = scratch / f"fetched{number}"
    try:
        system, remote = fsspec.core.url_to_fs(file.uri, **storage_options(file.uri))
        system.get_file(remote, str(path))
    except Exception as error:  # each storage client has exceptions of its own
        raise InputError(f"{file.uri}: can't be fetched ({_one_line(error)})") from error
    return path


def look(uri: str, size: int) -> SourceFile:
    """Read a file's headings.

    Args:
        uri: its path or URI.
        size: its size as stored, in bytes.

    Returns:
        The file, and where in it each field stands.

    Raises:
        InputError: it is not an incident file.
    """
    with _opened(uri) as file:
        start = file.read(4)
        if not start:
            raise InputError(f"{uri}: is empty")
        gzipped = start.startswith(_GZIP)
        file.seek(0)
        try:
            if gzipped:
                with gzip.open(file, "rb") as unpacked:
                    text, line_break = _headings(unpacked, uri)
            else:
                text, line_break = _headings(file, uri)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{uri}: is damaged gzip ({_one_line(error)})") from error
    try:
        headings = tuple(split_record(text))
    except (BrokenQuotingError, OpenQuoteError) as error:
        raise InputError(f"{uri}: its first line is not CSV headings ({error})") from error
    return SourceFile(uri, size, gzipped, headings, _columns(headings, uri), line_break)


def _headings(stream: SupportsRead, uri: str) -> tuple[str, str]:
    start = stream.read(GREATEST_HEADINGS)
    if not start:
        raise InputError(f"{uri}: is empty")
    for magic, problem in _FOREIGN.items():
        if start.startswith(magic):
            raise InputError(f"{uri}: {problem}")
    start = start.removeprefix(_UTF8_BOM)
    for line_break in (b"\r\n", b"\n", b"\r"):
        line, found, _ = start.partition(line_break)
        if found and b"\r" not in line and b"\n" not in line:
            break
    else:
        line, line_break = start, b""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{uri}: is not a CSV file in UTF-8 (byte {error.start + 1} of its first line)"
        ) from error
    if "\0" in text:
        raise InputError(f"{uri}: is not a CSV file (its first line holds zero bytes)")
    return text, line_break.decode()


def _columns(headings: tuple[str, ...], uri: str) -> tuple[tuple[str, int], ...]:
    positions: dict[str, list[int]] = {}
    for position, heading in enumerate(headings):
        positions.setdefault(normal_heading(heading), []).append(position)
    columns: list[tuple[str, int]] = []
    missing: list[str] = []
    for field in FIELDS:
        found = [at for heading in (field.name, *field.headings) for at in positions.get(heading, [])]
        if len(found) > 1:
            raise InputError(
                f"{uri}: has {len(found)} columns for {field.name}: {', '.join(headings[at] for at in found)}"
            )
        if found:
            columns.append((field.name, found[0]))
        elif field.needed:
            missing.append((field.headings or (field.name,))[0].replace("_", " ").title().replace("Id", "ID"))
    if missing:
        shown = ",".join(headings)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        lacking = f"the heading{'s' * (len(missing) > 1)} {', '.join(missing)}"
        raise InputError(f"{uri}: lacks {lacking}; its first line is {shown!r}")
    return tuple(columns)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
