"""Disclosure control: small counts are hidden, and with them the counts that would give them away.

Primary suppression hides every count below the least that may be published, zeros among them. A total that is
known from elsewhere, less all that is shown, gives the sum of what is hidden; so complementary suppression
hides a further, larger count, large enough that each small one may be anything from 0 to the least, less 1,
for a reader who knows the total, which counts are hidden and which of them is the larger one. A reader who
also reasons about why that one was chosen, the smallest that is large enough, can sometimes narrow this down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: The least count that may be published.
LEAST: Final = 5
#: The least of offences whose victims a small count could name.
LEAST_SENSITIVE: Final = 10


def hidden_rows(rows: Sequence[Sequence[int]], least: Sequence[int]) -> frozenset[int]:
    """Choose the rows of a table that may not be published, where the sum of each column may be known.

    >>> sorted(hidden_rows([(900,), (3,), (40,), (6,)], [5, 5, 5, 5]))
    [1, 2]

    Args:
        rows: the counts of each row.
        least: for each row, the least of its counts that may be published.

    Returns:
        The positions of the rows to hide: none, some, or all where no count is large enough to hide the small
        ones behind.
    """
    small = [at for at, row in enumerate(rows) if min(row) < least[at]]
    if not small:
        return frozenset()
    room = max(least[at] for at in small) - 1
    large = [at for at, row in enumerate(rows) if min(row) >= least[at] + room]
    if not large:
        return frozenset(range(len(rows)))
    return frozenset({*small, min(large, key=lambda at: (sum(rows[at]), at))})


def shown_of_ranked(counts: Sequence[int], least: int) -> int:
    """Choose how many of the first ranks may be published, where the sum of all may be known.

    What follows is hidden whole: a rank left out between two others would tell its count between theirs.

    >>> shown_of_ranked([90, 40, 12, 9, 3], 5), shown_of_ranked([90, 40, 12], 5), shown_of_ranked([3], 5)
    (2, 3, 0)

    Args:
        counts: the counts, the largest first.
        least: the least that may be published.

    Returns:
        The number of ranks to show, from the first.
    """
    end = next((at for at, count in enumerate(counts) if count < least), len(counts))
    if end == len(counts):
        return end
    room = least - 1
    # the largest hidden count must be free to fall by `room`, and to rise by it below the last one shown
    fits = (
        at
        for at in range(end - 1, 0, -1)
        if counts[at] >= least + room and counts[at - 1] >= counts[at] + room
    )
    return next(fits, 0)


def gives_away(total: int, shown: int) -> bool:
    """Tell whether a total, less what is shown of it, leaves a count that may not be published.

    Args:
        total: the total, as another table tells it.
        shown: the sum of what is shown of it.

    Returns:
        True if the rest is small; what makes it up is not known, so it may be of the sensitive offences.
    """
    return 0 < total - shown < LEAST_SENSITIVE
