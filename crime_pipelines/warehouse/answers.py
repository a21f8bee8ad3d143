"""The five answers in BigQuery: made anew from the view of incidents, and read back."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Final

from crime_pipelines.clients import warehouse_client
from crime_pipelines.questions import QUESTIONS, Answer, Question
from crime_pipelines.questions.render import order_of, render
from crime_pipelines.settings import Settings
from crime_pipelines.warehouse.jobs import query, replace_row, replacing
from crime_pipelines.warehouse.runs import newest_run
from crime_pipelines.warehouse.tables import ANSWERS, full_name
from crime_pipelines.warehouse.views import table_names

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

    from crime_pipelines.manifest import Manifest

_DIALECT: Final = "bigquery"
_log = logging.getLogger(__name__)


def refresh(settings: Settings, moment: datetime) -> None:
    """Make the five answers anew over all incidents in the warehouse. Each table changes at once.

    Args:
        settings: the settings.
        moment: the moment that they are as of, local civil time.

    Raises:
        PipelineError: BigQuery refuses.
    """
    with closing(warehouse_client(settings)) as client:
        for question in QUESTIONS:
            _refresh(client, settings, question, moment)
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


def read(settings: Settings, client: Client) -> dict[str, Answer]:
    """Read the five answers back.

    Args:
        settings: the settings.
        client: BigQuery.

    Returns:
        The answers by name, their rows in the question's order.

    Raises:
        PipelineError: BigQuery refuses.
    """
    return {each.name: Answer(each, query(client, _reading(settings, each))) for each in QUESTIONS}


def _refresh(client: Client, settings: Settings, question: Question, moment: datetime) -> None:
    table = ANSWERS[question.name]
    target = full_name(settings.project, settings.answers_dataset, table)
    names = table_names(settings.project, settings.dataset)
    asked = render(question, _DIALECT, moment, tables=names)
    if question.is_sql_alone:
        query(client, replacing(target, {name: f"fresh.`{name}`" for name in table.names}, f"(\n{asked}\n)"))
    else:
        (row,) = question.finish(query(client, asked))
        replace_row(client, target, table.columns, row)


def _reading(settings: Settings, question: Question) -> str:
    table = ANSWERS[question.name]
    columns = ", ".join(f"`{name}`" for name in table.names)
    order = f" ORDER BY {order_of(question, _DIALECT)}" if question.is_sql_alone else ""
    return f"SELECT {columns} FROM {full_name(settings.project, settings.answers_dataset, table)}{order}"
