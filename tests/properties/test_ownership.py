"""No run deletes or changes a file that it did not write, however it ends."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.errors import PipelineError
from crime_pipelines.pipeline import run
from tests.properties.placing import put, put_and_be_killed

#: Names that outputs have, names beside them, and names that mean something to a workplace.
_PARTS: Final = st.sampled_from(
    ["incidents", "answers", "run.json", "x", "X.parquet", "year=2016", ".hidden", "é", "new", "a b", "[x]*"]
)
_PATHS: Final = st.lists(_PARTS, min_size=1, max_size=3).map("/".join)
_BESIDE: Final = st.sampled_from(
    [".out.run-x/lock", ".out.run-x/new/x", ".out.run-y", "out.replaced/x", "out1/x", ".out/x"]
)
_KINDS: Final = st.sampled_from(["file", "file", "link", "pipe"])
_TREES: Final = st.dictionaries(
    st.one_of(_PATHS.map("out/{}".format), _BESIDE), st.tuples(_KINDS, st.binary(max_size=3)), max_size=6
)
_ENDS: Final = ("success", "failure", "kill")
Snapshot = dict[str, tuple[int, int, int, bytes | str]]


def plant(root: Path, tree: Mapping[str, tuple[str, bytes]]) -> None:
    """Make files, links and pipes, as far as one does not stand in another's way."""
    for name, (kind, data) in tree.items():
        path = root / name
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(path):
                continue
            if kind == "file":
                path.write_bytes(data)
            elif kind == "link":
                path.symlink_to("nowhere")
            else:
                os.mkfifo(path)


def snapshot(root: Path, names: set[str] | None = None) -> Snapshot:
    """Describe what there is: of each file its node, kind, time of change and content."""
    found: Snapshot = {}
    for folder, _, files in os.walk(root):
        for file in files:
            path = Path(folder, file)
            name = str(path.relative_to(root))
            if names is None or name in names:
                status = path.lstat()
                content: bytes | str = ""
                if path.is_symlink():
                    content = str(path.readlink())
                elif path.is_file():
                    content = path.read_bytes()
                found[name] = (status.st_ino, status.st_mode, status.st_mtime_ns, content)
    return found


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    before=_TREES,
    runs=st.lists(
        st.tuples(
            st.sampled_from(_ENDS),
            st.integers(0, 60),
            st.lists(st.sampled_from(["incidents/year=2016/a.parquet", "answers/x", "x"]), unique=True),
            _TREES,
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_files_that_no_run_wrote_stay_as_they_are(
    before: dict[str, tuple[str, bytes]],
    runs: list[tuple[str, int, list[str], dict[str, tuple[str, bytes]]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plant(root, before)
        foreign = snapshot(root)
        for end, step, files, meanwhile in runs:
            if end == "kill":
                put_and_be_killed(root / "out", step, files)
            else:
                with suppress(PipelineError):
                    put(root / "out", end == "failure", files)
            assert snapshot(root, set(foreign)) == foreign
            there = set(snapshot(root))
            plant(root, meanwhile)
            foreign |= snapshot(root, set(snapshot(root)) - there)


def test_a_process_is_killed_at_its_step_and_not_before(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert put_and_be_killed(out, 0, ["x"])
    assert not out.exists()
    assert not put_and_be_killed(out, 100_000, ["x"])
    assert {path.name for path in out.iterdir()} == {"x", "run.json"}


@settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(before=_TREES, inside=st.booleans(), sound=st.booleans())
def test_whole_runs_leave_the_files_of_others(
    before: dict[str, tuple[str, bytes]], inside: bool, sound: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        plant(root, before)
        write(root / "in" / "crimes.csv", [row(1) if sound else row("x")])
        source = root if inside else root / "in"
        foreign = snapshot(root)
        for _ in range(2):
            with suppress(PipelineError):
                run(str(source), root / "out")
            assert snapshot(root, set(foreign)) == foreign
