"""Location descriptions: their normal form."""

from __future__ import annotations

from crime_pipelines.domain.dialect import Dialect
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Names
from crime_pipelines.domain.text import fold, fold_sql


def normal_location(text: str | None, names: Names = CHICAGO.locations) -> str | None:
    """Fold a location description (see `text.fold`), and take respellings together.

    Args:
        text: the description as written, or None.
        names: the layout's spellings.

    Returns:
        The normal form, or None if nothing is left. For example, the City's
        ``Parking lot/garage(non.resid.)`` becomes ``PARKING LOT / GARAGE (NON RESIDENTIAL)``.
    """
    if text in names.known_set:
        return text
    folded = fold(text)
    return names.renamings.get(folded, folded) if folded else None


def normal_location_sql(column: str, dialect: Dialect, names: Names = CHICAGO.locations) -> str:
    """Express `normal_location` in SQL.

    Args:
        column: a SQL expression of the description as written.
        dialect: the engine's words.
        names: as for `normal_location`.

    Returns:
        A SQL expression of its normal form.
    """
    return dialect.normal_name(column, fold_sql(column), names.known, names.renamings)
