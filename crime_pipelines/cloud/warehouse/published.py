"""Tables of what of the answers is fit to be published, in BigQuery.

Each publication hides what would give small counts away, whatever of it is added up and subtracted. Two of
them differ by what was reported in between, so that the views of yesterday and today would tell single
incidents: there is a new one only after `DAYS_BETWEEN`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.jobs import query, replace_rows
from crime_pipelines.cloud.warehouse.tables import AS_OF, PUBLISHED_TABLES, full_name
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.errors import InputError
from crime_pipelines.output.publishing import fit_analyses, fit_answers
from crime_pipelines.questions import Answer

if TYPE_CHECKING:
    from google.cloud.bigquery import Client

#: A publication is as of so many days after the one that it replaces, at least; or as many before it.
DAYS_BETWEEN: Final = 90
#: Every publication has rows of it; it is written last, so that one that broke off is made again.
_LAST: Final = "monthly_trend"
_log = logging.getLogger(__name__)


def is_due(client: Client, settings: Settings, moment: datetime) -> bool:
    """Tell whether answers may be published beside those that were published last.

    Args:
        client: BigQuery.
        settings: the settings.
        moment: the moment that the answers are as of, local civil time.

    Returns:
        True if they are `DAYS_BETWEEN` apart, or nothing is published.

    Raises:
        PipelineError: BigQuery refuses.
    """
    target = full_name(settings.project, settings.answers_dataset, PUBLISHED_TABLES[_LAST])
    found = query(client, f"SELECT MAX(`{AS_OF.name}`) FROM {target}")
    published = found[0][0] if found else None
    return published is None or abs((moment.date() - published).days) >= DAYS_BETWEEN


def publish_anew(
    client: Client,
    settings: Settings,
    moment: datetime,
    covered: CoveredPeriod | None,
    answers: Mapping[str, Answer],
    analyses: Mapping[str, Answer],
) -> None:
    """Replace what is published. Where nothing of the answers may be published, it stays as it is.

    Args:
        client: BigQuery.
        settings: the settings.
        moment: the moment that the answers are as of, local civil time.
        covered: the covered period of all incidents; None without incidents, of which nothing is published.
        answers: the answers by name.
        analyses: the analyses by name.

    Raises:
        PipelineError: BigQuery refuses.
    """
    if covered is None:
        return
    try:
        fit = fit_answers(answers, "the warehouse", covered.first.date(), covered.last.date())
    except InputError as error:
        _log.warning("not published", extra={"reason": str(error)})
        return
    fit |= fit_analyses(analyses)
    day = moment.date()
    for name in sorted(PUBLISHED_TABLES, key=lambda each: each == _LAST):
        rows = [(day, at, *row) for at, row in enumerate(fit[name].rows, 1)]
        table = PUBLISHED_TABLES[name]
        target = full_name(settings.project, settings.answers_dataset, table)
        replace_rows(client, target, table.columns, rows)
    _log.info("published", extra={"as_of": str(day)})
