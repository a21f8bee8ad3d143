"""A warehouse that a stream filled, held against the output of a batch over the same versions."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from google.cloud.bigquery import Client

from crime_pipelines.beam.streaming.messages import EXCERPT
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.answers import read
from crime_pipelines.cloud.warehouse.jobs import query
from crime_pipelines.domain.night import operational_night_sql
from crime_pipelines.engines.testing.suite import same

Rows = list[tuple[Any, ...]]
ALL = "WHERE loaded_at >= TIMESTAMP '1970-01-01 00:00:00+00:00'"


@dataclass
class Comparison:
    """Rows that a warehouse and a batch were asked for.

    Attributes:
        settings: the warehouse's.
        client: BigQuery.
        output: the output folder of the batch.
        compared: rows that were compared.
        versions: versions that were appended.
        letters: dead letters that were appended, by reason.
        differences: where the two differ, in words.
    """

    settings: Settings
    client: Client
    output: Path
    compared: int = 0
    versions: int = 0
    letters: dict[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def asked(self, sql: str) -> Rows:
        """Ask BigQuery; the dataset is called `crime` in the query."""
        return query(self.client, sql.replace("crime.", f"{self.settings.dataset}."))

    def live(self) -> None:
        """Compare what the live views say: three answers, every hour and every night."""
        for name in ("monthly_trend", "theft_locations"):
            self._answer(name, sorted(self.asked(f"SELECT * FROM crime.live_{name}")))
        order = "ORDER BY rate_low DESC, primary_type"
        self._answer("arrest_rates", self.asked(f"SELECT * FROM crime.live_arrest_rates {order}"))
        incidents = f"read_parquet('{self.output}/incidents/*/*.parquet')"
        night = operational_night_sql("occurred_at")
        for view, batch in {
            "area_hours": "SELECT coalesce(community_area, 0), date_trunc('hour', occurred_at), count(*) "
            f"FROM {incidents} GROUP BY 1, 2",
            "nights": f"SELECT {night} AS night, count(*) FROM {incidents} GROUP BY 1 "
            "HAVING night IS NOT NULL",
        }.items():
            wanted = set(duckdb.sql(batch).fetchall())
            found = self.asked(f"SELECT * FROM crime.live_{view}")
            self.compared += len(wanted)
            apart = sorted(wanted.symmetric_difference(found))
            self.differences += [f"live_{view}: {row} is in one of both" for row in apart]
            if len(found) != len(set(found)):
                self.differences.append(f"live_{view} has a row twice")

    def answers(self) -> None:
        """Compare the five answers, made anew before."""
        for name, answer in read(self.settings, self.client).items():
            self._answer(name, answer.rows)

    def incidents(self, incidents: int) -> None:
        """Compare how many incidents there are.

        Args:
            incidents: those of the batch.
        """
        ((number,),) = self.asked("SELECT COUNT(*) FROM crime.incidents")
        if number != incidents:
            self.differences.append(f"{number:,} incidents, not {incidents:,}")

    def rows(self, since: datetime) -> int:
        """Count versions and dead letters that were appended since a moment."""
        later = f"loaded_at >= TIMESTAMP '{since.isoformat(sep=' ')}'"
        ((number,),) = self.asked(
            f"SELECT (SELECT COUNT(*) FROM crime.incident_versions WHERE {later}) "
            f"+ (SELECT COUNT(*) FROM crime.dead_letters WHERE {later})"
        )
        return int(number)

    def different(self) -> int:
        """Count versions and dead letters, repeats once."""
        ((number,),) = self.asked(
            "SELECT (SELECT COUNT(DISTINCT sha256) FROM crime.dead_letters) + (SELECT COUNT(*) FROM ("
            "SELECT DISTINCT id, deleted, updated_on, occurred_at, arrest, community_area "
            f"FROM crime.incident_versions {ALL}))"
        )
        return int(number)

    def messages(self, poison: Counter[str]) -> int:
        """Compare the dead letters, and count all messages that came of what was read.

        Args:
            poison: different messages that no version can come of, by reason.

        Returns:
            Versions and dead letters, repeats among them.
        """
        ((self.versions,),) = self.asked(f"SELECT COUNT(*) FROM crime.incident_versions {ALL}")
        sql = "SELECT reason, COUNT(*), COUNT(DISTINCT sha256), MAX(LENGTH(payload)) FROM crime.dead_letters"
        found = self.asked(f"{sql} GROUP BY reason ORDER BY reason")
        self.letters = {reason: number for reason, number, *_ in found}
        assert {reason: different for reason, _, different, _ in found} == poison
        assert all(longest <= EXCERPT for *_, longest in found)
        return self.versions + sum(self.letters.values())

    def __str__(self) -> str:
        """The numbers appended and compared, in words."""
        letters = ", ".join(f"{number:,} {reason}" for reason, number in self.letters.items())
        return (
            f"{self.versions:,} versions and {sum(self.letters.values()):,} dead letters ({letters}) "
            f"appended; {self.compared:,} rows compared, {len(self.differences)} differences"
        )

    def _answer(self, name: str, found: Rows) -> None:
        with (self.output / "answers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            wanted = list(csv.reader(file))[1:]
        self.compared += len(wanted)
        if len(found) != len(wanted):
            self.differences.append(f"{name}: {len(found):,} rows, not {len(wanted):,}")
            return
        for row, texts in zip(found, wanted, strict=True):
            if not all(same(text, value) for text, value in zip(texts, row, strict=True)):
                self.differences.append(f"{name}: {row} is not {texts}")
