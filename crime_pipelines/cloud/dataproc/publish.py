"""Putting the code where Dataproc fetches it: the package, the job files and the driver's libraries."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from google.api_core.exceptions import NotFound

from crime_pipelines.cloud.dataproc import driver_libraries as libraries
from crime_pipelines.cloud.dataproc.templates import JOB_FILES, code_uri, libraries_name, package_name
from crime_pipelines.cloud.layouts import refuse_other_layouts
from crime_pipelines.cloud.packaging import build_libraries, build_wheel, checkout
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import layout_named

if TYPE_CHECKING:
    from google.cloud.storage import Bucket, Client

    from crime_pipelines.cloud.settings import Settings

#: The folder of layouts in the code bucket.
_LAYOUTS: Final = "layouts"


def publish(
    settings: Settings,
    storage: Client,
    told: Callable[[str], None],
    *,
    wheel: Path | None = None,
    with_libraries: bool = True,
) -> list[str]:
    """Upload what the jobs need.

    Args:
        settings: the settings.
        storage: Cloud Storage.
        told: called with what is being done.
        wheel: the package; built from the checkout unless given.
        with_libraries: whether to fetch and upload the driver's libraries, too.

    Returns:
        The URIs of what was uploaded.

    Raises:
        InputError: there is no such bucket, or no checkout.
        PipelineError: something can't be built.
        google.api_core.exceptions.GoogleAPICallError: something can't be uploaded.
    """
    bucket = storage.bucket(settings.code_bucket)
    uploaded: list[str] = []

    def upload(path: Path, name: str) -> None:
        told(f"uploading {name}")
        _upload(bucket, path, name)
        uploaded.append(code_uri(settings, name))

    with tempfile.TemporaryDirectory() as place:
        if wheel is None:
            told("building the wheel")
            wheel = build_wheel(checkout(), Path(place))
        upload(wheel, package_name())
        for job in JOB_FILES.values():
            with as_file(files("crime_pipelines.spark") / job) as path:
                upload(path, f"jobs/{job}")
        if with_libraries:
            told("fetching the driver's libraries")
            archive = Path(place, "libraries.zip")
            build_libraries(checkout(), archive, libraries.FOLDER)
            upload(archive, libraries_name())
    return uploaded


def layout_uri(settings: Settings, file: Path) -> str:
    """Return where `publish_layout` puts a layout.

    Args:
        settings: the settings.
        file: its TOML file.

    Returns:
        The URI of its TOML file in the code bucket.
    """
    return code_uri(settings, f"{_LAYOUTS}/{file.name}")


def publish_layout(settings: Settings, storage: Client, file: Path) -> str:
    """Upload a layout of one's own, with its table of areas.

    Args:
        settings: the settings.
        storage: Cloud Storage.
        file: its TOML file.

    Returns:
        The URI of its TOML file in the code bucket, for the setting `layout`.

    Raises:
        InputError: there is no such bucket, the file is no layout, or its name can't be that of one there.
        google.api_core.exceptions.GoogleAPICallError: something can't be uploaded.
    """
    layout_named(str(file))
    uri = layout_uri(settings, file)
    refuse_other_layouts(uri, settings)
    bucket = storage.bucket(settings.code_bucket)
    areas = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("areas")
    # Who finds the layout finds its areas.
    for name in [*([areas] if isinstance(areas, str) else []), file.name]:
        _upload(bucket, file.with_name(name), f"{_LAYOUTS}/{name}")
    return uri


def _upload(bucket: Bucket, path: Path, name: str) -> None:
    try:
        bucket.blob(name).upload_from_filename(str(path))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except NotFound as error:
        raise InputError(f"gs://{bucket.name}: there is no such bucket") from error
