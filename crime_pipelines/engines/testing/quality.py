"""Inputs as real people's files look: what must give the same answers, what is refused, what is warned of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.synthetic import HEADER

Fields = dict[str, str]
_DATES: Final = (
    "01/05/2016 02:10:00 PM", "02/14/2016 11:20:00 PM", "03/20/2016 01:05:00 AM", "04/25/2016 09:00:00 AM",
    "05/30/2016 10:45:00 PM", "06/08/2016 03:59:00 AM", "07/19/2016 12:30:00 PM", "08/21/2016 04:00:00 AM",
)  # fmt: skip
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug")
_PLACES: Final = (
    "STREET",
    "APARTMENT",
    "STREET",
    "SIDEWALK",
    "APARTMENT",
    "ALLEY",
    "STREET",
    "PARKING LOT / GARAGE (NON RESIDENTIAL)",
)
#: As the City wrote it until 2018.
_OLD_SPELLING: Final = "Parking Lot/Garage(Non.Resid.)"
_AREAS: Final = ("8", "32", "8", "25", "32", "8", "77", "25")
#: Eight incidents of one year.
BASE: Final[tuple[Fields, ...]] = tuple(
    {
        "Date": _DATES[at],
        "Primary_Type": "BATTERY" if at in (1, 5) else "THEFT",
        "Location_Description": _PLACES[at],
        "Community_Area": _AREAS[at],
        "Arrest": "true" if at in (2, 3) else "false",
        "Updated_On": "02/10/2019 03:50:01 PM",
    }
    for at in range(8)
)


def base(path: Path) -> Path:
    """Write the eight incidents."""
    return write(path, _rows(BASE))


def untyped(path: Path) -> Path:
    """Write the eight incidents, of two thefts the type is a word for "missing", and the FBI code theft's."""
    words = {0: {"Primary_Type": "NA"}, 2: {"Primary_Type": "nan"}}
    return write(path, _rows([{**fields, **words.get(at, {})} for at, fields in enumerate(BASE)]))


def _rows(incidents: Sequence[Fields], first_id: int = 90_000_001) -> list[str]:
    return [row(first_id + at, **fields) for at, fields in enumerate(incidents)]


def _changed(change: Callable[[Fields], Fields]) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        return write(path, _rows([{**fields, **change(fields)} for fields in BASE]))

    return make


def _more(**fields: str) -> Callable[[Path], Path]:
    return lambda path: write(path, _rows([*BASE, {**BASE[0], **fields}]))


def _headed(header: str) -> Callable[[Path], Path]:
    return lambda path: write(path, _rows(BASE), header=header)


def _updated(heading: str, earlier: str) -> Callable[[Path], Path]:
    """Return what writes the incidents, and behind them an older version of one, under another heading."""
    older = row(90_000_001, Date=_DATES[0], Primary_Type="NARCOTICS", Arrest="true", Updated_On=earlier)
    header = HEADER.replace("Updated On", heading)
    return lambda path: write(path, [*_rows(BASE), older], header=header)


def _in_24_hours(text: str) -> str:
    day, clock, half = text.split(" ")
    hour, minutes, _ = clock.split(":")
    month, day_of_month, year = day.split("/")
    hour = str(int(hour) % 12 + (12 if half == "PM" else 0))
    return f"{int(month)}/{int(day_of_month)}/{year} {hour}:{minutes}"


def _iso(text: str, zone: str = "") -> str:
    day, clock = _in_24_hours(text).split(" ")
    month, day_of_month, year = day.split("/")
    return f"{year}-{month:0>2}-{day_of_month:0>2} {clock:0>5}:00{zone}"


def _labelled(fields: Fields) -> Fields:
    return {"Date": _iso(fields["Date"], " UTC"), "Updated_On": "2019-02-10 15:50:01 UTC"}


def _socrata(text: str) -> str:
    return f"{text[6:10]} {_MONTHS[int(text[:2]) - 1]} {text[3:5]}{text[10:]}"


#: Files that must give the answers of `base`.
SAME: Final[dict[str, Callable[[Path], Path]]] = {
    "a mistyped year to come": _more(Date="08/01/2106 01:00:00 AM"),
    "a mistyped year long past": _more(Date="08/01/1015 01:00:00 AM"),
    "headings of R": _headed(HEADER.replace(" ", ".")),
    "headings without joins": _headed(HEADER.replace(" ", "")),
    "headings with spaces of no width": _headed("\u200b" + HEADER.replace(",", "\u200b,")),
    "headings with a comma at the end": _headed(HEADER + ","),
    "NA": _changed(lambda _: {"Ward": "NA", "Beat": "n/a", "Block": "#N/A", "Latitude": "NaN"}),
    "NULL": _changed(lambda _: {"Ward": "NULL", "Beat": "None", "Block": "\\N", "Longitude": "-"}),
    "areas of three digits": _changed(lambda fields: {"Community_Area": f"{fields['Community_Area']:0>3}"}),
    "areas as decimals": _changed(lambda fields: {"Community_Area": f"{fields['Community_Area']}.00"}),
    "dates as Socrata shows them": _changed(lambda fields: {"Date": _socrata(fields["Date"])}),
    "BigQuery's public table": lambda path: write(
        path,
        _rows([{**each, **_labelled(each)} for each in BASE]),
        header=HEADER.lower().replace("id", "unique_key", 1),
    ),
    "dates without seconds": _changed(lambda fields: {"Date": _in_24_hours(fields["Date"])}),
    "arrests as letters": _changed(lambda fields: {"Arrest": "Y" if fields["Arrest"] == "true" else "N"}),
    "arrests as decimals": _changed(
        lambda fields: {"Arrest": "1.0" if fields["Arrest"] == "true" else "0.0"}
    ),
    "ids as decimals": lambda path: write(
        path, [line.replace(",", ".0,", 1) for line in _rows(BASE)]
    ),
    "old spellings of locations": _changed(
        lambda fields: {"Location_Description": _OLD_SPELLING}
        if fields["Location_Description"] == _PLACES[-1]
        else {"Location_Description": fields["Location_Description"].title()}
    ),
    "an older version, by updated_at": _updated("updated_at", "01/31/2019 03:50:01 PM"),
    "an older version, by UpdatedOn as Socrata shows it": _updated(
        "UpdatedOn", "2019 Jan 31 03:50:01 PM"
    ),
}  # fmt: skip


class Refused(NamedTuple):
    """A file that must be refused.

    Attributes:
        make: writes it.
        exit_code: of the process.
        said: what the line holds.
    """

    make: Callable[[Path], Path]
    exit_code: int
    said: tuple[str, ...]


REFUSED: Final = {
    "day first": Refused(
        _changed(lambda fields: {"Date": f"{fields['Date'][3:6]}{fields['Date'][:3]}{fields['Date'][6:]}"}),
        2,
        ("day and month", "14/02/2016"),
    ),
    "rows quoted whole": Refused(
        lambda path: write(path, ['"' + line.replace('"', '""') + '"' for line in _rows(BASE)]),
        2,
        ("1 field,", "22 fields"),
    ),
    "row names of R": Refused(
        lambda path: write(path, [f"{at},{line}(41.88; -87.62)" for at, line in enumerate(_rows(BASE))]),
        2,
        ("23 fields", "row.names"),
    ),
    "dates with a zone": Refused(
        _changed(lambda fields: {"Date": _iso(fields["Date"], " UTC")}), 3, ("8 bad_date", "zone", "--layout")
    ),
    "dates in Zulu time": Refused(
        _changed(lambda fields: {"Date": _iso(fields["Date"], "Z")}), 3, ("zone", "2016-01-05 14:10:00Z")
    ),
    "the 24th hour": Refused(
        _more(Date="2016-12-31 24:00:00"), 3, ("1 of 9 rows", "'2016-12-31 24:00:00'", "90000009")
    ),
    "other headings": Refused(
        lambda path: write(path, [], header="CASE#,DATE OF OCCURRENCE,LOCATION DESCRIPTION,ARREST,BEAT"),
        2,
        ("ID, Date, Primary Type, Community Area", "'DATE OF OCCURRENCE' for Date"),
    ),
}


class Warned(NamedTuple):
    """A file that is read with a warning.

    Attributes:
        make: writes it.
        about: what the warning is about.
        said: what the line holds.
    """

    make: Callable[[Path], Path]
    about: str
    said: tuple[str, ...]


WARNED: Final = {
    "outlying": Warned(_more(Date="08/01/2106 01:00:00 AM"), "outlying_dates", ("outlying",)),
    "few in the last days": Warned(
        lambda path: write(path, _rows([*BASE * 80, {**BASE[0], "Date": "06/01/2017 01:00:00 AM"}])),
        "thin_end",
        ("2020-06-01", "--as-of"),
    ),
    "no time of day": Warned(
        _changed(lambda fields: {"Date": f"{fields['Date'][:10]} 12:00:00 AM"}), "all_midnight", ("midnight",)
    ),
    "no area": Warned(_changed(lambda _: {"Community_Area": "0"}), "no_area", ("community_area",)),
    "1,000 rows": Warned(
        lambda path: write(path, _rows(BASE * 125)), "cut_short", ("in.csv", "exactly 1,000 rows")
    ),
    "wards that are none": Warned(
        _changed(lambda _: {"Ward": "forty"}), "unreadable_ward", ("ward", "8 of 8", "'forty'")
    ),
    "updates with a zone": Warned(
        _changed(lambda _: {"Updated_On": "2019-02-10T15:50:01Z"}), "unreadable_updated_on", ("zone",)
    ),
    "no time of update": Warned(
        lambda path: write(path, _rows(BASE) + _rows(BASE[:1]), header=HEADER.replace("Updated On", "Other")),
        "no_updated_on",
        ("in.csv", "updated_on"),
    ),
}
