from __future__ import annotations

import sys

import duckdb
import pytest

from crime_pipelines.domain.text import WHITESPACE, clean, fold, literal


def test_white_space_is_what_python_takes_for_it() -> None:
    assert set(WHITESPACE) == {chr(at) for at in range(sys.maxunicode + 1) if chr(at).isspace()}
    assert len(set(WHITESPACE)) == len(WHITESPACE)


@pytest.mark.parametrize(
    ("text", "cleaned", "folded"),
    [
        (None, None, None),
        ("", None, None),
        (" \t\u00a0\u3000\n", None, None),
        ("STREET", "STREET", "STREET"),
        ("  Street \r\n", "Street", "STREET"),
        ("a \t b", "a \t b", "A B"),
        ("stra\u00dfe \u00e4", "stra\u00dfe \u00e4", "STRA\u00dfE \u00e4"),  # ASCII letters alone fold
        ("\u200bx", "\u200bx", "\u200bX"),  # a zero-width space is no white space
        ("\x00", "\x00", "\x00"),
    ],
)
def test_clean_and_fold(text: str | None, cleaned: str | None, folded: str | None) -> None:
    assert clean(text) == cleaned
    assert fold(text) == folded


@pytest.mark.parametrize(
    "text",
    [
        "",
        "THEFT",
        "\t",
        "a\tb",
        "\n",
        "\r\n",
        "\x85",
        "a\x00b",
        WHITESPACE,
        "\U0001f389",
        "O'HARE",
        "back\\slash",
        "'",
    ],
)
def test_a_literal_says_its_text(text: str) -> None:
    assert duckdb.sql(f"SELECT {literal(text)}").fetchall() == [(text,)]
    assert not set(literal(text)) & set("\n\r\t\x85\x00")
