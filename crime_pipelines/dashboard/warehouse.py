"""The warehouse in BigQuery as a dashboard shows it: counted anew at each refresh of `incidents`."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any, Final

from crime_pipelines import __version__
from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.answers import covered_period
from crime_pipelines.cloud.warehouse.department import record_fields
from crime_pipelines.cloud.warehouse.jobs import billed_query
from crime_pipelines.cloud.warehouse.views import INCIDENTS, table_names
from crime_pipelines.dashboard.dashboard import Shown
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.errors import PipelineError
from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import DATA_QUALITY, QUESTIONS, Answer, Question
from crime_pipelines.questions.render import render
from crime_pipelines.report.charts.geojson import read_boundaries
from crime_pipelines.report.extras import Extras, report_questions
from crime_pipelines.report.page import page_text
from crime_pipelines.schema.warehouse import INCIDENT_VERSIONS, REFRESHES, REJECTS

#: BigQuery is asked for news this often at most, as each time it bills 10 MB at least; seconds.
EVERY: Final = 30.0
_MEGABYTE: Final = 1_000_000
_log = logging.getLogger(__name__)
_ALL_TIME: Final = "1970-01-01 00:00:00+00:00"


class LiveWarehouse:
    """The warehouse, as a source of a dashboard."""

    def __init__(
        self, boundaries: Path | None = None, settings: Settings | None = None, every: float = EVERY
    ) -> None:
        """Reach the warehouse.

        Args:
            boundaries: a GeoJSON file of the areas' true outlines, if any.
            settings: the settings; this process's own unless given.
            every: how often to ask for news at most, in seconds.

        Raises:
            InputError: a setting is missing.
        """
        self._settings = settings or Settings.from_environment()
        self._boundaries = boundaries
        self._client = warehouse_client(self._settings)
        self._every = every
        self._asked = -every
        self._version = ""
        self._queries, self._bytes = 0, 0

    def version(self) -> str:
        """Return the time of the last refresh that changed `incidents`; see `Source`."""
        if time.monotonic() - self._asked >= self._every:
            refreshes = f"FROM {self._name(REFRESHES.name)} WHERE versions > 0 OR months > 0"
            ((last,),) = self._query(f"SELECT MAX(refreshed_at) {refreshes}")
            self._version = last.isoformat() if last else ""
            self._asked = time.monotonic()
        return self._version

    def show(self, version: str) -> Shown:
        """Return the report; see `Source`."""
        self._queries, self._bytes = 0, 0
        covered = covered_period(self._client, self._settings)
        if covered is None:
            raise PipelineError(f"{self._settings.project}.{self._settings.dataset}: holds no incident yet")
        shift = self._shift()
        answers = {each.name: self._answer(each, covered, shift) for each in QUESTIONS}
        record = self._record(covered, shift)
        shapes = read_boundaries(self._boundaries, record.known_areas) if self._boundaries else None
        asked = report_questions(record, shapes)
        beside = {each.name: self._answer(each, covered, shift) for each in asked}
        note = (
            f"BigQuery bills {self._bytes / _MEGABYTE:,.0f} MB in {self._queries} queries for this page, "
            "which is kept until the incidents change."
        )
        _log.info("page made", extra={"queries": self._queries, "bytes_billed": self._bytes})
        return Shown(page_text(record, answers, Extras(beside, shapes, version, note=note)), record, answers)

    def _record(self, covered: CoveredPeriod, shift: int) -> RunRecord:
        (quality,) = self._answer(DATA_QUALITY, covered, shift).records()
        incidents = quality["incidents"]
        # Versions and rejects expire, incidents do not: what is left of the former may be less than these.
        everything = f"FROM {{}} WHERE loaded_at >= TIMESTAMP '{_ALL_TIME}'"
        ((number,),) = self._query(
            f"SELECT COUNT(*) {everything.format(self._name(INCIDENT_VERSIONS.name))} "
            "AND NOT COALESCE(deleted, FALSE)"
        )
        rejected = dict(
            self._query(
                f"SELECT reason, COUNT(*) {everything.format(self._name(REJECTS.name))} GROUP BY reason"
            )
        )
        warnings = dict(
            self._query(
                f"SELECT field, COUNT(*) FROM {self._name(INCIDENTS)}, "
                "UNNEST(SPLIT(unreadable, ',')) AS field GROUP BY field"
            )
        )
        superseded = max(number - incidents, 0)
        return RunRecord(
            engine="bigquery",
            source=f"{self._settings.project}.{self._settings.dataset}",
            files=[],
            read=incidents + superseded + sum(rejected.values()),
            incidents=incidents,
            superseded=superseded,
            rejected=rejected,
            warnings=warnings,
            shift_years=shift,
            as_of=covered.last,
            covered_period=covered,
            data_quality=quality,
            versions={"crime-pipelines": __version__},
            **record_fields(self._client, self._settings),
        )

    def _shift(self) -> int:
        """Return the shift that most incidents carry."""
        found = self._query(
            f"SELECT shift_years, COUNT(*) AS incidents FROM {self._name(INCIDENTS)} "
            "GROUP BY shift_years ORDER BY incidents DESC, shift_years LIMIT 1"
        )
        return int(found[0][0] or 0)

    def _answer(self, question: Question, covered: CoveredPeriod, shift: int) -> Answer:
        names = table_names(self._settings.project, self._settings.dataset)
        rows = self._query(render(question, "bigquery", covered.last, shift, names, covered=covered))
        return Answer(question, question.finish(rows))

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        rows, billed = billed_query(self._client, sql)
        self._queries += 1
        self._bytes += billed
        return rows

    def _name(self, table: str) -> str:
        return f"`{self._settings.project}`.`{self._settings.dataset}`.`{table}`"
