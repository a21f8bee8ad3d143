"""The functions' source folder, as Cloud Run functions take it: `main.py`, pinned requirements, the wheel."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from crime_pipelines.cloud.packaging import build_wheel, checkout, write_archive

_MAIN: Final = "main.py"
_REQUIREMENTS: Final = "requirements.txt"


def build(archive: Path, wheel: Path | None = None) -> None:
    """Pack the source folder of all functions.

    Args:
        archive: the zip file to write.
        wheel: the package; built from the checkout unless given.

    Raises:
        InputError: there is no checkout.
        PipelineError: the wheel can't be built.
        OSError: the archive can't be written.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    root = checkout()
    with tempfile.TemporaryDirectory() as place, as_file(files(__package__) / _MAIN) as main:
        wheel = wheel or build_wheel(root, Path(place))
        pins = (root / "requirements" / "functions.txt").read_text(encoding="utf-8")
        requirements = Path(place, _REQUIREMENTS)
        # Where one requirement has a hash, pip wants one of each.
        digest = sha256(wheel.read_bytes()).hexdigest()
        own = f"./{wheel.name} --hash=sha256:{digest}\n"
        requirements.write_text(f"{pins}{own}", encoding="utf-8")
        write_archive(archive, [(main, _MAIN), (requirements, _REQUIREMENTS), (wheel, wheel.name)])
