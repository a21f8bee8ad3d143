from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.support.full_disk import full_disk_in_words

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def said(error: Exception, place: Path) -> str:
    """What becomes of an error while a folder is written."""
    with pytest.raises(PipelineError) as caught, full_disk_in_words(place):
        raise error
    assert caught.value.exit_code == 1
    assert caught.value.__cause__ is error
    assert "\n" not in str(caught.value)
    return str(caught.value)


def wrapped() -> Exception:
    """An error of reading that comes of one of writing."""
    try:
        try:
            raise FULL
        except OSError as error:
            raise InputError("in.csv: can't be read") from error
    except InputError as error:
        return error


def of_duckdb() -> Exception:
    """The error of a statement that needs more memory and more disk than it may use."""
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute(f"SET threads = 1; SET temp_directory = '{folder}'")
        connection.execute("SET memory_limit = '16MB'; SET max_temp_directory_size = '1MB'")
        try:
            connection.execute("CREATE TABLE big AS SELECT random() AS x FROM range(10_000_000) ORDER BY x")
        except duckdb.OutOfMemoryException as error:
            return error.with_traceback(None)  # which would hold the connection until the process ends
    raise AssertionError("it fitted")


@pytest.mark.parametrize(
    "error",
    [
        FULL,
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/elsewhere/file"),
        wrapped(),
        RuntimeError("OSError: [Errno 28] No space left on device [while running 'WriteRejects']"),
        duckdb.IOException('Could not write file "x": No space left on device","errno":"28"}'),
        of_duckdb(),
    ],
    ids=["bare", "named", "wrapped", "beam", "duckdb", "spill"],
)
def test_a_full_disk_is_told_whoever_met_it(error: Exception, tmp_path: Path) -> None:
    assert said(error, tmp_path / "out") == (
        f"{tmp_path / 'out'}: can't be written: the disk of {tmp_path} is full; free some space or name a "
        f"folder on another disk"
    )


def test_a_folder_that_is_not_yet_there_is_on_its_parents_disk(tmp_path: Path) -> None:
    assert f"the disk of {tmp_path} is full" in said(FULL, tmp_path / "not" / "yet" / "out")


def test_a_quota_and_a_limit_are_not_called_a_full_disk(tmp_path: Path) -> None:
    quota = said(OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), tmp_path / "out")
    assert f"the disk of {tmp_path} has no quota left" in quota
    limit = said(OSError(errno.EFBIG, os.strerror(errno.EFBIG)), tmp_path / "out")
    assert "raise the limit (ulimit -f)" in limit


@pytest.mark.parametrize(
    "error",
    [
        InputError("in.csv: is empty"),
        OSError(errno.EACCES, os.strerror(errno.EACCES), "No space left"),
        duckdb.OutOfMemoryException("could not allocate block of size 256.0 KiB"),
        ValueError("28"),
    ],
    ids=repr,
)
def test_other_errors_stay_what_they_are(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error)) as caught, full_disk_in_words(tmp_path / "out"):
        raise error
    assert caught.value is error


def test_an_interruption_stays_one(tmp_path: Path) -> None:
    interruption = KeyboardInterrupt()
    interruption.__context__ = FULL
    with pytest.raises(KeyboardInterrupt), full_disk_in_words(tmp_path / "out"):
        raise interruption


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk than `tmp_path`."""
    if not os.access("/dev/shm", os.W_OK) or Path("/dev/shm").stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk here: /dev/shm")
    with TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_of_two_disks_the_full_one_is_named(
    other_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(other_disk))
    out = tmp_path / "out"
    spilled = other_disk / "crime-rows-1.csv"
    for error in (
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(spilled)),
        duckdb.IOException(f'Could not write file "{spilled}": No space left on device'),
    ):
        assert said(error, out).endswith(
            f"the disk of {other_disk} is full; free some space or set TMPDIR to a folder on another disk"
        )
    ours = said(RuntimeError(f"{tmp_path}/.out.run-1/new/a.parquet: No space left on device"), out)
    assert f"the disk of {tmp_path} is full" in ours
    assert "TMPDIR" not in ours
    # nothing says which, and there is space on both by now
    for error in (FULL, InputError(f"{spilled}: can't be read ([Errno 28] No space left on device)")):
        assert f"the disk of {tmp_path} or of {other_disk} is full" in said(error, out)
