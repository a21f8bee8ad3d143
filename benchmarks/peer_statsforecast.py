"""Monthly forecasts with statsforecast, as its documentation shows them, from rolling origins.

    python benchmarks/peer_statsforecast.py series.json forecasts.json

Reads `{"horizon": 12, "origins": [24, ...], "series": [[count, ...], ...]}`: each series is forecast from
each origin, which is how many of its months are known. Writes for each model its forecasts by series, origin
and month ahead, and the seconds of CPU of all of them. Imports and the first forecasts of each model, during
which numba compiles, are left out.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from statsforecast.models import AutoARIMA, AutoETS, SeasonalNaive

SEASON = 12


def main() -> None:
    """Forecast."""
    given = json.loads(Path(sys.argv[1]).read_text())
    series = [np.array(each, dtype=float) for each in given["series"]]
    models = (SeasonalNaive(SEASON), AutoETS(season_length=SEASON), AutoARIMA(season_length=SEASON))
    found = {}
    for model in models:
        for each in (series[0], series[0][: given["origins"][0]]):
            model.forecast(y=each, h=given["horizon"])
        begun = time.process_time()
        forecasts = [
            [
                model.forecast(y=each[:origin], h=given["horizon"])["mean"].tolist()
                for origin in given["origins"]
            ]
            for each in series
        ]
        found[type(model).__name__] = {"forecasts": forecasts, "seconds": time.process_time() - begun}
    Path(sys.argv[2]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
