"""The warehouse in BigQuery as a dashboard shows it: every number counted anew, at this moment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from crime_pipelines import __version__
from crime_pipelines.clients import warehouse_client
from crime_pipelines.errors import PipelineError
from crime_pipelines.questions import DATA_QUALITY, QUESTIONS, REPORT_QUESTIONS, Answer, Question
from crime_pipelines.questions.render import render
from crime_pipelines.record import RunRecord
from crime_pipelines.report.page import Extras, page_text
from crime_pipelines.settings import Settings
from crime_pipelines.warehouse.jobs import query
from crime_pipelines.warehouse.tables import INCIDENT_VERSIONS, REJECTS
from crime_pipelines.warehouse.views import INCIDENTS, table_names

#: BigQuery is asked for news this often at most, as each time costs money; seconds.
EVERY: Final = 10.0


class LiveWarehouse:
    """The warehouse, as a source of a dashboard."""

    def __init__(
        self, shapes: Mapping[int, Any] | None = None, settings: Settings | None = None, every: float = EVERY
    ) -> None:
        """Reach the warehouse.

        Args:
            shapes: the areas' true outlines, if any.
            settings: the settings; this process's own unless given.
            every: how often to ask for news at most, in seconds.

        Raises:
            InputError: a setting is missing.
        """
        self._settings = settings or Settings.from_environment()
        self._shapes = shapes
        self._client = warehouse_client(self._settings)
        self._every = every
        self._asked = -every
        self._version = ""

    def version(self) -> str:
        """How many versions of incidents and rejects there are, and when the last came; see `Source`."""
        if time.monotonic() - self._asked >= self._every:
            versions, rejects = (self._name(table.name) for table in (INCIDENT_VERSIONS, REJECTS))
            ((number, last),) = self._query(f"SELECT COUNT(*), MAX(loaded_at) FROM {versions}")
            ((rejected,),) = self._query(f"SELECT COUNT(*) FROM {rejects}")
            self._version = f"{number}-{rejected}-{last.isoformat() if last else ''}"
            self._asked = time.monotonic()
        return self._version

    def page(self, version: str) -> str:
        """The report; see `Source`."""
        ((latest,),) = self._query(f"SELECT MAX(occurred_at) FROM {self._name(INCIDENTS)}")
        if latest is None:
            raise PipelineError(f"{self._settings.project}.{self._settings.dataset}: holds no incident yet")
        shift = self._shift()
        answers = {each.name: self._answer(each, latest, shift) for each in QUESTIONS}
        beside = {each.name: self._answer(each, latest, shift) for each in REPORT_QUESTIONS}
        return page_text(self._record(latest, shift), answers, Extras(beside, self._shapes, version))

    def _record(self, latest: datetime, shift: int) -> RunRecord:
        (quality,) = self._answer(DATA_QUALITY, latest, shift).records()
        versions = self._name(INCIDENT_VERSIONS.name)
        ((number,),) = self._query(f"SELECT COUNT(*) FROM {versions}")
        rejected = dict(
            self._query(f"SELECT reason, COUNT(*) FROM {self._name(REJECTS.name)} GROUP BY reason")
        )
        warnings = dict(
            self._query(
                f"SELECT field, COUNT(*) FROM {versions}, UNNEST(SPLIT(unreadable, ',')) AS field "
                "GROUP BY field"
            )
        )
        return RunRecord(
            engine="bigquery",
            source=f"{self._settings.project}.{self._settings.dataset}",
            files=[],
            read=number + sum(rejected.values()),
            incidents=quality["incidents"],
            superseded=number - quality["incidents"],
            rejected=rejected,
            warnings=warnings,
            shift_years=shift,
            as_of=latest,
            data_quality=quality,
            versions={"crime-pipelines": __version__},
        )

    def _shift(self) -> int:
        """The shift that most incidents carry."""
        found = self._query(
            f"SELECT shift_years, COUNT(*) AS incidents FROM {self._name(INCIDENTS)} "
            "GROUP BY shift_years ORDER BY incidents DESC, shift_years LIMIT 1"
        )
        return int(found[0][0] or 0)

    def _answer(self, question: Question, as_of: datetime, shift: int) -> Answer:
        names = table_names(self._settings.project, self._settings.dataset)
        rows = self._query(render(question, "bigquery", as_of, shift, names))
        return Answer(question, question.finish(rows))

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = query(self._client, sql)
        return rows

    def _name(self, table: str) -> str:
        return f"`{self._settings.project}`.`{self._settings.dataset}`.`{table}`"
