"""The commands that `python -m tests.readme_commands` finds, and that README has some."""

from __future__ import annotations

from pathlib import Path

from tests.readme_commands import NOT_RUN, ROOT, commands_of, run_all


def test_commands_are_lines_of_indented_blocks() -> None:
    text = """Say `make dev`.

    make demo    # sets up
    $ crime-pipelines run a#b.csv --out out
    a.csv: 3 rows read
    source .venv/bin/activate
make test
"""
    assert commands_of(text) == [
        "make demo",
        "crime-pipelines run a#b.csv --out out",
        "source .venv/bin/activate",
    ]


def test_readme_has_commands_for_the_core_before_those_for_every_extra() -> None:
    commands = commands_of((ROOT / "README.md").read_text(encoding="utf-8"))
    assert commands[0] == "make demo"
    core, extras = commands[: commands.index("make dev")], commands[commands.index("make dev") :]
    assert "crime-pipelines run crimes.csv.gz --out out" in core
    for part in ("--engine spark", "--engine beam", "demo --architecture"):
        assert any(part in each for each in extras)
        assert not any(part in each for each in core)
    assert set(NOT_RUN) <= set(commands)


def test_a_failure_is_reported_and_the_next_command_runs(tmp_path: Path) -> None:
    ran = [(code, printed) for _, code, _, printed in run_all(tmp_path, ["make none", "echo done"])]
    assert ran[0][0] == 2
    assert "none" in ran[0][1]
    assert ran[1] == (0, "done\n")
