"""Files that every engine must read alike, each made for what it is named after."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from crime_pipelines.domain.records.csv_records import join_record
from crime_pipelines.synthetic import HEADER, generate

API_HEADER: Final = (
    "id,case_number,date,block,iucr,primary_type,description,location_description,arrest,domestic,beat,"
    "district,ward,community_area,fbi_code,x_coordinate,y_coordinate,year,updated_on,latitude,longitude,"
    "location,:@computed_region_awaf_s7ux"
)
_NAMES: Final = HEADER.split(",")
_USUAL: Final = {
    "Case Number": "HX100001",
    "Date": "03/15/2016 02:30:00 PM",
    "Block": "0000X W MADISON ST",
    "IUCR": "0820",
    "Primary Type": "THEFT",
    "Description": "$500 AND UNDER",
    "Location Description": "STREET",
    "Arrest": "false",
    "Domestic": "false",
    "Beat": "0122",
    "District": "001",
    "Ward": "42",
    "Community Area": "32",
    "FBI Code": "06",
    "X Coordinate": "1176304",
    "Y Coordinate": "1900435",
    "Year": "2016",
    "Updated On": "02/10/2018 03:50:01 PM",
    "Latitude": "41.882",
    "Longitude": "-87.628",
}


def row(key: object, **changes: str) -> str:
    """A row in the City's layout.

    Args:
        key: its ID.
        changes: fields that differ from the usual, by heading with `_` for a space.

    Returns:
        The row, without a line break.
    """
    values = {**_USUAL, "ID": str(key), **{name.replace("_", " "): text for name, text in changes.items()}}
    return join_record([values.get(name, "") for name in _NAMES])


def write(path: Path, rows: list[str], *, header: str = HEADER, end: str = "\n", bom: bool = False) -> Path:
    """A file of rows; gzipped if its name ends in .gz."""
    data = ("\ufeff" if bom else "").encode() + (end.join([header, *rows]) + end).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def generated(folder: Path) -> None:
    """A few thousand rows with every defect that the generator knows."""
    generate(folder / "messy.csv", 4_000, seed=11, first_day=date(2012, 1, 1), years=8, defects=0.3)


def generated_packed(folder: Path) -> None:
    """The same kind of file packed, with a byte order mark and CRLF."""
    generate(folder / "messy.csv.gz", 2_000, seed=12, years=9, defects=0.3, bom=True, crlf=True)


def moments(folder: Path) -> None:
    """Times at the window's edges, leap days, year ends, and each way to write a time or to fail to."""
    texts = [
        "03/01/2016 09:59:59 PM", "03/01/2016 10:00:00 PM", "03/02/2016 03:59:59 AM",
        "03/02/2016 04:00:00 AM", "03/02/2016 04:59:59 AM", "03/02/2016 12:00:00 AM",
        "03/02/2016 12:00:00 PM", "03/02/2016 12:59:59 AM", "02/29/2012 11:59:59 PM",
        "02/29/2016 12:00:00 AM", "12/31/2016 11:59:59 PM", "01/01/2017 12:00:00 AM",
        "3/1/2016 1:05:09 pm", "2016-03-01T22:00:00", "2016-03-01 03:59:59.999999", "2016-03-01T04:00:00.000",
        "2016-03-01T23:59", "2016-03-01T10:00:00.1234567", "0001-01-01T00:00:00", "9996-12-31T23:59:59",
        "9997-01-01T00:00:00", "03/02/2016 00:30:00 AM", "03/02/2016 13:00:00 PM", "02/29/2015 01:00:00 AM",
        "02/30/2016 01:00:00 AM", "13/01/2016 01:00:00 AM", "03/02/2016 01:60:00 AM", "03/02/2016",
        "2016-03-02", "2016-02-30", "02/30/2016", "01/01/0000", "0000-01-01", "0000-01-01T00:00:00",
        "2016-03-01T24:00:00", "2016-03-01T10:00:00Z",
        "2016-03-01T10:00:00-06:00", "01-09-2016 00:01", "yesterday", "  03/02/2016 05:00:00 AM\t", "",
        "\u00a0", "03/02/2016  01:00:00 AM", "2016-3-1T10:00:00", "16-03-01T10:00:00",
        "03/02/2016 1:00:00 XM",
    ]  # fmt: skip
    write(folder / "moments.csv", [row(number, Date=text) for number, text in enumerate(texts, start=1)])
    publications = ["", "never", "02/29/2016 12:00:00 AM", "2016-13-01T00:00:00", "9999-01-01T00:00:00"]
    rows = [row(900 + at, Updated_On=text) for at, text in enumerate(publications)]
    write(folder / "publications.csv", rows)


def spellings(folder: Path) -> None:
    """Ids, flags, areas, types, numbers and texts in every spelling, good and bad."""
    fields = {
        "Arrest": ["TRUE", "False", "yes", "No", "1", "0", " true ", "maybe", "", "t"],
        "Domestic": ["TRUE", "maybe", ""],
        "Community_Area": ["1", "77", "0", "00", "78", "-1", "7.0", "07", "7.5", "x", "", " 5 ", "1e1", "٣"],
        "Primary_Type": [
            "theft", " Theft ", "CRIM SEXUAL ASSAULT", "NON - CRIMINAL", "non-criminal (subject  specified)",
            "MOTOR  VEHICLE\u00a0THEFT", "", "  ", "STRAßE", "straße", "İstanbul", "NARCOTICS\t",
        ],
        "FBI_Code": ["06", " 06", "6", "07", "", "05", "03"],
        "Location_Description": ["", " ", "street", "STREET", " STREET ", "Zoo", "zoo", "Ärger",
                                 "図書館", "🎉", "<b>", "=1+1"],
        "Ward": ["42", "42.0", "-1", "forty", "", "1234567890", "42.5"],
        "X_Coordinate": ["1176304.5", "1e6", "-0.0", "nan", "inf", "1,176,304", "", ".5", "5.",
                         "1e400", "1_000"],
        "Latitude": ["41.88", "+41.88", "41,88", "1e16"],
        "Beat": ["0122", " 0122", "122", ""],
        "Block": ["=SUM(A1)", "'single'", 'two ""quotes""', "back\\slash", "tab\tinside"],
    }  # fmt: skip
    rows = [row(1000 * at + number, **{name: text})
            for at, (name, texts) in enumerate(fields.items(), start=1)
            for number, text in enumerate(texts)]  # fmt: skip
    # where the type is missing, the FBI code decides
    rows += [row(90_000 + at, Primary_Type="", FBI_Code=code) for at, code in enumerate(fields["FBI_Code"])]
    keys = ["", " ", "0", "-5", "12.0", "1e3", "007", "9223372036854775807", "9223372036854775808",
            "99999999999999999999", "HX1", " 77 ", "\uff17"]  # fmt: skip
    write(folder / "spellings.csv", rows + [row(key) for key in keys])


def structure(folder: Path) -> None:
    """Quotes, line breaks and widths, sound and broken."""
    sound = [
        row(1, Location_Description="PARKING LOT\nREAR"),
        row(2, Location_Description='CTA "L" TRAIN'),
        row(3, Location_Description="A, B"),
        row(4) + ",,,",
        row(5).replace("STREET", '"STREET" '),
        row(6).replace("STREET", ' "STREET"'),
        row(7).replace("STREET", 'ST"REET'),
        row(8, Location_Description="TWO\r\nLINES"),
        "",
        row(9, Location_Description='"\n"\n'),
    ]
    write(folder / "sound.csv", sound)
    broken = [
        row(11),
        row(12).replace("STREET", '"STREET'),
        row(13),
        row(14).replace("STREET", '"STREET"X'),
        row(15) + ",extra",
        row(16).rsplit(",", 5)[0],
        "one field",
        "",
        row(17, Location_Description="STILL\nSOUND"),
        ",,,",
        row(18),
        '"',
    ]
    write(folder / "broken.csv", broken)
    # a row of the wrong width over two lines is malformed line by line, whichever break stands in it
    for number, line_break in enumerate(["\n", "\r", "\r\n"]):
        short = row(20 + number, Block=f"A{line_break}B").rsplit(",", 3)[0]
        write(folder / f"short{number}.csv", [row(30 + number), short, row(40 + number)])


def lines(folder: Path) -> None:
    """Lines that stand each for itself, and some that are less plain than they look."""
    rows = [
        row(1, Block=" 001XX N STATE ST"),
        row(2, Block="001XX N STATE ST "),
        row(3, Location_Description=" A, B"),
        row(4, Location_Description="A, B "),
        row(5).replace("STREET", '""'),
        row(6).replace("STREET", '"ST""REET"'),
        row(7) + ",",
        row(8) + ',""',
        row(9) + ",extra",
        row(10).rsplit(",", 1)[0],
        row(11, Date="02/30/2016 11:00:00 AM"),
        row(12, Date="02/29/2016 12:00:00 AM", Updated_On="2016-03-01T00:00:00.000"),
        row(13, Date="02/28/2016 00:30:00 AM"),
        row(14, Arrest=""),
        row(15, Longitude="-87.6\u2028"),
        row(16, Longitude="-87.6\u0085"),
        ",".join(f'"{text}"' for text in row(17).split(",")),
        HEADER,
        f'"{HEADER.split(",")[0]}",{HEADER.split(",", 1)[1]}',
        row(18),
    ]
    write(folder / "lines.csv", rows)
    # in a file of its own: its neighbours have a say in it
    write(folder / "noncharacter.csv", [row(19), row(20, Location_Description="A\uffffB"), row(21)])


def packaging(folder: Path) -> None:
    """One folder of every kind of packing, line end and layout, some without a break at the end."""
    write(folder / "a.csv", [row(1), row(2)], bom=True)
    write(folder / "deep" / "b.csv.gz", [row(3), row(4)], end="\r\n", bom=True)
    write(folder / "c.csv", [row(5), row(6)], end="\r")
    (folder / "d.csv").write_text("\n".join([HEADER, row(7), row(8)]), encoding="utf-8")
    api = ("9,HX9,2016-03-01T22:30:00.000,0000X W X ST,0820,THEFT,OVER $500,STREET,True,False,0122,001,42,32,"
           "06,1176304,1900435,2016,2018-02-10T15:50:01.000,41.88,-87.62,"
           "\"{'latitude': '41.88'}\",22")  # fmt: skip
    write(folder / "e.csv", [api], header=API_HEADER)
    mixed = "".join(["\n".join([HEADER, row(10)]), "\r\n", row(11), "\n", row(12), "\r", row(13), "\r\n"])
    (folder / "f.csv").write_bytes(mixed.encode())
    write(folder / "g.csv", [])
    (folder / "_hidden.csv").write_text("not read\n")
    (folder / "notes.txt").write_text("not read\n")


def encodings(folder: Path) -> None:
    """Bytes that are not UTF-8, beside text that is."""
    text = [HEADER, row(1, Block="CAFÉ"), row(2, Location_Description="CAFÉ"), row(3)]
    (folder / "latin1.csv").write_bytes(("\n".join(text) + "\n").encode("latin-1"))
    write(folder / "utf8.csv", [row(4, Block="CAFÉ"), row(5, Location_Description="図書館 🎉")])


def versions(folder: Path) -> None:
    """One incident in many versions over several files: later, earlier, equal but for one field, the same."""
    later = {"Updated_On": "02/11/2018 03:50:01 PM"}
    write(folder / "1.csv", [row(1, Arrest="true", **later), row(2), row(3, Updated_On=""), row(4), row(4)])
    write(folder / "2.csv.gz", [
        row(1), row(2, Arrest="true"), row(3, Arrest="true", Updated_On=""), row(4),
        row(5, Primary_Type="BATTERY"), row(6, Location_Description=""),
        row(7, Date="03/16/2016 01:00:00 PM"),
    ])  # fmt: skip
    write(folder / "3.csv", [
        row(1, Date="03/15/2015 02:30:00 PM"), row(2, Updated_On=""), row(3), row(5), row(6), row(7),
        row(8, Beat="0123"), row(8, Beat=""), row(8, Ward=""), row(9, Community_Area="0"), row(9),
        row(10, Date="12/31/2015 11:00:00 PM", Arrest="true"), row(10, Date="01/01/2016 01:00:00 AM"),
        row(11, Date="bad"), row(11),
    ])  # fmt: skip


def carried_shift(folder: Path) -> None:
    """Rows that were shifted before and say so: nothing is shifted twice."""
    header = HEADER + ",Shift Years"
    write(folder / "shifted.csv", [
        row(1) + ",3", row(2) + ",", row(3) + ",0", row(4, Date="02/29/2016 10:00:00 PM") + ",4",
        row(5) + ",x",
    ], header=header)  # fmt: skip


def outlying(folder: Path) -> None:
    """Mistyped years, placeholders, and dates later than their own update, among dates of one period."""
    dates = [
        "03/01/2014 01:00:00 AM", "03/02/2015 11:00:00 PM",  # 366 days between without any incident
        "03/15/2016 02:30:00 PM", "03/15/2016 11:30:00 PM", "01/01/2017 12:00:00 PM",
        "01/03/2018 12:00:00 PM",  # 367 and more: another part
        "01/04/2018 12:00:00 PM", "08/01/2106 01:00:00 AM", "08/01/1015 01:00:00 AM",
        "01/01/1900 12:00:00 AM",
    ]  # fmt: skip
    rows = [row(number, Date=text, Primary_Type="BATTERY") for number, text in enumerate(dates, start=1)]
    late = ["02/12/2018 03:50:00 PM", "02/11/2018 03:50:01 PM", "02/11/2018 03:50:02 PM"]
    rows += [row(100 + number, Date=text, Arrest="true") for number, text in enumerate(late)]
    rows += [row(200, Date="06/01/2017 01:00:00 AM", Updated_On="06/01/2016 01:00:00 AM")]
    rows += [row(300, Date="06/01/2029 01:00:00 AM"), row(300, Date="06/02/2017 01:00:00 AM",
                                                          Updated_On="02/11/2018 03:50:01 PM")]  # fmt: skip
    write(folder / "outlying.csv", rows)


def all_dated_after_their_update(folder: Path) -> None:
    """Dates of which none can be right."""
    update = "01/01/2015 12:00:00 AM"
    write(folder / "in.csv", [row(1, Updated_On=update), row(2, Updated_On=update, Arrest="true")])


def two_parts_of_a_size(folder: Path) -> None:
    """Two spans of dates, far apart, with as many incidents each: the later counts."""
    dates = ["03/15/2012 01:00:00 AM", "03/16/2012 01:00:00 AM", "03/15/2016 01:00:00 AM",
             "03/15/2016 05:00:00 AM"]  # fmt: skip
    write(folder / "in.csv", [row(number, Date=text) for number, text in enumerate(dates, start=1)])


def one_row(folder: Path) -> None:
    """A single incident."""
    write(folder / "one.csv", [row(1)])


INPUTS: Final[dict[str, Callable[[Path], None]]] = {
    each.__name__: each
    for each in (generated, generated_packed, moments, spellings, structure, lines, packaging, encodings,
                 versions, carried_shift, outlying, all_dated_after_their_update,
                 two_parts_of_a_size, one_row)
}  # fmt: skip
