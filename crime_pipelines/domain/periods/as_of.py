"""The day that answers are as of."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

from crime_pipelines.domain.dates import ISO_DATE

_ISO_DATE: Final = re.compile(ISO_DATE, re.ASCII)
#: Stands for the end of the covered period where the day of the answers is asked for. Not an empty string:
#: Terraform's Google provider drops that from a job's arguments without an error.
LATEST: Final = "latest"
#: The second that stands for a whole day: answers as of a day take all of it in.
END_OF_DAY: Final = time(23, 59, 59)


def end_of_day(day: date) -> datetime:
    """Return the moment that answers as of a day are as of.

    Args:
        day: the day.

    Returns:
        Its last second, local civil time.
    """
    return datetime.combine(day, END_OF_DAY)


def last_whole_day_sql(as_of: str, last: str) -> str:
    """Express, in SQL, the last day that the data hold whole: up to its last hour at least.

    Args:
        as_of: a SQL expression of the DATETIME that answers are as of.
        last: a SQL expression of the last moment of the data, likewise.

    Returns:
        A DATE in BigQuery's dialect.
    """
    return (
        f"LEAST(DATE({as_of}), DATE(DATE_SUB(DATE(DATETIME_ADD({last}, INTERVAL 1 HOUR)), INTERVAL 1 DAY)))"
    )


def read_as_of(text: str) -> date | None:
    """Read the day that answers are to be as of.

    Args:
        text: `YYYY-MM-DD`, `LATEST`, or an empty string, which also stands for the end of the covered period.

    Returns:
        The day; None for the end of the covered period.

    Raises:
        ValueError: the text is none of these, or no such day exists.
    """
    if text in ("", LATEST):
        return None
    try:
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text[:20]!r}: not a day; give YYYY-MM-DD, or {LATEST}")
