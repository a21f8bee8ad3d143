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
from crime_pipelines.domain.fields import COLUMNS, Reason
from crime_pipelines.engines.base import INCIDENTS, REJECTS, find_period
from crime_pipelines.output.layout import ANALYSIS, ANSWERS, REPORT
from crime_pipelines.output.record import RunRecord, recorded
from crime_pipelines.output.recount import recount
from crime_pipelines.questions import ANALYSES, QUESTIONS, Question
from crime_pipelines.sources.own_output import parquet_written
from crime_pipelines.support.duckdb_paths import files_sql, incidents_sql

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
    """The finding of one check.

    Attributes:
        check: what was checked.
        problem: what is wrong, in one line; None if it holds.
    """

    check: str
    problem: str | None = None


def check_output(folder: Path, source: str | None = None, layout: str | None = None) -> Iterator[Finding]:
    """Check a run's output.

    Args:
        folder: a run's output.
        source: the SOURCE that it was made from, to count its rows again; left alone unless given.
        layout: the layout of SOURCE, by its name or its TOML file; the run's unless given.

    Yields:
        A finding per check, in the order of checking.

    Raises:
        InputError: the folder is not a run's output, or SOURCE or its layout can't be read.
    """
    record = recorded(folder)
    if source is not None:
        yield Finding("source: each file has the rows that were read of it", recount(record, source, layout))
    checks: tuple[tuple[str, Callable[[Path, RunRecord], str | None]], ...] = (
        ("every row is accounted for", _balance),
        ("incidents and rejects: every file that run.json lists is there", _files),
        ("incidents: columns and count", _incidents),
        ("incidents: each once, in its own year, dates in the calendar", _integrity),
        ("rejects: count by reason", _rejects),
        ("the covered period follows from the incidents", _period),
    )
    for name, check in checks:
        yield Finding(name, _guarded(check, folder, record))
    analyses = ANALYSES if (folder / ANALYSIS).is_dir() else ()
    for place, questions in ((ANSWERS, QUESTIONS), (ANALYSIS, analyses)):
        for question in questions:
            name = f"{place}/{question.name}.csv"
            if place == ANSWERS or name in record.files_written or (folder / name).exists():
                found = _guarded(_Answer(question, place), folder, record)
                yield Finding(f"{name} follows from the incidents", found)
            else:
                yield Finding(f"{name} is not of this run, which an earlier version made", None)
    yield Finding(
        "report/index.html is there and refers to nothing outside", _guarded(_report, folder, record)
    )


def _guarded(check: Callable[[Path, RunRecord], str | None], folder: Path, record: RunRecord) -> str | None:
    import duckdb

    try:
        return check(folder, record)
    except FileNotFoundError as error:
        return f"{error.filename} is missing"
    except (OSError, ValueError, duckdb.Error) as error:
        return " ".join(str(error).split())[:200]


def _balance(folder: Path, record: RunRecord) -> str | None:
    uneven = [file for file in record.files if file.rows_counted != file.rows_read]
    if uneven:
        file = uneven[0]
        return f"{file.name}: {file.rows_counted:,} rows counted, {file.rows_read:,} read"
    in_files = sum(file.rows_counted for file in record.files)
    if in_files != record.read:
        return f"{record.read:,} read, but the files have {in_files:,} rows"
    if not record.imbalance():
        return None
    return (
        f"{record.read} read, but {record.incidents} incidents + {record.superseded} superseded "
        f"+ {record.rejects} rejected"
    )


def _rows(query: str) -> list[tuple[object, ...]]:
    from crime_pipelines.support.duckdb_connection import connect

    with connect() as connection:
        return connection.execute(query).fetchall()


def _written_incidents(folder: Path) -> str:
    return incidents_sql(folder / INCIDENTS, names=parquet_written(folder, INCIDENTS))


def _files(folder: Path, record: RunRecord) -> str | None:
    own = [name for name in record.files_written if name.startswith((f"{INCIDENTS}/", f"{REJECTS}/"))]
    missing = [name for name in own if not (folder / name).is_file()]
    if not missing:
        return None
    return f"{len(missing)} of {len(own)} are missing, {', '.join(missing[:_SHOWN])} among them"


def _incidents(folder: Path, record: RunRecord) -> str | None:
    everything = _written_incidents(folder)
    columns = {row[0] for row in _rows(f"DESCRIBE SELECT * FROM {everything}")}
    if columns != set(COLUMNS):
        return f"columns {sorted(map(str, columns ^ set(COLUMNS)))} are missing or too many"
    ((count,),) = _rows(f"SELECT COUNT(*) FROM {everything}")
    return None if count == record.incidents else f"{count} rows, but run.json says {record.incidents}"


def _integrity(folder: Path, record: RunRecord) -> str | None:
    outside = " OR ".join(
        f"NOT ({in_calendar_sql(column, 0, DUCKDB)})" for column in ("occurred_at", "updated_on")
    )
    ((rows, ids, astray, dateless, unclear, beyond),) = _rows(
        f"SELECT COUNT(*), COUNT(DISTINCT id), COUNT(*) FILTER (year <> EXTRACT(YEAR FROM occurred_at)), "
        f"COUNT(*) FILTER (occurred_at IS NULL), COUNT(*) FILTER ((arrest IS NULL) = {record.has_arrests}), "
        f"COUNT(*) FILTER ({outside}) FROM {_written_incidents(folder)}"
    )
    problems = {
        "incidents stand more than once": int(str(rows)) - int(str(ids)),
        "stand in another year's partition": astray,
        "have no time": dateless,
        f"have {'no' if record.has_arrests else 'an'} arrest flag": unclear,
        "have a date outside of years 1 to 9999": beyond,
    }
    return "; ".join(f"{count} {what}" for what, count in problems.items() if count) or None


def _rejects(folder: Path, record: RunRecord) -> str | None:
    written = files_sql(folder / REJECTS, "*.parquet", parquet_written(folder, REJECTS))
    counted = _rows(
        f"SELECT reason, COUNT(*) FROM {written} "
        f"WHERE source_file IS NOT NULL AND raw_row IS NOT NULL GROUP BY reason"
    )
    found = {str(reason): count for reason, count in counted}
    unknown = set(found) - set(Reason)
    if unknown:
        return f"unknown reasons {sorted(unknown)}"
    return None if found == record.rejected else f"{found}, but run.json says {record.rejected}"


def _period(folder: Path, record: RunRecord) -> str | None:
    from crime_pipelines.engines.duckdb.engine import DuckDBEngine

    with DuckDBEngine() as engine:
        engine.attach(folder, record.known_areas)
        found = find_period(engine)
    period = found and found[0]
    if record.covered_period in (None, period):
        return None
    return f"it is {period}, but run.json says {record.covered_period}"


@dataclass(frozen=True, slots=True)
class _Answer:
    question: Question
    place: str

    def __call__(self, folder: Path, record: RunRecord) -> str | None:
        from crime_pipelines.engines.duckdb.engine import DuckDBEngine

        with (folder / self.place / f"{self.question.name}.csv").open(encoding="utf-8", newline="") as file:
            headings, *found = csv.reader(file)
        expected_headings = [column.name for column in self.question.columns]
        if headings != expected_headings:
            return f"headings {headings}, not {expected_headings}"
        with DuckDBEngine() as engine:
            engine.attach(folder, record.known_areas)
            rows = self.question.finish(
                engine.answer(self.question, record.as_of, record.shift_years, record.covered_period)
            )
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
