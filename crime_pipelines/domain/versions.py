"""The current version of an incident, among several.

The order is total on everything a version says, so versions merge in any order and a repeat changes
nothing: the latest `updated_on` wins, of equal ones a tombstone, ties go by the fields that the answers read,
then by the rest.
"""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar

from crime_pipelines.domain.fields import COLUMNS
from crime_pipelines.domain.reading import Incident

_FIRST: Final = (
    "updated_on",
    "occurred_at",
    "arrest",
    "primary_type",
    "location_description",
    "community_area",
    "fbi_code",
)
#: The fields by which versions are compared, weightiest first. Null is least, text goes by code point,
#: false comes before true.
PRECEDENCE: Final = _FIRST + tuple(name for name in COLUMNS if name not in (*_FIRST, "id"))
_by_precedence: Final = itemgetter(*map(COLUMNS.index, PRECEDENCE))


class Tombstone(NamedTuple):
    """A version that says the incident is deleted.

    Attributes:
        id: the incident's key.
        updated_on: when it was published, shifted; null is earliest.
        shift_years: calendar years that the date has been shifted by.
    """

    id: int
    updated_on: datetime | None
    shift_years: int


V = TypeVar("V", bound=Incident | Tombstone)


def version_key(version: Incident | Tombstone) -> tuple[tuple[bool, Any], ...]:
    """Return the key by which versions of one incident are ordered; the greatest counts.

    Args:
        version: a version of the incident.

    Returns:
        A tuple that compares with those of other versions.
    """
    deleted = type(version) is Tombstone
    values = (version.updated_on,) if deleted else _by_precedence(version)
    key = [(False, "") if value is None else (True, value) for value in values]
    key.insert(1, (True, deleted))
    return tuple(key)


def latest(one: V, other: V) -> V:
    """Return the version that counts; associative, commutative and idempotent.

    Args:
        one: a version.
        other: a version of the same incident.

    Returns:
        The one of the two that supersedes the other.

    Raises:
        ValueError: the two are versions of different incidents.
    """
    if one.id != other.id:
        raise ValueError(f"versions of different incidents: {one.id} and {other.id}")
    return max(one, other, key=version_key)


#: The SQL rule of `version_key` for incidents alone: what to ORDER BY within one id so that the version that
#: counts is first.
LATEST_FIRST: Final = ", ".join(f"{name} DESC NULLS LAST" for name in PRECEDENCE)
#: The same where tombstones are among them, told by a column `deleted` that is never null.
LATEST_OR_DELETED_FIRST: Final = LATEST_FIRST.replace(",", ", deleted DESC,", 1)
