"""Vega, Vega-Lite and their embedder as one script for the page, which draws what its filters change.

The converter that draws the fixed charts carries them. Taking them out of it takes a second, so that is
done once on a machine and kept where the system keeps such things; a place that can't be written is done
without.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

from crime_pipelines.report.draw import VERSION

_SNIPPET: Final = "window.vegaEmbed = vegaEmbed;"
_FOLDER: Final = "crime-pipelines"
#: Not readable by others: whoever can write it could put a script into every report.
_PRIVATE: Final = 0o700


def vega_script() -> str:
    """The script.

    Returns:
        JavaScript that defines `vegaEmbed`, fit to stand inside a script element.
    """
    place = _cache()
    name = f"vega-{VERSION}-vl-convert-{version('vl-convert-python')}.js"
    if place:
        try:
            return (place / name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            pass
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(_SNIPPET, vl_version=VERSION)
    script = bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--").replace("\r\n", "\n")
    if place:
        _keep(place / name, script)
    return script


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


def _keep(path: Path, script: str) -> None:
    try:
        handle, temporary = tempfile.mkstemp(prefix=".vega-", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(script)
        Path(temporary).replace(path)
    except OSError:
        pass  # next time again
