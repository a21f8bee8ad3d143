from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

import pytest

from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.output import atomic_replace as output
from crime_pipelines.output.atomic_replace import refuse_overlap, workplace
from crime_pipelines.output.record import FILE
from tests.waiting import PATIENCE


def record(text: str, *files: str) -> str:
    """A record as far as it matters here: who wrote it, and which files beside itself."""
    return json.dumps({"versions": {"crime-pipelines": "0"}, "text": text, "files_written": [*files, FILE]})


def publish(place: Path, content: str) -> Path | None:
    """Put an output in its place as a run does; where files went that could not be kept in their place."""
    with workplace(place) as made:
        (made.folder / FILE).write_text(record(content, "deep/file"), encoding="utf-8")
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
    return {"deep/file": text, FILE: record(text, "deep/file")}


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
        assert publish(tmp_path / "out", "two") is None
        assert content(tmp_path) == {f"out/{name}": text for name, text in output_of("two").items()}

    def test_files_that_no_run_wrote_stay(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        foreign = {"thesis": "years", "deep/left over": "of", "deep/er/x.csv": "work", "incidents/y": "!"}
        for name, text in foreign.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_text(text, encoding="utf-8")
        (out / "empty").mkdir(mode=0o700)
        (out / "link").symlink_to("nowhere")
        os.mkfifo(out / "pipe")
        before = {name: (out / name).lstat() for name in [*foreign, "link", "pipe"]}
        for text in ("one", "two", "three"):
            assert publish(out, text) is None
            there = {name: text for name, text in content(out).items() if name in foreign}
            assert there == foreign
            assert {name: text for name, text in content(out).items() if name not in foreign} == output_of(
                text
            )
            for name, status in before.items():
                after = (out / name).lstat()
                assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (
                    status.st_ino, status.st_mtime_ns, status.st_mode
                )  # fmt: skip
            assert (out / "empty").stat().st_mode & 0o777 == 0o700
            assert [each.name for each in tmp_path.iterdir()] == ["out"]

    @pytest.mark.parametrize("name", ["deep", "deep/file", "deep/file/thesis"])
    def test_a_file_in_the_way_is_not_replaced(self, name: str, tmp_path: Path) -> None:
        out = tmp_path / "out"
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text("years of work", encoding="utf-8")
        with pytest.raises(InputError, match="was not written by a run, and would be replaced"):
            publish(out, "one")
        assert content(tmp_path) == {f"out/{name}": "years of work"}
        assert [each.name for each in tmp_path.iterdir()] == ["out"]

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"versions": {"other": "1"}}', "\xff"])
    def test_a_record_of_something_else_is_not_replaced(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / FILE).write_text(text, encoding="latin-1")
        with (
            pytest.raises(InputError, match=r"run.json: is not the record of a run"),
            workplace(tmp_path / "out"),
        ):
            pass
        assert [path.name for path in tmp_path.rglob("*")] == ["out", FILE]

    def test_a_link_in_place_of_a_file_is_not_followed(self, tmp_path: Path) -> None:
        publish(tmp_path / "out", "one")
        (tmp_path / "mine").write_text("mine", encoding="utf-8")
        (tmp_path / "out" / "deep" / "file").unlink()
        (tmp_path / "out" / "deep" / "file").symlink_to(tmp_path / "mine")
        with pytest.raises(InputError, match="would be replaced"):
            publish(tmp_path / "out", "two")
        assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"

    @pytest.mark.parametrize("name", ["new", "deep/new", "deep/file"])
    def test_what_appears_in_the_last_moment_is_kept(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "out"
        out.mkdir()
        (out / "thesis").write_text("draft", encoding="utf-8")
        exchange = output._exchange

        def late(new: Path, old: Path) -> None:
            (old / name).parent.mkdir(exist_ok=True)
            (old / name).write_text("late", encoding="utf-8")
            (old / "saved").write_text("final", encoding="utf-8")
            (old / "saved").replace(old / "thesis")
            exchange(new, old)

        monkeypatch.setattr(output, "_exchange", late)
        aside = publish(out, "one")
        found = content(tmp_path)
        assert found.pop("out/thesis") == "final"
        if name == "deep/file":
            assert aside == tmp_path / "out.replaced"
            assert found.pop("out.replaced/deep/file") == "late"
        else:
            assert aside is None
            assert found.pop(f"out/{name}") == "late"
        assert found == {f"out/{name}": text for name, text in output_of("one").items()}

    def test_the_permissions_of_a_private_folder_stay(self, tmp_path: Path) -> None:
        (tmp_path / "out" / "deep").mkdir(parents=True)
        (tmp_path / "out" / "deep" / "thesis").touch()
        for folder in (tmp_path / "out", tmp_path / "out" / "deep"):
            folder.chmod(0o700)
        publish(tmp_path / "out", "one")
        for folder in (tmp_path / "out", tmp_path / "out" / "deep"):
            assert folder.stat().st_mode & 0o777 == 0o700
        (tmp_path / "empty").mkdir(mode=0o700)
        publish(tmp_path / "empty", "one")
        assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o700

    def test_of_two_runs_at_once_the_later_one_leaves_nothing_of_the_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exchange = output._exchange

        def after_another(new: Path, old: Path) -> None:
            monkeypatch.setattr(output, "_exchange", exchange)
            with workplace(old) as made:
                (made.folder / FILE).write_text(record("other", "else"), encoding="utf-8")
                (made.folder / "else").touch()
                made.publish()
            exchange(new, old)

        publish(tmp_path / "out", "one")
        monkeypatch.setattr(output, "_exchange", after_another)
        assert publish(tmp_path / "out", "two") is None
        assert content(tmp_path / "out") == output_of("two")
        assert [each.name for each in tmp_path.iterdir()] == ["out"]

    def test_what_cant_be_linked_is_moved(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(errno.EPERM, "not yours")

        publish(tmp_path / "out", "one")
        (tmp_path / "out" / "thesis").write_text("years of work", encoding="utf-8")
        monkeypatch.setattr(os, "link", refuse)
        assert publish(tmp_path / "out", "two") is None
        assert content(tmp_path / "out") == {**output_of("two"), "thesis": "years of work"}

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
                            seen.add(json.loads(file.read())["text"])
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
        (tmp_path / "out" / there).write_text(record("years of work"), encoding="utf-8")
        # an exchange that no file system knows
        monkeypatch.setattr(output, "_RENAME_EXCHANGE", 1 << 20)
        monkeypatch.setattr(output, "_RENAME_SWAP", 1 << 20)
        with pytest.raises(
            PipelineError, match=r"out: can't be replaced .this file system can't swap"
        ) as caught:
            publish(tmp_path / "out", "two")
        assert "\n" not in str(caught.value)
        assert content(tmp_path) == {f"out/{there}": record("years of work")}
        assert [each.name for each in tmp_path.iterdir()] == ["out"]


_CRASHING = """
import sys, time
from pathlib import Path
from crime_pipelines.output.atomic_replace import workplace
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
from crime_pipelines.output.atomic_replace import workplace
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


# As above, but with the signals of a user who presses Ctrl-C again and again.
_INTERRUPTED_IN_CLEANING: Final = """
import os, signal, sys
from pathlib import Path
from crime_pipelines.output.atomic_replace import workplace

def watch(event, arguments):
    if event in ("os.remove", "os.rmdir"):
        os.kill(os.getpid(), signal.SIGINT)

with workplace(Path(sys.argv[1])) as made:
    (made.scratch / "spill").touch()
    (made.folder / "run.json").write_text(sys.argv[3])
    (made.folder / "file").touch()
    if sys.argv[2] == "publish":
        made.publish()
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
            assert at_work.wait(timeout=PATIENCE) == 0
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
        assert subprocess.run(killed, check=False, timeout=PATIENCE).returncode == -signal.SIGKILL
        publish(tmp_path / "out", "two")
        assert [each.name for each in tmp_path.iterdir()] == ["out"]
        assert content(tmp_path / "out") == output_of("two")

    @pytest.mark.parametrize("how", ["publish", "fail"])
    def test_interrupted_while_cleaning_up_it_cleans_up_and_ends_then(self, how: str, tmp_path: Path) -> None:
        publish(tmp_path / "out", "old")
        interrupted = [sys.executable, "-c", _INTERRUPTED_IN_CLEANING, str(tmp_path / "out"), how]
        interrupted.append(record("new", "file"))
        done = subprocess.run(interrupted, stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE)
        assert done.returncode == -signal.SIGINT
        assert done.stderr.endswith("\nKeyboardInterrupt\n")
        assert [each.name for each in tmp_path.iterdir()] == ["out"]
        assert content(tmp_path / "out") == (
            {"file": "", FILE: record("new", "file")} if how == "publish" else output_of("old")
        )

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

    @pytest.mark.parametrize("lock", ["", "mine"])
    def test_a_folder_with_the_lock_of_another_program_stays(self, lock: str, tmp_path: Path) -> None:
        (tmp_path / ".out.run-mine").mkdir()
        (tmp_path / ".out.run-mine" / "lock").write_text(lock, encoding="utf-8")
        (tmp_path / ".out.run-file").touch()
        publish(tmp_path / "out", "one")
        assert (tmp_path / ".out.run-mine" / "lock").read_text(encoding="utf-8") == lock
        assert (tmp_path / ".out.run-file").exists()

    def test_a_name_with_wildcards_is_one_name(self, tmp_path: Path) -> None:
        for name in (".[o]ut*.run-mine", ".outer.run-other"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "lock").write_text(f"workplace of crime-pipelines: {name}", encoding="utf-8")
        publish(tmp_path / "[o]ut*", "one")
        publish(tmp_path / "o*", "two")
        assert sorted(each.name for each in tmp_path.iterdir()) == [".outer.run-other", "[o]ut*", "o*"]


class TestRefusals:
    def test_a_backslash(self, tmp_path: Path) -> None:
        with (
            pytest.raises(InputError, match="takes the backslash for a slash"),
            workplace(tmp_path / "a\\b" / "out"),
        ):
            pass
        assert [*tmp_path.iterdir()] == []

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
