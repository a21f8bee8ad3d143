"""The schema of an incident: its fields, their kinds, and the headings they come under."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from unicodedata import category


class Kind(StrEnum):
    """The kind of a field, by which its text is read."""

    IDENTIFIER = "identifier"
    DATETIME = "datetime"
    TEXT = "text"
    PRIMARY_TYPE = "primary type"
    LOCATION = "location"
    FLAG = "flag"
    INTEGER = "integer"
    DECIMAL = "decimal"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an incident.

    Attributes:
        name: its column, in every store.
        kind: how its text is read.
        description: what it says, for whoever reads the table.
        headings: what the City's API calls it, where that is another name.
        needed: whether the answers can't be given without it.
    """

    name: str
    kind: Kind
    description: str
    headings: tuple[str, ...] = ()
    needed: bool = False


#: The raw fields in the order of the City's layout. `year` is left out: it follows from `occurred_at`.
FIELDS: Final = (
    Field("id", Kind.IDENTIFIER, "The incident's key: a positive whole number.", needed=True),
    Field("case_number", Kind.TEXT, "The department's records number; not unique (one per victim)."),
    Field("occurred_at", Kind.DATETIME, "Local civil time of the incident, shifted.", ("date",), needed=True),
    Field("block", Kind.TEXT, "The block's address, its last digits masked."),
    Field("iucr", Kind.TEXT, "Illinois Uniform Crime Reporting code."),
    Field("primary_type", Kind.PRIMARY_TYPE, "The type of crime, in its normal form.", needed=True),
    Field("description", Kind.TEXT, "The type's subdivision."),
    Field(
        "location_description",
        Kind.LOCATION,
        "What kind of place it happened at, in its normal form.",
        needed=True,
    ),
    Field("arrest", Kind.FLAG, "Whether an arrest was made; null where the data never say.", needed=True),
    Field("domestic", Kind.FLAG, "Whether it was domestic-related."),
    Field("beat", Kind.TEXT, "The police beat, with leading zeros."),
    Field("district", Kind.TEXT, "The police district, with leading zeros."),
    Field("ward", Kind.INTEGER, "The City Council's ward."),
    Field("community_area", Kind.AREA, "The number of the area; null where unknown.", needed=True),
    Field("fbi_code", Kind.TEXT, "The FBI's code of the offence."),
    Field("x_coordinate", Kind.DECIMAL, "State plane, NAD 1983, feet; Chicago's is Illinois East."),
    Field("y_coordinate", Kind.DECIMAL, "State plane, NAD 1983, feet; Chicago's is Illinois East."),
    Field("updated_on", Kind.DATETIME, "When this version was published, shifted."),
    Field("latitude", Kind.DECIMAL, "Degrees north."),
    Field("longitude", Kind.DECIMAL, "Degrees east."),
    Field("shift_years", Kind.INTEGER, "Calendar years that the dates have been shifted by."),
)
FIELD: Final = {field.name: field for field in FIELDS}
#: The heading that says whether the incident is deleted, in every layout; no field of an incident.
DELETED: Final = "deleted"

#: Reading any of these goes wrong with a reject, reading any other with a null and a warning.
CRITICAL: Final = ("id", "occurred_at", "arrest")

#: The columns of an incident in every store, in order.
COLUMNS: Final = (
    "id",
    "case_number",
    "occurred_at",
    "block",
    "iucr",
    "primary_type",
    "description",
    "location_description",
    "arrest",
    "domestic",
    "beat",
    "district",
    "ward",
    "community_area",
    "fbi_code",
    "x_coordinate",
    "y_coordinate",
    "year",
    "updated_on",
    "latitude",
    "longitude",
    "shift_years",
    "unreadable",
)


class Reason(StrEnum):
    """Why a row can't become an incident; where several apply, the first of them counts."""

    MALFORMED_ROW = "malformed_row"
    MISSING_ID = "missing_id"
    BAD_ID = "bad_id"
    MISSING_DATE = "missing_date"
    BAD_DATE = "bad_date"
    DATE_WITHOUT_TIME = "date_without_time"
    BAD_ARREST = "bad_arrest"


def normal_heading(heading: str) -> str:
    """Give a heading's normal form, whatever joins or cases its words.

    Args:
        heading: the heading as written.

    Returns:
        Lower case, without what joins words and without invisible characters. For example, ``primarytype``
        for ``Primary Type``, ``primary_type``, ``Primary.Type``, ``primary-type`` and ``PrimaryType``.
    """
    return "".join(
        letter for letter in heading.lower() if not letter.isspace() and category(letter) not in _NO_LETTERS
    ).translate(_WITHOUT_JOINS)


_WITHOUT_JOINS: Final = str.maketrans("", "", "_.-")
#: Control and format characters (byte order marks, spaces of no width), which nobody sees.
_NO_LETTERS: Final = ("Cc", "Cf")
