"""The commands that `python -m tests.page_commands` finds, and that every page with some is known to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import page_commands
from tests.page_commands import ELSEWHERE, NOT_RUN, PAGES, ROOT, Command, commands_of, run_all


def test_commands_are_lines_of_indented_blocks_and_of_the_shells_fences() -> None:
    text = """Say `make dev`.

    make demo    # sets up
    $ crime-pipelines run a#b.csv --out out
    a.csv: 3 rows read

      made of these:

    source of it: a.csv
Then
    source .venv/bin/activate
make test
```python
    make nothing
```
  ```sh
  crime-pipelines check out
  ```
"""
    assert commands_of(text) == [
        Command("make demo"),
        Command(
            "crime-pipelines run a#b.csv --out out",
            ["a.csv: 3 rows read", "made of these:", "source of it: a.csv"],
        ),
        Command("source .venv/bin/activate"),
        Command("crime-pipelines check out"),
    ]


def test_readme_has_commands_for_the_core_before_those_for_every_extra() -> None:
    commands = [each.line for each in commands_of((ROOT / "README.md").read_text(encoding="utf-8"))]
    assert commands[0] == "make demo"
    core, extras = commands[: commands.index("make dev")], commands[commands.index("make dev") :]
    assert "crime-pipelines run crimes.csv.gz --out out" in core
    for part in ("--engine spark", "--engine beam", "demo --architecture"):
        assert any(part in each for each in extras)
        assert not any(part in each for each in core)


def test_every_page_with_commands_is_run_or_said_to_run_elsewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    generated, records = ROOT / "docs/reference", ROOT / "docs/decisions"
    commands = {
        page.relative_to(ROOT).as_posix(): commands_of(page.read_text(encoding="utf-8"))
        for page in pages
        if not {generated, records} & set(page.parents)
    }
    assert {page for page, found in commands.items() if found} == {*PAGES, *ELSEWHERE}
    run = [each.line for page in PAGES for each in commands[page]]
    assert [begins for begins in NOT_RUN if not any(line.startswith(begins) for line in run)] == []


def test_a_failure_is_reported_and_the_next_command_runs(tmp_path: Path) -> None:
    ran = [
        (code, printed)
        for _, code, _, printed in run_all(tmp_path, [Command("make none"), Command("echo done")])
    ]
    assert ran[0][0] == 2
    assert "none" in ran[0][1]
    assert ran[1] == (0, "done\n")


def test_what_one_command_sets_and_says_is_there_for_the_next(tmp_path: Path) -> None:
    commands = [Command('eval "$(echo export A=b)"'), Command('echo "a: run $A"'), Command("echo RUN_ID")]
    assert [printed for *_, printed in run_all(tmp_path, commands)] == ["", "a: run b\n", "b\n"]


def test_a_command_is_repeated_until_it_prints_what_it_waits_for_or_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_commands, "_REPEATED", {"sh ": re.compile("done")})
    (tmp_path / "wait.sh").write_text(
        "echo running >> log\n[ -f begun ] && echo done >> log\ntouch begun\ncat log\n"
    )
    (tmp_path / "fail.sh").write_text("echo no\nexit 3\n")
    ran = run_all(tmp_path, [Command("sh wait.sh"), Command("sh fail.sh"), Command("cat log")])
    assert [(code, printed) for _, code, _, printed in ran] == [
        (0, "running\nrunning\ndone\n"),
        (3, "no\n"),
        (0, "running\nrunning\ndone\n"),
    ]


def test_what_a_page_shows_must_be_printed_in_its_order() -> None:
    command = Command("crime-pipelines run", ["first", "third"])
    assert command.differs("first\nsecond\n  third\n") is None
    assert Command("run", ["1.5 % of them"]).differs("1.5\u00a0% of them\n") is None
    assert command.differs("third\nfirst\n") == "third"
    assert command.differs("first\n") == "third"
