"""`python -m benchmarks.forecasts`: forecasts and comparisons of the real fifth against their aims.

Rolling origins with refitting, beside the seasonal naive forecast; with `--peer` also beside statsforecast,
whose environment `make bench-forecasts` makes. Needs the file of incidents in the folder
CRIME_PIPELINES_DATA, by default ../shared/data.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

import numpy as np

from benchmarks.aims import judged
from benchmarks.forecast_peer import LARGEST, beside
from benchmarks.inputs import real_fifth, rows_of
from crime_pipelines import run
from crime_pipelines.analysis.monthly import MINIMUM_MONTHS, forecast_months
from crime_pipelines.questions.accuracy import Accuracy, accuracy
from crime_pipelines.questions.monthly_forecasts.question import QUESTION as MONTHLY
from crime_pipelines.questions.monthly_forecasts.question import series_of

_MILLISECONDS: Final = 5.0
_SERIES: Final = 100


def _seconds_per_origin() -> float:
    """CPU time of one series and origin, intervals and accuracy among it, in milliseconds."""
    months = 84
    counts = np.random.default_rng(1).poisson(50, (_SERIES, months)).astype(float)
    begin = process_time()
    forecast_months(counts, np.full(months + 12, 30.0), 1, np.zeros(_SERIES, dtype=bool))
    return 1000 * (process_time() - begin) / _SERIES / (months - MINIMUM_MONTHS + 1)


def main() -> int:
    """Measure and print.

    Returns:
        0 if every aim is met, 2 without the file, otherwise 1.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecasts", description=__doc__)
    parser.add_argument(
        "--peer", type=Path, metavar="PYTHON", help="that of an environment with statsforecast"
    )
    parser.add_argument("--whole", action="store_true", help="with --peer: every area and origin")
    arguments = parser.parse_args()
    if arguments.peer and not arguments.peer.is_file():
        parser.error(f"--peer: {arguments.peer} is not there; make bench-forecasts makes an environment")
    source = real_fifth()
    with TemporaryDirectory() as folder:
        analyses = run(source, Path(folder, "out"), shift_years=0).analyses
    found = dict(zip(("city", "types", "areas", "weeks", "days"), accuracy(analyses), strict=True))
    rows = analyses["monthly_forecasts"].records()
    types = [row for row in rows if row["scope"] == "type" and row["expected"] is not None]
    largest = sorted({row["name"] for row in types}, key=lambda name: -_expected(types, name))[:LARGEST]
    ratios = [_ratio([row for row in types if row["name"] == name]) for name in largest]
    eight = sum(ratios) / len(ratios)
    for each in found.values():
        _print(each)
    print(f"the {LARGEST} largest types: {eight:.3f} times the error of last year's month")
    spent = _seconds_per_origin()
    print(f"{spent:.2f} ms of CPU a series and origin")
    if arguments.peer:
        print(beside(arguments.peer, series_of(rows_of(MONTHLY, source)), arguments.whole))
    pooled = [found[name] for name in ("types", "areas")]
    inside = [
        sum((each.inside_80 if level == 80 else each.inside_95) or 0 for each in pooled) / len(pooled)
        for level in (80, 95)
    ]
    return judged(
        [
            ("months, city: at most 0.80 times the error of last year's month", found["city"].ratio <= 0.80),
            ("months, eight largest types: at most 0.85 times", eight <= 0.85),
            ("months, 77 areas: at most 0.80 times", found["areas"].ratio <= 0.80),
            ("days: at most 0.75 times the error of last week's day", found["days"].ratio <= 0.75),
            (f"80 % intervals hold 75 to 85 % ({inside[0]:.1%})", 0.75 <= inside[0] <= 0.85),
            (f"95 % intervals hold 92 to 98 % ({inside[1]:.1%})", 0.92 <= inside[1] <= 0.98),
            (f"at most {_MILLISECONDS:.0f} ms a series and origin", spent <= _MILLISECONDS),
        ]
    )


def _expected(rows: list[dict[str, object]], name: object) -> float:
    return sum(float(str(row["expected"])) for row in rows if row["name"] == name)


def _ratio(rows: list[dict[str, object]]) -> float:
    error, naive = (sum(float(str(row[column])) for row in rows) for column in ("error", "last_years_error"))
    return error / naive


def _print(each: Accuracy) -> None:
    held = "" if each.inside_80 is None else f"; inside {each.inside_80:.1%} and {each.inside_95:.1%}"
    print(
        f"{each.what}: {each.series} series, {each.forecasts:,} past forecasts, error {each.error:.1%}, "
        f"naive {each.naive_error:.1%}, ratio {each.ratio:.3f}{held}"
    )


if __name__ == "__main__":
    sys.exit(main())
