"""An output that can't be had is refused before the work, in one line, and nothing is written.

The inputs here pass a first look and fail in the work: whoever works before looking at the output ends with
other words.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

import crime_pipelines
from crime_pipelines.cli.main import cli
from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.questions import ANALYSES, QUESTIONS
from crime_pipelines.synthetic import generate
from tests.forked import call

FOREIGN = "was not written by a run, and would be replaced; move it away or name another folder"
#: What stands at the output's name, and the words for it.
Obstacle = tuple[Callable[[Path], object], str]


def file_at(name: str) -> Callable[[Path], object]:
    """Lay a file of somebody's."""

    def lay(out: Path) -> None:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("years of work", encoding="utf-8")

    return lay


def folder_at(name: str) -> Callable[[Path], object]:
    """Make a folder."""
    return lambda out: (out / name).mkdir(parents=True)


def below_a_file(out: Path) -> None:
    out.parent.parent.mkdir(exist_ok=True)
    out.parent.write_text("years of work", encoding="utf-8")


def link_to_elsewhere(out: Path) -> None:
    out.mkdir(parents=True)
    (out / "answers").symlink_to(out.parent)


IS_A_FILE: Obstacle = (file_at("."), "is not a folder")
BELOW_A_FILE: Obstacle = (below_a_file, "can't be written (Not a directory)")
IS_A_FOLDER: Obstacle = (folder_at("."), "is a folder")
NO_FOLDER: Obstacle = (lambda _: None, "there is no folder for it; make it, or name another")
#: What a demo, or a run, writes whatever the input: foreign files there are in the way from the beginning.
OF_A_DEMO: list[Obstacle] = [
    IS_A_FILE,
    BELOW_A_FILE,
    (file_at("run.json"), "is not the record of a run"),
    (file_at("report/index.html"), FOREIGN),
    (file_at(f"answers/{QUESTIONS[-1].name}.csv"), FOREIGN),
    (folder_at(f"answers/{QUESTIONS[0].name}.csv"), FOREIGN),
    (link_to_elsewhere, FOREIGN),
]
OF_A_RUN: list[Obstacle] = [
    *OF_A_DEMO,
    *((file_at(name), FOREIGN) for name in ("incidents", "rejects", "answers", "report", "analysis")),
    (file_at(f"analysis/{ANALYSES[-1].name}.csv"), FOREIGN),
]
OF_A_FILE: list[Obstacle] = [IS_A_FOLDER, NO_FOLDER]
#: Each command and parameter that names an output, the arguments before and after it, and its obstacles.
COMMANDS: dict[tuple[str, str], tuple[list[str], list[str], list[Obstacle]]] = {
    ("run", "out"): (["run", "rejected.csv", "--out"], [], OF_A_RUN),
    ("run --publish", "out"): (
        ["run", "rejected.csv", "--publish", "--out"],
        [],
        [(file_at("public"), FOREIGN), (file_at("public/index.html"), FOREIGN)],
    ),
    ("run --dry-run", "out"): (["run", "rejected.csv", "--dry-run", "--out"], [], OF_A_DEMO),
    ("run", "rejects"): (
        ["run", "rejected.csv", "--out", "fine", "--rejects"],
        [],
        [IS_A_FILE, BELOW_A_FILE, (file_at("rejects.csv"), "holds a rejects.csv that no run wrote")],
    ),
    ("demo", "out"): (["demo", "rejected.csv", "--architecture", "1", "--out"], [], OF_A_DEMO),
    ("demo", "calls"): (
        ["demo", "rejected.csv", "--architecture", "1", "--out", "fine", "--calls"],
        [],
        OF_A_FILE,
    ),
    ("generate", "path"): (["generate"], ["--force", "--rows", "10"], OF_A_FILE),
    ("layout new", "out"): (["layout", "new", "empty.csv", "--out"], [], OF_A_FILE),
    ("export", "out"): (["export", "damaged", "--to", "sqlite", "--out"], ["--force"], OF_A_FILE),
    ("export csv", "out"): (
        ["export", "damaged", "--to", "csv", "--out"],
        ["--force"],
        [IS_A_FILE, NO_FOLDER],
    ),
    ("export xlsx", "out"): (["export", "damaged", "--to", "xlsx", "--out"], ["--force"], OF_A_FILE),
    ("functions build", "archive"): (["functions", "build"], [], [IS_A_FOLDER, BELOW_A_FILE]),
    ("warehouse answers", "out"): (["warehouse", "answers", "--out"], [], [IS_A_FILE, BELOW_A_FILE]),
}
#: The first obstacle of each is for the quick tests.
CASES = [
    pytest.param(
        before,
        after,
        obstacle,
        id=f"{command} {parameter} {number}",
        marks=[pytest.mark.slow] if number else [],
    )
    for (command, parameter), (before, after, obstacles) in COMMANDS.items()
    for number, obstacle in enumerate(obstacles)
]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs that pass a first look, and of which nothing can be made."""
    folder = tmp_path_factory.mktemp("inputs")
    write(folder / "rejected.csv", [row("x"), row("y")])
    (folder / "empty.csv").write_text("")
    made = generate(folder / "in.csv", 500, seed=3)
    crime_pipelines.run(made.path, folder / "damaged", analyses=False)
    for path in (folder / "damaged" / "incidents").rglob("*.parquet"):
        path.write_bytes(path.read_bytes()[:-20])
    return folder


def everything(folder: Path) -> dict[str, str | None]:
    """Every entry of a folder, with the text of files."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize(("before", "after", "obstacle"), CASES)
def test_an_output_that_cant_be_had_is_refused_before_the_work(
    before: list[str], after: list[str], obstacle: Obstacle, inputs: Path, tmp_path: Path
) -> None:
    if "demo" in before:
        pytest.importorskip("google.cloud.storage", reason="needs the extras of the local cloud: make dev")
    lay, words = obstacle
    out = tmp_path / "there" / "out"
    lay(out)
    there = everything(tmp_path)
    done = call(*before, out, *after, cwd=inputs, GOOGLE_CLOUD_PROJECT="", CLOUDSDK_CONFIG=str(tmp_path))
    assert words in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1 or "Usage:" in done.stderr
    assert str(out.parent) in done.stderr
    assert (done.returncode, done.stdout) == (2, "")
    assert everything(tmp_path) == there
    assert not (inputs / "fine").exists()


@pytest.mark.parametrize("formats", [[], ["--format", "png"], ["--format", "pdf"], ["--publish"]])
def test_a_report_is_refused_before_the_work(formats: list[str], inputs: Path) -> None:
    place = inputs / "damaged" / ("public" if "--publish" in formats else "report")
    charts = [place / "charts"] if "png" in formats or "pdf" in formats else []
    for path in (place, *charts):
        aside = inputs / f"aside-{path.name}"
        if path.exists():
            path.rename(aside)
        path.parent.mkdir(exist_ok=True)
        path.write_text("years of work", encoding="utf-8")
        done = call("report", "damaged", *formats, cwd=inputs)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert f"{path.relative_to(inputs)}: is not a folder" in done.stderr
        assert path.read_text(encoding="utf-8") == "years of work"
        path.unlink()
        if aside.exists():
            aside.rename(path)
    done = call("report", "damaged", *formats, cwd=inputs)
    assert "can't be read" in done.stderr


def test_where_nobody_may_write(inputs: Path) -> None:
    if not os.path.isdir("/proc"):  # noqa: PTH112
        pytest.skip("no file system here in which nobody may write")
    for command in (["run", "rejected.csv", "--out"], ["export", "damaged", "--to", "sqlite", "--out"]):
        done = call(*command, "/proc/out", cwd=inputs)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith("Error: /proc/out: can't be written (")


def outputs(command: click.Command, names: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Each command with its parameters that name something to be written."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from outputs(below, (*names, name))
    for each in command.params:
        is_path = isinstance(each.type, click.Path) and not each.type.exists
        if is_path and each.name in ("out", "rejects", "calls", "path", "archive", "output"):
            yield " ".join(names), str(each.name)


def test_every_command_is_here() -> None:
    assert set(outputs(cli)) <= set(COMMANDS)
