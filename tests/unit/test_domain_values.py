from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from crime_pipelines.domain.dialect import DUCKDB, Dialect
from crime_pipelines.domain.fields import Kind
from crime_pipelines.domain.values import candidate_sql, is_unreadable, value, value_sql

_GREATEST = 2**63 - 1


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (Kind.IDENTIFIER, "10000092", 10_000_092),
        (Kind.IDENTIFIER, " 007\t", 7),
        (Kind.IDENTIFIER, str(_GREATEST), _GREATEST),
        (Kind.IDENTIFIER, str(_GREATEST + 1), None),
        (Kind.IDENTIFIER, "0", None),
        (Kind.IDENTIFIER, "-5", None),
        (Kind.IDENTIFIER, "12.0", 12),
        (Kind.IDENTIFIER, "\uff17", None),
        (Kind.IDENTIFIER, "9" * 40, None),
        (Kind.FLAG, "TRUE", True),
        (Kind.FLAG, "yes", True),
        (Kind.FLAG, "1", True),
        (Kind.FLAG, " False ", False),
        (Kind.FLAG, "No", False),
        (Kind.FLAG, "0", False),
        (Kind.FLAG, "t", True),
        (Kind.FLAG, "N", False),
        (Kind.FLAG, "1.0", True),
        (Kind.FLAG, "0.0", False),
        (Kind.FLAG, "1.00", None),
        (Kind.INTEGER, "1,234,567.00", 1_234_567),
        (Kind.INTEGER, "1,2", None),
        (Kind.INTEGER, "42", 42),
        (Kind.INTEGER, "42.0", 42),
        (Kind.INTEGER, "-1", -1),
        (Kind.INTEGER, "42.5", None),
        (Kind.INTEGER, "+1", None),
        (Kind.INTEGER, "1_000", None),
        (Kind.INTEGER, "1234567890", None),
        (Kind.DECIMAL, "41.88", 41.88),
        (Kind.DECIMAL, "+.5e1", 5.0),
        (Kind.DECIMAL, "1e15", 1e15),
        (Kind.DECIMAL, "1e16", None),
        (Kind.DECIMAL, "1e400", None),
        (Kind.DECIMAL, "1,176,304.5", 1_176_304.5),
        (Kind.DECIMAL, "inf", None),
        (Kind.DECIMAL, "1_000", None),
        (Kind.DECIMAL, "41,88", None),
        (Kind.AREA, " 7 ", 7),
        (Kind.AREA, "008", 8),
        (Kind.AREA, "8.00", 8),
        (Kind.AREA, "1e1", None),
        (Kind.AREA, "78", None),
        (Kind.LOCATION, "parking lot/garage(non.resid.)", "PARKING LOT / GARAGE (NON RESIDENTIAL)"),
        (Kind.LOCATION, " Street ", "STREET"),
        (Kind.TEXT, "  a  b ", "a  b"),
        (Kind.PRIMARY_TYPE, "crim sexual assault", "CRIMINAL SEXUAL ASSAULT"),
        (Kind.DATETIME, "2016-02-29T10:00:00", datetime(2016, 2, 29, 10)),
        (Kind.DATETIME, "2016-02-30T10:00:00", None),
    ],
)
def test_values(kind: Kind, text: str, found: object) -> None:
    read = value(kind, text, 0)
    assert (type(read), read) == (type(found), found)
    assert is_unreadable(kind, text, read) is (found is None)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "text", [None, "", " \u00a0", "NA", " n/a ", "#N/A", "NaN", "NULL", "none", "\\N", "-"]
)
def test_nothing_is_no_value_and_no_warning(kind: Kind, text: str | None) -> None:
    assert value(kind, text, 3) is None
    assert not is_unreadable(kind, text, None)


@pytest.mark.parametrize("text", ["0", "00", "0.0", " 0 "])
def test_an_area_said_to_be_unknown_is_no_cause_for_a_warning(text: str) -> None:
    assert value(Kind.AREA, text, 0) is None
    assert not is_unreadable(Kind.AREA, text, None)
    assert is_unreadable(Kind.AREA, "78", None)


@pytest.mark.parametrize(
    ("text", "years", "kept"),
    [
        ("9997-01-01T00:00:00", 2, True),
        ("9997-01-01T00:00:00", 3, False),
        ("0003-01-01T00:00:00", -2, True),
        ("0003-01-01T00:00:00", -3, False),
    ],
)
def test_a_date_that_its_shift_takes_out_of_the_calendar_is_none(text: str, years: int, kept: bool) -> None:
    assert (value(Kind.DATETIME, text, years) is not None) is kept


def test_an_engine_without_a_faster_reading_reads_exactly() -> None:
    slow = replace(DUCKDB, name="slow", quick={})
    for kind in Kind:
        assert candidate_sql(kind, "v", slow) is None
        assert value_sql(kind, "v", slow) == value_sql(kind, "v", DUCKDB)
    assert {kind for kind in Kind if candidate_sql(kind, "v", DUCKDB)} == {
        Kind.IDENTIFIER, Kind.DATETIME, Kind.INTEGER, Kind.DECIMAL, Kind.AREA
    }  # fmt: skip


def test_a_dialect_says_it_in_the_engines_words() -> None:
    words = Dialect(
        "x", "M({text}, {pattern})", "C({text}, {type})", "P({text})", "U({text})", {"integer": "I64"}
    )
    assert words.matches("a", "[0-9]{2}") == "M(a, '[0-9]{2}')"
    assert words.try_cast("a", "integer") == "C(a, I64)"
    assert words.parse_city_datetime("a") == "P(a)"
    assert words.parse_us_datetime("a") == "U(a)"
    assert words.renamed("a", {"X": "Y"}) == "COALESCE(MAP {'X': 'Y'}[a], a)"
