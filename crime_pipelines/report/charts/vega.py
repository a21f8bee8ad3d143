"""Vega, Vega-Lite and their embedder as one script for the page, which draws what its filters change.

The converter that draws the fixed charts carries them. Taking them out of it takes a second, so that is
done once on a machine and kept where the system keeps such things; a place that can't be written is done
without.
"""

from __future__ import annotations

import base64
import os
import tempfile
import zlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from crime_pipelines.report.charts.draw import VERSION
from crime_pipelines.support.cache import cache_folder

_SNIPPET: Final = "window.vegaEmbed = vegaEmbed;"


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
    """Return the script.

    Returns:
        The script, from this machine's cache where it is there.
    """
    name = f"vega-{VERSION}-vl-convert-{version('vl-convert-python')}.js.zlib"
    try:
        kept = (cache_folder() / name).read_bytes()
        zlib.decompress(kept)
    except (OSError, zlib.error):
        import vl_convert

        script: str = vl_convert.javascript_bundle(_SNIPPET, vl_version=VERSION)
        kept = zlib.compress(script.encode(), 9)
        _keep(name, kept)
    return Vega(base64.b64encode(kept).decode("ascii"))


def _keep(name: str, content: bytes) -> None:
    try:
        folder = cache_folder()
        handle, temporary = tempfile.mkstemp(prefix=".vega-", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(folder / name)
    except OSError:
        pass  # next time again
