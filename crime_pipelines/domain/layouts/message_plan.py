"""The plan by which a message's values become the fields of an incident, made once for a set of headings."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from operator import itemgetter
from typing import Any, Final, NamedTuple

from crime_pipelines.domain.fields import DELETED, FIELDS, normal_heading
from crime_pipelines.domain.layouts.forms import Fixed
from crime_pipelines.domain.layouts.headings import in_our_words, match_headings
from crime_pipelines.domain.layouts.mapping import MappedColumn
from crime_pipelines.domain.layouts.model import Layout

#: Headings that take more text together are matched anew each time, so that the cache stays small.
_MOST_CACHED: Final = 4_096
_ABSENT: Final = MappedColumn(Fixed(""), ())


class Plan(NamedTuple):
    """The readers of a message's values.

    Attributes:
        names: the field of each of its headings.
        pick: takes from its values and one more, which stands for what is absent, those that fields are made
            of, and last the one that says whether the incident is deleted; where `columns` is empty, the
            former are the fields of `fields.FIELDS`.
        columns: makes of what `pick` took the fields of `fields.FIELDS`.
        repeated: a field that is there twice, of which no incident can be made; None if there is none.
    """

    names: tuple[str | None, ...]
    pick: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    columns: tuple[MappedColumn, ...] = ()
    repeated: str | None = None


def plan_of(headings: tuple[str, ...], layout: Layout) -> Plan:
    """Return the plan for some headings.

    Args:
        headings: the headings of a message.
        layout: the department's layout, by whose headings its fields may go as well.

    Returns:
        The plan. A sender's messages mostly have one of a few sets of headings, whose plans are kept.
    """
    return (_cached_plan if sum(map(len, headings)) <= _MOST_CACHED else _plan)(headings, layout)


def _plan(headings: tuple[str, ...], layout: Layout) -> Plan:
    either = [match_headings(headings, each, absent=len(headings)) for each in (layout, in_our_words(layout))]
    matched = max(either, key=lambda found: len(found.known - {len(headings)}))
    names: list[str | None] = [None] * len(headings)
    deleted = [at for at, heading in enumerate(headings) if normal_heading(heading) == DELETED]
    repeated = DELETED if len(deleted) > 1 else None
    for name, column in matched.columns:
        if name in matched.repeated:
            repeated = name
        for at in column.positions:
            if at < len(headings):
                names[at] = name
    for at in deleted:
        names[at] = DELETED
    by_name = dict(matched.columns)
    columns = [by_name.get(field.name, _ABSENT) for field in FIELDS]
    positions = [column.positions or (len(headings),) for column in columns]
    last = deleted[0] if deleted else len(headings)
    pick = itemgetter(*(at for each in positions for at in each), last)
    if all(column is _ABSENT or column.is_plain for column in columns):
        return Plan(tuple(names), pick, (), repeated)
    starts = accumulate(map(len, positions), initial=0)
    mapped = (
        MappedColumn(column.form, tuple(range(start, start + len(column.positions))))
        for column, start in zip(columns, starts, strict=False)
    )
    return Plan(tuple(names), pick, tuple(mapped), repeated)


_cached_plan: Final = lru_cache(maxsize=64)(_plan)
