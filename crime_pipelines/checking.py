"""Holding a run's output against its own invariants."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crime_pipelines.domain.dates import in_calendar_sql
from crime_pipelines.domain.dialect import DUCKDB
from crime_pipelines.domain.schema import COLUMNS, Reason
from crime_pipelines.engine import INCIDENTS, REJECTS
from crime_pipelines.questions import QUESTIONS, Question
from crime_pipelines.record import RunRecord, recorded
from crime_pipelines.run import ANSWERS, REPORT

#: Relative difference that two engines' floats may have.
TOLERANCE: Final = 1e-9
_SHOWN: Final = 3
#: What makes a browser ask another host: attributes, and styles.
_OUTSIDE: Final = (
    r"""(?:\b(?:src|srcset|href|data|action|poster)\s*=\s*|\burl\(\s*|@import\s+)"""
    r"""["']?(?:https?:)?//[^"'\s>)]+"""
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: what was checked.
        problem: what is wrong, in one line; None if it holds.
    """

    check: str
    problem: str | None = None


def check_output(folder: Path) -> Iterator[Finding]:
    """Check a run's output.

    Args:
        folder: a run's output.

    Yields:
        A finding per check, in the order of checking.

    Raises:
        InputError: the folder is not a run's output.
    """
    record = recorded(folder)
    checks: tuple[tuple[str, Callable[[Path, RunRecord], str | None]], ...] = (
        ("every row is accounted for", _balance),
        ("incidents: columns and count", _incidents),
        ("incidents: each once, in its own year, dates in the calendar", _integrity),
        ("rejects: count by reason", _rejects),
    )
    for name, check in checks:
        yield Finding(name, _guarded(check, folder, record))
    for question in QUESTIONS:
        yield Finding(
            f"answers/{question.name}.csv follows from the incidents",
            _guarded(_Answer(question), folder, record),
        )
    yield Finding(
        "report/index.html is there and refers to nothing outside", _guarded(_report, folder, record)
    )


def _guarded(check: Callable[[Path, RunRecord], str | None], folder: Path, record: RunRecord) -> str | None:
    import duckdb

    try:
        return check(folder, record)
    except (OSError, ValueError, duckdb.Error) as error:
        return " ".join(str(error).split())[:200]


def _balance(folder: Path, record: RunRecord) -> str | None:
    if not record.imbalance():
        return None
    return (
        f"{record.read} read, but {record.incidents} incidents + {record.superseded} superseded "
        f"+ {record.rejects} rejected"
    )


def _rows(query: str, parameters: list[str]) -> list[tuple[object, ...]]:
    from crime_pipelines.in_memory import connect

    with connect() as connection:
        return connection.execute(query, parameters).fetchall()


_EVERYTHING: Final = "read_parquet(?, hive_partitioning = true, hive_types = {'year': 'BIGINT'})"


def _parquet(folder: Path) -> list[str]:
    return [str(folder / INCIDENTS / "*" / "*.parquet")]


def _incidents(folder: Path, record: RunRecord) -> str | None:
    columns = {row[0] for row in _rows(f"DESCRIBE SELECT * FROM {_EVERYTHING}", _parquet(folder))}
    if columns != set(COLUMNS):
        return f"columns {sorted(map(str, columns ^ set(COLUMNS)))} are missing or too many"
    ((count,),) = _rows(f"SELECT COUNT(*) FROM {_EVERYTHING}", _parquet(folder))
    return None if count == record.incidents else f"{count} rows, but run.json says {record.incidents}"


def _integrity(folder: Path, record: RunRecord) -> str | None:
    outside = " OR ".join(
        f"NOT ({in_calendar_sql(column, 0, DUCKDB)})" for column in ("occurred_at", "updated_on")
    )
    ((rows, ids, astray, dateless, unclear, beyond),) = _rows(
        f"SELECT COUNT(*), COUNT(DISTINCT id), COUNT(*) FILTER (year <> EXTRACT(YEAR FROM occurred_at)), "
        f"COUNT(*) FILTER (occurred_at IS NULL), COUNT(*) FILTER (arrest IS NULL), "
        f"COUNT(*) FILTER ({outside}) FROM {_EVERYTHING}",
        _parquet(folder),
    )
    problems = {
        "incidents stand more than once": int(str(rows)) - int(str(ids)),
        "stand in another year's partition": astray,
        "have no time": dateless,
        "have no arrest flag": unclear,
        "have a date outside of years 1 to 9999": beyond,
    }
    return "; ".join(f"{count} {what}" for what, count in problems.items() if count) or None


def _rejects(folder: Path, record: RunRecord) -> str | None:
    counted = _rows(
        "SELECT reason, COUNT(*) FROM read_parquet(?) "
        "WHERE source_file IS NOT NULL AND raw_row IS NOT NULL GROUP BY reason",
        [str(folder / REJECTS / "*.parquet")],
    )
    found = {str(reason): count for reason, count in counted}
    unknown = set(found) - set(Reason)
    if unknown:
        return f"unknown reasons {sorted(unknown)}"
    return None if found == record.rejected else f"{found}, but run.json says {record.rejected}"


@dataclass(frozen=True, slots=True)
class _Answer:
    question: Question

    def __call__(self, folder: Path, record: RunRecord) -> str | None:
        from crime_pipelines.embedded.engine import DuckDBEngine

        with (folder / ANSWERS / f"{self.question.name}.csv").open(encoding="utf-8", newline="") as file:
            headings, *found = csv.reader(file)
        expected_headings = [column.name for column in self.question.columns]
        if headings != expected_headings:
            return f"headings {headings}, not {expected_headings}"
        with DuckDBEngine() as engine:
            engine.attach(folder)
            rows = self.question.finish(engine.answer(self.question, record.as_of, record.shift_years))
        if len(rows) != len(found):
            return f"{len(found)} rows, not {len(rows)}"
        differing = [
            number
            for number, (row, texts) in enumerate(zip(rows, found, strict=True), start=1)
            if not all(_same(value, text) for value, text in zip(row, texts, strict=True))
        ]
        if not differing:
            return None
        return f"{len(differing)} rows differ, the first is row {differing[0]}: {found[differing[0] - 1]}"


def _same(value: object, text: str) -> bool:
    if isinstance(value, float):
        try:
            return math.isclose(value, float(text), rel_tol=TOLERANCE)
        except ValueError:
            return False
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    return text == ("" if value is None else str(value))


def _report(folder: Path, record: RunRecord) -> str | None:
    text = (folder / REPORT / "index.html").read_text(encoding="utf-8")
    outside = re.findall(_OUTSIDE, text, re.IGNORECASE)
    if outside:
        return f"it refers to {', '.join(outside[:_SHOWN])}"
    return None if f"{record.read:,}" in text else "it does not say how many rows were read"
