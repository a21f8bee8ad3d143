"""Rows counted by kind and file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame

from crime_pipelines.domain.fields import Reason
from crime_pipelines.spark.files import path_of
from crime_pipelines.spark.line_split import HEADINGS, IRREGULAR, PATH
from crime_pipelines.spark.reading import REASON, is_unread


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of rows of each kind.

    Attributes:
        rows: the number by what stands in `REASON` (None for an incident) and `PATH`.
    """

    rows: Mapping[tuple[str | None, str], int]

    @classmethod
    def of(cls, rows: DataFrame) -> Tally:
        """Count rows.

        Args:
            rows: of them `REASON` and `PATH`.

        Returns:
            The tally; as many numbers as there are reasons in each file.
        """
        counted = rows.groupBy(REASON, PATH).count().collect()
        return cls({(row[0], row[1]): row[2] for row in counted})

    def __add__(self, other: Tally) -> Tally:
        """Return the tally of both tallies' rows."""
        return Tally(Counter(self.rows) + Counter(other.rows))

    @property
    def unread(self) -> bool:
        """True if the quick pass left rows unread."""
        return any(is_unread(reason) for reason, _ in self.rows)

    @property
    def further_headings(self) -> int:
        """Lines of headings beyond a file's first."""
        return sum(count - 1 for (reason, _), count in self.rows.items() if reason == HEADINGS)

    def irregular(self, paths: Iterable[str]) -> set[str]:
        """Return the files that must be read in one piece.

        Args:
            paths: the paths of all files.

        Returns:
            Those of files with a line that is irregular.
        """
        known = frozenset(paths)
        return {path_of(name, known) for reason, name in self.rows if reason == IRREGULAR}

    def rejected(self) -> dict[str, int]:
        """Return the number of rejects by reason, in the order of the reasons."""
        counts = Counter({Reason.BAD_ID.value: self.further_headings})
        for (reason, _), count in self.rows.items():
            if reason is not None and reason != HEADINGS and not is_unread(reason):
                counts[reason] += count
        return dict(sorted((+counts).items()))

    def rejects_by_file(self, paths: Iterable[str]) -> Counter[str]:
        """Count the rejects of each file.

        Args:
            paths: the paths of all files.

        Returns:
            Their number by path; the headings are none, unless they are repeated.
        """
        known = frozenset(paths)
        counts: Counter[str] = Counter()
        for (reason, name), count in self.rows.items():
            if reason is not None and not is_unread(reason):
                counts[path_of(name, known)] += count - (reason == HEADINGS)
        return counts
