"""The tests that a worker of pytest-xdist gets together, and the order in which files go to workers."""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadFileScheduling

#: Folders and files whose tests share what takes seconds to start. In one worker it starts once, and Java
#: compiles once what all of Spark's tests run.
SHARED: Final = {
    "browser": ("tests/browser/",),
    "emulators": (
        "tests/integration/test_bigquery_source.py",
        "tests/integration/test_feed_reconcile.py",
        "tests/integration/test_feed_sink.py",
        "tests/integration/test_functions_load.py",
        "tests/integration/test_live_warehouse.py",
        "tests/integration/test_localcloud_guard.py",
        "tests/integration/test_stream_equals_batch.py",
        "tests/integration/test_strict_bigquery.py",
        "tests/integration/test_strict_write_api.py",
        "tests/integration/test_surges.py",
        "tests/integration/test_warehouse.py",
        "tests/integration/test_warehouse_analyses.py",
    ),
    "spark": (
        "tests/conformance/test_spark.py",
        "tests/conformance/test_spark_rows.py",
        "tests/integration/test_spark_job.py",
    ),
}
#: Files whose tests share nothing: kept whole, one takes longer than all the rest of `make test-core`.
DIVIDED: Final = ("tests/conformance/test_duckdb.py",)
#: What takes longest, the longest first: begun last, it would leave the other workers idle at the end.
LONGEST: Final = (
    "tests/integration/test_demo.py",  # the longest of those of `make test-slow` that `.ci/run` has
    "emulators",
    "spark",
    "browser",
    "tests/conformance/test_duckdb.py",
    "tests/conformance/test_beam.py",
    "tests/integration/test_command_line.py",
    "tests/properties/test_faces_duckdb.py",
    "tests/unit/test_locales.py",
    "tests/unit/test_examples.py",
    "tests/integration/test_everyday_use.py",
    "tests/integration/test_localcloud.py",
    "tests/unit/test_beam_rows.py",
    "tests/properties/test_ownership.py",
    "tests/unit/test_beam_library.py",
    "tests/unit/test_generate.py",
    "tests/integration/test_localcloud_command.py",
    "tests/unit/test_checking.py",
    "tests/integration/test_add_a_question.py",
    "tests/integration/test_dataproc_command.py",
    "tests/integration/test_destinations.py",
    "tests/unit/test_report.py",
    "tests/properties/test_runs.py",
    "tests/integration/test_spark_command.py",
    "tests/conformance/test_duckdb_rows.py",
)


def scope(nodeid: str) -> str:
    """Name what stays in one worker: a test's file, or the group of files that share what they start.

    Of a file that is divided, the cases of a test stay together.
    """
    file = nodeid.partition("::")[0]
    if file in DIVIDED:
        return nodeid.partition("[")[0]
    return next((name for name, files in SHARED.items() if file.startswith(files)), file)


def rank(nodeid: str) -> int:
    """Place a test in the order of `LONGEST`; all others come after it, as they were collected."""
    name = scope(nodeid)
    return next((at for at, first in enumerate(LONGEST) if name.startswith(first)), len(LONGEST))


class ScopeScheduling(LoadFileScheduling):
    """`--dist loadfile`, but for files that share what they start, and in the order of the collection."""

    def __init__(self, *arguments: object) -> None:
        """Leave the order to `rank`: xdist's own, by the number of tests, puts long tests last."""
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)
