"""The pipeline as a Dataflow worker has it: installed from what Beam packs of setup.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam: make dev")

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.stager import Stager

from crime_pipelines.cloud.packaging import SOURCES, checkout
from crime_pipelines.pipeline import run
from crime_pipelines.synthetic import generate

RUNNER = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the third-party libraries of this one, and the package as Beam packs it."""
    folder = tmp_path_factory.mktemp("worker")
    sources = folder / "sources"
    sources.mkdir()
    for name in SOURCES:
        place = checkout() / name
        if place.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(place, sources / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy2(place, sources / name)
    staged = folder / "staged"
    staged.mkdir()
    options = PipelineOptions([f"--setup_file={sources}/setup.py", "--sdk_location=container"])
    Stager.create_job_resources(options, str(staged))
    (package,) = staged.glob("*.tar.gz")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    # The one that comes with Python is older than what the build asks for.
    subprocess.run([python, "-m", "pip", "uninstall", "--quiet", "-y", "setuptools"], check=True, env=bare())
    site = sysconfig.get_path("purelib", vars={"base": str(folder / "venv")})
    # Paths alone: packages that are installed from a checkout are not found this way.
    seen = [path for path in sys.path if path.endswith("site-packages")]
    Path(site, "libraries.pth").write_text("\n".join(seen) + "\n")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([python, *install, str(package)], check=True, env=bare())
    return python


def bare() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}


@pytest.mark.slow
def test_runs_in_worker_processes_from_what_setup_file_packs(worker: Path, tmp_path: Path) -> None:
    generate(tmp_path / "in.csv", 1_000, seed=4, defects=0.2)
    where = "import crime_pipelines.beam as b; print(b.__file__)"
    found = subprocess.run(
        [worker, "-c", where], cwd=tmp_path, env=bare(), check=True, capture_output=True, text=True
    )
    assert found.stdout.startswith(str(worker.parents[1])), "the package is not the one that was packed"
    job = [
        *(worker, "-m", "crime_pipelines.beam.job", f"--input={tmp_path}/in.csv", f"--output={tmp_path}/out"),
        *(f"--runner={RUNNER}", "--direct_running_mode=multi_processing", "--direct_num_workers=1"),
    ]
    done = subprocess.run(job, cwd=tmp_path, env=bare(), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    run(str(tmp_path / "in.csv"), tmp_path / "run", max_rejected=1)
    for path in sorted((tmp_path / "run" / "answers").iterdir()):
        assert (tmp_path / "out" / "answers" / path.name).read_text() == path.read_text()
