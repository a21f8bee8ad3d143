"""From a checkout to what the cloud runs: the wheel, and third-party libraries unpacked into an archive."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import crime_pipelines
from crime_pipelines.errors import InputError, PipelineError

#: What a wheel is built of.
SOURCES: Final = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "crime_pipelines", "spark", "beam")
#: Dataproc's machines: Debian 12, Python 3.11. pip takes no platform for compatible with an older one.
_PLATFORMS: Final = (
    *(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)),
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
)
CLOUD_PYTHON: Final = "3.11"
#: One moment for every file, so that the same content gives the same archive.
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)
_EPOCH: Final = "315532800"


def checkout() -> Path:
    """Return the checkout that this package runs from.

    Returns:
        Its folder.

    Raises:
        InputError: the package is installed otherwise.
    """
    root = Path(crime_pipelines.__file__).resolve().parents[1]
    if not (root / "pyproject.toml").is_file():
        raise InputError("the code can be packed from a checkout only, with the package installed from it")
    return root


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel, from a copy of the sources: what lies about in build/ stays out.

    Args:
        root: the checkout.
        folder: where to put it.

    Returns:
        The wheel.

    Raises:
        PipelineError: it can't be built.
    """
    with tempfile.TemporaryDirectory() as place:
        for name in SOURCES:
            source, target = root / name, Path(place, name)
            if source.is_dir():
                shutil.copytree(
                    source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
                )
            else:
                shutil.copy2(source, target)
        _pip("wheel", "--no-deps", "--wheel-dir", str(folder), place)
    (wheel,) = folder.glob("crime_pipelines-*.whl")
    return wheel


def build_libraries(root: Path, archive: Path, folder: str) -> None:
    """Unpack the pinned libraries of a job's driver into an archive.

    Args:
        root: the checkout.
        archive: the archive to write; its comment is the version of Python that it is for.
        folder: the folder in the archive that the libraries stand in.

    Raises:
        PipelineError: a library can't be fetched.
    """
    with tempfile.TemporaryDirectory() as place:
        target = Path(place, folder)
        _pip(
            "install",
            *("--target", str(target), "--no-deps", "--no-compile", "--only-binary", ":all:"),
            *(f"--platform={platform}" for platform in _PLATFORMS),
            *("--python-version", CLOUD_PYTHON, "--implementation", "cp"),
            "--require-hashes",
            *("--requirement", str(root / "requirements" / "dataproc.txt")),
        )
        files = ((path, str(path.relative_to(place))) for path in _files(target))
        write_archive(archive, files, comment=CLOUD_PYTHON)


def write_archive(archive: Path, files: Iterable[tuple[Path, str]], comment: str = "") -> None:
    """Write a zip file whose bytes follow from its content alone.

    Args:
        archive: the file to write.
        files: each file with its name in the archive.
        comment: the archive's comment.

    Raises:
        OSError: it can't be written.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for path, name in sorted(files, key=lambda each: each[1]):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes())
        packed.comment = comment.encode()


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        # Libraries ship their own tests, which no driver runs.
        if path.is_file() and "tests" not in path.relative_to(folder).parts[1:-1]:
            yield path


def _pip(command: str, *arguments: str) -> None:
    call = [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check", *arguments]
    # Prereleases and indexes are as the user's own configuration of pip says.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": _EPOCH}
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("ERROR")] or said[-1:] or ["no reason given"]
        raise PipelineError(f"pip {command}: {errors[0].removeprefix('ERROR: ')}")
