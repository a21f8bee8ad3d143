"""The sources that runs may read: the landing bucket, or what the setting `sources` lists instead."""

from __future__ import annotations

import re
from typing import Final

from crime_pipelines.cloud.settings import VARIABLES, Settings
from crime_pipelines.errors import InputError

#: The name of a bucket, as a pattern in RE2 and Python alike.
BUCKET: Final = "[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
#: In RE2, which Dataproc checks parameters with, and in Python alike. The bucket is a name, never a pattern;
#: two colons would chain another file system (``gs://bucket::file:///etc/passwd``).
PATTERN: Final = f"gs://{BUCKET}(/([^:\\x00-\\x1f]|:[^:\\x00-\\x1f])*:?)?"
_URI: Final = re.compile(PATTERN)


def is_source(text: str) -> bool:
    """Tell whether a text names files in Cloud Storage: a file, a folder or a glob within one bucket.

    >>> is_source("gs://landing/2026/*.csv"), is_source("gs://*/x.csv"), is_source("gs://b::file:///etc/passwd")
    (True, False, False)
    """
    return _URI.fullmatch(text) is not None


def refuse_other_sources(source: str, settings: Settings) -> None:
    """Refuse a source outside of what the deployment allows.

    Args:
        source: a ``gs://`` URI of a file, a folder or a glob.
        settings: the settings.

    Raises:
        InputError: it lies elsewhere.
    """
    allowed = [place.strip() for place in settings.sources.split(",") if place.strip()]
    places = allowed or [f"gs://{settings.landing_bucket}"]
    if not is_source(source) or not any(_lies_in(source, place) for place in places):
        raise InputError(
            f"{source[:200]!r}: is not among the sources that runs may read ({', '.join(places)}); "
            f"{VARIABLES['sources']} lists others"
        )


def _lies_in(source: str, place: str) -> bool:
    return f"{source}/".startswith(f"{place.rstrip('/')}/")
