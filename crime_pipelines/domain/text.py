"""Text as it comes out of a file: trimming, folding to upper case, collapsing inner spaces.

Every rule here has two faces built from the same constants: a Python function on a value and a portable
SQL expression (valid as it stands in BigQuery, Spark and DuckDB) that says the same of a column.
"""

from __future__ import annotations

from typing import Final, Self

#: Every character for which ``str.isspace`` holds. Spelled out, because SQL's own TRIM means something
#: different in each engine (DuckDB: Unicode separators, Spark: U+0020 only, BigQuery: all white space).
WHITESPACE: Final = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
#: A SQL condition that ``{text}`` begins and ends with a visible ASCII character, and so needs no trimming.
#: Text compares by code point. The end comes first: DuckDB takes SUBSTR of some rows alone far more slowly.
VISIBLE_ENDS: Final = "SUBSTR({text}, -1) BETWEEN '!' AND '~' AND {text} BETWEEN '!' AND '~~'"
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_UPPER: Final = _LOWER.upper()
#: Only ASCII letters fold: engines disagree on the rest of Unicode (and on its version).
_TO_UPPER: Final = str.maketrans(_LOWER, _UPPER)


def clean(text: str | None) -> str | None:
    """The text without white space at its ends; an empty text is None.

    Args:
        text: any text, or None.

    Returns:
        The trimmed text, or None if nothing is left.
    """
    return (text.strip() or None) if text else None


def fold(text: str | None) -> str | None:
    """The text trimmed, inner white space collapsed to one space, ASCII letters in upper case.

    Args:
        text: any text, or None.

    Returns:
        The folded text, or None if nothing is left.
    """
    return " ".join(text.split()).translate(_TO_UPPER) or None if text else None


def literal(text: str) -> str:
    """A SQL string literal, portable between the three dialects.

    Control characters are spelled with ``CHR``: BigQuery allows no line break inside quotes.

    Args:
        text: the text; neither quotes nor backslashes, whose escaping differs between the dialects.

    Returns:
        A SQL expression of that text.

    Raises:
        ValueError: the text holds a quote or a backslash.
    """
    if "'" in text or "\\" in text:
        raise ValueError(f"no portable SQL literal for {text!r}: it holds a quote or a backslash")
    parts: list[str] = []
    plain = ""
    for char in text:
        if ord(char) < 0x20 or ord(char) == 0x85:
            if plain:
                parts.append(f"'{plain}'")
            parts.append(f"CHR({ord(char)})")
            plain = ""
        else:
            plain += char
    if plain or not parts:
        parts.append(f"'{plain}'")
    return parts[0] if len(parts) == 1 else f"({' || '.join(parts)})"


_SPACED: Final = f"TRANSLATE({{0}}, {literal(WHITESPACE)}, '{' ' * len(WHITESPACE)}')"


class Trimmed(str):
    """A SQL expression of text that is trimmed already, and NULL where it was empty."""

    __slots__ = ()


class Untrimmed(str):
    """A SQL expression of text, and how an engine trims it.

    Attributes:
        trimmed: a SQL expression of the trimmed text, NULL where nothing is left.
    """

    __slots__ = ("trimmed",)

    def __new__(cls, text: str, trimmed: str) -> Self:
        """Remember both."""
        found = super().__new__(cls, text)
        found.trimmed = trimmed
        return found

    trimmed: str


def clean_sql(column: str) -> str:
    """The SQL face of `clean`; what is `Trimmed` stays as it is, and what is `Untrimmed` says how.

    The first branch is there for speed alone: nearly every value begins and ends with a visible ASCII
    character and is passed on untouched.

    Args:
        column: a SQL expression of text.

    Returns:
        A SQL expression of the trimmed text, NULL where nothing is left.
    """
    if isinstance(column, Trimmed):
        return column
    if isinstance(column, Untrimmed):
        return column.trimmed
    spaced = _SPACED.format(column)
    # TRANSLATE maps one character to one character, so positions found in the one hold in the other
    trimmed = f"SUBSTR({column}, LENGTH({spaced}) - LENGTH(LTRIM({spaced})) + 1, LENGTH(TRIM({spaced})))"
    return f"CASE WHEN {VISIBLE_ENDS.format(text=column)} THEN {column} ELSE NULLIF({trimmed}, '') END"


def fold_sql(column: str) -> str:
    """The SQL face of `fold`.

    Args:
        column: a SQL expression of text.

    Returns:
        A SQL expression of the folded text, NULL where nothing is left.
    """
    # A tab can't occur any more once white space has become spaces, so it can mark the spaces to drop.
    tab = "CHR(9)"
    spaced = f"TRIM({_SPACED.format(column)})"
    collapsed = f"REPLACE(REPLACE(REPLACE({spaced}, ' ', ' ' || {tab}), {tab} || ' ', ''), {tab}, '')"
    return f"NULLIF(TRANSLATE({collapsed}, '{_LOWER}', '{_UPPER}'), '')"
