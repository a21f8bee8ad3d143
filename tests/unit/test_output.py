from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

import pytest

from crime_pipelines import output
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.output import refuse_overlap, workplace
from crime_pipelines.record import FILE


def publish(place: Path, content: str) -> Path | None:
    """Put an output in its place as a run does; where something else went that was there."""
    with workplace(place) as made:
        (made.folder / FILE).write_text(content, encoding="utf-8")
        (made.folder / "deep").mkdir()
        (made.folder / "deep" / "file").write_text(content, encoding="utf-8")
        (made.scratch / "spill").write_text("gone afterwards", encoding="utf-8")
        return made.publish()


def content(place: Path) -> dict[str, str]:
    return {
        str(path.relative_to(place)): path.read_text(encoding="utf-8")
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def output_of(text: str) -> dict[str, str]:
    return {"deep/file": text, FILE: text}


class TestPublishing:
    def test_into_nothing(self, tmp_path: Path) -> None:
        place = tmp_path / "not" / "yet" / "out"
        assert publish(place, "one") is None
        assert content(place) == output_of("one")
        assert [each.name for each in place.parent.iterdir()] == ["out"]

    def test_into_an_empty_folder(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        assert publish(tmp_path / "out", "one") is None
        assert content(tmp_path) == {f"out/{name}": text for name, text in output_of("one").items()}

    def test_over_an_earlier_output(self, tmp_path: Path) -> None:
        publish(tmp_path / "out", "one")
        (tmp_path / "out" / "deep" / "left over").touch()
        assert publish(tmp_path / "out", "two") is None
        assert content(tmp_path) == {f"out/{name}": text for name, text in output_of("two").items()}

    def test_over_something_else(self, tmp_path: Path) -> None:
        for number, name in enumerate(["out.replaced", "out.replaced1"]):
            (tmp_path / "out" / "thesis").mkdir(parents=True)
            (tmp_path / "out" / "thesis" / "chapter").write_text(str(number), encoding="utf-8")
            assert publish(tmp_path / "out", "run") == tmp_path / name
            assert content(tmp_path / name) == {"thesis/chapter": str(number)}
            assert content(tmp_path / "out") == output_of("run")
            for path in sorted((tmp_path / "out").rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
        assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "out.replaced", "out.replaced1"]

    def test_through_a_link(self, tmp_path: Path) -> None:
        publish(tmp_path / "real", "one")
        (tmp_path / "link").symlink_to("real")
        publish(tmp_path / "link", "two")
        assert (tmp_path / "link").is_symlink()
        assert content(tmp_path / "real") == output_of("two")

    def test_unpublished_nothing_changes(self, tmp_path: Path) -> None:
        publish(tmp_path / "out", "one")
        with pytest.raises(KeyboardInterrupt):
            self.interrupted(tmp_path / "out")
        assert content(tmp_path) == {f"out/{name}": text for name, text in output_of("one").items()}
        assert [each.name for each in tmp_path.iterdir()] == ["out"]

    def interrupted(self, place: Path) -> None:
        with workplace(place) as made:
            (made.folder / FILE).write_text("half", encoding="utf-8")
            raise KeyboardInterrupt

    def test_others_may_read_it(self, tmp_path: Path) -> None:
        before = os.umask(0o022)
        try:
            publish(tmp_path / "out", "one")
        finally:
            os.umask(before)
        assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755
        assert (tmp_path / "out" / FILE).stat().st_mode & 0o777 == 0o644

    def test_a_reader_sees_one_output_or_the_other_and_never_half(self, tmp_path: Path) -> None:
        place = tmp_path / "out"
        publish(place, "0")
        done = threading.Event()
        seen: set[str] = set()
        broken: list[BaseException] = []

        def read() -> None:
            while not done.is_set():
                try:
                    # through one open folder: what was opened stays one output, whatever takes its place
                    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
                    try:
                        with open(os.open(FILE, os.O_RDONLY, dir_fd=folder), encoding="utf-8") as file:  # noqa: PTH123
                            seen.add(file.read())
                    except FileNotFoundError:
                        continue  # the old output went between the two steps
                    finally:
                        os.close(folder)
                except BaseException as error:
                    broken.append(error)
                    return

        reader = threading.Thread(target=read)
        reader.start()
        try:
            for number in range(1, 60):
                publish(place, str(number))
        finally:
            done.set()
            reader.join()
        assert broken == []
        assert seen <= {str(number) for number in range(60)}
        assert content(place) == output_of("59")

    @pytest.mark.parametrize("there", [FILE, "thesis"])
    def test_a_file_system_that_cannot_exchange_is_said_to(
        self, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / there).write_text("years of work", encoding="utf-8")
        # an exchange that no file system knows
        monkeypatch.setattr(output, "_RENAME_EXCHANGE", 1 << 20)
        monkeypatch.setattr(output, "_RENAME_SWAP", 1 << 20)
        with pytest.raises(
            PipelineError, match=r"out: can't be replaced .this file system can't swap"
        ) as caught:
            publish(tmp_path / "out", "two")
        assert "\n" not in str(caught.value)
        assert content(tmp_path) == {f"out/{there}": "years of work"}
        assert [each.name for each in tmp_path.iterdir()] == ["out"]


_CRASHING = """
import sys, time
from pathlib import Path
from crime_pipelines.output import workplace
with workplace(Path(sys.argv[1])) as made:
    (made.folder / "half").write_text("half of a run")
    print("at work", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def at_work(tmp_path: Path) -> subprocess.Popen[str]:
    """Another process in the middle of a run for `out`."""
    other = subprocess.Popen(
        [sys.executable, "-c", _CRASHING, str(tmp_path / "out")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None
    assert other.stdout.readline() == "at work\n"
    return other


# Every removal of a file or folder is counted; at the given one the process is killed.
_KILLED_IN_CLEANING: Final = """
import os, signal, sys
from pathlib import Path
from crime_pipelines.output import workplace
left = int(sys.argv[2])

def watch(event, arguments):
    global left
    if event in ("os.remove", "os.rmdir"):
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

with workplace(Path(sys.argv[1])) as made:
    (made.scratch / "spill").touch()
    (made.folder / "half").touch()
    sys.addaudithook(watch)
"""


def leftovers(folder: Path) -> list[Path]:
    return sorted(folder.glob(".out.run-*"))


class TestLeftovers:
    def test_what_a_killed_run_left_goes_with_the_next(
        self, tmp_path: Path, at_work: subprocess.Popen[str]
    ) -> None:
        with at_work:
            at_work.send_signal(signal.SIGKILL)
        (left,) = leftovers(tmp_path)
        assert (left / "new" / "half").exists()
        publish(tmp_path / "out", "one")
        assert [each.name for each in tmp_path.iterdir()] == ["out"]

    def test_what_a_run_at_work_has_stays(self, tmp_path: Path, at_work: subprocess.Popen[str]) -> None:
        with at_work:
            (busy,) = leftovers(tmp_path)
            publish(tmp_path / "out", "one")
            assert leftovers(tmp_path) == [busy]
            assert (busy / "new" / "half").read_text(encoding="utf-8") == "half of a run"
            assert at_work.stdin is not None
            at_work.stdin.close()
            assert at_work.wait(timeout=60) == 0
        assert leftovers(tmp_path) == []
        assert content(tmp_path / "out") == output_of("one")

    def test_a_workplace_is_held_from_its_first_moment_to_its_last(self, tmp_path: Path) -> None:
        with workplace(tmp_path / "out"):
            (root,) = leftovers(tmp_path)
            with (root / "lock").open() as lock, pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert leftovers(tmp_path) == []

    @pytest.mark.parametrize("removals", range(5))
    def test_killed_while_cleaning_up_it_goes_with_the_next(self, removals: int, tmp_path: Path) -> None:
        killed = [sys.executable, "-c", _KILLED_IN_CLEANING, str(tmp_path / "out"), str(removals)]
        assert subprocess.run(killed, check=False, timeout=60).returncode == -signal.SIGKILL
        publish(tmp_path / "out", "two")
        assert [each.name for each in tmp_path.iterdir()] == ["out"]
        assert content(tmp_path / "out") == output_of("two")

    def test_a_folder_without_a_lock_goes_only_if_it_is_empty(self, tmp_path: Path) -> None:
        (tmp_path / ".out.run-empty").mkdir()
        (tmp_path / ".out.run-other").mkdir()
        (tmp_path / ".out.run-other" / "thesis").touch()
        (tmp_path / ".outer.run-else").mkdir()
        publish(tmp_path / "out", "one")
        assert sorted(each.name for each in tmp_path.iterdir()) == [
            ".out.run-other",
            ".outer.run-else",
            "out",
        ]


class TestRefusals:
    def test_a_file_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_text("mine", encoding="utf-8")
        with pytest.raises(InputError, match="out: is not a folder"), workplace(tmp_path / "out"):
            pass
        assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"

    def test_a_folder_below_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(InputError, match="can't be written"), workplace(tmp_path / "file" / "out"):
            pass

    def test_a_mount_point(self) -> None:
        with pytest.raises(InputError, match="is a mount point"), workplace(Path("/")):
            pass

    @pytest.mark.parametrize("inside", [".", "deep/deeper"])
    def test_where_one_stands(self, inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / inside).mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(tmp_path / inside)
        with pytest.raises(InputError, match="holds the folder you are in"), workplace(tmp_path):
            pass

    def test_ones_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path / "people" / "me"))
        with pytest.raises(InputError, match="or your home"), workplace(tmp_path / "people"):
            pass

    def test_the_folder_of_the_input(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "in.csv").touch()
        (tmp_path / "link").symlink_to("data")
        for name in ("data/in.csv", "link/in.csv"):
            with pytest.raises(InputError, match=r"holds the input file .*in.csv"):
                refuse_overlap(tmp_path / "data", [str(tmp_path / name)])
        with pytest.raises(InputError, match="holds the input file"):
            refuse_overlap(tmp_path / "link", [str(tmp_path / "data" / "in.csv")])
        refuse_overlap(tmp_path / "dat", [str(tmp_path / "data" / "in.csv"), "gs://bucket/in.csv"])
        refuse_overlap(tmp_path / "data" / "out", [str(tmp_path / "data" / "in.csv")])
