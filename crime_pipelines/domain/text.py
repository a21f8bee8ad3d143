"""Text as it comes out of a file: trimming, folding to upper case, collapsing inner spaces.

Every rule here stands twice, built from the same constants: a Python function on a value and a portable
SQL expression (valid as it stands in BigQuery, Spark and DuckDB) that says the same of a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
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
#: Words for "missing", in upper case: read as an empty field, in any case.
MISSING_WORDS: Final = ("NA", "N/A", "#N/A", "NAN", "NULL", "NONE", "\\N", "-")
_MISSING: Final = frozenset(
    "".join(letters)
    for word in MISSING_WORDS
    for letters in product(*((letter.lower(), letter) for letter in word))
)
#: A SQL condition that ``{text}``, which needs no trimming, is no word for "missing": codes begin with a
#: digit, names are longer. For speed alone: few texts need a closer look.
SURELY_PRESENT: Final = (
    f"(({{text}} < ':' AND {{text}} >= '0') OR {{length}}({{text}}) > {max(map(len, MISSING_WORDS))})"
)
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_UPPER: Final = _LOWER.upper()
#: Only ASCII letters fold: engines disagree on the rest of Unicode (and on its version).
_TO_UPPER: Final = str.maketrans(_LOWER, _UPPER)


def clean(text: str | None) -> str | None:
    """Trim a text; an empty one, and a word for "missing", is None.

    Args:
        text: any text, or None.

    Returns:
        The text without white space at its ends, or None if nothing is left.
    """
    trimmed = text.strip() if text else None
    return trimmed if trimmed and trimmed not in _MISSING else None


def without_missing(texts: Sequence[str]) -> Sequence[str]:
    """Empty the texts that are words for "missing".

    Args:
        texts: trimmed texts.

    Returns:
        The texts, those words empty.
    """
    if _MISSING.isdisjoint(texts):
        return texts
    return ["" if text in _MISSING else text for text in texts]


def fold(text: str | None) -> str | None:
    """Trim a text, collapse inner white space to one space, and put ASCII letters in upper case.

    Args:
        text: any text, or None.

    Returns:
        The folded text, or None if nothing is left, or a word for "missing".
    """
    folded = " ".join(text.split()).translate(_TO_UPPER) if text else None
    return folded if folded and folded not in _MISSING else None


def literal(text: str) -> str:
    """Return a SQL string literal, portable between the three dialects.

    Control characters are spelled with ``CHR``, as BigQuery allows no line break inside quotes; so are quotes
    and backslashes, whose escaping differs between the dialects.

    Args:
        text: the text.

    Returns:
        A SQL expression of that text.
    """
    parts: list[str] = []
    plain = ""
    for char in text:
        if ord(char) < 0x20 or char in "\x85'\\":
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
        bare: the same, but that words for "missing" may stay: shorter, for readings that know no such word.
    """

    __slots__ = ("bare", "trimmed")

    def __new__(cls, text: str, trimmed: str, bare: str | None = None) -> Self:
        """Remember both."""
        found = super().__new__(cls, text)
        found.trimmed = trimmed
        found.bare = bare or trimmed
        return found

    trimmed: str
    bare: str


def present_sql(trimmed: str) -> str:
    """Make a trimmed text NULL where it is empty or a word for "missing".

    Args:
        trimmed: a SQL expression of the text.

    Returns:
        A SQL expression.
    """
    # Not `UPPER(...) IN (...)`: DuckDB joins such a list to every row, even from a branch that few rows take.
    words = " ".join(f"WHEN {literal(word)} THEN NULL" for word in ("", *MISSING_WORDS))
    return f"CASE UPPER({trimmed}) {words} ELSE {trimmed} END"


def clean_sql(column: str) -> str:
    """Return the SQL rule of `clean`; what is `Trimmed` stays as it is, and what is `Untrimmed` says how.

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
    plain = f"{VISIBLE_ENDS.format(text=column)} AND {SURELY_PRESENT.format(text=column, length='LENGTH')}"
    return f"CASE WHEN {plain} THEN {column} ELSE {present_sql(trimmed)} END"


def fold_sql(column: str) -> str:
    """Return the SQL rule of `fold`.

    Args:
        column: a SQL expression of text.

    Returns:
        A SQL expression of the folded text, NULL where nothing is left.
    """
    # A tab can't occur any more once white space has become spaces, so it can mark the spaces to drop.
    tab = "CHR(9)"
    spaced = f"TRIM({_SPACED.format(column)})"
    collapsed = f"REPLACE(REPLACE(REPLACE({spaced}, ' ', ' ' || {tab}), {tab} || ' ', ''), {tab}, '')"
    return present_sql(f"TRANSLATE({collapsed}, '{_LOWER}', '{_UPPER}')")
