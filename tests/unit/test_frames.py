"""Answers as frames of other libraries, and as HTML in notebooks."""

from __future__ import annotations

import doctest
import sys
from datetime import date, datetime
from typing import Any

import pytest

from crime_pipelines.questions import model
from crime_pipelines.questions.model import Answer, Column, Question

COLUMNS = (
    Column("month", "date", "A month."),
    Column("at", "datetime", "A moment."),
    Column("name", "text", "A <name>."),
    Column("number", "integer", "A number."),
    Column("share", "decimal", "A share."),
    Column("complete", "boolean", "Yes or no."),
)
ROWS = [
    (date(2021, 1, 1), datetime(2021, 1, 1, 23, 59, 59), "<script>", 2**53 + 1, 0.1, True),
    (None, None, None, None, None, None),
]


def answer(rows: list[tuple[Any, ...]] | None = None) -> Answer:
    return Answer(Question("q", "Q", "What & why?", COLUMNS, "SELECT 1"), ROWS if rows is None else rows)


def test_the_examples_run() -> None:
    assert not doctest.testmod(model).failed


@pytest.mark.parametrize("rows", [ROWS, []], ids=["rows", "none"])
def test_frames_hold_the_rows_with_their_types(rows: list[tuple[Any, ...]]) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    made = answer(rows)
    assert made.to_polars().rows() == rows
    assert [str(each) for each in made.to_polars().dtypes] == [
        "Date", "Datetime(time_unit='us', time_zone=None)", "String", "Int64", "Float64", "Boolean",
    ]  # fmt: skip
    table = made.to_arrow()
    assert table.to_pylist() == made.records()
    assert [str(each) for each in table.schema.types] == [
        "date32[day]", "timestamp[us]", "string", "int64", "double", "bool",
    ]  # fmt: skip
    frame = made.to_pandas()
    assert [str(each) for each in frame.dtypes] == [
        "datetime64[s]", "datetime64[us]", "string", "Int64", "Float64", "boolean",
    ]  # fmt: skip
    if rows:
        assert frame["number"].iloc[0] == 2**53 + 1
        assert frame.iloc[0]["at"] == datetime(2021, 1, 1, 23, 59, 59)
        assert frame.iloc[1].isna().all()


def test_a_missing_library_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pandas", "polars", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    for convert, name in (
        (answer().to_pandas, "pandas"),
        (answer().to_polars, "polars"),
        (answer().to_arrow, "pyarrow"),
    ):
        with pytest.raises(ImportError, match=f"this needs {name}: "):
            convert()


def test_a_notebook_shows_a_table_with_every_text_escaped() -> None:
    shown = answer([ROWS[0]] * 25)._repr_html_()
    assert "What &amp; why?" in shown
    assert "&lt;script&gt;" in shown
    assert 'title="A &lt;name&gt;."' in shown
    assert shown.count("<tr>") == 21
    assert "and 5 more rows" in shown
