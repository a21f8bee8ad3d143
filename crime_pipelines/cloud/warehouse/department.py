"""The department whose incidents a warehouse holds: one, with the areas of its layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from crime_pipelines.cloud.manifest import Manifest
from crime_pipelines.cloud.settings import VARIABLES, Settings
from crime_pipelines.cloud.warehouse.jobs import query, replace_rows
from crime_pipelines.cloud.warehouse.tables import full_name
from crime_pipelines.domain.layouts.model import Area, Layout
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import BUNDLED
from crime_pipelines.schema.columns import Table
from crime_pipelines.schema.warehouse import AREAS, DEPARTMENT, INCIDENT_VERSIONS, RUNS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client


class Held(NamedTuple):
    """The department of a warehouse.

    Attributes:
        department: its name.
        layout: the layout that the warehouse was set up for.
        has_arrests: whether its data say of each incident whether there was an arrest.
    """

    department: str
    layout: str
    has_arrests: bool


def department_row(layout: Layout) -> Held:
    """Return the row of the table `department` for a layout.

    Args:
        layout: the layout.

    Returns:
        Its values, by the table's columns.
    """
    return Held(layout.department, str(layout), layout.has_arrests)


def held_department(client: Client, settings: Settings) -> Held | None:
    """Return the department whose incidents a warehouse holds.

    Args:
        client: BigQuery.
        settings: the settings.

    Returns:
        The department; None where the warehouse was not set up for one.

    Raises:
        PipelineError: BigQuery refuses.
    """
    target = full_name(settings.project, settings.dataset, DEPARTMENT)
    found = query(client, f"SELECT {', '.join(DEPARTMENT.names)} FROM {target}")
    return Held(*found[0]) if found else None


def put_department(client: Client, settings: Settings, layout: Layout) -> None:
    """Note the department of a warehouse, and its areas. Doing it again changes nothing.

    Args:
        client: BigQuery.
        settings: the settings; the tables exist.
        layout: the department's layout.

    Raises:
        InputError: the warehouse holds rows of another department.
        PipelineError: BigQuery refuses.
    """
    held = held_department(client, settings)
    if held and held.department != layout.department and _holds_rows(client, settings):
        raise InputError(
            f"{settings.project}.{settings.dataset}: holds the department {held.department}, and the layout "
            f"{layout} is of {layout.department}; name another dataset ({VARIABLES['dataset']} and "
            f"{VARIABLES['answers_dataset']}), or the layout {held.layout} ({VARIABLES['layout']})"
        )
    rows: tuple[tuple[Table, list[tuple[Any, ...]]], ...] = (
        (AREAS, [tuple(area) for area in layout.areas.all]),
        (DEPARTMENT, [tuple(department_row(layout))]),
    )
    for table, values in rows:
        replace_rows(client, full_name(settings.project, settings.dataset, table), table.columns, values)


def refuse_other_department(client: Client, settings: Settings, manifest: Manifest) -> None:
    """Refuse an attempt whose files are of another department than the warehouse holds.

    Args:
        client: BigQuery.
        settings: the settings.
        manifest: what the attempt says of itself.

    Raises:
        InputError: they are, or the warehouse was not set up for a department.
        PipelineError: BigQuery refuses.
    """
    noted, runs = (full_name(settings.project, settings.dataset, each) for each in (DEPARTMENT, RUNS))
    # Of the runs too: Terraform may set another department up where there are incidents.
    found = query(
        client,
        f"SELECT department FROM {noted} UNION DISTINCT "
        f"SELECT department FROM {runs} WHERE department IS NOT NULL",
    )
    dataset = f"{settings.project}.{settings.dataset}"
    if not found:
        raise InputError(f"{dataset}: has no department yet; run 'crime-pipelines warehouse setup'")
    others = sorted({department for (department,) in found} - {manifest.department})
    if others:
        raise InputError(
            f"run {manifest.run_id}: its files are of the department {manifest.department} (layout "
            f"{manifest.layout}), and {dataset} holds {', '.join(others)}; load them into another dataset"
        )


def record_fields(client: Client, settings: Settings) -> dict[str, Any]:
    """Return the department of a warehouse, as fields of a run's record.

    Args:
        client: BigQuery.
        settings: the settings.

    Returns:
        Values of `RunRecord`; the areas where the layout did not come with the package.

    Raises:
        PipelineError: BigQuery refuses.
    """
    held = held_department(client, settings)
    if held is None:
        return {}
    fields = held._asdict()
    if held.layout not in BUNDLED:
        target = full_name(settings.project, settings.dataset, AREAS)
        rows = query(client, f"SELECT {', '.join(AREAS.names)} FROM {target} ORDER BY area")
        fields["areas"] = [Area(*row) for row in rows]
    return fields


def _holds_rows(client: Client, settings: Settings) -> bool:
    runs, versions = (
        full_name(settings.project, settings.dataset, each) for each in (RUNS, INCIDENT_VERSIONS)
    )
    ((rows,),) = query(
        client,
        f"SELECT (SELECT COUNT(*) FROM {runs}) + "
        f"(SELECT COUNT(*) FROM {versions} WHERE loaded_at >= TIMESTAMP '1970-01-01 00:00:00+00:00')",
    )
    return bool(rows)
