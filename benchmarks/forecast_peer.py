"""Monthly forecasts beside those of statsforecast: the same series, origins and horizon, judged alike."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crime_pipelines.analysis.monthly import HORIZON, MINIMUM_MONTHS
from crime_pipelines.questions.monthly_forecasts.question import MonthlySeries

LARGEST: Final = 8
"""The number of types of crime that are looked at, those with most incidents."""

_SCRIPT: Final = Path(__file__).with_name("peer_statsforecast.py")
#: Five months between origins come round to every month of the year.
_ORIGINS_APART: Final = 5
_AREAS_APART: Final = 3
_OURS: Final = "crime-pipelines"
_NAIVE: Final = "last year's month"
#: The peer's own name of that.
_PEERS_NAIVE: Final = "SeasonalNaive"
_HEADS: Final = {"all": "all", "type": "{} largest types", "area": "{} areas"}
_WIDTH: Final = 17


@dataclass(frozen=True, slots=True)
class _Tried:
    """The forecasts of one method.

    Attributes:
        middles: shape (series, origins, HORIZON).
        seconds: CPU time of a series and origin.
    """

    middles: NDArray[np.float64]
    seconds: float


def beside(python: Path, series: MonthlySeries, whole: bool) -> str:
    """Forecast with both, and lay the errors side by side.

    Args:
        python: the Python of an environment with statsforecast.
        series: all series.
        whole: take every area and origin; otherwise a sample.

    Returns:
        A table.

    Raises:
        subprocess.CalledProcessError: the peer failed.
        ValueError: the peer repeats last year's month otherwise than we do, so its series are not ours.
    """
    chosen = _chosen(series.frequent(), 1 if whole else _AREAS_APART)
    months = chosen.counts.shape[1]
    origins = list(range(MINIMUM_MONTHS, months, 1 if whole else _ORIGINS_APART))
    ahead = np.array(origins)[:, np.newaxis] + np.arange(HORIZON)
    naive = chosen.counts[:, ahead - 12]
    tried = {_OURS: _ours(chosen, origins)} | _peers(python, chosen, origins)
    if not np.allclose(tried[_PEERS_NAIVE].middles, naive):
        raise ValueError(f"{_PEERS_NAIVE} is not last year's month: the peer was given other series")
    tried[_NAIVE] = tried.pop(_PEERS_NAIVE)
    actual = np.where(ahead < months, chosen.counts[:, np.minimum(ahead, months - 1)], np.nan)
    errors = {name: _errors(each.middles, actual) for name, each in tried.items()}
    groups: dict[str, list[int]] = {}
    for at, key in enumerate(chosen.keys):
        groups.setdefault(key[0], []).append(at)
    heads = "".join(f"{_HEADS[scope].format(len(own)):>{_WIDTH}}" for scope, own in groups.items())
    lines = [
        f"beside statsforecast, from {len(origins)} origins of {months - MINIMUM_MONTHS}, "
        f"1 to {HORIZON} months ahead; times the error of {_NAIVE}:",
        f"{'':18}{heads}{'ms of CPU a forecast':>24}",
    ]
    for name, each in tried.items():
        ratios = [float(np.mean(errors[name][own] / errors[_NAIVE][own])) for own in groups.values()]
        columns = "".join(f"{ratio:>{_WIDTH}.2f}" for ratio in ratios)
        lines.append(f"{name:18}{columns}{1000 * each.seconds:>24.2f}")
    return "\n".join(lines)


def _chosen(series: MonthlySeries, areas_apart: int) -> MonthlySeries:
    """Return all incidents, the largest types, and of the areas, by their numbers, one in so many."""
    scopes = np.array([key[0] for key in series.keys])
    types, areas = np.flatnonzero(scopes == "type"), np.flatnonzero(scopes == "area")
    types = types[np.argsort(-series.counts[types].sum(axis=1), kind="stable")][:LARGEST]
    areas = np.array(sorted(areas, key=lambda at: series.keys[at][2] or 0), dtype=int)[::areas_apart]
    kept = [0, *types.tolist(), *areas.tolist()]
    return replace(series, keys=[series.keys[at] for at in kept], counts=series.counts[kept])


def _ours(series: MonthlySeries, origins: list[int]) -> _Tried:
    """Forecast from each origin as if it were the last month; the time is that of `monthly_forecasts`."""
    known = [
        replace(series, counts=series.counts[:, :origin], days=series.days[: origin + HORIZON])
        for origin in origins
    ]
    middles = np.stack([each.forecast().expected for each in known], axis=1)
    begun = process_time()
    past = int(series.forecast().past[0])
    seconds = process_time() - begun
    return _Tried(middles, seconds / len(series.keys) / (past + 1))


def _peers(python: Path, series: MonthlySeries, origins: list[int]) -> dict[str, _Tried]:
    with TemporaryDirectory() as folder:
        given, answer = Path(folder, "series.json"), Path(folder, "forecasts.json")
        given.write_text(
            json.dumps({"horizon": HORIZON, "origins": origins, "series": series.counts.tolist()}),
            encoding="utf-8",
        )
        subprocess.run([python, str(_SCRIPT), str(given), str(answer)], check=True)
        found = json.loads(answer.read_text(encoding="utf-8"))
    fits = len(series.keys) * len(origins)
    return {name: _Tried(np.array(each["forecasts"]), each["seconds"] / fits) for name, each in found.items()}


def _errors(middles: NDArray[np.float64], actual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each series' mean absolute error as a share of its mean month, averaged over months ahead."""
    by_month_ahead = np.nansum(np.abs(middles - actual), axis=1) / np.nansum(actual, axis=1)
    return np.asarray(by_month_ahead.mean(axis=1))
