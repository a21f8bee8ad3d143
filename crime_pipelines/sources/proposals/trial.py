"""A layout tried on a file: rows as they are read, and what would be rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.layouts.mapping import MappedColumn
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.reading import Incident
from crime_pipelines.domain.versions import Tombstone, read_version

_KEPT: Final = 10
_FIELDS: Final = {
    Reason.MISSING_ID: "id",
    Reason.BAD_ID: "id",
    Reason.BAD_ARREST: "arrest",
}


@dataclass
class Trial:
    """The outcome of a trial.

    Attributes:
        rows: the rows tried, sound ones.
        incidents: the first ten incidents.
        rejected: rejected rows by reason.
        examples: for each reason the text that is to blame.
        unreadable: values that count as empty, by field.
        empty: incidents without a value, by field.
    """

    rows: int = 0
    incidents: list[Incident] = field(default_factory=list)
    rejected: Counter[Reason] = field(default_factory=Counter)
    examples: dict[Reason, str] = field(default_factory=dict)
    unreadable: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)

    @property
    def rejects(self) -> int:
        """Rejected rows, for whatever reason."""
        return sum(self.rejected.values())


def try_layout(
    rows: Iterable[Sequence[str]], columns: Sequence[tuple[str, MappedColumn]], layout: Layout
) -> Trial:
    """Read rows as a layout says.

    Args:
        rows: the fields of each row.
        columns: the columns of each field.
        layout: the layout.

    Returns:
        What comes of them; dates are not shifted.
    """
    trial = Trial()
    for fields in rows:
        trial.rows += 1
        texts = {name: column.text(fields) for name, column in columns}
        read = read_version(texts, 0, layout)
        if isinstance(read, Reason):
            trial.rejected[read] += 1
            trial.examples.setdefault(read, texts.get(_FIELDS.get(read, "occurred_at"), ""))
            continue
        if isinstance(read, Tombstone):
            continue
        if len(trial.incidents) < _KEPT:
            trial.incidents.append(read)
        trial.unreadable.update(read.unreadable.split(",") if read.unreadable else ())
        trial.empty.update(
            name
            for name in ("primary_type", "location_description", "community_area")
            if getattr(read, name) is None
        )
    return trial
