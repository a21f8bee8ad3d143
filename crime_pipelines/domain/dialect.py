"""What the engines' SQL has no common word for.

The rules proper (shift, late night, theft, areas, versions) are portable SQL. Reading raw text is not:
each engine names its regular expressions, its forgiving casts and its date parser differently.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

ColumnType = Literal["integer", "decimal", "datetime"]


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
        types: the engine's name of each type.
        quick: for each type a faster reading, where the engine has one.
    """

    name: str
    match: str
    try_cast_as: str
    city_datetime: str
    types: dict[ColumnType, str]
    quick: dict[ColumnType, Quick] = field(default_factory=dict)

    def matches(self, text: str, pattern: str) -> str:
        """A condition that the whole text matches the pattern.

        Args:
            text: a SQL expression of text.
            pattern: a regular expression that RE2, Java and Python read alike.

        Returns:
            A SQL condition.
        """
        return self.match.format(text=text, pattern=f"'{pattern}'")

    def try_cast(self, text: str, to: ColumnType) -> str:
        """The text as another type, NULL where it can't be.

        Args:
            text: a SQL expression of text.
            to: the type.

        Returns:
            A SQL expression of that type.
        """
        return self.try_cast_as.format(text=text, type=self.types[to])

    def parse_city_datetime(self, text: str) -> str:
        """The City's way of writing a time, read.

        Args:
            text: a SQL expression of text in that form.

        Returns:
            A SQL expression of local civil time.
        """
        return self.city_datetime.format(text=text)


_CITY_FORMAT: Final = "%m/%d/%Y %I:%M:%S %p"
_ISO_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.%g"


DUCKDB: Final = Dialect(
    name="duckdb",
    match="REGEXP_FULL_MATCH({text}, {pattern})",
    try_cast_as="TRY_CAST({text} AS {type})",
    city_datetime=f"TRY_STRPTIME({{text}}, '{_CITY_FORMAT}')",
    types={"integer": "BIGINT", "decimal": "DOUBLE", "datetime": "TIMESTAMP"},
    # A text that its value, written again, gives back has been read rightly: no pattern need be matched.
    quick={
        "integer": Quick("TRY_CAST({text} AS BIGINT)", "CAST({value} AS VARCHAR) = {text}"),
        # This cast reads all that the exact pattern does, and beyond it only inf, nan and 1_000.
        "decimal": Quick("TRY_CAST({text} AS DOUBLE)", "NOT CONTAINS({text}, '_')"),
        "datetime": Quick(
            f"TRY_STRPTIME({{text}}, ['{_CITY_FORMAT}', '{_ISO_FORMAT}'])",
            f"(STRFTIME({{value}}, '{_CITY_FORMAT}') = {{text}}"
            f" OR STRFTIME({{value}}, '{_ISO_FORMAT}') = {{text}})",
        ),
    },
)
