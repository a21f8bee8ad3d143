"""Copies of the package, to be changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]


def copy_of_the_package(folder: Path) -> None:
    """Copy the package, as a checkout has it.

    Args:
        folder: where to.
    """
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "crime_pipelines", folder / "crime_pipelines", symlinks=True, ignore=ignored)
    for name in ("spark", "beam"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)


def replace_in(path: Path, changes: dict[str, str]) -> None:
    """Replace texts in a file; each must be there."""
    text = path.read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def command(folder: Path, *arguments: str) -> str:
    """Run the command line of a copy.

    Args:
        folder: the folder of the copy, in which the command runs.
        arguments: the command's arguments.

    Returns:
        What it prints.
    """
    return python(folder, "from crime_pipelines.cli.main import main; main()", *arguments)


def python(folder: Path, program: str, *arguments: str) -> str:
    """Run a program on a copy.

    Args:
        folder: the folder of the copy.
        program: the program's text.
        arguments: its arguments.

    Returns:
        What it prints.
    """
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout
