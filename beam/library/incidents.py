"""Steps over incidents: their current versions, the answers, and files of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any, Final

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import PCollection
from apache_beam.transforms.display import DisplayDataItem
from apache_beam.transforms.window import GlobalWindow

from crime_pipelines.beam.answers import AnswersFn
from crime_pipelines.beam.arrow import IncidentTable
from crime_pipelines.beam.library.elements import AsTables, are_rows, in_kind, refuse_endless
from crime_pipelines.beam.parquet import bucket_name, write_by_year
from crime_pipelines.beam.parting import PartByBucket
from crime_pipelines.beam.transforms import LatestInBuckets
from crime_pipelines.domain.dates import DEFAULT_SHIFT_YEARS
from crime_pipelines.questions import QUESTIONS, Answer

#: Parts of the incidents that are compared or written at a time, each in a worker's memory.
BUCKETS: Final = 16


class LatestVersions(beam.PTransform):
    """Keeps the current version of each incident: of rows gives rows, of tables tables."""

    def __init__(self, buckets: int = BUCKETS) -> None:
        """Say how finely to part the incidents.

        Args:
            buckets: how many parts; each must fit a worker's memory.
        """
        super().__init__()
        self._buckets = buckets

    def expand(self, versions: PCollection) -> PCollection:
        """Wire it."""
        refuse_endless(versions, "LatestVersions")
        latest = versions | AsTables() | LatestInBuckets(self._buckets)
        tables = latest.incidents | "Tables" >> beam.Values().with_output_types(IncidentTable)
        return in_kind(tables, rows=are_rows(versions))

    def display_data(self) -> dict[str, DisplayDataItem]:
        """Return what a runner's page shows of this step."""
        return {"buckets": DisplayDataItem(self._buckets, label="Buckets")}


class AnswerQuestions(beam.PTransform):
    """Answers the questions from incidents, one row or table row each: gives an `Answer` for each question.

    Without incidents there are no answers. In windows, each window has its own.
    """

    def __init__(
        self,
        as_of: date | None = None,
        *,
        shift_years: int = DEFAULT_SHIFT_YEARS,
        questions: Collection[str] | None = None,
    ) -> None:
        """Say what is asked.

        Args:
            as_of: the day that the answers are as of; the end of the covered period if None.
            shift_years: the date shift that the incidents carry.
            questions: the names of the questions; all five unless given.

        Raises:
            ValueError: there is no such question.
        """
        super().__init__()
        known = [question.name for question in QUESTIONS]
        unknown = sorted(set(questions or ()) - set(known))
        if unknown:
            raise ValueError(f"no such question: {', '.join(unknown)} (there are {', '.join(known)})")
        self._as_of = as_of
        self._shift_years = shift_years
        self._questions = [name for name in known if questions is None or name in questions]

    def expand(self, incidents: PCollection) -> PCollection:
        """Wire it."""
        refuse_endless(incidents, "AnswerQuestions")
        wanted = self._questions
        return (
            incidents
            | AsTables()
            | "Answer" >> beam.CombineGlobally(AnswersFn(self._as_of, self._shift_years)).without_defaults()
            | "Each"
            >> beam.FlatMap(
                lambda answers: [answers[name] for name in wanted if name in answers]
            ).with_output_types(Answer)
        )

    def display_data(self) -> dict[str, DisplayDataItem]:
        """Return what a runner's page shows of this step."""
        return {
            "as_of": DisplayDataItem(str(self._as_of or "the end of the covered period"), label="As of"),
            "questions": DisplayDataItem(", ".join(self._questions), label="Questions"),
        }


class WriteIncidents(beam.PTransform):
    """Writes incidents as Parquet, in a folder for each year; gives the paths.

    What is written again, as runners do after a fault, replaces itself. Each window has files of its own.
    """

    def __init__(self, folder: str, buckets: int = BUCKETS) -> None:
        """Say where to.

        Args:
            folder: the folder, local or a URI.
            buckets: files of a year, at most; each must fit a worker's memory.
        """
        super().__init__()
        self._folder = folder
        self._buckets = buckets

    def expand(self, incidents: PCollection) -> PCollection:
        """Wire it."""
        refuse_endless(incidents, "WriteIncidents")
        return (
            incidents
            | AsTables()
            | "ByBucket"
            >> beam.ParDo(PartByBucket(self._buckets)).with_output_types(tuple[int, IncidentTable])
            | "Together" >> beam.GroupByKey()
            | "Write" >> beam.ParDo(_WriteBucket(self._folder)).with_output_types(str)
        )

    def display_data(self) -> dict[str, DisplayDataItem]:
        """Return what a runner's page shows of this step."""
        return {"folder": DisplayDataItem(self._folder, label="Folder")}


class _WriteBucket(beam.DoFn):
    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder

    def process(
        self,
        element: tuple[int, Iterable[pa.Table]],
        window: Any = beam.DoFn.WindowParam,
        pane: Any = beam.DoFn.PaneInfoParam,
    ) -> Iterator[str]:
        """Write a bucket of a window; later panes of it have files of their own."""
        bucket, tables = element
        name = bucket_name(bucket)
        if not isinstance(window, GlobalWindow):
            start = window.start.to_utc_datetime()
            name += f"-{start:%Y%m%dT%H%M%S}-{window.end.to_utc_datetime():%Y%m%dT%H%M%S}"
        if pane.index > 0:
            name += f"-{pane.index}"
        yield from write_by_year(name, pa.concat_tables(tables), self._folder)
