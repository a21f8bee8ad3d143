"""Settings: options from crime-pipelines.toml and from variables, and those that every command takes."""

from __future__ import annotations

import doctest
from pathlib import Path

import click
import pytest

from crime_pipelines.cli.common import config, options, progress
from crime_pipelines.cli.common.config import FILE, find_config, read_config
from crime_pipelines.cli.common.options import PREFIX, variable_of
from crime_pipelines.cli.main import cli
from crime_pipelines.errors import InputError


@pytest.mark.parametrize("module", [config, options, progress], ids=lambda module: module.__name__)
def test_the_examples_run(module: object) -> None:
    assert not doctest.testmod(module).failed  # type: ignore[arg-type]


def test_a_settings_file_is_found_upwards_nearest_first(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_config(deep) != tmp_path / FILE
    for folder in (tmp_path, tmp_path / "a"):
        (folder / FILE).touch()
        assert find_config(deep) == folder / FILE


def test_settings_are_defaults_by_command_with_paths_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(
        'log-format = "json"\n[run]\nout = "out"\nshift-years = 0\nas-of = 2021-10-31\n'
        '[report]\nformat = ["png", "pdf"]\n[dataproc.submit]\nserverless = true\n',
        encoding="utf-8",
    )
    assert read_config(path, cli) == {
        "log_format": "json",
        "run": {"out": str(tmp_path / "out"), "shift_years": 0, "as_of": "2021-10-31"},
        "report": {"formats": ["png", "pdf"]},
        "dataproc": {"submit": {"serverless": True}},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run = [", "is not TOML"),
        ("[rnu]", r"\[rnu\]: there is no such command; did you mean run\?"),
        ('[run]\nenigne = "x"', r"\[run\] enigne: there is no such option; did you mean engine\?"),
        ("[run]\nout = 1\nzzz = 2", r"\[run\] zzz: there is no such option; choose one of as-of,"),
        ('[run]\nshift-years = "many"', "run.shift-years: 'many' is not a valid integer"),
        ("[run]\nshift-years = true", "run.shift-years: True is not a value of --shift-years"),
        ("[run]\nengine = [1]", "run.engine: must be one value"),
        ('[report]\nformat = "png"', "report.format: must be a list"),
        ('[report]\nformat = ["gif"]', "report.format: 'gif' is not one of"),
        ('[dataproc.submit]\nserverless = "yes"', "dataproc.submit.serverless: 'yes' is not a value"),
        ("quiet = 1", "quiet: 1 is not a value of -q"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_the_file_and_the_setting(
    text: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / FILE
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said) as caught:
        read_config(path, cli)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_settings_file_that_is_missing_or_no_text_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        read_config(tmp_path / "none.toml", cli)
    (tmp_path / FILE).write_bytes(b"\xff")
    with pytest.raises(InputError, match="is not TOML"):
        read_config(tmp_path / FILE, cli)


def _commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    below = command.commands.items() if isinstance(command, click.Group) else ()
    return [(path, command), *(each for name, inside in below for each in _commands(inside, (*path, name)))]


def test_every_option_has_a_variable_of_its_own() -> None:
    names = [
        (parameter.envvar, variable_of(path, parameter))
        for path, command in _commands(cli)
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name not in ("help", "version")
    ]
    assert all(has == wanted for has, wanted in names)
    assert len(set(names)) == len(names)
    assert (f"{PREFIX}_RUN_ENGINE",) * 2 in names


def test_every_command_takes_the_common_options_and_says_what_it_does() -> None:
    for path, command in _commands(cli):
        assert {"config", "log_format", "quiet", "verbose"} <= {each.name for each in command.params}, path
        assert command.help, path
