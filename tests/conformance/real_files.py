"""The City's own files, which are never committed: each engine must give of them what the rules say."""

from functools import cache
from pathlib import Path

import pytest

from crime_pipelines.engines.testing import EngineConformance
from crime_pipelines.engines.testing.oracle import Expected, expect
from crime_pipelines.engines.testing.suite import assert_output
from tests.real import REAL, needs_real_data


class RealFiles(EngineConformance):
    """The suite, and the real files."""

    @needs_real_data
    @pytest.mark.parametrize(
        "name",
        [
            # row by row in Python, what it must give takes a minute
            pytest.param("crimes_2012_2018_fifth.csv.gz", marks=pytest.mark.slow),
            "crimes_api_layout_2024.csv",
            "crimes_spreadsheet_damaged.csv",
        ],
    )
    def test_real_files(self, name: str, tmp_path: Path) -> None:
        record = self.run(REAL / "chicago" / name, tmp_path / "out")
        assert_output(tmp_path / "out", record, _expect_once(REAL / "chicago" / name))


@cache
def _expect_once(path: Path) -> Expected:
    """Compute the expected outcome of a large file once for all engines: row by row takes a minute."""
    return expect([path])
