"""The layout of a deployment: one that comes with the package, or a TOML file in the code bucket.

Whoever may land files must not choose how they are read: a layout of one's own lies where the code lies,
which those who deploy alone may write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from crime_pipelines.cloud.allowed_sources import BUCKET
from crime_pipelines.cloud.clients import blob_at
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.domain.layouts.loading import read_layout
from crime_pipelines.domain.layouts.model import Layout, LayoutError
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import BUNDLED, bundled

_PART: Final = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}"
_URI: Final = f"gs://{BUCKET}/({_PART}/){{0,9}}{_PART}[.]toml"
#: In RE2, which Dataproc checks parameters with, and in Python alike.
PATTERN: Final = f"([a-z][a-z0-9_]{{0,62}}|{_URI})"
#: Bytes of a TOML file, or of its table of areas.
_MOST_BYTES: Final = 1 << 20


def refuse_other_layouts(name: str, settings: Settings) -> None:
    """Refuse a layout that a deployment does not take.

    Args:
        name: the name of a bundled layout, or the ``gs://`` URI of a TOML file.
        settings: the settings.

    Raises:
        InputError: it is neither, or the file lies elsewhere than in the code bucket.
    """
    if name in BUNDLED:
        return
    place = f"gs://{settings.code_bucket}/"
    if not re.fullmatch(_URI, name) or not name.startswith(place):
        raise InputError(
            f"layout {name[:200]!r}: is not known; choose one of {', '.join(BUNDLED)}, or put a .toml file "
            f"below {place} and name its URI"
        )


def deployed_layout(settings: Settings) -> Layout:
    """Read the layout that the settings name.

    Args:
        settings: the settings.

    Returns:
        The layout.

    Raises:
        InputError: there is none of that name, or the file is no layout or lies elsewhere.
        google.api_core.exceptions.GoogleAPICallError: Cloud Storage fails.
    """
    refuse_other_layouts(settings.layout, settings)
    return layout_at(settings, settings.layout)


def layout_at(settings: Settings, name: str) -> Layout:
    """Read a layout, wherever its TOML file lies in Cloud Storage.

    Args:
        settings: the settings.
        name: as for `refuse_other_layouts`, checked by whoever named it.

    Returns:
        The layout.

    Raises:
        InputError: there is none of that name, or the file is no layout.
        google.api_core.exceptions.GoogleAPICallError: Cloud Storage fails.
    """
    if name in BUNDLED:
        return bundled(name)
    folder, _, file = name.rpartition("/")
    try:
        return read_layout(_Folder(settings, folder), file, name)
    except LayoutError as error:
        raise InputError(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder in Cloud Storage, as far as a layout is read from one."""

    settings: Settings
    uri: str

    def joinpath(self, name: str, /) -> _Object:
        """Return one of its objects, whether or not it exists."""
        return _Object(self.settings, f"{self.uri}/{name}")


@dataclass(frozen=True, slots=True)
class _Object:
    """An object in Cloud Storage that holds text."""

    settings: Settings
    uri: str

    def read_text(self, encoding: str) -> str:
        """Read it.

        Raises:
            OSError: it is not there, or larger than a layout is.
            google.api_core.exceptions.GoogleAPICallError: Cloud Storage fails.
        """
        from google.api_core.exceptions import NotFound

        try:
            content: bytes = blob_at(self.settings, self.uri).download_as_bytes(end=_MOST_BYTES)
        except NotFound as error:
            raise FileNotFoundError(None, "no such object", self.uri) from error
        if len(content) > _MOST_BYTES:
            raise OSError(None, f"more than {_MOST_BYTES:,} bytes", self.uri)
        return content.decode(encoding)
