"""Answers as tables of other libraries: pandas, Polars, Arrow; and as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.schema.columns import Column, ColumnType, Table
from crime_pipelines.support.extras import how_to_install

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_Rows = Sequence[tuple[Any, ...]]
#: pandas' types that know missing values.
_PANDAS: Final[dict[ColumnType, str]] = {
    "integer": "Int64",
    "decimal": "Float64",
    "boolean": "boolean",
    "text": "string",
    "date": "datetime64[s]",
    "datetime": "datetime64[us]",
    "timestamp": "datetime64[us, UTC]",
}
#: Rows that a notebook shows.
_SHOWN: Final = 20


def to_arrow(columns: Sequence[Column], rows: _Rows) -> pa.Table:
    """Make an Arrow table of rows; see `Answer.to_arrow`."""
    with _needing("pyarrow"):
        import pyarrow as pa
    schema = Table("answer", "", tuple(columns)).arrow_schema()
    values = [[row[position] for row in rows] for position in range(len(columns))]
    arrays = [pa.array(each, field.type) for each, field in zip(values, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def to_pandas(columns: Sequence[Column], rows: _Rows) -> pd.DataFrame:
    """Make a pandas frame of rows; see `Answer.to_pandas`."""
    with _needing("pandas"):
        import pandas as pd
    return pd.DataFrame(
        {
            column.name: pd.array([row[position] for row in rows], dtype=_PANDAS[column.type])
            if column.type not in ("date", "datetime", "timestamp")
            else pd.Series([row[position] for row in rows], dtype=_PANDAS[column.type])
            for position, column in enumerate(columns)
        }
    )


def to_polars(columns: Sequence[Column], rows: _Rows) -> pl.DataFrame:
    """Make a Polars frame of rows; see `Answer.to_polars`."""
    with _needing("polars"):
        import polars as pl
    types: dict[ColumnType, Any] = {
        "integer": pl.Int64(),
        "decimal": pl.Float64(),
        "boolean": pl.Boolean(),
        "text": pl.String(),
        "date": pl.Date(),
        "datetime": pl.Datetime("us"),
        "timestamp": pl.Datetime("us", "UTC"),
    }
    return pl.DataFrame(
        list(rows), schema={column.name: types[column.type] for column in columns}, orient="row"
    )


def to_html(title: str, columns: Sequence[Column], rows: _Rows) -> str:
    """Make an HTML table of the first rows, for notebooks.

    Args:
        title: the heading.
        columns: the columns.
        rows: the rows.

    Returns:
        The table, every text escaped.
    """
    head = "".join(
        f'<th title="{escape(column.description)}">{escape(column.name)}</th>' for column in columns
    )
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(_shown(value))}</td>' for value in row)}</tr>" for row in rows[:_SHOWN]
    )
    rest = len(rows) - _SHOWN
    more = f"<p>and {rest:,} more row{'s' * (rest != 1)}</p>" if rest > 0 else ""
    return f"<h4>{escape(title)}</h4><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@contextmanager
def _needing(library: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ImportError(f"this needs {library}: {how_to_install('dataframes')}") from error
