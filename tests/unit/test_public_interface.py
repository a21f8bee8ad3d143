"""The public interface: what `import crime_pipelines` offers, and that its examples run."""

from __future__ import annotations

import doctest
import subprocess
import sys
from inspect import getdoc
from pathlib import Path

import pytest

import crime_pipelines
from crime_pipelines.cli.main import main
from crime_pipelines.engines import registry


def test_every_public_name_exists_and_is_documented() -> None:
    for name in crime_pipelines.__all__:
        value = getattr(crime_pipelines, name)
        assert name == "__version__" or getdoc(value), name
    assert set(crime_pipelines.__all__) <= set(dir(crime_pipelines))
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        crime_pipelines.walk  # noqa: B018


@pytest.mark.parametrize("module", [crime_pipelines, registry], ids=lambda module: module.__name__)
def test_the_examples_run(module: object) -> None:
    failed, attempted = doctest.testmod(module)  # type: ignore[arg-type]
    assert attempted
    assert not failed


def test_on_windows_the_command_and_a_run_end_in_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = crime_pipelines.generate(tmp_path / "in.csv", 10)
    monkeypatch.setattr(sys, "platform", "win32")  # CI has a machine with Windows; here is none
    with pytest.raises(crime_pipelines.InputError, match="runs inside WSL") as refused:
        crime_pipelines.run(made.path, tmp_path / "out")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"Error: {refused.value}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_importing_the_package_imports_no_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import crime_pipelines\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - sys.stdlib_module_names))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "['crime_pipelines']\n"
