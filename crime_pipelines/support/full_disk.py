"""Errors of a disk that is full, told from all other errors, whichever program met them."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from crime_pipelines.errors import PipelineError

_CODES: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: DuckDB's words for a disk that has no space for what does not fit in memory.
_NO_SPILL: Final = "failed to offload data block"
#: Less free space than this, in bytes, is a full disk: whoever met it may have removed its file since.
_LITTLE: Final = 64 << 20
_ELSEWHERE: Final = "name a folder on another disk"
_TMPDIR: Final = "set TMPDIR to a folder on another disk"


@contextmanager
def full_disk_in_words(place: Path) -> Iterator[None]:
    """Replace the errors of a full disk by one that names the disk and says what to do.

    Args:
        place: the file or folder that is written inside the block.

    Yields:
        Nothing.

    Raises:
        PipelineError: the disk is full, whichever error of the block says so.
    """
    try:
        yield
    except Exception as error:
        full = _full_disk(error, Path(os.path.realpath(place)))
        if full is None:
            raise
        raise full from error


def _full_disk(error: BaseException, place: Path) -> PipelineError | None:
    errors = [(each, _text(each)) for each in _chain(error)]
    code = next((code for each, text in errors if (code := _code(each, text))), None)
    if code is None:
        return None
    output = next(folder for folder in place.parents if folder.exists())
    if code == errno.EFBIG:
        why, ways = "a file grew beyond what the system allows", ["raise the limit (ulimit -f)", _ELSEWHERE]
    else:
        folders = _folders("\n".join(text for _, text in errors), place, output)
        lack = "is full" if code == errno.ENOSPC else "has no quota left"
        why = f"the disk of {' or of '.join(map(str, folders))} {lack}"
        ways = ["free some space", *(_ELSEWHERE if folder == output else _TMPDIR for folder in folders)]
    return PipelineError(f"{place}: can't be written: {why}; {' or '.join(ways)}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Return an error and those that it comes of."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # Py4J asks Java for it, which may be gone
        return ""


def _code(error: BaseException, text: str) -> int | None:
    if isinstance(error, OSError) and error.errno in _CODES:
        return error.errno
    if _NO_SPILL in text:
        return errno.ENOSPC
    # Go's programs, such as the emulators, write it in small letters.
    return next((code for code in _CODES if os.strerror(code).lower() in text.lower()), None)


def _folders(text: str, place: Path, output: Path) -> list[Path]:
    """Return the folders of which one lies on the full disk: the output's or that of temporary files."""
    temporary = Path(tempfile.gettempdir())
    if f"{place.parent / f'.{place.name}.run-'}" in text or output.stat().st_dev == temporary.stat().st_dev:
        return [output]
    # Other paths are of files that were read meanwhile.
    file, what = (
        rf"{re.escape(str(temporary))}/[^'\"\n]*",
        "|".join(re.escape(os.strerror(code)) for code in _CODES),
    )
    if re.search(rf"{file}[\"']?: (?:{what})|(?:{what}): '{file}", text):
        return [temporary]
    both = [output, temporary]
    return [folder for folder in both if shutil.disk_usage(folder).free < _LITTLE] or both
