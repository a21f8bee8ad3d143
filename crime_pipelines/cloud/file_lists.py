"""Lists of files as one source: an object of the lake, since a workflow's parameter has 1,000 characters."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import fsspec

from crime_pipelines.cloud.allowed_sources import is_source
from crime_pipelines.errors import InputError
from crime_pipelines.sources.storage import storage_options

if TYPE_CHECKING:
    from google.cloud.storage import Client

    from crime_pipelines.cloud.settings import Settings

NAME: Final = "files.json"
#: The lake's folder of what has landed: lists, notes, and copies of objects that can't be read as they
#: landed. Who starts runs writes here and not into the runs' own folders, where every incident lies as it is.
ARRIVALS: Final = "arrivals"
_LIST: Final = re.compile(rf"gs://[^/]+/{ARRIVALS}/[^/]+/{re.escape(NAME)}")


def write_list(settings: Settings, storage: Client, run_id: str, uris: Sequence[str]) -> str:
    """Write the list of a run's files.

    Args:
        settings: the settings.
        storage: Cloud Storage.
        run_id: the run.
        uris: the files.

    Returns:
        The list's URI, which `files_of` reads.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: Cloud Storage fails.
    """
    name = f"{ARRIVALS}/{run_id}/{NAME}"
    content = json.dumps(list(uris))
    storage.bucket(settings.lake_bucket).blob(name).upload_from_string(
        content, content_type="application/json"
    )
    return f"gs://{settings.lake_bucket}/{name}"


def files_of(source: str) -> list[str]:
    """Return the sources that a source stands for.

    Args:
        source: a list of a run's files, or any other source.

    Returns:
        The files of the list; the source itself where it is none.

    Raises:
        InputError: the list can't be read, or is none.
    """
    if not _LIST.fullmatch(source):
        return [source]
    try:
        with fsspec.open(source, "rb", **storage_options(source)) as file:
            found = json.loads(file.read())
    except (OSError, ValueError) as error:
        raise InputError(f"{source}: the list of files can't be read ({error})") from error
    if not isinstance(found, list) or not found or not all(isinstance(each, str) for each in found):
        raise InputError(f"{source}: is no list of files")
    for each in found:
        if not is_source(each):
            raise InputError(f"{source}: names {each[:200]!r}, which is no file in Cloud Storage")
    return found
