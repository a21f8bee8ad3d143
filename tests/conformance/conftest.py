"""Which cases of the suite are quick enough for `make test` on engines whose runs take seconds.

`make test-slow` runs the others. DuckDB, the default engine, has all of its cases in `make test`.
"""

from __future__ import annotations

from typing import Final

import pytest

_EVERY_ENGINE: Final = frozenset(
    {
        "test_gives_what_the_rules_say[generated]",  # every defect that the generator knows
        "test_gives_what_the_rules_say[structure]",  # quotes, line breaks, widths
        "test_the_output_is_sound",
        "test_refuses_in_one_line[a damaged file among others]",
        "test_refuses_what_would_be_answered_wrongly[day first]",
    }
)
_EVERY_READER: Final = frozenset(
    {
        "test_gives_what_the_rules_say[moments]",
        "test_gives_what_the_rules_say[spellings]",
        "test_gives_what_the_rules_say[versions]",
        "test_gives_what_the_rules_say[outlying]",
        "test_gives_what_the_rules_say[short_row_behind_a_cut]",
        "test_warns[outlying]",
        "test_maps_every_form",
    }
)
#: Tests of Spark's row counts that need no class.
_ROWS: Final = frozenset(
    {
        "test_a_run_that_reads_wrongly_ends_with_an_error_and_writes_nothing[plain-loses_a_row]",
        "test_a_job_that_reads_wrongly_leaves_nothing_in_the_lake[stops_before_the_end-folder]",
        "test_a_name_is_no_pattern[crimes[1].csv]",
        "test_a_line_that_is_too_long_is_named[False]",
    }
)
#: Classes, and modules without one, that are slow but for the cases named.
QUICK: Final = {
    "TestSpark": _EVERY_ENGINE - {"test_the_output_is_sound", "test_gives_what_the_rules_say[structure]"},
    "TestSparkLayouts": _EVERY_READER - {"test_maps_every_form"},
    "TestBeamDirect": _EVERY_ENGINE | _EVERY_READER,
    "TestBeamFormats": frozenset({"test_a_folder_of_formats_and_other_files"}),
    "TestBeamLayouts": _EVERY_READER,
    "TestBeamPrism": frozenset(
        {"test_gives_what_the_rules_say[generated]", "test_refuses_in_one_line[a damaged file among others]"}
    ),
    "test_spark_rows": _ROWS,
}


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is slow
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what is not in `QUICK`."""
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        named = item.cls.__name__ if item.cls else item.module.__name__.rpartition(".")[2]
        if named in QUICK and item.name not in QUICK[named]:
            item.add_marker(pytest.mark.slow)
