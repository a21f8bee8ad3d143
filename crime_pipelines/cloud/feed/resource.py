"""The resource of an open-data API that a department's incidents come from, and its columns."""

from __future__ import annotations

import re
from typing import Final

from crime_pipelines.cloud.settings import CHICAGO_FEED, VARIABLES, Settings
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.errors import InputError

#: Before the names of what the API itself says of a row.
_SYSTEM: Final = ":"


def resource_of(settings: Settings, layout: Layout, url: str | None) -> str:
    """Return the resource that a department's incidents come from.

    Args:
        settings: the settings.
        layout: the department's layout.
        url: the resource that the user named, if any.

    Returns:
        Its URL.

    Raises:
        InputError: the department is not Chicago's, and no resource is named.
    """
    if url:
        return url
    if settings.feed_url == CHICAGO_FEED and layout.department != CHICAGO.department:
        raise InputError(
            f"layout {layout}: where the incidents of {layout.department} come from is not known; name the "
            f"resource of its API, ending in .json, by --url or {VARIABLES['feed_url']}"
        )
    return settings.feed_url


def id_column(layout: Layout) -> str:
    """Return what the API calls the column of ids: the words of its heading in small letters.

    Args:
        layout: a layout of the department.

    Returns:
        The name. For example, ``dr_no`` for the heading ``DR_NO``.
    """
    if layout.department == CHICAGO.department:  # whose copy in BigQuery calls it otherwise
        layout = CHICAGO
    heading = layout.mappings["id"].headings[0].names[0]
    return re.sub("[^a-z0-9]+", "_", heading.lower()).strip("_")


def system_columns(layout: Layout) -> frozenset[str]:
    """Return the columns that the API itself adds to a row, and of which the layout makes a field.

    Args:
        layout: the department's layout.

    Returns:
        Their names, such as ``:updated_at`` where the department publishes no time of update of its own.
    """
    names = (
        name for field in layout.mappings.values() for heading in field.headings for name in heading.names
    )
    return frozenset(name for name in names if name.startswith(_SYSTEM))
