"""What a run promises of any file, the embedded engine's whole way from file to answers."""

from __future__ import annotations

import gzip
import random
import re
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crime_pipelines.domain.fields import FIELDS
from crime_pipelines.domain.records.csv_records import join_record
from crime_pipelines.engines.testing.oracle import expect
from crime_pipelines.engines.testing.suite import answers_of, assert_output, incidents_of, loaded
from crime_pipelines.errors import InputError
from crime_pipelines.output.record import RunRecord
from crime_pipelines.pipeline import run
from crime_pipelines.questions import EARLIEST_AS_OF
from tests.properties.strategies import RawRow, files, raw_rows

# A run takes most of a second: few examples, and no hundreds more to explain a failure.
few = settings(
    max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)  # fmt: skip


#: A file of few rows may be in another layout than its headings say, throughout.
_OTHER_LAYOUT = re.compile(r"\.csv: (its rows have \d+ fields?, its headings \d+|day and month are swapped)")


@few
@given(st.lists(files(), min_size=1, max_size=3), st.sampled_from([3, 0, -1]))
def test_every_row_of_any_file_is_accounted_for(contents: list[bytes], shift_years: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in"), Path(folder, "out")
        source.mkdir()
        paths = [source / f"{number}.csv" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        expected = expect(paths, shift_years)
        latest = max((each.occurred_at for each in expected.incidents.values()), default=None)
        problem = ""
        try:
            record = run(str(source), out, shift_years=shift_years, max_rejected=1).record
        except InputError as error:
            problem = str(error)
        if problem:
            why = "before year 1" if latest is not None else "no row is an incident"
            may_be = latest is None or latest < EARLIEST_AS_OF
            assert _OTHER_LAYOUT.search(problem) or (may_be and why in problem), problem
            assert [each.name for each in Path(folder).iterdir()] == ["in"]
            return
        assert record.read == record.incidents + record.superseded + record.rejects
        assert_output(out, loaded(out), expected)


def written(rows: list[RawRow]) -> bytes:
    names = [field.name for field in FIELDS]
    lines = [",".join(names), *(join_record([row[name] for name in names]) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


@settings(few, max_examples=5)
@given(
    st.lists(st.tuples(raw_rows(), st.integers(1, 20)), min_size=1, max_size=40),
    st.lists(st.integers(0, 39), max_size=10),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_order_splits_and_repeats_change_no_answer(
    drawn: list[tuple[RawRow, int]], repeated: list[int], parts: int, chosen: random.Random
) -> None:
    rows = [{**row, "id": str(key)} for row, key in drawn]
    rows.append({**rows[0], "id": "21", "occurred_at": "2016-02-29T23:00:00", "arrest": "true"})
    again = rows + [rows[at % len(rows)] for at in repeated]
    chosen.shuffle(again)
    with tempfile.TemporaryDirectory() as folder:
        whole, split = Path(folder, "whole.csv"), Path(folder, "split")
        whole.write_bytes(written(rows))
        split.mkdir()
        for part in range(parts):
            data = written(again[part::parts])
            Path(split, f"{part}.csv").write_bytes(gzip.compress(data) if part % 2 else data)
        one = run(str(whole), Path(folder, "one"), max_rejected=1).record
        other = run(str(split), Path(folder, "other"), max_rejected=1).record
        assert other.read == one.read + len(repeated)
        assert incidents_of(Path(folder, "one")) == incidents_of(Path(folder, "other"))
        assert answers_of(Path(folder, "one")) == answers_of(Path(folder, "other"))
        _assert_same_but_for_repeats(one, other)


def _assert_same_but_for_repeats(one: RunRecord, other: RunRecord) -> None:
    assert (one.incidents, one.as_of, one.data_quality) == (other.incidents, other.as_of, other.data_quality)
    assert set(one.rejected) == set(other.rejected)
