"""The accuracy of past forecasts, added up over series: what `crime-pipelines backtest` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crime_pipelines.questions.model import Answer


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The accuracy of forecasts of one kind.

    Attributes:
        what: which series, and how far ahead.
        series: how many of them.
        forecasts: past forecasts, over all series and horizons.
        error: mean absolute error as a share of the mean count, on average over series and horizons.
        naive_error: the same of repeating the same month or week of the year before, or the same weekday of
            the week before.
        ratio: error over naive error, on average over series.
        inside_80: share of past counts inside of the 80 % interval made before them; None without intervals.
        inside_95: share inside of the 95 % interval.
    """

    what: str
    series: int
    forecasts: int
    error: float
    naive_error: float
    ratio: float
    inside_80: float | None
    inside_95: float | None


def accuracy(analyses: Mapping[str, Answer]) -> Iterator[Accuracy]:
    """Add up the accuracy of the forecasts of a run.

    Args:
        analyses: the analyses by name.

    Yields:
        All incidents, the types and the areas by month; all incidents by week and by day. What has no past
        forecast is left out.
    """
    months = analyses["monthly_forecasts"].records()
    for scope, what in (("all", "all incidents"), ("type", "types of crime"), ("area", "areas")):
        rows = [row for row in months if row["scope"] == scope]
        yield from _added(f"{what}, 1 to 12 months ahead", rows, "last_years_error")
    for name, what in (("weekly_forecasts", "1 to 8 weeks"), ("daily_forecasts", "1 to 14 days")):
        rows = [{**row, "scope": "all", "name": None, "area": None} for row in analyses[name].records()]
        yield from _added(f"all incidents, {what} ahead", rows, "naive_error")


def _added(what: str, rows: Sequence[Mapping[str, Any]], naive: str) -> Iterator[Accuracy]:
    series: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["error"] is not None and row[naive]:
            series.setdefault((row["name"], row["area"]), []).append(row)
    if not series:
        return
    measured = [row for own in series.values() for row in own]
    ratios = [_mean(own, "error") / _mean(own, naive) for own in series.values()]
    inside = [row for row in measured if row["inside_95"] is not None]
    yield Accuracy(
        what,
        len(series),
        sum(row["past_forecasts"] for row in measured),
        _mean(measured, "error"),
        _mean(measured, naive),
        sum(ratios) / len(ratios),
        _mean(inside, "inside_80") if inside else None,
        _mean(inside, "inside_95") if inside else None,
    )


def _mean(rows: Sequence[Mapping[str, Any]], column: str) -> float:
    return sum(float(row[column]) for row in rows) / len(rows)
