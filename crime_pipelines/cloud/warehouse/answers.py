"""The answers and analyses in BigQuery: made anew from the table of incidents, and read back."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.current import refresh_incidents
from crime_pipelines.cloud.warehouse.jobs import load_in_place, query, replace_rows, replacing
from crime_pipelines.cloud.warehouse.published import is_due, publish_anew
from crime_pipelines.cloud.warehouse.runs import newest_run
from crime_pipelines.cloud.warehouse.tables import ANALYSIS_TABLES, ANSWERS, ROW, full_name
from crime_pipelines.cloud.warehouse.views import table_names
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.questions import (
    ANALYSES,
    COVERED_PERIOD,
    QUESTIONS,
    Answer,
    Question,
    period_of,
)
from crime_pipelines.questions.render import order_of, render

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

    from crime_pipelines.cloud.manifest import Manifest

_DIALECT: Final = "bigquery"
_log = logging.getLogger(__name__)


def refresh(settings: Settings, moment: datetime) -> None:
    """Make `incidents` and the answers anew from all that is in the warehouse. Each table changes at once.

    What of them is published is made from them, where it is due.

    Args:
        settings: the settings.
        moment: the moment that they are as of, local civil time.

    Raises:
        PipelineError: BigQuery refuses.
    """
    with closing(warehouse_client(settings)) as client:
        refresh_incidents(client, settings)
        covered = covered_period(client, settings)
        for question in QUESTIONS:
            _refresh(client, settings, question, moment, covered)
        analyses = _refresh_analyses(client, settings, moment, covered)
        if is_due(client, settings, moment):
            publish_anew(client, settings, moment, covered, read(settings, client), analyses)
    _log.info("answers made", extra={"as_of": str(moment)})


def refresh_after(settings: Settings, manifest: Manifest) -> str:
    """Make the answers anew once a run is in the warehouse.

    They are as of the run that finished last: one that ends late, or is told of again, must not take them
    back to an earlier moment.

    Args:
        settings: the settings.
        manifest: the run.

    Returns:
        The run that they are as of.

    Raises:
        InputError: no run has incidents.
        PipelineError: BigQuery refuses.
    """
    own = manifest.run_id, manifest.moment
    with closing(warehouse_client(settings)) as client:
        run_id, moment = newest_run(client, settings) or own
    refresh(settings, moment)
    return run_id


def covered_period(client: Client, settings: Settings) -> CoveredPeriod | None:
    """Find the covered period of all incidents in the warehouse.

    Args:
        client: BigQuery.
        settings: the settings.

    Returns:
        The period; None without incidents.

    Raises:
        PipelineError: BigQuery refuses.
    """
    names = table_names(settings.project, settings.dataset)
    found = period_of(query(client, render(COVERED_PERIOD, _DIALECT, None, tables=names)))
    return found and found[0]


def read(settings: Settings, client: Client) -> dict[str, Answer]:
    """Read the answers back.

    Args:
        settings: the settings.
        client: BigQuery.

    Returns:
        The answers by name, their rows in the question's order.

    Raises:
        PipelineError: BigQuery refuses.
    """
    return {each.name: Answer(each, query(client, _reading(settings, each))) for each in QUESTIONS}


def read_analyses(settings: Settings, client: Client) -> dict[str, Answer]:
    """Read the analyses back.

    Args:
        settings: the settings.
        client: BigQuery.

    Returns:
        The analyses by name.

    Raises:
        PipelineError: BigQuery refuses.
    """
    return {
        each.name: Answer(each, query(client, _reading_analysis(settings, each.name))) for each in ANALYSES
    }


def _refresh(
    client: Client, settings: Settings, question: Question, moment: datetime, covered: CoveredPeriod | None
) -> None:
    table = ANSWERS[question.name]
    target = full_name(settings.project, settings.answers_dataset, table)
    names = table_names(settings.project, settings.dataset)
    asked = render(question, _DIALECT, moment, tables=names, covered=covered)
    if question.is_sql_alone:
        query(client, replacing(target, {name: f"fresh.`{name}`" for name in table.names}, f"(\n{asked}\n)"))
    else:
        replace_rows(client, target, table.columns, question.finish(query(client, asked)))


def _refresh_analyses(
    client: Client, settings: Settings, moment: datetime, covered: CoveredPeriod | None
) -> dict[str, Answer]:
    """Make the analyses anew. Those of the same counts share a query: what they scan is paid for once."""
    names = table_names(settings.project, settings.dataset)
    found: dict[str, list[tuple[Any, ...]]] = {}
    made = {}
    for question in ANALYSES:
        asked = render(question, _DIALECT, moment, tables=names, covered=covered)
        if asked not in found:
            found[asked] = query(client, asked)
        made[question.name] = Answer(question, question.finish(found[asked]))
        rows = [(at, *row) for at, row in enumerate(made[question.name].rows, 1)]
        load_in_place(client, settings, ANALYSIS_TABLES[question.name], rows)
    return made


def _reading(settings: Settings, question: Question) -> str:
    table = ANSWERS[question.name]
    columns = ", ".join(f"`{name}`" for name in table.names)
    order = order_of(question, _DIALECT)
    return (
        f"SELECT {columns} FROM {full_name(settings.project, settings.answers_dataset, table)}"
        f"{f' ORDER BY {order}' if order else ''}"
    )


def _reading_analysis(settings: Settings, name: str) -> str:
    table = ANALYSIS_TABLES[name]
    columns = ", ".join(f"`{column}`" for column in table.names if column != ROW.name)
    target = full_name(settings.project, settings.answers_dataset, table)
    return f"SELECT {columns} FROM {target} ORDER BY `{ROW.name}`"
