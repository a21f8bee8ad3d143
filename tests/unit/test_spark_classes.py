"""Where Java finds its classes: the archive's place, and what becomes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("pyspark", reason="needs the extra spark: make dev")

from pyspark import SparkContext

from crime_pipelines.spark.class_archive import ClassArchive
from crime_pipelines.support.cache import CACHE


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a Java that has its own archive, on a machine where nothing is kept yet."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    base = tmp_path / "java" / "lib" / "server" / "classes.jsa"
    base.parent.mkdir(parents=True)
    base.write_bytes(b"classes")
    return tmp_path / "java"


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "java-classes").glob("*"))


def place(archive: ClassArchive) -> Path:
    option, *_ = archive.java_options.split('"')[1:]
    return Path(option.partition("=")[2])


def test_an_archive_is_made_where_it_is_wished_and_used_from_then_on(java: Path, tmp_path: Path) -> None:
    assert ClassArchive(java, make=False).java_options == ""
    making = ClassArchive(java, make=True)
    assert "-XX:ArchiveClassesAtExit=" in making.java_options
    target = tmp_path / "cache" / "java-classes" / place(making).name
    target.write_bytes(b"made")
    for make in (True, False):
        using = ClassArchive(java, make=make)
        assert f'"-XX:SharedArchiveFile={target}"' in using.java_options
    assert not making.forget()
    assert using.forget()
    assert using.java_options == ""
    assert not target.exists()
    assert not using.forget()


def test_another_java_has_another_archive(java: Path) -> None:
    before = place(ClassArchive(java, make=True)).name
    assert place(ClassArchive(java, make=True)).name == before
    base = java / "lib" / "server" / "classes.jsa"
    os.utime(base, (1, 1))
    assert place(ClassArchive(java, make=True)).name != before


def test_a_java_without_an_archive_of_its_own_has_none(java: Path) -> None:
    (java / "lib" / "server" / "classes.jsa").unlink()
    with pytest.raises(FileNotFoundError):
        ClassArchive(java, make=True)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start a process in the place of Spark's Java: it ends when nobody calls any more."""
    with ExitStack() as ended:

        def start(option: str) -> subprocess.Popen[bytes]:
            waiting = [sys.executable, "-c", "import sys; sys.stdin.read()", option]
            java = ended.enter_context(subprocess.Popen(waiting, stdin=subprocess.PIPE))
            ended.callback(java.kill)
            monkeypatch.setattr(SparkContext, "_gateway", SimpleNamespace(proc=java))
            return java

        yield start


def test_what_is_not_worth_keeping_leaves_nothing(
    java: Path, tmp_path: Path, started: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    making = ClassArchive(java, make=True)
    place(making).write_bytes(b"half a run's classes")
    process = started(making.java_options)
    making._end(place(making))
    assert kept(tmp_path) == []
    assert process.poll() is not None


def test_what_is_worth_keeping_is_kept_when_java_has_ended(
    java: Path, tmp_path: Path, started: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    making = ClassArchive(java, make=True)
    place(making).write_bytes(b"a run's classes")
    process = started(making.java_options)
    making.keep()
    making._end(place(making))
    assert [path.read_bytes() for path in kept(tmp_path)] == [b"a run's classes"]
    assert process.poll() == 0


@pytest.mark.parametrize("is_complete", [False, True])
def test_the_java_of_others_goes_on(
    java: Path, tmp_path: Path, started: Callable[[str], subprocess.Popen[bytes]], is_complete: bool
) -> None:
    making = ClassArchive(java, make=True)
    if is_complete:
        making.keep()
    process = started("-XX:ArchiveClassesAtExit=/elsewhere/classes.jsa")
    making._end(place(making))
    assert process.poll() is None
    assert kept(tmp_path) == []
