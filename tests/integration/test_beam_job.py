"""The batch as Dataflow runs it: the job's own command line, which takes Beam's options."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")


from crime_pipelines.beam.job import main
from crime_pipelines.pipeline import run
from crime_pipelines.synthetic import generate

RUNNER = "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"


def test_gives_what_a_run_gives(tmp_path: Path) -> None:
    generate(tmp_path / "in.csv", 2_000, seed=4, defects=0.2)
    assert main([f"--input={tmp_path}/in.csv", f"--output={tmp_path}/out", RUNNER]) == 0
    run(str(tmp_path / "in.csv"), tmp_path / "run", max_rejected=1)
    for name in ("monthly_trend", "theft_locations", "crime_trend", "safest_areas", "arrest_rates"):
        wanted = (tmp_path / "run" / "answers" / f"{name}.csv").read_text()
        assert (tmp_path / "out" / "answers" / f"{name}.csv").read_text() == wanted
    assert list((tmp_path / "out" / "incidents").glob("year=*/*.parquet"))
    assert list((tmp_path / "out" / "rejects").glob("*.parquet"))


def test_a_wrong_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"--input={tmp_path}/none.csv", f"--output={tmp_path}/out", RUNNER]) == 2
    assert capsys.readouterr().err == f"Error: {tmp_path}/none.csv: no such file or folder\n"
    assert not (tmp_path / "out").exists()
