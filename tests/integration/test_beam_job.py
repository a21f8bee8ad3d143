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


@pytest.mark.parametrize("left", ["incidents/year=2016/bucket-00001.parquet", "rejects/block-1.parquet"])
def test_an_earlier_jobs_files_do_not_stand_beside_its_own(
    left: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(tmp_path / "in.csv", 10, seed=4)
    path = tmp_path / "out" / left
    path.parent.mkdir(parents=True)
    path.write_bytes(b"of an earlier job")
    assert main([f"--input={tmp_path}/in.csv", f"--output={tmp_path}/out", RUNNER]) == 2
    assert capsys.readouterr().err == (
        f"Error: {tmp_path}/out: holds {left.partition('/')[0]} of an earlier job, which this one does not "
        "replace; name another folder, or delete its incidents/ and rejects/\n"
    )
    assert [each for each in (tmp_path / "out").rglob("*") if each.is_file()] == [path]


def test_a_wrong_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"--input={tmp_path}/none.csv", f"--output={tmp_path}/out", RUNNER]) == 2
    assert capsys.readouterr().err == f"Error: {tmp_path}/none.csv: no such file or folder\n"
    assert not (tmp_path / "out").exists()
