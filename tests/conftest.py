"""What tests of several kinds share."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, settings

from tests.scheduling import ScopeScheduling, rank

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# No test expects a line of progress, on however slow a machine.
os.environ["CRIME_PIPELINES_PROGRESS_SECONDS"] = "86400"
# gcsfs reads it when it is imported, perhaps before a test has an emulator: it would then ask Google itself
# for the kind of a bucket, for minutes.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
# A loaded machine is no fault: neither the time of an example nor that of making one up is judged.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


#: What `make test-core` leaves to `make test`: tests of seconds each, and those that no extra can change.
LONG: Final = (
    "tests/conformance/test_big_files.py",
    "tests/conformance/test_duckdb_rows.py",
    "tests/golden/",
    "tests/integration/test_add_a_question.py",
    "tests/integration/test_command_line.py",
    "tests/integration/test_destinations.py",
    "tests/integration/test_everyday_use.py",
    "tests/integration/test_full_disk.py",
    "tests/integration/test_real_departments.py",
    "tests/integration/test_report_questions.py",
    "tests/integration/test_serve.py",
    "tests/properties/",
    "tests/unit/test_accuracy.py",
    "tests/unit/test_checking.py",
    "tests/unit/test_engines.py",
    "tests/unit/test_examples.py",
    "tests/unit/test_exports.py",
    "tests/unit/test_generate.py",
    "tests/unit/test_layout_command.py",
    "tests/unit/test_locales.py",
    "tests/unit/test_progress.py",
    "tests/unit/test_publishing.py",
    "tests/unit/test_skips.py",
    "tests/unit/test_wordings.py",
)


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is long
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as long what `LONG` names; workers get what takes longest first."""
    for item in items:
        if item.nodeid.startswith(LONG):
            item.add_marker(pytest.mark.long)
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist there is none
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ScopeScheduling | None:
    """Keep together in one worker what shares what it starts, where files are kept together."""
    return ScopeScheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--outcomes",
        type=Path,
        metavar="FILE",
        help="say in a file which tests ran and which were skipped, and why",
    )


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write the outcomes that `python -m tests.skips` reads."""
    path = config.getoption("outcomes")
    if path is None:
        return
    stats = terminalreporter.stats
    ran = {
        report.nodeid for kind in ("passed", "failed", "xfailed", "error") for report in stats.get(kind, ())
    }
    skipped = {
        report.nodeid: report.longrepr[2].removeprefix("Skipped: ") for report in stats.get("skipped", ())
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"ran": sorted(ran), "skipped": skipped}, indent=0), encoding="utf-8")


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session for all tests: starting one takes longer than most of them. Skips where Spark is missing."""
    pytest.importorskip("pyspark", reason="needs the extra spark: make dev")
    from crime_pipelines.spark.session import local_session

    session = local_session(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()
