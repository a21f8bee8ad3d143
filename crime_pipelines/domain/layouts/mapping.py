"""Columns of a file, mapped to fields: row by row, and as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crime_pipelines.domain.dialect import Dialect
from crime_pipelines.domain.layouts.forms import Form, Plain


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A form, and the columns of a file that it takes.

    Attributes:
        form: the form.
        positions: the position of each of its columns.
    """

    form: Form
    positions: tuple[int, ...]

    @property
    def is_plain(self) -> bool:
        """Tell whether it is the text of one column as it stands."""
        return isinstance(self.form, Plain)

    def text(self, fields: Sequence[str]) -> str:
        """Map the fields of one row.

        Args:
            fields: all fields of the row.

        Returns:
            The text that the rules read; empty for none.
        """
        return self.form.text([fields[at] for at in self.positions])


def mapped_sql(
    relation: str,
    columns: Sequence[tuple[str, MappedColumn]],
    names: Sequence[str],
    dialect: Dialect,
    also: Sequence[str] = (),
) -> tuple[str, dict[str, str]]:
    """Map the raw rows of a table.

    Args:
        relation: a SQL table expression of raw rows, every column text.
        columns: for each field that they have, the columns that it is made of.
        names: the columns of `relation` by position.
        dialect: the engine's words.
        also: columns of `relation` to pass on.

    Returns:
        A SQL table expression, and its column for each field: `relation` itself where all fields are plain.
    """
    raw = {name: names[column.positions[0]] for name, column in columns if column.is_plain}
    formed = [(name, column) for name, column in columns if not column.is_plain]
    if not formed:
        return relation, raw
    kept = list(dict.fromkeys([*raw.values(), *also]))
    needed: list[str] = []
    mapped: list[str] = []
    for name, column in formed:
        taken = [names[at] for at in column.positions]
        ahead = column.form.ahead(taken)
        named = [f"a{at}_{name}" for at in range(len(ahead))]
        needed += [*taken, *(f"{sql} AS {alias}" for sql, alias in zip(ahead, named, strict=True))]
        mapped.append(f"{column.form.sql(taken, named, dialect)} AS m_{name}")
        raw[name] = f"m_{name}"
    inner = f"SELECT {', '.join(dict.fromkeys([*kept, *needed]))} FROM {relation}"
    return f"(SELECT {', '.join([*kept, *mapped])} FROM ({inner}) AS prepared) AS mapped", raw
