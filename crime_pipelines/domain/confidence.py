"""The normal quantile behind every 95 % interval that has one."""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

#: z of a two-sided 95 % interval; rounded, so that SQL and JSON write the same number as Python.
Z_95: Final = round(NormalDist().inv_cdf(0.975), 15)
