"""Dialects: expressions for which the engines' SQL has no common word.

The rules proper (shift, late night, theft, areas, versions) are portable SQL. Reading raw text is not:
each engine names its regular expressions, its forgiving casts and its date parser differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, NamedTuple

from crime_pipelines.domain.text import SURELY_PRESENT, VISIBLE_ENDS, WHITESPACE, literal, present_sql

CastType = Literal["integer", "decimal", "datetime"]


class Quick(NamedTuple):
    """A faster reading of text, for what most files hold.

    What is accepted must be exactly what the exact reading says; what isn't is read again, the exact way.

    Attributes:
        candidate: an expression of the value of ``{text}``, NULL where it has none.
        accepted: a condition that ``{value}`` is what ``{text}`` says.
    """

    candidate: str
    accepted: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """An engine's words for reading raw text.

    Attributes:
        name: the dialect's name, as sqlglot knows it.
        match: a condition that ``{text}`` matches ``{pattern}`` from end to end.
        try_cast_as: ``{text}`` cast to ``{type}``, NULL where it can't be.
        city_datetime: the City's ``MM/DD/YYYY hh:mm:ss AM`` in ``{text}`` as local civil time, NULL for
            a day or an hour that does not exist.
        us_datetime: likewise ``MM/DD/YYYY HH:MM:SS``.
        types: the engine's name of each type.
        quick: for each type a faster reading, where the engine has one.
        trim: ``{text}`` without ``{whitespace}`` at its ends, NULL where nothing is left, for an engine that
            has a word for it: statements without it are long, and take long to plan or choke the engine.
        bare: likewise, but that words for "missing" stay.
        trims_ahead: whether `trim` is done for all texts in a SELECT of their own. Otherwise that is done for
            those of `Kind.TEXT` alone; the others are trimmed where the quick reading leaves them over.
        lookup: what ``{text}`` stands for in a table of ``{pairs}``, NULL where it is not there.
        pair: a pair of them, ``{key}`` and ``{value}``.
        any_form: a date with a time in ``{text}``, in any of the forms that are not ISO 8601, for an engine
            that has one word for them.
        any_date: likewise a date without a time, in any form.
        byte_length: the function that counts a text's bytes.
        visible_end: a condition that ``{text}``, ASCII and not empty, does not end in white space.
    """

    name: str
    match: str
    try_cast_as: str
    city_datetime: str
    us_datetime: str
    types: dict[CastType, str]
    quick: dict[CastType, Quick] = field(default_factory=dict)
    trim: str | None = None
    bare: str | None = None
    trims_ahead: bool = True
    lookup: str = "MAP {{{pairs}}}[{text}]"
    pair: str = "{key}: {value}"
    byte_length: str = "STRLEN"
    any_form: str = ""
    any_date: str = ""
    visible_end: str = "SUBSTR({text}, -1) >= '!'"

    def matches(self, text: str, pattern: str) -> str:
        """Return a condition that the whole text matches the pattern.

        Args:
            text: a SQL expression of text.
            pattern: a regular expression that RE2, Java and Python read alike.

        Returns:
            A SQL condition.
        """
        return self.match.format(text=text, pattern=f"'{pattern}'")

    def try_cast(self, text: str, to: CastType) -> str:
        """Return the text as another type, NULL where it can't be.

        Args:
            text: a SQL expression of text.
            to: the type.

        Returns:
            A SQL expression of that type.
        """
        return self.try_cast_as.format(text=text, type=self.types[to])

    def renamed(self, text: str, renamings: Mapping[str, str]) -> str:
        """Return a text in the spelling that a table of renamings gives it.

        Args:
            text: a SQL expression of text.
            renamings: each spelling to be renamed, with the one to use.

        Returns:
            A SQL expression of text.
        """
        if not renamings:
            return text
        pairs = ", ".join(
            self.pair.format(key=literal(old), value=literal(new)) for old, new in renamings.items()
        )
        return f"COALESCE({self.lookup.format(pairs=pairs, text=text)}, {text})"

    def normal_name(
        self, column: str, folded: str, known: Sequence[str], renamings: Mapping[str, str]
    ) -> str:
        """Return a column's names in their normal form.

        All branches but the last are there for speed alone: engines that compute blocks of rows compute the
        last one, which takes many functions, for every block that holds one row for it.

        Args:
            column: a SQL expression of text.
            folded: what `fold_sql` makes of it.
            known: names that are normal as they stand.
            renamings: each folded spelling to be renamed, with the one to use.

        Returns:
            A SQL expression of text, NULL where nothing is left.
        """
        last = self.renamed(folded, renamings)
        if not known:
            return last
        new = " ".join(f"WHEN {literal(was)} THEN {literal(now)}" for was, now in renamings.items())
        rest = f"CASE {column} {new} ELSE {last} END" if new else last
        return (
            f"CASE WHEN {column} IN ({', '.join(map(literal, known))}) THEN {column} "
            f"WHEN {column} IS NULL OR {column} = '' THEN NULL ELSE {rest} END"
        )

    def constant(self, moment: datetime) -> str:
        """Return a time as SQL writes one.

        Args:
            moment: local civil time.

        Returns:
            A SQL expression.
        """
        return f"{self.types['datetime']} '{moment.isoformat(sep=' ')}'"

    def parse_city_datetime(self, text: str) -> str:
        """Return the City's way of writing a time, read.

        Args:
            text: a SQL expression of text in that form.

        Returns:
            A SQL expression of local civil time.
        """
        return self.city_datetime.format(text=text)

    def parse_us_datetime(self, text: str) -> str:
        """Return the same day, and the hour from 0 to 23, read.

        Args:
            text: a SQL expression of text in that form.

        Returns:
            A SQL expression of local civil time.
        """
        return self.us_datetime.format(text=text)


_CITY_FORMAT: Final = "%m/%d/%Y %I:%M:%S %p"
_ISO_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.%g"


_DUCKDB_PRESENT: Final = present_sql(f"TRIM({{text}}, '{WHITESPACE}')")

DUCKDB: Final = Dialect(
    name="duckdb",
    match="REGEXP_FULL_MATCH({text}, {pattern})",
    try_cast_as="TRY_CAST({text} AS {type})",
    city_datetime=f"TRY_STRPTIME({{text}}, '{_CITY_FORMAT}')",
    us_datetime="TRY_STRPTIME({text}, '%m/%d/%Y %H:%M:%S')",
    any_form=(
        f"TRY_STRPTIME({{text}}, ['{_CITY_FORMAT}', '%m/%d/%Y %I:%M %p', '%m/%d/%Y %H:%M:%S',"
        " '%m/%d/%Y %H:%M', '%Y %b %d %I:%M:%S %p'])"
    ),
    any_date="TRY_STRPTIME({text}, ['%m/%d/%Y', '%Y-%m-%d', '%Y %b %d'])",
    # One constant: `literal` puts it together of many, in each of dozens of places.
    trim=(
        f"CASE WHEN {VISIBLE_ENDS} AND {SURELY_PRESENT.format(text='{text}', length='STRLEN')} THEN {{text}} "
        f"ELSE {_DUCKDB_PRESENT} END"
    ),
    bare=f"TRIM({{text}}, '{WHITESPACE}')",
    trims_ahead=False,
    types={"integer": "BIGINT", "decimal": "DOUBLE", "datetime": "TIMESTAMP"},
    # A text that its value, written again, gives back has been read rightly: no pattern need be matched.
    quick={
        "integer": Quick("TRY_CAST({text} AS BIGINT)", "CAST({value} AS VARCHAR) = {text}"),
        # This cast reads all that the exact pattern does, and beyond it only inf, nan, 1_000 and +-5.
        "decimal": Quick(
            "TRY_CAST({text} AS DOUBLE)", "NOT CONTAINS({text}, '_') AND NOT CONTAINS({text}, '+-')"
        ),
        "datetime": Quick(
            f"TRY_STRPTIME({{text}}, ['{_CITY_FORMAT}', '{_ISO_FORMAT}'])",
            # TRY_STRPTIME forgives parts of too few digits, and more white space before and after the time:
            # not within this length and with digits there.
            "({value} IS NOT NULL AND {text} GLOB '??/??/???[0-9] [0-9]?:??:?[0-9] ?M'"
            f" OR STRFTIME({{value}}, '{_ISO_FORMAT}') = {{text}})",
        ),
    },
)


_SPARK_PARTS: Final = "SPLIT({text}, '[/ :]')"
_SPARK_AFTERNOON: Final = f"UPPER({_SPARK_PARTS}[6]) = 'PM'"
_SPARK_HOUR: Final = f"MOD(TRY_CAST({_SPARK_PARTS}[3] AS INT), 12) + IF({_SPARK_AFTERNOON}, 12, 0)"
# Spark's formatted parser takes one width of a number; ISO 8601 put together from the parts takes any.
_SPARK_ANY_WIDTH: Final = (
    f"CONCAT({_SPARK_PARTS}[2], '-', {_SPARK_PARTS}[0], '-', {_SPARK_PARTS}[1], ' ',"
    f" CAST({_SPARK_HOUR} AS STRING), ':', {_SPARK_PARTS}[4], ':', {_SPARK_PARTS}[5])"
)
_SPARK_US: Final = (
    f"CONCAT({_SPARK_PARTS}[2], '-', {_SPARK_PARTS}[0], '-', {_SPARK_PARTS}[1], ' ',"
    f" {_SPARK_PARTS}[3], ':', {_SPARK_PARTS}[4], ':', {_SPARK_PARTS}[5])"
)


def _spark_bytes(first: int, count: int) -> str:
    # Spark counts characters to find those of a text; of bytes it knows the number.
    return f"SUBSTR(CAST({{text}} AS BINARY), {first}, {count})"


def _spark_number(first: int, count: int = 2) -> str:
    return f"CAST(CAST({_spark_bytes(first, count)} AS STRING) AS INT)"


_SPARK_IN_CITY_LAYOUT: Final = "OCTET_LENGTH({text}) = 22"
_SPARK_HOUR_OF_DAY: Final = f"{_spark_number(12)} % 12 + IF(ENDSWITH({{text}}, 'PM'), 12, 0)"
# Spark's formatted parser took a sixth of the CPU of reading a file.
_SPARK_FULL_WIDTH: Final = (
    f"MAKE_TIMESTAMP_NTZ({_spark_number(7, 4)}, {_spark_number(1)}, {_spark_number(4)},"
    f" {_SPARK_HOUR_OF_DAY}, {_spark_number(15)}, {_spark_number(18)})"
)
_SPARK_LAST_BYTE: Final = _spark_bytes(-1, 1)
_2: Final = "[0-9][0-9]"
_CLOCK: Final = f"{_2}:{_2}:[0-5][0-9]"
# A branch in a pattern takes Java longer than all its digits.
_SPARK_CITY: Final = (
    f"RLIKE({{text}}, '^{_2}/{_2}/[1-9][0-9]{_2} {_CLOCK} [AP]M$')"
    f" AND {_spark_bytes(12, 2)} BETWEEN CAST('01' AS BINARY) AND CAST('12' AS BINARY)"
)
_SPARK_ISO: Final = f"RLIKE({{text}}, '^{_2}{_2}-{_2}-{_2}T{_CLOCK}[.]{_2}[0-9]$')"

SPARK: Final = Dialect(
    name="spark",
    # RLIKE looks anywhere, and $ also stops before a final line break, which trimmed text has not.
    match="RLIKE({text}, CONCAT('^(?:', {pattern}, ')$'))",
    try_cast_as="TRY_CAST({text} AS {type})",
    city_datetime=(
        f"CASE WHEN TRY_CAST({_SPARK_PARTS}[3] AS INT) BETWEEN 1 AND 12"
        f" THEN TRY_CAST({_SPARK_ANY_WIDTH} AS TIMESTAMP_NTZ) END"
    ),
    us_datetime=f"TRY_CAST({_SPARK_US} AS TIMESTAMP_NTZ)",
    types={"integer": "BIGINT", "decimal": "DOUBLE", "datetime": "TIMESTAMP_NTZ"},
    trim=present_sql("TRIM(BOTH {whitespace} FROM {text})"),
    lookup="TRY_ELEMENT_AT(MAP({pairs}), {text})",
    pair="{key}, {value}",
    byte_length="OCTET_LENGTH",
    # Plain casts are as forgiving in a session without ANSI mode; the others throw and catch an exception.
    quick={
        "integer": Quick("CAST({text} AS BIGINT)", "CAST({value} AS STRING) = {text}"),
        "decimal": Quick(
            # Of an empty text this too throws and catches one; to ask first makes a longer, slower method.
            "CAST({text} AS DOUBLE)",
            # Of what the cast reads, hexadecimals, words and numbers with a type's letter are no numbers.
            f"{{text}} >= '-' AND {_SPARK_LAST_BYTE} BETWEEN X'2E' AND X'39'"
            " AND NOT CONTAINS({text}, 'x') AND NOT CONTAINS({text}, 'X')",
        ),
        "datetime": Quick(
            f"IF({_SPARK_IN_CITY_LAYOUT}, {_SPARK_FULL_WIDTH}, CAST({{text}} AS TIMESTAMP_NTZ))",
            f"IF({_SPARK_IN_CITY_LAYOUT}, {_SPARK_CITY}, {_SPARK_ISO})",
        ),
    },
    visible_end=f"{_SPARK_LAST_BYTE} >= X'21'",
)
