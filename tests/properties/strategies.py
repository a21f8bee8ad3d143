"""What a property is tried on: texts as files hold them, whole raw rows, incidents, and small files.

Plain random text hardly ever is nearly a date, so most texts here are picked for being near an edge, made
by the grammar that is read, or one of these spoilt a little.
"""

from __future__ import annotations

import gzip
import random
import string
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import product
from typing import Final

from hypothesis import strategies as st

from crime_pipelines.domain.areas import UNKNOWN_AREA, area_pattern
from crime_pipelines.domain.dates import (
    CITY_DATE,
    CITY_DATETIME,
    CITY_DATETIME_NO_SECONDS,
    ISO_DATE,
    ISO_DATETIME,
    SOCRATA_DATE,
    SOCRATA_DATETIME,
    US_DATETIME,
)
from crime_pipelines.domain.fields import CRITICAL, FIELDS, Field, Kind
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.forms import Fixed, Form, Lookup, Moment, Plain
from crime_pipelines.domain.layouts.loading import MAY_BE_ABSENT
from crime_pipelines.domain.layouts.model import Area, Areas, FieldMapping, Heading, Layout, Names
from crime_pipelines.domain.offences import CLASS_OF_FBI_CODE, CLASS_OF_TYPE
from crime_pipelines.domain.reading import Incident
from crime_pipelines.domain.records.csv_records import join_record
from crime_pipelines.domain.text import WHITESPACE, fold
from crime_pipelines.domain.values import DECIMAL, IDENTIFIER, INTEGER

RawRow = dict[str, str | None]

_DATE: Final = "12/15/2016 10:31:12 PM"
#: One sign wrong, such as casts to numbers forgive.
_ALMOST_DATES: Final = tuple(
    f"{_DATE[:at]}{sign}{_DATE[at + 1 :]}" for at in range(len(_DATE)) for sign in " .+-\x7fa"
)
#: Words for "missing", as different programs write them.
MISSING: Final = ("NA", "na", "N/A", "n/A", "#N/A", "NaN", "nan", "NULL", "Null", "null", "None", "none",
                  "\\N", "\\n", "-", " - ")  # fmt: skip
#: Texts at an edge of their kind, well-formed and not.
#: Old spellings of types.
RENAMED: Final = tuple(CHICAGO.types.renamings)
PICKED: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.IDENTIFIER: (
        "1", "0", "-1", "+1", "007", "1.0", "1e3", "1_000", "0x1", "9223372036854775807",
        "9223372036854775808", "9999999999999999999", "00000000000000000001", "\u0663", "\uff17", "1 2",
        "1\n", "HX1", "90000001.0", "1.00", "1.", ".0", "1.01", "1,035,836", "1,2", "1,234.0", "12,34,567",
        ",123", "1,234,", "1234,567", "9,223,372,036,854,775,807", "9,223,372,036,854,775,808", "0,000", "NA",
        "9223372036854775807.0", "9223372036854775808.0", "000,001", "-1,000",
        "1,000,000,000,000,000,000,000",
    ),
    Kind.DATETIME: (
        "03/15/2016 02:30:00 PM", "3/1/2016 1:05:09 pm", "03/15/2016 12:00:00 AM", "03/15/2016 12:00:00 PM",
        "03/15/2016 00:30:00 AM", "03/15/2016 13:00:00 PM", "03/15/2016 11:60:00 AM",
        "03/15/2016 11:00:60 AM", "02/29/2016 11:59:59 PM", "02/29/2015 11:59:59 PM",
        "02/29/1900 01:00:00 AM", "02/29/2000 01:00:00 AM", "13/01/2016 01:00:00 AM",
        "00/01/2016 01:00:00 AM", "01/00/2016 01:00:00 AM", "04/31/2016 01:00:00 AM",
        "01/01/0000 01:00:00 AM", "01/01/0001 12:00:00 AM", "12/31/9999 11:59:59 PM",
        "12/31/9996 11:59:59 PM", "03/15/2016  02:30:00 PM", "03/15/2016\t02:30:00 PM",
        "03/15/2016 02:30:00PM", "03/15/2016 02:30 PM", "03/15/2016 02:30:00", "03/15/16 02:30:00 PM",
        "3/15/2016 02:30:00 XM", "\u0663/15/2016 02:30:00 PM", "2016-02-29T00:00:00.000",
        "2016-02-29 23:59:59.999999", "2016-02-29T23:59:59.9999999", "2016-02-29T23:59:59.123456789",
        "2016-02-29T23:59:59.1234567890", "2016-02-29T10:00", "2016-02-29T24:00:00", "2016-02-29T23:60:00",
        "2016-02-29T23:59:60", "2016-02-29T10:00:00Z", "2016-02-29T10:00:00+06:00", "2016-02-29T10:00:00.",
        "2016-02-29T10:00:00,5", "2016-02-29t10:00:00", "2015-02-29T10:00:00", "2016-00-01T10:00:00",
        "2016-13-01T10:00:00", "2016-01-32T10:00:00", "0000-01-01T00:00:00", "0001-01-01T00:00:00",
        "9999-12-31T23:59:59.999999", "10000-01-01T00:00:00", "-2016-01-01T00:00:00", "2016-1-1T10:00:00",
        "2016-W01-1T10:00:00", "20160229T100000", "2016-060T10:00:00", "03/15/2016", "3/5/2016",
        "02/30/2016", "00/00/0000", "01/01/0000", "2016-02-29", "2015-02-29", "0000-01-01", "2016-02-30",
        "16-02-01", "now", "today", "epoch", "infinity", "-infinity", "yesterday", "1456704000", "42430.5",
        "1/5/2016 14:10", "01/05/2016 24:00", "01/05/2016 23:59:59", "1/5/2016 1:05", "1/5/2016 01:5",
        "2/30/2016 14:10", "2/29/2016 0:00", "1/5/2016 14:60", "1/5/2016 14:10:60", "1/5/2016 14:10:00.5",
        "1/5/2016 2:10 PM", "1/5/2016 14:10 PM", "01/05/2016 12:00 am", "01/05/2016 00:10 AM", "1/5/16 14:10",
        "01/05/2016 12:60 AM", "14:10:00 PM", "01/05/2016 14:10:00 PM", "1/5/2016\u00a014:10",
        "01/05/2016\u202f02:10:00\u202fPM", "2016-01-05\u200714:10", "2016-01-05\u2009 14:10",
        "2016\u00a0Jan\u00a005 02:10:00 PM", "2016 Jan 05 02:10:00 PM", "2016 jan 05 12:10:00 am",
        "2016 FEB 29 11:59:59 PM", "2015 Feb 29 11:59:59 PM", "2016 Mai 05 02:10:00 PM",
        "2016 Jan 5 02:10:00 PM", "2016 January 05 02:10:00 PM", "2016 Jan 05 2:10:00 PM",
        "2016 Jan 05 13:10:00 PM", "2016 Dec 31 02:10:00 PM", "2016 Jan 05", "2016 Feb 30",
        "2016 Jan 05 14:10",
        "2016  Jan 05 02:10:00 PM", "2016 anf 05 02:10:00 PM", "0000 Jan 05 02:10:00 PM", "0000 Jan 05",
        "2016-01-05 14:10:00 UTC", "1/5/2016\u00a0", "2016-01-05\u00a014:10:00", *MISSING,
        "03/15/2016  2:30:00 PM", "03/15/2016 \t2:30:00 PM", "03/15/201  02:30:00 PM",
        "03/15/201 \t02:30:00 PM", "03/15/2016 02:30:0  PM", "03/15/2016 02:3:00 PM ",
        " 3/15/2016 02:30:00 PM", "\u00a03/15/2016 02:30:00 PM",
        "2016-02-29 (BC)", "2016-02-29T10:00:00 (BC)", "01/01/2016 01:00:00 AM\n", _DATE, *_ALMOST_DATES,
    ),
    Kind.TEXT: (
        "STREET", "street", "", " ", "\u00a0", "A B", " A  B ", "\x1f", "\x00", "a\x00b", "\u200b", "\ufeff",
        "=1+1", "'", '"', "\\", "a\\", "\\n", "%", "_", "CAF\u00c9", "e\u0301", "\U0001f389", "\uffff",
        "\U0010ffff", "~", "~~", "~~~", "!", "~\u00a0", "!\u3000", "\u3000!", "\x85", "NULL", "null", "a,b",
        "a\nb", "a\r\nb", '"a"', '""', *MISSING, "N", "NAA", "-1", "--", "\\NN", "0", "9", ":", "NULLS",
        "None ", "\u00a0NA", "N A", "#", "#NA", "06", "08B", "\uff2eA", "n\u00aa", "\u017fa",
    ),
    Kind.PRIMARY_TYPE: (
        *CHICAGO.types.known, *RENAMED, "theft", " Theft\t", "MOTOR  VEHICLE\u00a0THEFT",
        "crim sexual  assault",
        "non - criminal", "NON-CRIMINAL  (subject specified)", "STRA\u00dfE", "stra\u00dfe", "\u0130stanbul",
        "\u0131", "\u00e4", "\u01c6", "\ufb01", "\x1ctheft\x1d", "the\x85ft", "", "\u2029", "A\t \u2003B",
        "''", "\\", *MISSING,
    ),
    Kind.LOCATION: (
        *CHICAGO.locations.known, *CHICAGO.locations.renamings,
        "street", " Other ", "other", "Residence-Garage",
        "PARKING LOT/GARAGE(NON.RESID.)\t", "parking  lot/garage(non.resid.)", "OTHER (SPECIFY)",
        "\u00c4rger", "", " ", "A\t \u2003B", *MISSING,
    ),
    Kind.FLAG: (
        "true", "false", "TRUE", "False", "yes", "No", "1", "0", "t", "f", "y", "n", "on", "2", "01", "1.0",
        "true ", "1.00", "0.0", "00", "T", "F", "Y", "N",
        "NA", "n/a", "ON", "tr", "-0.0",
        "\u00a0true", "maybe", "\u017f", "ye\u017f", "\ufb01", "fal\u017fe", "y\u0117s", "\uff54rue",
    ),
    Kind.INTEGER: (
        "42", "42.0", "42.000000", "42.0000000", "42.", ".0", "42.5", "-1", "-0", "+1", "007", "-007.0",
        "999999999", "1000000000", "-999999999", "1_000", "1e3", "0x10", "\u0663", "4 2", "--1", "1,000",
        "true", "9" * 30,
        "1,234", "1,234,567.00", "1,2", "999,999,999", "1,000,000,000", "-1,234", "42." + "0" * 60, *MISSING,
    ),
    Kind.DECIMAL: (
        "41.88", "-87.62", "+41.88", "1e6", "1E-3", "-0.0", "0", ".5", "5.", ".", "-.5e+1", "e5", "1e",
        "1_000", "1_0.5", "nan", "NaN", "inf", "-Infinity", "infinity", "1e15", "1.0000001e15", "-1e15",
        "1e16", "1e400", "1e-400", "4.9e-324", "2.2250738585072014e-308", "0.1", "0.30000000000000004",
        "9007199254740993", "123456789012345678901234567890", "1d", "1f", "0x1p3", "1,5", "\u0661.5", "1e+",
        "++1", "+-1", "+-0", "-+1", "--1", "+-1.5e3", "+-.5", "1e+-5", "+ 1", "1.2.3", "1e1.5",
        "1,176,304", "1,176,304.5", "-1,176,304", "1,2", "1,,234", "0,123", "1,234e2", "1,234.", ",123",
        *MISSING,
        "\u0661,234", "1,23\u0664", "1_0,123",
    ),
    Kind.AREA: (
        "1", "77", "0", "00", "0.0", "78", "-1", "7.0", "07", "77.0", "7.5", "007", "7.", "7.00", "07.0",
        "1e1", "%", "_", "_7", "|", "1|2", "|1|", "|", "1.0|2", "\u0663", "+7", "7 7", ".", ".0", "7.0.0",
        "", "700", "70.00", "008", "8.00", "0008.000", "0" * 60 + "8." + "0" * 60, "08.", "078", "000",
        "000.00", "0.", ".0", "8,0", "1e0", "77.01", "0" * 60, *MISSING,
    ),
}  # fmt: skip

#: Every text of up to three of the signs that numbers, and what engines take for numbers, are made of.
SHORT_TEXTS: Final = tuple(
    "".join(signs) for length in (1, 2, 3) for signs in product("+-.e05_ x", repeat=length)
)

_PATTERNS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.IDENTIFIER: (IDENTIFIER,),
    Kind.DATETIME: (
        CITY_DATETIME,
        CITY_DATETIME_NO_SECONDS,
        US_DATETIME,
        SOCRATA_DATETIME,
        ISO_DATETIME,
        CITY_DATE,
        ISO_DATE,
        SOCRATA_DATE,
    ),
    Kind.INTEGER: (INTEGER,),
    Kind.DECIMAL: (DECIMAL,),
    Kind.AREA: (area_pattern(2), UNKNOWN_AREA, "[0-9]{1,2}([.]0)?"),
}
#: Surrogates are no text, and what can't be in UTF-8 can't come out of a file.
_ANY_TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_SPACES: Final = st.text(st.sampled_from(WHITESPACE), max_size=2)
_TELLING: Final = st.text(
    st.sampled_from(
        [*WHITESPACE, *"aZz~!09", "'", '"', "\\", "%", "_", ",", "\u00df", "\u200b", "\U0001f389"]
    ),
    max_size=12,
)


@st.composite
def _spoilt(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """A text with one character dropped, doubled or replaced."""
    text = draw(texts)
    at = draw(st.integers(0, len(text)))
    put_in = draw(
        st.sampled_from(["", " ", "0", "9", "/", "-", ":", ".", "T", "_", "e", "\u0663", "\n", '"'])
    )
    return text[:at] + put_in + text[at + draw(st.integers(0, 2)) :]


def texts_of(kind: Kind) -> st.SearchStrategy[str]:
    """Texts that a field of a kind may hold, for better or worse.

    Args:
        kind: the kind.

    Returns:
        The strategy.
    """
    picked = st.sampled_from(PICKED[kind])
    grammatical = [st.from_regex(pattern, fullmatch=True) for pattern in _PATTERNS.get(kind, ())]
    padded = st.builds(lambda before, text, after: before + text + after, _SPACES, picked, _SPACES)
    cased = picked.map(str.swapcase)
    return st.one_of(picked, *grammatical, padded, cased, _spoilt(picked), _TELLING, _ANY_TEXT)


def any_texts() -> st.SearchStrategy[str]:
    """Texts of no kind in particular."""
    return st.one_of(texts_of(Kind.TEXT), texts_of(Kind.PRIMARY_TYPE), _TELLING, _ANY_TEXT)


#: Times of day on both sides of the late-night window's edges, beside any.
_EDGE_TIMES: Final = ((21, 59, 59, 999999), (22, 0, 0, 0), (23, 59, 59, 999999), (0, 0, 0, 0),
                      (3, 59, 59, 999999), (4, 0, 0, 0), (4, 59, 59, 0), (12, 0, 0, 0))  # fmt: skip
_EDGE_DAYS: Final = (
    datetime(1, 1, 1), datetime(4, 2, 29), datetime(1900, 2, 28), datetime(2000, 2, 29), datetime(2015, 12,
    31), datetime(2016, 2, 28), datetime(2016, 2, 29), datetime(2016, 3, 1), datetime(9996, 2, 29),
    datetime(9999, 12, 31),
)  # fmt: skip


def moments() -> st.SearchStrategy[datetime]:
    """Local civil times, with leap days and the edges of the calendar and of the night among them."""
    # `fold` tells the two halves of a repeated hour apart, which a time without a zone doesn't know
    days = st.one_of(st.sampled_from(_EDGE_DAYS), st.datetimes().map(lambda moment: moment.replace(fold=0)))
    edge = st.builds(_at, days, st.sampled_from(_EDGE_TIMES))
    return st.one_of(edge, days)


def scattered_moments() -> st.SearchStrategy[datetime]:
    """Local civil times on few days, some of them a year and a day apart, give or take a day."""
    days = st.sampled_from([0, 1, 27, 28, 29, 366, 367, 368, 393, 394, 395, 734, 735, 736, 1100, 4000])
    start = datetime(2015, 1, 1, 23, 30)
    return st.builds(lambda day, hours: start + timedelta(days=day, hours=hours), days, st.integers(0, 2))


def _at(day: datetime, time: tuple[int, int, int, int]) -> datetime:
    hour, minute, second, microsecond = time
    return day.replace(hour=hour, minute=minute, second=second, microsecond=microsecond)


#: Types and codes that the classifier knows, in every casing, and others.
PRIMARY_TYPES: Final = st.one_of(
    st.none(),
    st.sampled_from([*CLASS_OF_TYPE, *RENAMED, "THEFTS", ""]),
    texts_of(Kind.PRIMARY_TYPE),
)
FBI_CODES: Final = st.one_of(
    st.none(),
    st.sampled_from([*CLASS_OF_FBI_CODE, "6", " 06", "06 ", "\u00a007", "", "26"]),
    texts_of(Kind.TEXT),
)

_USUAL: Final = {
    "id": "10000092", "case_number": "HY189866", "occurred_at": "03/18/2015 07:44:00 PM",
    "block": "0000X W X ST", "iucr": "0820", "primary_type": "THEFT", "description": "OVER $500",
    "location_description": "STREET", "arrest": "false", "domestic": "true", "beat": "0122",
    "district": "001", "ward": "42", "community_area": "25", "fbi_code": "06", "x_coordinate": "1144606",
    "y_coordinate": "1903566", "updated_on": "02/10/2018 03:50:01 PM", "latitude": "41.891",
    "longitude": "-87.744", "shift_years": "",
}  # fmt: skip
_UNUSUAL: Final = {field.name: st.one_of(st.none(), texts_of(field.kind)) for field in FIELDS}


@st.composite
def raw_rows(draw: st.DrawFn) -> RawRow:
    """A raw row by field name: a usual one in which some fields hold anything at all."""
    changed = draw(st.lists(st.sampled_from(FIELDS), max_size=5, unique_by=lambda field: field.name))
    return {**_USUAL, **{field.name: draw(_UNUSUAL[field.name]) for field in changed}}


def picked_rows() -> list[RawRow]:
    """A raw row for each picked text of each field, and for each field without one."""
    return [{**_USUAL, field.name: text} for field in FIELDS for text in (None, "", *PICKED[field.kind])]


_FEW_MOMENTS: Final = (
    datetime(2015, 3, 18, 19, 44),
    datetime(2015, 3, 18, 19, 44, 0, 1),
    datetime(2016, 2, 29),
)
#: By code point, upper case comes before lower, and what UTF-16 needs two units for comes last.
_FEW_TEXTS: Final = ("", "A", "B", "a", "AB", "\u00e9", "\uffff", "\U0001f389", "z\x00")


@st.composite
def versions(draw: st.DrawFn, key: int = 1) -> Incident:
    """A version of an incident, from so few values that versions often agree in all but one field."""
    text = st.one_of(st.none(), st.sampled_from(_FEW_TEXTS))
    rare = st.one_of(st.none(), st.none(), st.none(), st.sampled_from(_FEW_TEXTS))
    integer = st.one_of(st.none(), st.sampled_from([-1, 0, 9, 10]))
    decimal = st.one_of(st.none(), st.sampled_from([-1.5, 0.0, 9.5, 10.0]))
    occurred_at = draw(st.sampled_from(_FEW_MOMENTS))
    return Incident(
        id=key, case_number=draw(rare), occurred_at=occurred_at, block=draw(rare),
        iucr=draw(rare), primary_type=draw(text), description=draw(rare), location_description=draw(text),
        arrest=draw(st.booleans()), domestic=draw(st.sampled_from([None, False, True])), beat=draw(rare),
        district=draw(rare), ward=draw(integer), community_area=draw(st.sampled_from([None, 1, 9, 10])),
        fbi_code=draw(rare), x_coordinate=draw(decimal), y_coordinate=draw(decimal), year=occurred_at.year,
        updated_on=draw(st.one_of(st.none(), st.sampled_from(_FEW_MOMENTS))), latitude=draw(decimal),
        longitude=draw(decimal), shift_years=draw(st.sampled_from([0, 3])), unreadable=draw(rare),
    )  # fmt: skip


#: Lines that are near to CSV in every way: stray, doubled and closing quotes, commas, each line break.
CSV_LIKE: Final = st.lists(
    st.sampled_from(['"', '"', '""', ",", ",", "a", " ", "\n", "\r", "\r\n", "\u00e9"]), max_size=40
).map("".join)

_LETTERS: Final = st.text(st.sampled_from(string.ascii_letters), min_size=1, max_size=4)


def sound_fields(width: int) -> st.SearchStrategy[list[str]]:
    """Fields of which none begins or ends with a sign that quoting gives a meaning to.

    Args:
        width: how many.

    Returns:
        The strategy.
    """
    inside = st.sampled_from(["", ",", "\n", "\r\n", " ", ",\n,"])
    field = st.builds(lambda one, sign, other: one + sign + other, _LETTERS, inside, _LETTERS)
    return st.lists(field, min_size=width, max_size=width)


_NEEDED: Final = [field.name for field in FIELDS if field.needed]
_OTHERS: Final = [field.name for field in FIELDS if not field.needed]
#: Ids come from so few that versions meet.
_FEW_IDS: Final = st.one_of(st.integers(1, 5).map(str), texts_of(Kind.IDENTIFIER))


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A file of incidents, however spoilt, with sound headings in any order."""
    columns = draw(st.permutations(_NEEDED + draw(st.lists(st.sampled_from(_OTHERS), unique=True))))
    row = st.builds(
        lambda found, key: join_record([{**found, "id": key}[name] for name in columns]), raw_rows(), _FEW_IDS
    )
    rubbish = st.one_of(
        CSV_LIKE, _ANY_TEXT, row.map(lambda text: text + ",x"), row.map(lambda text: text[:-9])
    )
    rows = draw(st.lists(st.one_of(row, row, row, row, row, _spoilt(row), rubbish), max_size=30))
    line_break = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    text = line_break.join([",".join(columns), *rows]) + draw(st.sampled_from([line_break, ""]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "latin-1"]))
    data = text.encode(encoding, errors="replace")
    return gzip.compress(data, mtime=0) if draw(st.booleans()) else data


#: Every form of a mapping, in every kind.
FORMS: Final = (
    Plain(),
    Fixed("it's \\ fixed"),
    Lookup((("PETIT LARCENY", "THEFT"), ("O'HARE", "8"), ("AA", "true")), (("THEFT PLAIN", "THEFT"),)),
    Lookup((("AA", "true"),), (("ARREST", "true"), ("A", "other")), "false"),
    Moment(zone_is_label=True),
    Moment(day_first=True),
    Moment(day_first=False, has_time_column=True),
    Moment(day_first=True, zone_is_label=True, has_time_column=True, hours_minutes=True),
    Moment(has_time_column=True, hours_minutes=True),
)
#: Texts of departments' columns, and texts that are nearly such.
MAPPED: Final = (
    "100", "1", "2359", "2400", "12345", "1730.0", "17:30:00", "7:30", "7:30 PM", "", "-", "AA",
    "10/15/2020 0:00", "10/15/2020", "1/2/2020", "31/12/2020 23:59", "31.12.2020 23:59:59", "2020-10-15",
    "2020-10-15T00:00:00.000", "31-12-2020T10:00", "2016-01-05 14:10:00 UTC", "2016-01-05T14:10:00Z",
    "2016-01-05 14:10:00+00", "2016-01-05 14:10:00-05:30", "01/05/2016 02:10:00 PM GMT", "01-05-2016",
    "2016 Jan 05 02:10:00 PM", "2016-01-05", "2016-01-05 UTC", "10/15/2020\u00a00:00", " 10/15/2020 0:00\t",
    "null", "10/15/2020 0:00\n1", "1/2/2020 caf\u00e9", "12/\u0663/2020 0:00", "44119", "-5", "+5", "7:3",
    "PETIT LARCENY", " petit  larceny ", "GRAND LARCENY OF MOTOR VEHICLE", "theft plain", "THEFT PLAI",
    "THEFT PLAIN - PETTY ($950 & UNDER)", "THEFT, PERSON", "THEFT OF IDENTITY", "aa", "JA", "IC", "A",
    "SHOPLIFTING-GRAND THEFT ($950.01 & OVER)", "Arrest - adult", "O'HARE", "o'hare", "NORTH", "n", "102",
    "008", "123.0", "117",
)  # fmt: skip


def mapped_texts() -> st.SearchStrategy[str]:
    """Texts that the columns of a mapping may hold, for better or worse."""
    picked = st.sampled_from(MAPPED)
    return st.one_of(picked, _spoilt(picked), texts_of(Kind.DATETIME))


#: For each kind of field texts that most forms read, so that some rows are incidents.
SOUND: Final[Mapping[Kind, tuple[str, ...]]] = {
    **dict.fromkeys(Kind, ("7", "STREET", "theft plain - petty", "PETIT LARCENY")),
    Kind.IDENTIFIER: ("7", "1,035,836", "90000001.0"),
    Kind.DATETIME: ("10/11/2020 13:30", "01/02/2020 7:05:00 PM", "2016-01-05T14:10:00", "1730", "17:30"),
    Kind.FLAG: ("true", "AA", "n", "1.0"),
    Kind.AREA: ("1", "008", "O'HARE", "12.0"),
}


_FLAGS: Final = ("true", "n", "1.0")


def any_layout(chance: random.Random) -> Layout:
    """A layout such as a TOML file can say, and few departments have."""
    absent = frozenset(name for name in MAY_BE_ABSENT if chance.random() < 0.25)
    fields = [
        field for field in FIELDS if field.name not in absent and (field.needed or chance.random() < 0.7)
    ]
    columns = [f"h{at}c" for at in range(len(fields))]

    def mapping(field: Field, own: str) -> FieldMapping:
        form = _any_form(field.kind, chance)
        # now and then two fields are made of one column
        shared = 0.0 if field.name in CRITICAL else 0.15
        owners = [chance.choice(columns) if chance.random() < shared else own for _ in range(2)]
        headings = [f"{owner}{at}" for at, owner in enumerate(owners)]
        return FieldMapping(form, tuple(Heading((name,)) for name in headings[: form.columns]))

    numbers = sorted({1, 8, *chance.sample(range(1, 1_200), chance.randrange(1, 40))})
    mappings = {field.name: mapping(field, own) for field, own in zip(fields, columns, strict=True)}
    names = {fold(chance.choice(MAPPED)) or "OLD": f"NEW {at}" for at in range(4)}
    return Layout(
        name="any",
        department="any",
        title="any",
        mappings=mappings,
        areas=Areas(tuple(Area(number, str(number), None) for number in numbers)),
        types=Names(names, ("THEFT",)),
        locations=Names(dict(list(names.items())[:2]), ()),
        absent=absent,
    )


def _any_form(kind: Kind, chance: random.Random) -> Form:
    if kind is Kind.DATETIME:
        has_time = chance.random() < 0.5
        order, label = chance.choice([None, True, False]), chance.random() < 0.5
        return Moment(order, label, has_time, has_time and chance.random() < 0.5)
    looked_up = kind in (Kind.PRIMARY_TYPE, Kind.LOCATION, Kind.FLAG, Kind.AREA, Kind.TEXT)
    made = chance.random()
    if made < 0.15 and kind is not Kind.IDENTIFIER:
        return Fixed(chance.choice(_FLAGS if kind is Kind.FLAG else SOUND[kind]))
    if made < 0.6 and looked_up:
        texts = chance.sample([text for text in map(fold, MAPPED) if text], 9)
        meanings = [*(_FLAGS if kind is Kind.FLAG else SOUND[kind]), ""]
        pairs = [(text, chance.choice(meanings)) for text in texts]
        return Lookup(tuple(pairs[:6]), tuple(pairs[6:]), chance.choice([None, *meanings[:2]]))
    return Plain()
