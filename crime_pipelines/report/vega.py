"""Vega, Vega-Lite and their embedder as one script for the page, which draws what its filters change.

The converter that draws the fixed charts carries them. Taking them out of it takes a second, so that is
done once on a machine and kept where the system keeps such things; a place that can't be written is done
without.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import zlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from crime_pipelines.report.draw import VERSION

_SNIPPET: Final = "window.vegaEmbed = vegaEmbed;"
_FOLDER: Final = "crime-pipelines"
#: Nobody else may write there: what lies in it becomes a script of every report.
_PRIVATE: Final = 0o700


@dataclass(frozen=True, slots=True)
class Vega:
    """The script.

    Attributes:
        packed: the script as it travels in the page: deflated, in base 64.
    """

    packed: str

    @property
    def script(self) -> str:
        """JavaScript that defines `vegaEmbed`."""
        return zlib.decompress(base64.b64decode(self.packed)).decode()


def vega() -> Vega:
    """The script.

    Returns:
        The script, from this machine's cache where it is there.
    """
    place = _cache()
    name = f"vega-{VERSION}-vl-convert-{version('vl-convert-python')}.js.zlib"
    if place:
        try:
            kept = (place / name).read_bytes()
            zlib.decompress(kept)
            return Vega(base64.b64encode(kept).decode("ascii"))
        except (OSError, zlib.error):
            pass
    import vl_convert

    script: str = vl_convert.javascript_bundle(_SNIPPET, vl_version=VERSION)
    packed = zlib.compress(script.encode(), 9)
    if place:
        _keep(place / name, packed)
    return Vega(base64.b64encode(packed).decode("ascii"))


def _cache() -> Path | None:
    """A folder of this user's alone, or none."""
    base = os.environ.get("XDG_CACHE_HOME")
    if not base:
        base = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    folder = Path(base).expanduser() / _FOLDER
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        found = folder.stat()
    except (OSError, RuntimeError):
        return None
    # Someone else's folder, or one that others may write in, is not trusted with a script.
    return folder if found.st_uid == os.getuid() and not found.st_mode & 0o022 else None


def _keep(path: Path, content: bytes) -> None:
    try:
        handle, temporary = tempfile.mkstemp(prefix=".vega-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except OSError:
        pass  # next time again
