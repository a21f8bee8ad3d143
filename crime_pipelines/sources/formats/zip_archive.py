"""Zip archives: the files of rows in one, and their bytes. Names are shown and compared, never opened."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Final, cast

from crime_pipelines.errors import InputError
from crime_pipelines.sources.formats.form import PACKED_ENDINGS, TEXT_ENDINGS
from crime_pipelines.sources.formats.packing import DamagedError, buffered, damage_in_words

MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_END: Final = b"PK\x05\x06"
_END_64: Final = b"PK\x06\x06"
#: Bytes of the directory of an archive: it is held in memory, at several times its size.
_GREATEST_DIRECTORY: Final = 16 << 20
_ENCRYPTED: Final = 1
#: The ways of packing that are unpacked in bounded memory, and nearly all that there are.
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HEAD: Final = 30
_PIECE: Final = 1 << 16
_OPEN_DOCUMENT: Final = b"application/vnd.oasis.opendocument.spreadsheet"
_PACKS: Final = (*PACKED_ENDINGS, ".zip", ".tar", ".tgz", ".7z", ".rar")


def members(stored: IO[bytes], uri: str, warn: Callable[[str], None]) -> list[zipfile.ZipInfo]:
    """Find the files of rows in an archive.

    Args:
        stored: the archive, which can be sought in.
        uri: its name for the user.
        warn: called with a line for each file that is passed over.

    Returns:
        What the archive says of them, in order of their names.

    Raises:
        InputError: there are none, or the archive is damaged, encrypted, a spreadsheet, or holds a pack.
    """
    with _opened(stored, uri) as archive:
        files = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
        names = {info.filename for info in files}
        if "[Content_Types].xml" in names or any(name.startswith("xl/") for name in names):
            raise _spreadsheet(uri)
        if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
            with damage_in_words(uri, "zip"):
                if archive.read("mimetype").startswith(_OPEN_DOCUMENT):
                    raise _spreadsheet(uri)
    packs = [info for info in files if info.filename.lower().endswith(_PACKS)]
    if packs:
        raise InputError(f"{uri}: is a pack within a pack: it holds {member_name(packs[0])}; unpack it once")
    taken = [info for info in files if info.filename.lower().endswith(TEXT_ENDINGS)]
    if not taken and len(files) == 1:
        taken = files  # whatever its name, as a file that is named itself
    if not taken:
        raise InputError(f"{uri}: is a zip archive that holds no CSV file; unpack it and name the file")
    for info in files:
        if info not in taken:
            name = f"{uri}/{member_name(info)}"
            warn(f"{name}: passed over, its name does not end as those of incident files do")
    for info in taken:
        name = f"{uri}/{member_name(info)}"
        if info.flag_bits & _ENCRYPTED:
            raise InputError(f"{name}: is encrypted; unpack it with its password")
        if info.compress_type not in _METHODS:
            raise InputError(f"{name}: is packed in a way that is not read here; unpack it and name the file")
    return sorted(taken, key=lambda info: info.filename)


@contextmanager
def opened_member(stored: IO[bytes], name: str, uri: str) -> Iterator[IO[bytes]]:
    """Open a file of an archive, unpacked.

    Args:
        stored: the archive, which can be sought in.
        name: the file's name in it.
        uri: the file's name for the user.

    Yields:
        Its bytes.

    Raises:
        DamagedError: it is found to be damaged, in the worst case at its end.
    """
    with _opened(stored, uri) as archive, damage_in_words(uri, "zip"), archive.open(name) as member:
        size = archive.getinfo(name).file_size
        yield buffered(_pieces(cast("zipfile.ZipExtFile", member), size))


def _pieces(member: zipfile.ZipExtFile, size: int) -> Iterator[bytes]:
    for piece in iter(partial(member.read1, _PIECE), b""):
        size -= len(piece)
        yield piece
    if size:
        raise zipfile.BadZipFile("it has another length than its directory says")


def member_name(info: zipfile.ZipInfo) -> str:
    """Write the name of a file in an archive as text that can be printed.

    Args:
        info: the file.

    Returns:
        Its name; what can't be printed is escaped.
    """
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in info.filename)


@contextmanager
def _opened(stored: IO[bytes], uri: str) -> Iterator[zipfile.ZipFile]:
    with damage_in_words(uri, "zip"):
        _check_directory(stored, uri)
        try:
            archive = zipfile.ZipFile(stored)
        except (ValueError, NotImplementedError, OverflowError, OSError) as error:
            raise zipfile.BadZipFile(str(error)) from error
    with archive:
        _check_overlap(archive, uri)
        yield archive


def _check_directory(stored: IO[bytes], uri: str) -> None:
    size = stored.seek(0, 2)
    stored.seek(max(0, size - (1 << 16) - 1024))
    tail = stored.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < 22:
        raise zipfile.BadZipFile("it has no directory at its end")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    if directory == 0xFFFFFFFF and (end := tail.rfind(_END_64)) >= 0:
        directory = int.from_bytes(tail[end + 40 : end + 48], "little")
    if directory > min(size, _GREATEST_DIRECTORY):
        raise DamagedError(
            f"{uri}: is a zip archive of too many files, or damaged; unpack it and name the folder"
        )
    stored.seek(0)


def _check_overlap(archive: zipfile.ZipFile, uri: str) -> None:
    """Make sure that files share no bytes: shared ones would unpack to any size."""
    end = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise DamagedError(f"{uri}: is damaged zip (files in it overlap)")
        end = info.header_offset + _HEAD + info.compress_size


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in name.split("/"))


def _spreadsheet(uri: str) -> InputError:
    return InputError(f"{uri}: is a spreadsheet; save it as CSV")
