"""A run's parameters, checked once, whoever starts it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Final

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.allowed_sources import is_source
from crime_pipelines.cloud.layouts import PATTERN as PATTERN_LAYOUT
from crime_pipelines.domain.dates import GREATEST_SHIFT, ISO_DATE
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.periods.as_of import LATEST, read_as_of
from crime_pipelines.errors import InputError

#: Dataproc takes no longer value for a parameter.
_LONGEST_VALUE: Final = 1000
#: Any fixed namespace will do, as long as it stays the same.
_NAMESPACE: Final = uuid.UUID("5c3a9a4e-2f0d-5f0e-9d1b-0d6a4c1f7b52")
#: `PATTERN_...` are RE2, which Dataproc checks parameters with, and Python's alike.
PATTERN_SHIFT_YEARS: Final = f"-?([0-9]{{1,3}}|{GREATEST_SHIFT})"
# Empty as well: schedules and functions that were deployed earlier send it.
PATTERN_AS_OF: Final = f"({ISO_DATE}|{LATEST})?"


@dataclass(frozen=True, slots=True)
class Submission:
    """A run to be started.

    Attributes:
        run_id: what it is called.
        source: what it reads: a ``gs://`` URI of a file, a folder or a glob.
        shift_years: calendar years to move every date by.
        as_of: the day of its answers, ``YYYY-MM-DD``; `LATEST` or empty for the end of the covered period.
        layout: the layout of its department: the name of a bundled one, or the ``gs://`` URI of a TOML file.
    """

    run_id: str
    source: str
    shift_years: int
    as_of: str = LATEST
    layout: str = CHICAGO.name

    def __post_init__(self) -> None:
        """Hold it against what Dataproc and the jobs take.

        Raises:
            InputError: they would refuse it.
        """
        run_ids.checked(self.run_id)
        if len(self.source) > _LONGEST_VALUE:
            raise InputError(f"{self.source[:60]!r}...: longer than {_LONGEST_VALUE} characters")
        if not is_source(self.source) or not _is_text(self.source):
            raise InputError(
                f"{self.source!r}: Dataproc reads gs:// URIs only, of one bucket, without control characters"
            )
        if abs(self.shift_years) > GREATEST_SHIFT:
            raise InputError(f"{self.shift_years}: a shift is at most {GREATEST_SHIFT} years")
        try:
            read_as_of(self.as_of)
        except ValueError as error:
            raise InputError(str(error)) from error
        if len(self.layout) > _LONGEST_VALUE or not re.fullmatch(PATTERN_LAYOUT, self.layout):
            raise InputError(
                f"layout {self.layout[:60]!r}: is neither a layout's name nor the gs:// URI of a .toml file"
            )

    def parameters(self) -> dict[str, str]:
        """Return the values of the workflow template's parameters."""
        return {
            "INPUT": self.source,
            "RUN_ID": self.run_id,
            "SHIFT_YEARS": str(self.shift_years),
            "AS_OF": self.as_of or LATEST,
            "LAYOUT": self.layout,
        }


def request_id(run_id: str, occasion: str) -> str:
    """Return a request's id, by which Dataproc knows a repeated request.

    Args:
        run_id: the run.
        occasion: what calls for it, such as an object's generation: the same again is the same request.

    Returns:
        A UUID.
    """
    return str(uuid.uuid5(_NAMESPACE, f"{run_id}/{occasion}"))


def _is_text(text: str) -> bool:
    """Tell whether a text can be sent: half of a surrogate pair can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
