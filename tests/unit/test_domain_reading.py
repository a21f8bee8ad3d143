"""Schema, rows, versions and records of a file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from crime_pipelines.domain.dialect import DUCKDB
from crime_pipelines.domain.fields import (
    COLUMNS,
    CRITICAL,
    FIELD,
    FIELDS,
    Reason,
    normal_heading,
)
from crime_pipelines.domain.layouts.headings import match_headings
from crime_pipelines.domain.reading import Incident, read_incident, read_incidents_sql
from crime_pipelines.domain.records.csv_records import (
    BrokenQuotingError,
    OpenQuoteError,
    fields_of,
    join_record,
    split_record,
)
from crime_pipelines.domain.records.csv_splitter import (
    GREATEST_LINE,
    GREATEST_RECORD,
    LineTooLongError,
    Record,
    records,
)
from crime_pipelines.domain.versions import PRECEDENCE, latest

ROW = {
    "id": "10000092", "case_number": " HY189866", "occurred_at": "02/29/2016 11:44:00 PM",
    "block": "0000X W X ST", "iucr": "0820", "primary_type": "Theft ", "description": "OVER $500",
    "location_description": "street", "arrest": "FALSE", "domestic": "yes", "beat": "0122",
    "district": "001", "ward": "42.0", "community_area": "07", "fbi_code": "06", "x_coordinate": "1144606",
    "y_coordinate": "1903566.5", "updated_on": "2018-02-10T15:50:01.000", "latitude": "41.891",
    "longitude": "-87.744",
}  # fmt: skip
INCIDENT = Incident(
    id=10_000_092, case_number="HY189866", occurred_at=datetime(2019, 2, 28, 23, 44), block="0000X W X ST",
    iucr="0820", primary_type="THEFT", description="OVER $500", location_description="STREET", arrest=False,
    domestic=True, beat="0122", district="001", ward=42, community_area=7, fbi_code="06",
    x_coordinate=1_144_606.0, y_coordinate=1_903_566.5, year=2019, updated_on=datetime(2021, 2, 10, 15, 50,
    1), latitude=41.891, longitude=-87.744, shift_years=3, unreadable=None,
)  # fmt: skip


class TestSchema:
    @pytest.mark.parametrize(
        ("heading", "normal"),
        [("Primary Type", "primarytype"), (" primary_type ", "primarytype"), ("FBI  Code", "fbicode"),
         ("ID", "id"), ("X\u00a0Coordinate", "xcoordinate"), ("Primary.Type", "primarytype"),
         ("primary-type", "primarytype"), ("PrimaryType", "primarytype"), ("\ufeff\u200bID\u00ad", "id"),
         ("Location  _ Description", "locationdescription"), (":updated_at", ":updatedat")],
    )  # fmt: skip
    def test_headings_of_both_layouts_agree(self, heading: str, normal: str) -> None:
        assert normal_heading(heading) == normal

    def test_no_heading_means_two_fields(self) -> None:
        headings = [normal_heading(each) for field in FIELDS for each in (field.name, *field.headings)]
        assert len(set(headings)) == len(headings)
        assert FIELD["occurred_at"].headings == ("date",)

    def test_further_headings_count_where_the_own_name_is_absent(self) -> None:
        def positions(headings: list[str]) -> dict[str, tuple[int, ...]]:
            return {name: column.positions for name, column in match_headings(headings).columns}

        assert positions(["id", "updated_at", "Updated On"]) == {"id": (0,), "updated_on": (2,)}
        assert positions([":updated_at", "updated_at", "x"]) == {"updated_on": (1,)}
        assert positions([":updated_at", "ID", "id"]) == {"id": (1,), "updated_on": (0,)}
        assert match_headings([":updated_at", "ID", "id"]).repeated == {"id": (1, 2)}

    def test_an_incident_has_the_columns_of_the_schema_in_order(self) -> None:
        assert Incident._fields == COLUMNS
        assert set(CRITICAL) <= {field.name for field in FIELDS if field.needed}


class TestReading:
    def test_a_whole_row(self) -> None:
        assert read_incident(ROW, 3) == INCIDENT

    def test_what_the_answers_do_not_need_may_be_absent(self) -> None:
        bare = {name: text for name, text in ROW.items() if FIELD[name].needed}
        absent = {name: None for name in ROW if name not in bare}
        assert read_incident(bare, 3) == INCIDENT._replace(**absent)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"id": None}, Reason.MISSING_ID),
            ({"id": " \t"}, Reason.MISSING_ID),
            ({"id": "HX1"}, Reason.BAD_ID),
            ({"id": "0"}, Reason.BAD_ID),
            ({"occurred_at": ""}, Reason.MISSING_DATE),
            ({"occurred_at": "soon"}, Reason.BAD_DATE),
            ({"occurred_at": "02/30/2016 01:00:00 AM"}, Reason.BAD_DATE),
            ({"occurred_at": "9998-01-01T00:00:00"}, Reason.BAD_DATE),  # the shift leaves the calendar
            ({"occurred_at": "02/29/2016"}, Reason.DATE_WITHOUT_TIME),
            ({"occurred_at": " 2016-02-29 "}, Reason.DATE_WITHOUT_TIME),
            ({"occurred_at": "01/01/0000"}, Reason.BAD_DATE),
            ({"arrest": ""}, Reason.BAD_ARREST),
            ({"arrest": "maybe"}, Reason.BAD_ARREST),
            # of several the first counts
            ({"id": "x", "occurred_at": "", "arrest": "x"}, Reason.BAD_ID),
            ({"occurred_at": "02/29/2016", "arrest": "x"}, Reason.DATE_WITHOUT_TIME),
        ],
    )
    def test_reasons(self, changes: dict[str, str | None], reason: Reason) -> None:
        assert read_incident({**ROW, **changes}, 3) is reason

    def test_what_else_cannot_be_read_is_null_and_named(self) -> None:
        found = read_incident(
            {**ROW, "domestic": "maybe", "ward": "forty", "latitude": "north", "updated_on": "never",
            "community_area": "0"}, 3,
        )  # fmt: skip
        assert isinstance(found, Incident)
        assert found.unreadable == "domestic,ward,updated_on,latitude"
        assert (found.domestic, found.ward, found.latitude, found.updated_on, found.community_area) == (
            None,
        ) * 5

    @pytest.mark.parametrize(
        ("carried", "asked", "year", "said"),
        [("3", 5, 2016, 3), ("", 3, 2019, 3), ("0", 3, 2019, 3), ("-1", 3, 2016, -1), ("4", 0, 2016, 4),
        ("x", 3, 2019, 3)],
    )  # fmt: skip
    def test_a_row_that_was_shifted_is_not_shifted_again(
        self, carried: str, asked: int, year: int, said: int
    ) -> None:
        found = read_incident({**ROW, "shift_years": carried}, asked)
        assert isinstance(found, Incident)
        assert (found.year, found.occurred_at.year, found.shift_years) == (year, year, said)

    def test_the_sql_face_passes_on_what_it_is_asked_to(self) -> None:
        query = read_incidents_sql("raw", {name: f"c_{name}" for name in ROW}, DUCKDB, 3, also=["path"])
        assert query.startswith("SELECT v_id AS id, ")
        assert ", path FROM (" in query
        assert "AS reject_reason" in query


class TestRecords:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("a,b", ["a", "b"]), ("", [""]), (",", ["", ""]), ('"a,b",c', ["a,b", "c"]), ('"a""b"', ['a"b']),
            ('""', [""]), ('"a\nb",c', ["a\nb", "c"]), (' "a" ,b', ["a", "b"]), ('a"b,c', ['a"b', "c"]),
            ('a ""b"",c', ['a ""b""', "c"]), ("  a", ["  a"]), ('  "a"', ['  "a"']),
        ],
    )  # fmt: skip
    def test_fields(self, text: str, found: list[str]) -> None:
        assert split_record(text) == found

    @pytest.mark.parametrize("text", ['"a"b', '"a"b,c', 'x,"a" b', '"a""b"c"'])
    def test_text_after_a_closing_quote_breaks_a_record(self, text: str) -> None:
        with pytest.raises(BrokenQuotingError):
            split_record(text)
        assert fields_of(text, 1) is None

    @pytest.mark.parametrize("text", ['"', 'a,"b', '"a""', 'a, "b\n'])
    def test_an_open_quote_may_close_on_a_later_line(self, text: str) -> None:
        with pytest.raises(OpenQuoteError):
            split_record(text)

    @pytest.mark.parametrize(
        ("text", "width", "found"),
        [("a,b", 2, ["a", "b"]), ("a,b,,,", 2, ["a", "b"]), ("a,b,c", 2, None), ("a", 2, None),
        ("a,,x", 2, None),
         (",,,", 2, ["", ""])],
    )  # fmt: skip
    def test_width(self, text: str, width: int, found: list[str] | None) -> None:
        assert fields_of(text, width) == found

    def test_rows_of_a_file(self) -> None:
        lines = [b"a,b\n", b"\n", b'"a\n', b"\n", b'c",d\r\n', b"x\n", b'"open,1\n', b"e,f\r",
                 b'"g"h,i\n', b'p"q,"r"\n', b"last,one"]  # fmt: skip
        assert list(records(lines, 2)) == [
            Record(b"a,b", True, True),
            Record(b'"a\n\nc",d', True),
            Record(b"x", False),
            Record(b'"open,1', False),
            Record(b"e,f", True, True),
            Record(b'"g"h,i', False),
            Record(b'p"q,"r"', True),
            Record(b"last,one", True, True),
        ]  # fmt: skip

    def test_a_row_beyond_the_limit_is_malformed(self) -> None:
        fits = b"a" * (GREATEST_RECORD - 2) + b",b"
        over_two_lines = b'"' + b"a" * (GREATEST_RECORD - 5) + b'\n",b'
        wide = "\u00e9".encode() * (GREATEST_RECORD // 2) + b",b"
        file = [fits, b"a" + fits, over_two_lines, over_two_lines + b"b", wide]
        assert list(records([b"\n".join(file)], 2)) == [
            Record(fits, True, True),
            Record(b"a" + fits, False),
            Record(over_two_lines, True),
            *(Record(line, False) for line in (over_two_lines + b"b").split(b"\n")),
            Record(wide, False),
        ]

    def test_a_line_too_long_to_be_kept_is_refused(self) -> None:
        longest = b"a" * GREATEST_LINE
        assert list(records([longest, b"\n", b"x"], 2)) == [Record(longest, False), Record(b"x", False)]
        with pytest.raises(LineTooLongError):
            list(records([longest, b"a"], 2))

    def test_a_record_is_quoted_only_where_it_must_be(self) -> None:
        assert join_record(["a", None, "b,c", 'd"e', "f\ng", "\r", " h ", "'"]) == (
            'a,,"b,c","d""e","f\ng","\r", h ,\''
        )


class TestVersions:
    #: For each field a lesser and a greater value; the fields stand in the order of the spec.
    STEPS: tuple[tuple[str, Any, Any], ...] = (
        ("updated_on", None, datetime(1, 1, 1)),
        ("occurred_at", datetime(2019, 2, 28), datetime(2019, 2, 28, 0, 0, 0, 1)),
        ("arrest", False, True),
        ("primary_type", "THEFT", "theft"),
        ("location_description", None, ""),
        ("community_area", None, 1),
        ("fbi_code", "06", "6"),
        ("case_number", "\uffff", "\U0001f389"),  # by code point, not by UTF-16 unit
        ("block", "A", "B"),
        ("iucr", None, "0820"),
        ("description", "Z", "a"),
        ("domestic", None, False),
        ("beat", "0122", "122"),
        ("district", "", "001"),
        ("ward", 9, 10),
        ("x_coordinate", -1.0, 0.0),
        ("y_coordinate", None, -5.0),
        ("year", 2019, 2020),
        ("latitude", 9.5, 10.0),
        ("longitude", -88.0, -87.0),
        ("shift_years", 0, 3),
        ("unreadable", None, "ward"),
    )

    def test_the_steps_are_all_the_fields(self) -> None:
        assert tuple(name for name, _, _ in self.STEPS) == PRECEDENCE
        assert set(PRECEDENCE) == set(COLUMNS) - {"id"}

    @pytest.mark.parametrize("at", range(len(STEPS)), ids=[name for name, _, _ in STEPS])
    def test_a_weightier_field_decides_against_all_that_follow(self, at: int) -> None:
        name, lesser, greater = self.STEPS[at]
        lower = {field: low for field, low, _ in self.STEPS[at + 1 :]}
        upper = {field: high for field, _, high in self.STEPS[at + 1 :]}
        winner = INCIDENT._replace(**{name: greater}, **lower)
        loser = INCIDENT._replace(**{name: lesser}, **upper)
        assert latest(winner, loser) is winner
        assert latest(loser, winner) is winner
