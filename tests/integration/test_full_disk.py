"""What the command line says when what it writes does not fit: on real small disks, and under a limit."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from crime_pipelines.report.charts.vega import vega
from crime_pipelines.support.cache import CACHE
from crime_pipelines.synthetic import generate
from tests.forked import CODE, call
from tests.integration.test_command_line import content

MODULES = {"duckdb": "duckdb", "spark": "pyspark", "beam": "apache_beam"}


@pytest.fixture(
    params=["duckdb", "beam", pytest.param("spark", marks=pytest.mark.slow)]  # it starts Java for each run
)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of an engine that is installed."""
    pytest.importorskip(MODULES[request.param], reason=f"needs the extra {request.param}: make dev")
    return str(request.param)


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the page's script alone, which takes a second to make."""
    folder = tmp_path_factory.mktemp("script")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE, str(folder))
        vega()
    return folder


@pytest.fixture(autouse=True)
def nothing_kept(
    script: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every run is the first on its machine, but for the script: Spark's would keep Java's classes."""
    folder = tmp_path_factory.mktemp("cache")
    shutil.copytree(script, folder, dirs_exist_ok=True)
    monkeypatch.setenv(CACHE, str(folder))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes a disk of a given size."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(size: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("a small disk can't be mounted here: there is no mount")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"a small disk can't be mounted here: {error.stderr.strip()}")
        return place

    yield mount
    if place.is_mount():
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of some 9 MB, part of which must be read row by row."""
    path = tmp_path_factory.mktemp("source") / "in.csv"
    generate(path, 40_000, seed=3, defects=0.05)
    return path


def is_full(disk: Path, path: Path) -> str:
    """What is said of a full disk."""
    return (
        f"Error: {path}: can't be written: the disk of {disk} is full; free some space or name a folder on "
        f"another disk\n"
    )


@pytest.mark.slow
def test_an_output_that_does_not_fit_is_one_line_and_changes_nothing(
    engine: str, source: Path, disk: Callable[[str], Path], tmp_path: Path
) -> None:
    small = disk("2m")
    generate(tmp_path / "few.csv", 300, seed=3)
    assert call("run", tmp_path / "few.csv", "--out", small / "out").returncode == 0
    before = content(small)
    ran = call("run", source, "--out", small / "out", "--engine", engine)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", is_full(small, small / "out"))
    assert content(small) == before
    assert [each.name for each in small.iterdir()] == ["out"]


# too small for the folders, for the first year, for the copy of sound rows
@pytest.mark.slow
@pytest.mark.parametrize("size", ["8k", "24k", "512k", "8m"])
def test_wherever_the_embedded_engine_is_when_its_disk_is_full(
    size: str, source: Path, disk: Callable[[str], Path]
) -> None:
    small = disk(size)
    ran = call("run", source, "--out", small / "new" / "out")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr in [is_full(folder, small / "new" / "out") for folder in (small, small / "new")]
    assert [path for path in small.rglob("*") if path.name != "new"] == []


def test_a_full_disk_of_temporary_files_is_named(
    source: Path, disk: Callable[[str], Path], tmp_path: Path
) -> None:
    pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")
    small = disk("1m")
    ran = call("run", source, "--out", tmp_path / "out", "--engine", "beam", TMPDIR=str(small))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"Error: {tmp_path / 'out'}: can't be written: the disk of {small} is full; free some space or set "
        f"TMPDIR to a folder on another disk\n"
    )
    assert [each.name for each in tmp_path.iterdir()] == ["disk"]


@pytest.mark.slow
def test_a_file_larger_than_the_system_allows(engine: str, source: Path, tmp_path: Path) -> None:
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); {CODE}"
    ran = call("run", source, "--out", tmp_path / "out", "--engine", engine, code=limited)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"Error: {tmp_path / 'out'}: can't be written: a file grew beyond what the system allows; raise the "
        f"limit (ulimit -f) or name a folder on another disk\n"
    )
    assert [*tmp_path.iterdir()] == []


def test_a_report_and_a_generated_file_that_do_not_fit(disk: Callable[[str], Path], tmp_path: Path) -> None:
    small = disk("2m")
    generate(tmp_path / "few.csv", 300, seed=3)
    assert call("run", tmp_path / "few.csv", "--out", small / "out").returncode == 0
    ran = call("generate", small / "in.csv", "--rows", 40_000)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", is_full(small, small / "in.csv"))
    assert [each.name for each in small.iterdir()] == ["out"]
    with (small / "rest").open("wb", buffering=0) as rest, suppress(OSError):
        while True:
            rest.write(bytes(4096))
    ran = call("report", small / "out")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == is_full(small / "out", small / "out" / "report")
