"""`python -m benchmarks.trend`: the trend test against a Newey-West regression of statsmodels.

The aim: no more CPU time than that, as the test is to cost nothing beside a run.
"""

from __future__ import annotations

import sys
import timeit
from datetime import date
from time import process_time
from typing import Final

import numpy as np
from statsmodels.regression.linear_model import OLS  # type: ignore[import-untyped]

from benchmarks.aims import judged
from crime_pipelines.analysis.trend import trend_of

GREATEST_RATIO: Final = 1.0
_CALLS: Final = 20
_LAGS: Final = 3


def _months() -> list[tuple[date, int]]:
    """Five years of months of about 5,000 incidents."""
    counts = np.random.default_rng(7).poisson(5_000, 60)
    return [(date(2016 + month // 12, month % 12 + 1, 1), int(count)) for month, count in enumerate(counts)]


def _newey_west(months: list[tuple[date, int]]) -> object:
    number = np.arange(len(months))
    design = np.column_stack([number / 12, np.eye(12)[number % 12]])
    logs = np.log([count + 0.5 for _, count in months])
    fitted = OLS(logs, design).fit(cov_type="HAC", cov_kwds={"maxlags": _LAGS}, use_t=True)
    return fitted.params[0], fitted.conf_int()[0], fitted.pvalues[0]


def main() -> int:
    """Measure and print.

    Returns:
        0 if the aim is met, otherwise 1.
    """
    months = _months()
    ours, theirs = (
        min(timeit.repeat(call, timer=process_time, number=_CALLS, repeat=5)) / _CALLS
        for call in (lambda: trend_of(months), lambda: _newey_west(months))
    )
    ratio = ours / theirs
    print(f"trend_of {1000 * ours:.2f} ms, statsmodels {1000 * theirs:.2f} ms of CPU: {ratio:.2f} times")
    aim = f"the trend test takes at most {GREATEST_RATIO:.1f} times the CPU time of statsmodels' regression"
    return judged([(aim, ratio <= GREATEST_RATIO)])


if __name__ == "__main__":
    sys.exit(main())
