"""Real incident files, where they are present; see the README of the folder they lie in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

#: Beside the checkout, unless said otherwise.
REAL: Final = Path(
    os.environ.get("CRIME_PIPELINES_DATA", Path(__file__).parents[1].parent / "shared" / "data")
)
needs_real_data = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"no real incident files at {REAL} (set CRIME_PIPELINES_DATA)"
)
