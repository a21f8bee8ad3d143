"""Where Java finds its classes: the archive's place, and what becomes of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("pyspark")

from crime_pipelines.cache import CACHE
from crime_pipelines.spark.classes import ClassArchive


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


def test_what_is_not_worth_keeping_leaves_nothing(java: Path, tmp_path: Path) -> None:
    making = ClassArchive(java, make=True)
    place(making).write_bytes(b"half a run's classes")
    making._end(place(making))
    assert kept(tmp_path) == []
