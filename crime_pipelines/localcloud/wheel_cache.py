"""The wheel that the local cloud publishes, built once for each state of the sources."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from crime_pipelines.cloud.packaging import SOURCES, build_wheel, checkout
from crime_pipelines.support.cache import cache_folder, locked

_KEPT: Final = 5
_WHEEL: Final = "*.whl"


def wheel(told: Callable[[str], None]) -> Path:
    """Build the package's wheel from the checkout, unless it is in the cache.

    Args:
        told: called with a line where it is about to be built.

    Returns:
        The wheel.

    Raises:
        InputError: there is no checkout.
        PipelineError: it can't be built.
    """
    root = checkout()
    wheels = cache_folder() / "wheels"
    folder = wheels / _digest(root)
    with locked("wheels"):
        if not folder.is_dir():
            told("building the wheel")
            wheels.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=wheels) as place:
                built = Path(place, "built")
                built.mkdir()
                build_wheel(root, built)
                built.rename(folder)
        for old in sorted(wheels.iterdir(), key=lambda each: each.stat().st_mtime)[:-_KEPT]:
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    return next(folder.glob(_WHEEL))


def _digest(root: Path) -> str:
    """Return a digest of the sources."""
    digest = hashlib.sha256()
    for path in _files(root):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(root: Path) -> Iterator[Path]:
    for name in SOURCES:
        place = root / name
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in found if path.is_file() and path.suffix != ".pyc")
