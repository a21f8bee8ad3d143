"""Columns about persons, which are never mapped."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
#: Words of a heading that say that its column is about a person.
_PERSONS: Final = frozenset(
    (
        *("vic", "vict", "victim", "victims", "susp", "suspect", "suspects", "offender", "perpetrator"),
        *("perp", "complainant", "arrestee", "witness"),
        *("age", "sex", "gender", "race", "ethnicity", "descent", "nationality", "dob", "birthdate"),
    )
)


def is_personal(heading: str) -> bool:
    """Tell whether a column is about a person, such as a victim's age group.

    Args:
        heading: its heading.

    Returns:
        True for ``VIC_AGE_GROUP``, ``Vict Descent``, ``suspectRace`` and their like.
    """
    return not _PERSONS.isdisjoint(word.lower() for word in _WORD.findall(heading))
