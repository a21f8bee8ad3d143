"""What a run must give, computed row by row in plain Python: slow, short, and without any engine.

It shares the domain's Python faces with the engines (those have properties of their own) and nothing else:
no SQL, no CSV reader of an engine, no question of the catalogue.
"""

from __future__ import annotations

import calendar
import gzip
import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from statsmodels.stats.proportion import proportion_confint

from crime_pipelines.domain.areas import AREAS
from crime_pipelines.domain.night import is_late_night
from crime_pipelines.domain.offences import is_theft
from crime_pipelines.domain.reading import Incident, read_incident
from crime_pipelines.domain.records import fields_of, records, split_record
from crime_pipelines.domain.schema import FIELDS, Reason, normal_heading
from crime_pipelines.domain.versions import latest
from crime_pipelines.questions.trend import trend_of

Row = tuple[Any, ...]


@dataclass
class Expected:
    """What a run over some files must give."""

    read: int = 0
    superseded: int = 0
    incidents: dict[int, Incident] = field(default_factory=dict)
    rejects: Counter[tuple[str, str, tuple[str, ...] | str]] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> dict[str, int]:
        """Rejects by reason."""
        counts: Counter[str] = Counter()
        for (reason, _, _), number in self.rejects.items():
            counts[reason] += number
        return dict(counts)

    def answers(self, as_of: datetime | None = None) -> dict[str, list[Row]]:
        """The five answers."""
        incidents = list(self.incidents.values())
        moment = as_of or max(each.occurred_at for each in incidents)
        months = _months(incidents, moment)
        return {
            "monthly_trend": months,
            "theft_locations": _thefts(incidents, moment),
            "crime_trend": _trend(incidents, months),
            "safest_areas": _areas(incidents),
            "arrest_rates": _arrests(incidents),
        }


def expect(files: Iterable[Path], shift_years: int = 3) -> Expected:
    """Read files as the spec says.

    Args:
        files: the files.
        shift_years: calendar years to move dates by.

    Returns:
        What a run must give.
    """
    found = Expected()
    for path in files:
        _read(path, shift_years, found)
    return found


def comparable(reason: str, raw_row: str) -> tuple[str, ...] | str:
    """A rejected row as far as engines must agree on it: its fields, or its text where it is malformed."""
    return raw_row if reason == Reason.MALFORMED_ROW else tuple(split_record(raw_row))


def _read(path: Path, shift_years: int, found: Expected) -> None:
    data = path.read_bytes()
    data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", errors="replace", newline="")
    headings = [normal_heading(each) for each in split_record(next(lines).rstrip("\r\n"))]
    place = {
        each.name: headings.index(heading)
        for each in FIELDS
        for heading in (each.name, *each.headings)
        if heading in headings
    }
    for record in records(lines, len(headings)):
        found.read += 1
        if not record.sound:
            found.rejects[Reason.MALFORMED_ROW, str(path), record.text] += 1
            continue
        fields = fields_of(record.text, len(headings))
        assert fields is not None
        found.warnings.update(["encoding"] if "\ufffd" in record.text else ())
        result = read_incident({name: fields[at] for name, at in place.items()}, shift_years)
        if isinstance(result, Reason):
            found.rejects[result, str(path), tuple(fields)] += 1
            continue
        found.warnings.update(result.unreadable.split(",") if result.unreadable else ())
        other = found.incidents.get(result.id)
        found.superseded += other is not None
        found.incidents[result.id] = latest(result, other) if other else result


def _months(incidents: list[Incident], as_of: datetime) -> list[Row]:
    counts = Counter((each.occurred_at.year, each.occurred_at.month) for each in incidents)
    last = as_of.year * 12 + as_of.month - 1
    rows: list[Row] = []
    for ordinal in range(last - 59, last + 1):
        year, month = ordinal // 12, ordinal % 12 + 1
        complete = ordinal < last or as_of.day == calendar.monthrange(year, month)[1]
        rows.append((date(year, month, 1), counts[year, month], complete))
    return rows


def _thefts(incidents: list[Incident], as_of: datetime) -> list[Row]:
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for each in incidents:
        if is_theft(each.primary_type, each.fbi_code) and each.location_description is not None:
            counts[each.year][each.location_description] += 1
    rows: list[Row] = []
    for year in (as_of.year - 2, as_of.year - 1, as_of.year):
        worst = sorted(counts[year].items(), key=lambda pair: (-pair[1], pair[0]))[:10]
        rows += [(year, rank, location, number) for rank, (location, number) in enumerate(worst, start=1)]
    return rows


def _trend(incidents: list[Incident], months: list[Row]) -> list[Row]:
    first = min(each.occurred_at for each in incidents).date()
    last = max(each.occurred_at for each in incidents).date()
    tested = [(month, number) for month, number, complete in months if complete and first <= month <= last]
    return [astuple(trend_of(tested))]


def _areas(incidents: list[Incident]) -> list[Row]:
    days = [each.occurred_at.date() for each in incidents]
    years = ((max(days) - min(days)).days + 1) / 365.25
    whole = Counter(each.community_area for each in incidents)
    late = Counter(each.community_area for each in incidents if is_late_night(each.occurred_at))
    rated = sorted((late[area.number] * 1000 / area.residents / years, area.number, area) for area in AREAS)
    return [
        (rank, number, area.name, late[number], whole[number], area.residents, rate)
        for rank, (rate, number, area) in enumerate(rated, start=1)
    ]


def _arrests(incidents: list[Incident]) -> list[Row]:
    counts: Counter[str | None] = Counter()
    arrests: Counter[str | None] = Counter()
    for each in incidents:
        if 2016 <= each.occurred_at.year <= 2019:
            counts[each.primary_type] += 1
            arrests[each.primary_type] += each.arrest
    rows: list[Row] = []
    for kind, number in counts.items():
        low, high = proportion_confint(arrests[kind], number, alpha=0.05, method="wilson")
        low = 0.0 if arrests[kind] == 0 else float(low)
        high = 1.0 if arrests[kind] == number else float(high)
        rows.append((kind, number, arrests[kind], arrests[kind] / number, low, high))
    return sorted(rows, key=lambda row: (-row[4], row[0] or ""))
