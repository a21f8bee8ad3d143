"""Which of several versions of an incident counts.

The order is total on everything a version says, so versions merge in any order and a repeat changes
nothing: the latest `updated_on` wins, ties go by the fields that the answers read, then by the rest.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Final

from crime_pipelines.domain.reading import Incident
from crime_pipelines.domain.schema import COLUMNS

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


def version_key(version: Incident) -> tuple[tuple[bool, Any], ...]:
    """The key by which versions of one incident are ordered; the greatest counts.

    Args:
        version: a version of the incident.

    Returns:
        A tuple that compares with those of other versions.
    """
    return tuple([(False, "") if value is None else (True, value) for value in _by_precedence(version)])


def latest(one: Incident, other: Incident) -> Incident:
    """The version that counts; associative, commutative and idempotent.

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


#: The SQL face of `version_key`: what to ORDER BY within one id so that the version that counts is first.
LATEST_FIRST: Final = ", ".join(f"{name} DESC NULLS LAST" for name in PRECEDENCE)
