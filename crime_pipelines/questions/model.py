"""Questions and their answers, as types."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.schema.columns import Column

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

#: What a question's folder needs, columns among it.
__all__ = ["Answer", "Column", "Groups", "Question", "Row", "as_json", "as_text", "read_query"]

Row = tuple[Any, ...]
#: What spreadsheets take for the beginning of a formula; the report's script knows the same.
_FROM_TEXT: Final[Mapping[str, Callable[[str], Any]]] = {
    "integer": int,
    "decimal": float,
    "text": str,
    "boolean": lambda text: text == "true",
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}
_BEGIN_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of incidents that a question can't tell apart, for engines that count block by block.

    Attributes:
        alike: expressions in BigQuery's dialect; incidents for which all of them agree are one group.
            Whatever the question asks of an incident must follow from them, but for the first and the last
            moment.
        carried: the columns beside `occurred_at` that the question reads, each as a text or a number that any
            incident of a group may lend it.
        where: which incidents can count at all.
    """

    alike: tuple[str, ...]
    carried: tuple[str, ...] = ()
    where: str = "TRUE"


@dataclass(frozen=True, slots=True)
class Question:
    """A question, as its folder defines it.

    Attributes:
        name: the name of its folder, its table, its file and its view.
        title: a heading.
        wording: the question as an analyst asks it.
        columns: the columns of its answer, in order.
        sql: a SELECT in BigQuery's dialect, over the tables `incidents` and `areas`, that gives the rows.
        caveats: what a reader of the answer must know.
        groups: how incidents are condensed for it; None for a question that is asked of whole incidents only.
        finish: makes the answer's rows of those that the SQL gives, where SQL can't.
        ordered_by: the columns that order the rows which `finish` makes.
        parameters: expressions in BigQuery's dialect by the names of the SQL's own parameters. `as_of` and
            `shift_years` every question has.
    """

    name: str
    title: str
    wording: str
    columns: tuple[Column, ...]
    sql: str
    caveats: tuple[str, ...] = ()
    groups: Groups | None = None
    finish: Callable[[Sequence[Row]], list[Row]] = list
    ordered_by: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_sql_alone(self) -> bool:
        """True if the SQL gives the answer's rows as they stand."""
        return self.finish is list


def read_query(module: str) -> str:
    """Read the SQL that lies beside a question's module.

    Args:
        module: the module's ``__name__``.

    Returns:
        The text of ``query.sql``.

    Raises:
        FileNotFoundError: there is none.
    """
    return files(module.rpartition(".")[0]).joinpath("query.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with the rows that answer it.

    Attributes:
        question: the question.
        rows: its rows in the question's order, values in the order of its columns.
    """

    question: Question
    rows: list[Row]

    @classmethod
    def read_csv(cls, question: Question, path: Path) -> Answer:
        """Read an answer back from the file that `write_csv` wrote.

        Args:
            question: the question.
            path: the file.

        Returns:
            The answer.

        Raises:
            OSError: the file can't be read.
            ValueError: it does not have the question's columns, or a value not its column's type.
        """
        with path.open(encoding="utf-8", newline="") as file:
            headings, *rows = csv.reader(file)
        if headings != [column.name for column in question.columns]:
            raise ValueError(f"{path}: its columns are not those of {question.name}")
        types = [_FROM_TEXT[column.type] for column in question.columns]
        return cls(
            question,
            [
                tuple(read(text) if text else None for read, text in zip(types, row, strict=True))
                for row in rows
            ],
        )

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries by column name."""
        names = [column.name for column in self.question.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def to_arrow(self) -> pa.Table:
        """Return the answer as an Arrow table.

        Returns:
            The table, with the types of the question's columns.

        Raises:
            ImportError: PyArrow is not installed.
        """
        from crime_pipelines.questions.frames import to_arrow

        return to_arrow(self.question.columns, self.rows)

    def to_pandas(self) -> pd.DataFrame:
        """Return the answer as a pandas frame.

        Returns:
            The frame, with types that know missing values, such as Int64.

        Raises:
            ImportError: pandas is not installed.
        """
        from crime_pipelines.questions.frames import to_pandas

        return to_pandas(self.question.columns, self.rows)

    def to_polars(self) -> pl.DataFrame:
        """Return the answer as a Polars frame.

        Returns:
            The frame, with the types of the question's columns.

        Raises:
            ImportError: Polars is not installed.
        """
        from crime_pipelines.questions.frames import to_polars

        return to_polars(self.question.columns, self.rows)

    def _repr_html_(self) -> str:
        """Show the answer in a notebook."""
        from crime_pipelines.questions.frames import to_html

        return to_html(self.question.wording, self.question.columns, self.rows)

    def write_csv(self, path: Path, *, formula_safe: bool = False) -> None:
        """Write the answer as CSV: headings, ISO dates, true/false, empty for null.

        Args:
            path: the file to write.
            formula_safe: as for `to_csv`.

        Raises:
            OSError: the file can't be written.
        """
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(self.to_csv(formula_safe=formula_safe))

    def to_csv(self, *, formula_safe: bool = False) -> str:
        """Return the answer as CSV: headings, ISO dates, true/false, empty for null.

        Args:
            formula_safe: put an apostrophe before texts that a spreadsheet would take for formulas.

        Returns:
            The text.
        """
        write = _formula_safe_text if formula_safe else as_text
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(column.name for column in self.question.columns)
        writer.writerows([write(value) for value in row] for row in self.rows)
        return text.getvalue()


def formula_safe(text: str) -> str:
    """Keep a text from being taken for a formula when a spreadsheet opens it.

    >>> formula_safe("=HYPERLINK(1)"), formula_safe("-3.5"), formula_safe("STREET")
    ("'=HYPERLINK(1)", '-3.5', 'STREET')

    Args:
        text: the text.

    Returns:
        The text, with an apostrophe before it if it begins like a formula and is no number.
    """
    if not text.startswith(_BEGIN_FORMULAS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def _formula_safe_text(value: object) -> str:
    return formula_safe(as_text(value))


def as_text(value: object) -> str:
    """Return a value of an answer as its CSV has it: ISO dates, true/false, empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def as_json(value: Any) -> Any:
    """Return a value of an answer as JSON can hold it: ISO texts for dates and moments, null for no number.

    >>> as_json(date(2018, 11, 12)), as_json(float("nan")), as_json(3)
    ('2018-11-12', None, 3)
    """
    if isinstance(value, date):  # moments among them
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value
