"""Spark on executors in processes of their own, which have nothing but what the wheel ships."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crime_pipelines.cloud.packaging import build_wheel, checkout
from crime_pipelines.engines.testing.suite import answers_of, incidents_of, rejects_of
from crime_pipelines.pipeline import run
from crime_pipelines.synthetic import generate

pytest.importorskip("pyspark", reason="needs the extra spark: make dev")

from crime_pipelines.localcloud.dataproc.lost_worker import home_within
from crime_pipelines.localcloud.prerequisites import spark_home

#: The engine in a driver whose executors are handed the wheel and start in an empty folder.
_DRIVER = """
import sys
from pathlib import Path
from pyspark.sql import SparkSession
from crime_pipelines.pipeline import run

source, out, wheel, scratch = sys.argv[1:]
builder = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.submit.pyFiles", wheel)
builder = builder.config("spark.ui.enabled", "false").config("spark.local.dir", scratch)
spark = builder.config("spark.executorEnv.PYTHONSAFEPATH", "1").getOrCreate()
tracker = spark.sparkContext._jsc.sc().statusTracker()
found = spark.sparkContext.parallelize(range(8), 8).map(
    lambda each: (__import__("os").getpid(), __import__("crime_pipelines.spark.whole_file").__file__)
).collect()
places = {place for _, place in found}
assert all(wheel.rpartition("/")[2] in place for place in places), places
print("executors", tracker.getExecutorInfos().__len__() - 1)
run(source, Path(out), engine="spark", max_rejected=1)
spark.stop()
"""


@pytest.mark.slow
def test_the_same_answers_on_two_executors_that_have_the_wheel(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    generate(source, 3_000, seed=9, years=8, defects=0.1)  # defects make files that Python reads, too
    wheel = build_wheel(checkout(), tmp_path)
    # Spark puts a .zip on its workers' path everywhere, a .whl on YARN alone.
    package = wheel.rename(wheel.with_suffix(".zip"))
    bare = tmp_path / "python"
    subprocess.run([sys.executable, "-m", "venv", str(bare)], check=True)
    driver = tmp_path / "driver.py"
    driver.write_text(_DRIVER, encoding="utf-8")
    (tmp_path / "scratch").mkdir()
    arguments = (source, tmp_path / "out", package, tmp_path / "scratch")
    settings = {
        "PYSPARK_PYTHON": str(bare / "bin" / "python"),
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_HOME": str(home_within(tmp_path, spark_home())),  # executors keep their files below it
    }
    done = subprocess.run(
        [sys.executable, str(driver), *map(str, arguments)],
        env={**os.environ, **settings},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "executors 2" in done.stdout
    run(str(source), tmp_path / "one", max_rejected=1)
    assert answers_of(tmp_path / "out") == answers_of(tmp_path / "one")
    assert incidents_of(tmp_path / "out") == incidents_of(tmp_path / "one")
    assert rejects_of(tmp_path / "out") == rejects_of(tmp_path / "one")
