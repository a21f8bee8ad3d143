"""Elements of the library's steps: incidents as Arrow tables, or as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import PCollection
from apache_beam.transforms.trigger import DefaultTrigger
from apache_beam.transforms.window import GlobalWindows

from crime_pipelines.beam.arrow import IncidentTable
from crime_pipelines.beam.hints import of_type
from crime_pipelines.beam.library.incident import Incident, rows_of, table_of

#: Rows that are put together as one table, about.
_MOST_ROWS: Final = 50_000


def are_rows(incidents: PCollection) -> bool:
    """Tell whether a collection holds rows, by its type hint.

    Args:
        incidents: rows of type `Incident`, or tables.

    Returns:
        True for rows.
    """
    return bool(incidents.element_type == Incident)


class AsTables(beam.PTransform):
    """Takes rows or tables, and gives tables."""

    def expand(self, incidents: PCollection) -> PCollection:
        """Wire it."""
        if incidents.element_type == IncidentTable:
            return incidents
        batches = incidents | "Batch" >> beam.BatchElements(max_batch_size=_MOST_ROWS)
        return batches | "AsTables" >> beam.Map(_together).with_output_types(IncidentTable)


class AsRows(beam.PTransform):
    """Takes tables, and gives rows."""

    def expand(self, tables: PCollection) -> PCollection:
        """Wire it."""
        return tables | "AsRows" >> beam.FlatMap(rows_of).with_output_types(Incident)


def in_kind(tables: PCollection, *, rows: bool) -> PCollection:
    """Give what a step has made in the kind that it has taken.

    Args:
        tables: tables.
        rows: whether to give rows.

    Returns:
        The incidents.
    """
    return tables | "InKind" >> AsRows() if rows else of_type(tables, IncidentTable)


def refuse_endless(incidents: PCollection, step: str) -> None:
    """Refuse a collection whose elements a step would wait for without end.

    Args:
        incidents: the step's input.
        step: its name.

    Raises:
        ValueError: the collection is unbounded, in the global window, and nothing triggers before its end.
    """
    windowing = incidents.windowing
    if (
        not incidents.is_bounded
        and isinstance(windowing.windowfn, GlobalWindows)
        and isinstance(windowing.triggerfn, DefaultTrigger)
    ):
        raise ValueError(
            f"{step} needs all elements of a window, and the global window of an unbounded source never "
            f"ends: put beam.WindowInto(...) before it"
        )


def _together(elements: Sequence[Any]) -> pa.Table:
    rows = [element for element in elements if not isinstance(element, pa.Table)]
    tables = [element for element in elements if isinstance(element, pa.Table)]
    return pa.concat_tables([*tables, table_of(rows)] if rows else tables)
