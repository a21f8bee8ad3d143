"""Which kind of offence an incident is: the normal form of primary types, and the theft classifier."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from crime_pipelines.domain.text import clean, fold, fold_sql, literal

#: The City's renamings of one and the same type over the years, in folded form.
RENAMED: Final = {
    "CRIM SEXUAL ASSAULT": "CRIMINAL SEXUAL ASSAULT",
    "NON - CRIMINAL": "NON-CRIMINAL",
    "NON-CRIMINAL (SUBJECT SPECIFIED)": "NON-CRIMINAL",
}

#: Types as the City writes them today. Others pass as well: the list only spares the work of folding a value
#: that is already in its normal form.
KNOWN_TYPES: Final = (
    "ARSON",
    "ASSAULT",
    "BATTERY",
    "BURGLARY",
    "CONCEALED CARRY LICENSE VIOLATION",
    "CRIMINAL DAMAGE",
    "CRIMINAL SEXUAL ASSAULT",
    "CRIMINAL TRESPASS",
    "DECEPTIVE PRACTICE",
    "DOMESTIC VIOLENCE",
    "GAMBLING",
    "HOMICIDE",
    "HUMAN TRAFFICKING",
    "INTERFERENCE WITH PUBLIC OFFICER",
    "INTIMIDATION",
    "KIDNAPPING",
    "LIQUOR LAW VIOLATION",
    "MOTOR VEHICLE THEFT",
    "NARCOTICS",
    "NON-CRIMINAL",
    "OBSCENITY",
    "OFFENSE INVOLVING CHILDREN",
    "OTHER NARCOTIC VIOLATION",
    "OTHER OFFENSE",
    "PROSTITUTION",
    "PUBLIC INDECENCY",
    "PUBLIC PEACE VIOLATION",
    "RITUALISM",
    "ROBBERY",
    "SEX OFFENSE",
    "STALKING",
    "THEFT",
    "WEAPONS VIOLATION",
)

_KNOWN: Final = frozenset(KNOWN_TYPES)


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


def normal_type(text: str | None) -> str | None:
    """The normal form of a primary type: folded (see `text.fold`), the City's renamings taken together.

    Args:
        text: the primary type as written, or None.

    Returns:
        The normal form, or None if the text is missing or empty.
    """
    if text in _KNOWN:
        return text
    folded = fold(text)
    return RENAMED.get(folded, folded) if folded else None


def renamed_sql(column: str) -> str:
    """The City's renamings of types that are folded already, taken together.

    Args:
        column: a SQL expression of the folded type.

    Returns:
        A SQL expression of its normal form.
    """
    renamed = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in RENAMED.items())
    return f"CASE {column} {renamed} ELSE {column} END"


def normal_type_sql(column: str) -> str:
    """The SQL face of `normal_type`.

    Args:
        column: a SQL expression of the primary type as written.

    Returns:
        A SQL expression of its normal form.
    """
    known = ", ".join(map(literal, KNOWN_TYPES))
    return f"CASE WHEN {column} IN ({known}) THEN {column} ELSE {renamed_sql(fold_sql(column))} END"


def offence_class(primary_type: str | None, fbi_code: str | None) -> OffenceClass:
    """The class of an incident by its primary type or, where that is missing, by its FBI code.

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
    """Whether an incident counts as a theft (motor vehicle theft, burglary and robbery do not).

    Args:
        primary_type: as for `offence_class`.
        fbi_code: as for `offence_class`.

    Returns:
        True for a theft.
    """
    return offence_class(primary_type, fbi_code) is OffenceClass.THEFT


def offence_class_sql(primary_type: str, fbi_code: str) -> str:
    """The SQL face of `offence_class`, over columns already read (normal type, trimmed code).

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
    """The SQL face of `is_theft`, over columns already read.

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
