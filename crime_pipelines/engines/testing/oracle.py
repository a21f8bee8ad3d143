"""The expected outcome of a run, computed row by row in plain Python: slow, short, and without any engine.

It shares the domain's Python rule with the engines (those have properties of their own) and nothing else:
no SQL, no CSV reader of an engine, no question of the catalogue.
"""

from __future__ import annotations

import calendar
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from datetime import date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import chi2
from statsmodels.stats.proportion import proportion_confint

from crime_pipelines.analysis.rates import dispersion, rank_intervals
from crime_pipelines.analysis.trend import trend_of
from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Areas, Layout
from crime_pipelines.domain.night import is_late_night
from crime_pipelines.domain.offences import is_theft
from crime_pipelines.domain.periods.covered_period import CoveredPeriod, covered_period, is_covered
from crime_pipelines.domain.reading import Incident
from crime_pipelines.domain.records.csv_records import fields_of, split_record
from crime_pipelines.domain.records.csv_splitter import records
from crime_pipelines.domain.records.record_boundaries import after_headings
from crime_pipelines.domain.versions import Tombstone, latest, read_version
from crime_pipelines.sources.headings import fields_in

Row = tuple[Any, ...]


@dataclass
class Expected:
    """The expected outcome of a run over some files."""

    read: int = 0
    superseded: int = 0
    tombstones: dict[int, Tombstone] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    rejects: Counter[tuple[str, str, tuple[str, ...] | str]] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    rows: Counter[Path] = field(default_factory=Counter)
    layout: Layout = CHICAGO

    @property
    def rejected(self) -> dict[str, int]:
        """Rejects by reason."""
        counts: Counter[str] = Counter()
        for (reason, _, _), number in self.rejects.items():
            counts[reason] += number
        return dict(counts)

    @property
    def period(self) -> CoveredPeriod:
        """The covered period."""
        period = covered_period((each.occurred_at, each.updated_on) for each in self.incidents.values())
        assert period is not None
        return period

    def answers(self, as_of: datetime | None = None) -> dict[str, list[Row]]:
        """The five answers."""
        period = self.period
        incidents = [
            each
            for each in self.incidents.values()
            if is_covered(each.occurred_at, each.updated_on, period.first, period.last)
        ]
        moment = as_of or period.last
        months = _months(incidents, moment)
        return {
            "monthly_trend": months,
            "theft_locations": _thefts(incidents, moment),
            "crime_trend": _trend(incidents, period, months),
            "safest_areas": _areas(incidents, period, self.layout.areas),
            "arrest_rates": _arrests(incidents),
        }


def expect(files: Iterable[Path], shift_years: int = 3, layout: Layout | None = None) -> Expected:
    """Read files as the spec says.

    Args:
        files: the files.
        shift_years: calendar years to move dates by.
        layout: their layout; that of each is told by its headings unless given.

    Returns:
        What a run must give.
    """
    found = Expected()
    current: dict[int, Incident | Tombstone] = {}
    for path in files:
        _read(path, shift_years, found, current, layout)
    for version in current.values():
        if isinstance(version, Tombstone):
            found.tombstones[version.id] = version
        else:
            found.incidents[version.id] = version
    found.superseded += len(found.tombstones)
    return found


def comparable(reason: str, raw_row: str) -> tuple[str, ...] | str:
    """A rejected row as far as engines must agree on it: its fields, or its text where it is malformed."""
    return raw_row if reason == Reason.MALFORMED_ROW else tuple(split_record(raw_row))


def _read(
    path: Path,
    shift_years: int,
    found: Expected,
    current: dict[int, Incident | Tombstone],
    layout: Layout | None,
) -> None:
    data = path.read_bytes()
    data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    data = data.removeprefix(b"\xef\xbb\xbf")
    first = data.splitlines()[0].decode()
    headings = split_record(first)
    while headings and not headings[-1].strip():
        headings.pop()
    file = fields_in(headings, str(path), layout)
    found.layout = file.layout
    found.rows[path] = 0
    for record in records([data[after_headings(data) :]], len(headings)):
        found.read += 1
        found.rows[path] += 1
        if not record.sound:
            found.rejects[Reason.MALFORMED_ROW, str(path), record.text] += 1
            continue
        fields = fields_of(record.text, len(headings))
        assert fields is not None
        found.warnings.update(["encoding"] if "\ufffd" in record.text else ())
        texts = {name: column.text(fields) for name, column in file.columns}
        result = read_version(texts, shift_years, file.layout)
        if isinstance(result, Reason):
            found.rejects[result, str(path), tuple(fields)] += 1
            continue
        if isinstance(result, Incident) and result.unreadable:
            found.warnings.update(result.unreadable.split(","))
        other = current.get(result.id)
        found.superseded += other is not None
        current[result.id] = latest(result, other) if other else result


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


def _trend(incidents: list[Incident], period: CoveredPeriod, months: list[Row]) -> list[Row]:
    first, last = period.first.date(), period.last.date()
    shift = max((each.shift_years for each in incidents), default=0)
    tested = [
        (month, number)
        for month, number, complete in months
        if complete and first <= month and month.replace(day=_days(month)) <= last
    ]
    unshifted = [
        28 + calendar.isleap(month.year - shift) if month.month == 2 else _days(month) for month, _ in tested
    ]
    return [astuple(trend_of(tested, unshifted))]


def _days(month: date) -> int:
    return calendar.monthrange(month.year, month.month)[1]


def _areas(incidents: list[Incident], period: CoveredPeriod, areas: Areas) -> list[Row]:
    days = (period.last.date() - period.first.date()).days + 1
    late = [each for each in incidents if is_late_night(each.occurred_at)]
    whole = Counter(each.community_area for each in incidents)
    counts = Counter(each.community_area for each in late)
    by_month = Counter((each.community_area, each.year, each.occurred_at.month) for each in late)
    complete = [
        month
        for month in product(range(period.first.year, period.last.year + 1), range(1, 13))
        if _covers(period, *month)
    ]
    table = [[by_month[area.number, year, month] for year, month in complete] for area in areas.all]
    dispersed = dispersion(np.array(table, dtype=float), complete[0][1]) if complete else 1.0
    years = [(area.residents or 0) * (days / 365.25) / 1000 for area in areas.all]
    rated = all(area.residents for area in areas.all)
    ranks = rank_intervals(
        [counts[area.number] for area in areas.all], years if rated else [1.0] * len(years), dispersed
    )
    rows: list[Row] = []
    for area, exposure, (rank, *ends) in zip(areas.all, years, ranks, strict=True):
        number = counts[area.number]
        low = chi2.ppf(0.025, 2 * number / dispersed) / 2 * dispersed if number else 0.0
        high = chi2.ppf(0.975, 2 * number / dispersed + 2) / 2 * dispersed
        rates = [each / exposure if exposure else None for each in (number, float(low), float(high))]
        rows.append((rank, *area[:2], number, whole[area.number], area.residents, *rates, *ends))
    return sorted(rows)


def _covers(period: CoveredPeriod, year: int, month: int) -> bool:
    first = date(year, month, 1)
    return period.first.date() <= first and first.replace(day=_days(first)) <= period.last.date()


def _arrests(incidents: list[Incident]) -> list[Row]:
    counts: Counter[str | None] = Counter()
    arrests: Counter[str | None] = Counter()
    for each in incidents:
        if 2016 <= each.occurred_at.year <= 2019 and each.arrest is not None:
            counts[each.primary_type] += 1
            arrests[each.primary_type] += each.arrest
    rows: list[Row] = []
    for kind, number in counts.items():
        low, high = proportion_confint(arrests[kind], number, alpha=0.05, method="wilson")
        low = 0.0 if arrests[kind] == 0 else float(low)
        high = 1.0 if arrests[kind] == number else float(high)
        rows.append((kind, number, arrests[kind], arrests[kind] / number, low, high))
    return sorted(rows, key=lambda row: (-row[4], row[0] or ""))
