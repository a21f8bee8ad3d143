"""Every command of docs/deploy.md, and of the scripts, is one that there is."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from crime_pipelines.cli.main import cli
from crime_pipelines.cloud.settings import VARIABLES, Settings
from crime_pipelines.cloud.warehouse.tables import ANSWER_TABLES
from crime_pipelines.schema.warehouse import TABLES
from tests.terraform.plans import ROOT, TERRAFORM, Plan
from tests.waiting import PATIENCE

TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
#: What begins a command here; the other indented lines are what commands print.
PROGRAMS = (
    "gcloud",
    "bq",
    "terraform -chdir",
    "make",
    "mkdir",
    "docker",
    "export",
    "eval",
    "read",
    "printf",
    ".venv/bin/",
)
VALUES = {
    "PROJECT": "a-project",
    "REGION": "us-central1",
    "NUMBER": "123456789012",
    "RUN": "a-run",
    "IMAGE": "us-central1-docker.pkg.dev/a-project/crime-pipelines/crime-stream:0.1.0",
    "TOKEN": "t",
    **Settings("a-project").environment(),
}


def commands() -> list[str]:
    lines = [line[4:] for line in TEXT.splitlines() if line.startswith("    ")]
    return [_filled(line) for line in lines if line.startswith(PROGRAMS)]


def _filled(line: str) -> str:
    # What a command is given by another stands for itself.
    inner = re.findall(r"\$\(((?:[^()]|\([^()]*\))*)\)", line)
    known = re.sub(r"\$\((?:[^()]|\([^()]*\))*\)", "given", line)
    known = re.sub(r"\$(\w+)", lambda found: VALUES[found[1]], known)
    return "\n".join([known, *(_filled(each) for each in inner)])


def walk_table() -> dict[str, str]:
    """What the walk says of how each command is tested, by how the command begins."""
    table = TEXT.partition("## What has been run")[2]
    return dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", table, re.MULTILINE))


def all_commands() -> list[str]:
    return [
        part.strip() for command in commands() for line in command.splitlines() for part in line.split(" | ")
    ]


def test_the_walk_uses_settings_that_there_are() -> None:
    used = set(re.findall(r"\$(CRIME_\w+)", TEXT))
    assert used
    assert used <= set(VARIABLES.values())


@pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed")
def test_gcloud_knows_its_commands(tmp_path: Path, everything: Plan) -> None:
    scripts = [
        re.sub(r"\$\{?(\w+)[^ \"]*\}?", lambda found: found[1].lower(), line.strip().replace("\\", ""))
        for path in TERRAFORM.rglob("*.sh")
        for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        if line.strip().startswith("gcloud ")
    ]
    launch = everything.outputs["launch"].replace("$(date +%Y%m%d-%H%M%S)", "now")
    asked = [each for each in all_commands() if each.startswith("gcloud ")] + scripts + [launch]
    assert len(asked) > 15
    listed = tmp_path / "commands.json"
    listed.write_text(json.dumps([{"command_string": each} for each in asked]), encoding="utf-8")
    call = ["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={listed}"]
    done = subprocess.run(call, capture_output=True, text=True, check=True, timeout=PATIENCE)
    found = json.loads(done.stdout)
    assert len(found) == len(asked)
    assert not [(each["command_string"], each["error_message"]) for each in found if not each["success"]]


def test_the_command_line_knows_its_commands() -> None:
    asked = [each for each in all_commands() if each.startswith(".venv/bin/crime-pipelines ")]
    assert len(asked) >= 5
    for command in asked:
        group: click.Command = cli
        words = shlex.split(command)[1:]
        parent = click.Context(cli)
        while isinstance(group, click.Group):
            name, found, words = group.resolve_command(parent, words)
            assert found is not None, command
            parent, group = click.Context(found, info_name=name, parent=parent), found
        group.make_context(group.name, words, parent=parent)  # refuses an option that there is none of


def test_terraform_knows_its_names(everything: Plan) -> None:
    variables = set(
        re.findall(r'^variable "(\w+)"', (TERRAFORM / "variables.tf").read_text("utf-8"), re.MULTILINE)
    )
    asked = [each for each in all_commands() if each.startswith("terraform ")]
    assert len(asked) >= 5
    for command in asked:
        words = shlex.split(command)
        assert words[1] == "-chdir=terraform"
        assert words[2] in {"init", "apply", "destroy", "output", "import"}
        if words[2] == "output":
            assert words[3:] == ["-raw", words[-1]]
            assert isinstance(everything.outputs[words[-1]], str), command
        for word in words[3:]:
            if word.startswith("-var-file="):
                assert (TERRAFORM / word.removeprefix("-var-file=")).is_file()
            elif word.startswith("-var="):
                assert word.removeprefix("-var=").partition("=")[0] in variables, command
    for path in TERRAFORM.glob("environments/*.tfvars"):
        assert set(re.findall(r"^(\w+) +=", path.read_text("utf-8"), re.MULTILINE)) <= variables


def test_the_plan_is_about_as_long_as_it_says(plans: dict[str, Plan]) -> None:
    (said,) = re.findall(r"Plan: (\d+) to add", TEXT)
    assert abs(int(said) - len(plans["architecture_1"].resources)) < 10


def test_the_queries_ask_for_what_there_is() -> None:
    columns = {"crime": TABLES, "crime_answers": ANSWER_TABLES}
    asked = [each for each in all_commands() if each.startswith("bq query ")]
    assert asked
    for command in asked:
        selected, dataset, table = re.findall(r"SELECT (.*?) FROM (\w+)\.(\w+)", command)[0]
        (found,) = (each for each in columns[dataset] if each.name == table)
        for name in selected.replace("`", "").replace("\\", "").split(", "):
            assert name == "*" or name in found.names, command


def test_the_table_says_of_every_command_how_it_is_tested() -> None:
    table = walk_table()
    assert len(table) > 30
    used = set()
    for command in all_commands():
        if command == "given":  # the value of a command within another, which stands for itself
            continue
        fitting = [each for each in table if f"{command} ".startswith(f"{each} ")]
        assert fitting, f"docs/deploy.md, 'What has been run': nothing says how this is tested: {command}"
        used.add(max(fitting, key=len))
    assert used == set(table)
    for how in table.values():
        assert how.startswith(("executed", "linted")), how
        for path in re.findall(r"[\w/]+\.(?:py|sh)", how):
            assert (ROOT / path).is_file(), path


def test_docker_is_given_what_there_is() -> None:
    build, push = (shlex.split(each) for each in all_commands() if each.startswith("docker "))
    assert build[:3] == ["docker", "build", "--file"]
    assert (ROOT / build[3]).is_file()
    assert [build[4], build[6]] == ["--tag", "."]
    assert push == ["docker", "push", build[5]]


def test_make_knows_its_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for each in all_commands():
        if each.startswith("make "):
            assert each.removeprefix("make ") in targets
