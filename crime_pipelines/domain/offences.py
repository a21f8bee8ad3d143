"""Kinds of offences: the normal form of primary types, and the theft classifier."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from crime_pipelines.domain.dialect import Dialect
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Names
from crime_pipelines.domain.text import clean, fold, fold_sql, literal


class OffenceClass(StrEnum):
    """The classes that the theft classifier tells apart."""

    THEFT = "theft"
    MOTOR_VEHICLE_THEFT = "motor vehicle theft"
    BURGLARY = "burglary"
    ROBBERY = "robbery"
    OTHER = "other"


#: Normal form of the primary type of each class.
CLASS_OF_TYPE: Final = {
    "THEFT": OffenceClass.THEFT,
    "MOTOR VEHICLE THEFT": OffenceClass.MOTOR_VEHICLE_THEFT,
    "BURGLARY": OffenceClass.BURGLARY,
    "ROBBERY": OffenceClass.ROBBERY,
}
#: FBI (NIBRS-derived) code of each class, asked only where the primary type is missing.
CLASS_OF_FBI_CODE: Final = {
    "06": OffenceClass.THEFT,
    "07": OffenceClass.MOTOR_VEHICLE_THEFT,
    "05": OffenceClass.BURGLARY,
    "03": OffenceClass.ROBBERY,
}
#: Types that mostly come to light through what the police do, not by a report: their counts and arrest rates
#: say as much about policing as about crime.
FOUND_BY_POLICE: Final = frozenset(
    {
        *("NARCOTICS", "OTHER NARCOTIC VIOLATION", "PROSTITUTION", "GAMBLING", "LIQUOR LAW VIOLATION"),
        *("INTERFERENCE WITH PUBLIC OFFICER", "WEAPONS VIOLATION", "CONCEALED CARRY LICENSE VIOLATION"),
        *("PUBLIC PEACE VIOLATION", "OBSCENITY", "PUBLIC INDECENCY"),
    }
)

#: What stands in the names of offences whose victims a small count could name, in any department's words.
_SENSITIVE: Final = (
    *("HOMICIDE", "MURDER", "MANSLAUGHTER", "SEX", "RAPE", "SODOMY", "INCEST", "LEWD", "CHILD", "MINOR"),
    *("JUVENILE", "TRAFFICKING", "PROSTITUTION", "STALKING"),
)


def is_sensitive(primary_type: str | None) -> bool:
    """Tell whether a type of crime is sexual, a homicide or against children, or not known not to be.

    Args:
        primary_type: the normal form of the type; None where it is not stated.

    Returns:
        True if it is, or may be.
    """
    return primary_type is None or any(word in primary_type.upper() for word in _SENSITIVE)


def normal_type(text: str | None, names: Names = CHICAGO.types) -> str | None:
    """Return the normal form of a primary type: folded (see `text.fold`), the renamings applied.

    Args:
        text: the primary type as written, or None.
        names: the layout's spellings.

    Returns:
        The normal form, or None if the text is missing or empty.
    """
    if text in names.known_set:
        return text
    folded = fold(text)
    return names.renamings.get(folded, folded) if folded else None


def normal_type_sql(column: str, dialect: Dialect, names: Names = CHICAGO.types) -> str:
    """Return the SQL rule of `normal_type`.

    Args:
        column: a SQL expression of the primary type as written.
        dialect: the engine's words.
        names: as for `normal_type`.

    Returns:
        A SQL expression of its normal form.
    """
    return dialect.normal_name(column, fold_sql(column), names.known, names.renamings)


def offence_class(primary_type: str | None, fbi_code: str | None) -> OffenceClass:
    """Return the class of an incident by its primary type or, where that is missing, by its FBI code.

    Args:
        primary_type: the primary type, in any spelling `normal_type` understands.
        fbi_code: the FBI code, such as ``06``.

    Returns:
        The class; `OffenceClass.OTHER` for whatever is none of the four named ones.
    """
    kind = normal_type(primary_type)
    if kind is not None:
        return CLASS_OF_TYPE.get(kind, OffenceClass.OTHER)
    return CLASS_OF_FBI_CODE.get(clean(fbi_code) or "", OffenceClass.OTHER)


def is_theft(primary_type: str | None, fbi_code: str | None) -> bool:
    """Tell whether an incident counts as a theft (motor vehicle theft, burglary and robbery do not).

    Args:
        primary_type: as for `offence_class`.
        fbi_code: as for `offence_class`.

    Returns:
        True for a theft.
    """
    return offence_class(primary_type, fbi_code) is OffenceClass.THEFT


def offence_class_sql(primary_type: str, fbi_code: str) -> str:
    """Return the SQL rule of `offence_class`, over columns already read (normal type, trimmed code).

    Args:
        primary_type: a SQL expression of the normal form of the primary type.
        fbi_code: a SQL expression of the trimmed FBI code.

    Returns:
        A SQL expression of the class's name, never NULL.
    """
    by_code = " ".join(
        f"WHEN {primary_type} IS NULL AND {fbi_code} = {literal(key)} THEN {literal(value)}"
        for key, value in CLASS_OF_FBI_CODE.items()
    )
    by_type = " ".join(
        f"WHEN {primary_type} = {literal(key)} THEN {literal(value)}" for key, value in CLASS_OF_TYPE.items()
    )
    return f"CASE {by_type} {by_code} ELSE {literal(OffenceClass.OTHER)} END"


def is_theft_sql(primary_type: str, fbi_code: str) -> str:
    """Return the SQL rule of `is_theft`, over columns already read.

    Args:
        primary_type: as for `offence_class_sql`.
        fbi_code: as for `offence_class_sql`.

    Returns:
        A SQL condition, never NULL.
    """
    types, codes = (
        ", ".join(literal(key) for key, found in classes.items() if found is OffenceClass.THEFT)
        for classes in (CLASS_OF_TYPE, CLASS_OF_FBI_CODE)
    )
    return f"COALESCE({primary_type} IN ({types}), {fbi_code} IN ({codes}), FALSE)"
