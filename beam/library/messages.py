"""`ReadMessages`: the feed's messages as rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.transforms.display import DisplayDataItem

from crime_pipelines.beam.library.incident import Deletion, Incident
from crime_pipelines.beam.streaming.messages import Version
from crime_pipelines.beam.streaming.stream import ReadFeed
from crime_pipelines.domain.dates import DEFAULT_SHIFT_YEARS
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.versions import Tombstone
from crime_pipelines.layouts import layout_named


class MessagesRead(NamedTuple):
    """The outputs of `ReadMessages`.

    Attributes:
        incidents: rows (`Incident`), a version each.
        deletions: rows (`Deletion`): incidents that the department has withdrawn.
        dead_letters: `streaming.messages.DeadLetter`: messages that are neither, with the reason.
    """

    incidents: PCollection
    deletions: PCollection
    dead_letters: PCollection


class ReadMessages(beam.PTransform):
    """Reads messages, JSON in bytes, wherever they come from: Pub/Sub, a file, `TestStream`.

    Each message is read by itself, so any order, any windows and both batch and stream do. Where elements
    carry the time of their publication, as those of Pub/Sub do, dates are held against it.
    """

    def __init__(self, *, shift_years: int = DEFAULT_SHIFT_YEARS, layout: str | None = None) -> None:
        """Remember the shift and the layout.

        Args:
            shift_years: calendar years to move dates by.
            layout: the department's layout, by its name or its TOML file; the City of Chicago's unless given.

        Raises:
            InputError: there is no such layout.
        """
        super().__init__()
        self._shift_years, self._layout = shift_years, layout_named(layout or CHICAGO.name)

    def expand(self, payloads: PCollection) -> MessagesRead:
        """Wire it."""
        read = payloads | "Read" >> ReadFeed(self._shift_years, self._layout)
        return MessagesRead(
            read.versions | "Incidents" >> beam.FlatMap(_incidents).with_output_types(Incident),
            read.versions | "Deletions" >> beam.FlatMap(_deletions).with_output_types(Deletion),
            read.dead_letters,
        )

    def display_data(self) -> dict[str, DisplayDataItem]:
        """Return what a runner's page shows of this step."""
        return {
            "shift_years": DisplayDataItem(self._shift_years, label="Date shift, years"),
            "layout": DisplayDataItem(str(self._layout), label="Layout"),
        }


def _incidents(version: Version) -> Iterator[Incident]:
    if not isinstance(version.value, Tombstone):
        yield Incident._make(map(_plain, version.value))


def _deletions(version: Version) -> Iterator[Deletion]:
    if isinstance(version.value, Tombstone):
        yield Deletion(version.value.id, _plain(version.value.updated_on))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
