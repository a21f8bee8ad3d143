"""Properties of the Python rules by themselves, for any value."""

from __future__ import annotations

import calendar
import csv
import re
import string
from datetime import date, datetime, time, timedelta
from functools import reduce

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from crime_pipelines.domain.areas import AREAS, community_area
from crime_pipelines.domain.dates import (
    CITY_DATETIME,
    CITY_DATETIME_NO_SECONDS,
    ISO_DATETIME,
    SOCRATA_DATETIME,
    SPACES,
    US_DATETIME,
    is_date_alone,
    parse_datetime,
    parse_shifted,
    shift,
)
from crime_pipelines.domain.fields import COLUMNS, CRITICAL, FIELDS, Kind, Reason
from crime_pipelines.domain.night import is_late_night, operational_night
from crime_pipelines.domain.offences import OffenceClass, is_theft, normal_type, offence_class
from crime_pipelines.domain.reading import Incident, read_incident
from crime_pipelines.domain.records.csv_records import fields_of, join_record, split_record
from crime_pipelines.domain.records.csv_splitter import records
from crime_pipelines.domain.text import clean, fold
from crime_pipelines.domain.values import DECIMAL, IDENTIFIER, INTEGER, is_unreadable, value
from crime_pipelines.domain.versions import latest
from tests.properties.strategies import (
    CSV_LIKE,
    FBI_CODES,
    PRIMARY_TYPES,
    RawRow,
    any_texts,
    moments,
    raw_rows,
    sound_fields,
    texts_of,
    versions,
)

SHIFTS = st.integers(-1000, 1000)


def in_calendar(moment: datetime, years: int) -> bool:
    return 1 <= moment.year + years <= 9999


class TestShift:
    @given(moments(), SHIFTS)
    def test_moves_the_year_alone(self, moment: datetime, years: int) -> None:
        assume(in_calendar(moment, years))
        shifted = shift(moment, years)
        assert shifted.time() == moment.time()
        assert (shifted.year, shifted.month) == (moment.year + years, moment.month)
        lost = (moment.month, moment.day) == (2, 29) and not calendar.isleap(shifted.year)
        assert shifted.day == (28 if lost else moment.day)

    @given(moments(), moments(), SHIFTS)
    def test_keeps_the_order(self, one: datetime, other: datetime, years: int) -> None:
        assume(in_calendar(one, years) and in_calendar(other, years))
        earlier, later = sorted((one, other))
        assert shift(earlier, years).date() <= shift(later, years).date()
        if (2, 29) not in ((one.month, one.day), (other.month, other.day)):
            assert (shift(earlier, years) < shift(later, years)) == (earlier < later)

    @given(moments(), SHIFTS)
    def test_undoes_itself_away_from_29_february(self, moment: datetime, years: int) -> None:
        assume(in_calendar(moment, years) and (moment.month, moment.day) != (2, 29))
        assert shift(shift(moment, years), -years) == moment

    @given(moments(), st.integers(0, 1000))
    def test_never_leaves_the_calendar(self, moment: datetime, beyond: int) -> None:
        years = -moment.year - beyond if beyond % 2 else 10_000 - moment.year + beyond
        assert not in_calendar(moment, years)
        with pytest.raises(ValueError, match="year"):
            shift(moment, years)


class TestNight:
    @given(moments())
    @example(datetime(2016, 3, 1, 21, 59, 59, 999_999))
    @example(datetime(2016, 3, 1, 22))
    @example(datetime(2016, 3, 2, 3, 59, 59, 999_999))
    @example(datetime(2016, 3, 2, 4))
    @example(datetime(2016, 3, 2, 4, 59, 59))
    def test_the_window_is_half_open(self, moment: datetime) -> None:
        since_midnight = moment - datetime.combine(moment.date(), time())
        evening = timedelta(hours=22) <= since_midnight
        assert is_late_night(moment) == (evening or since_midnight < timedelta(hours=4))

    @given(moments())
    def test_a_night_is_the_six_hours_after_its_evening(self, moment: datetime) -> None:
        night = operational_night(moment)
        if night is None:
            assert not is_late_night(moment) or moment.date() == date.min
        else:
            began = datetime.combine(night, time(22))
            assert timedelta() <= moment - began < timedelta(hours=6)


@st.composite
def spellings(draw: st.DrawFn, texts: st.SearchStrategy[str | None]) -> tuple[str | None, str | None]:
    """A text, and the same with some ASCII letters in the other case and more white space around."""
    text = draw(texts)
    if text is None:
        return None, None
    swapped = draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    other = "".join(
        char.swapcase() if swap and char in string.ascii_letters else char
        for char, swap in zip(text, swapped, strict=True)
    )
    space = st.sampled_from(["", " ", "\t", "\u00a0 "])
    return text, draw(space) + other + draw(space)


class TestOffences:
    @given(spellings(PRIMARY_TYPES), spellings(FBI_CODES))
    def test_total_and_blind_to_case_and_space(
        self, types: tuple[str | None, str | None], codes: tuple[str | None, str | None]
    ) -> None:
        one, other = (offence_class(types[at], codes[at]) for at in range(2))
        assert one in OffenceClass
        assert one is other
        assert normal_type(types[0]) == normal_type(types[1])

    # a missing type with a code that is padded is rarely drawn
    @example(None, " 06", None)
    @example(" \t", "06\u00a0", "07")
    @given(PRIMARY_TYPES, FBI_CODES, FBI_CODES)
    def test_the_code_speaks_only_where_the_type_is_missing(
        self, primary_type: str | None, code: str | None, other: str | None
    ) -> None:
        if clean(primary_type) is None:
            assert is_theft(primary_type, code) == (clean(code) == "06")
        else:
            assert offence_class(primary_type, code) is offence_class(primary_type, other)
            assert is_theft(primary_type, code) == (fold(primary_type) == "THEFT")

    @given(PRIMARY_TYPES)
    def test_a_normal_form_is_its_own_normal_form(self, text: str | None) -> None:
        assert normal_type(normal_type(text)) == normal_type(text)


class TestTexts:
    @given(any_texts())
    def test_cleaning_leaves_nothing_to_clean(self, text: str) -> None:
        cleaned = clean(text)
        assert clean(cleaned) == cleaned
        assert cleaned is None or (cleaned in text and not cleaned[0].isspace() and not cleaned[-1].isspace())

    @given(any_texts())
    def test_folding_leaves_nothing_to_fold(self, text: str) -> None:
        folded = fold(text)
        assert fold(folded) == folded
        assert fold(clean(text)) == folded
        assert folded is None or (folded == " ".join(folded.split()) and not set(folded) & set("abcxyz"))

    @given(texts_of(Kind.AREA))
    def test_an_area_is_one_of_the_77_or_unknown(self, text: str) -> None:
        assert community_area(text) in {None, *(area.number for area in AREAS)}

    @given(texts_of(Kind.DATETIME))
    def test_a_text_is_a_date_with_a_time_or_without_or_neither(self, text: str) -> None:
        read = parse_datetime(text)
        assert read is None or (read.tzinfo is None and not is_date_alone(text))

    @given(moments())
    def test_a_time_written_in_either_layout_is_read_back(self, moment: datetime) -> None:
        assert parse_datetime(moment.isoformat()) == moment
        half = "AM" if moment.hour < 12 else "PM"
        day = f"{moment.month:02d}/{moment.day:02d}/{moment.year:04d}"
        written = f"{day} {moment.hour % 12 or 12:02d}:{moment.minute:02d}:{moment.second:02d} {half}"
        assert parse_datetime(written) == moment.replace(microsecond=0)
        assert is_date_alone(day)

    @given(st.data(), st.sampled_from(Kind))
    def test_a_text_has_a_value_or_is_worth_a_warning_or_says_nothing(
        self, data: st.DataObject, kind: Kind
    ) -> None:
        text = data.draw(texts_of(kind))
        found = value(kind, text, 0)
        assert value(kind, f" {text}\n", 0) == found
        assert not (is_unreadable(kind, text, found) and found is not None)
        assert (
            found is not None
            or is_unreadable(kind, text, found)
            or re.fullmatch(r"[+-]?0*(\.0*)?", clean(text) or "")
        )

    @given(texts_of(Kind.DATETIME), SHIFTS)
    @example("02/29/2016T13:30:00", 3)
    @example("2016-02-29 01:30:00 PM", 3)
    @example("02/29/2016 01:30+05 PM", 3)
    @example("02/29/2016 01:30:60 PM", 3)
    @example("02/29/2016 00:30:00 PM", 3)
    @example("0000-02-29T00:30:00", 3)
    def test_a_date_is_what_the_patterns_and_the_library_say(self, text: str, years: int) -> None:
        wanted = _parsed(text)
        assert parse_datetime(text) == wanted
        kept = wanted if wanted and in_calendar(wanted, years) else None
        assert parse_shifted(text, years) == (kept and shift(kept, years))

    @given(st.data(), st.sampled_from([Kind.IDENTIFIER, Kind.INTEGER, Kind.DECIMAL]))
    def test_a_number_is_what_the_patterns_say(self, data: st.DataObject, kind: Kind) -> None:
        text = clean(data.draw(texts_of(kind)))
        assume(text)
        assert text
        pattern = {Kind.IDENTIFIER: IDENTIFIER, Kind.INTEGER: INTEGER, Kind.DECIMAL: DECIMAL}[kind]
        least, greatest = {
            Kind.IDENTIFIER: (1, 2**63 - 1),
            Kind.INTEGER: (-(10**9) + 1, 10**9 - 1),
            Kind.DECIMAL: (-1e15, 1e15),
        }[kind]
        wanted = None
        if re.fullmatch(pattern, text, re.ASCII):
            bare = text.replace(",", "")
            number = float(bare) if kind is Kind.DECIMAL else int(bare.partition(".")[0])
            wanted = number if least <= number <= greatest else None
        assert value(kind, text, 0) == wanted


_FORMS = {
    CITY_DATETIME: "%m/%d/%Y %I:%M:%S %p",
    CITY_DATETIME_NO_SECONDS: "%m/%d/%Y %I:%M %p",
    SOCRATA_DATETIME: "%Y %b %d %I:%M:%S %p",
}


def _parsed(text: str) -> datetime | None:
    for space in SPACES:
        text = text.replace(space, " ")
    try:
        for pattern, form in _FORMS.items():
            if re.fullmatch(pattern, text, re.ASCII):
                return datetime.strptime(text, form)
        if re.fullmatch(US_DATETIME, text, re.ASCII):
            return datetime.strptime(text, "%m/%d/%Y %H:%M:%S" if text.count(":") == 2 else "%m/%d/%Y %H:%M")
        if re.fullmatch(ISO_DATETIME, text, re.ASCII):
            return datetime.fromisoformat(text[:26])
    except ValueError:
        pass
    return None


class TestReading:
    @given(raw_rows(), st.integers(-10, 10))
    def test_any_row_is_an_incident_or_has_a_reason(self, row: RawRow, years: int) -> None:
        found = read_incident(row, years)
        if isinstance(found, Reason):
            assert found is not Reason.MALFORMED_ROW
            return
        assert found.id >= 1
        assert found.year == found.occurred_at.year
        assert found.community_area is None or 1 <= found.community_area <= 77
        texts = [each for each in found if isinstance(each, str)]
        assert all(text == clean(text) for text in texts)
        unreadable = (found.unreadable or "").split(",") if found.unreadable else []
        assert all(getattr(found, name) is None for name in unreadable if name != "shift_years")

    @given(raw_rows(), st.sampled_from([-3, 0, 3]))
    def test_each_field_is_read_as_its_kind_says(self, row: RawRow, years: int) -> None:
        found = read_incident({**row, "shift_years": None}, years)
        wanted = {field.name: value(field.kind, row.get(field.name), years) for field in FIELDS}
        if not isinstance(found, Incident):
            assert any(wanted[name] is None for name in CRITICAL)
            return
        for field in FIELDS:
            read = wanted[field.name]
            if field.name != "shift_years":
                read = shift(read, years) if isinstance(read, datetime) else read
                assert getattr(found, field.name) == read, field.name
        unreadable = [
            field.name
            for field in FIELDS
            if field.name != "shift_years"
            and is_unreadable(field.kind, row.get(field.name), wanted[field.name])
        ]
        assert (found.unreadable or "") == ",".join(unreadable)

    @given(raw_rows(), st.sampled_from([-3, 1, 3, 4]), st.integers(-10, 10))
    def test_nothing_is_shifted_twice(self, row: RawRow, years: int, again: int) -> None:
        found = read_incident(row, years)
        assume(isinstance(found, Incident))
        assert isinstance(found, Incident)
        written = {name: _written(getattr(found, name)) for name in COLUMNS}
        reread = read_incident(written, again)
        dates = [each for each in (found.occurred_at, found.updated_on) if each is not None]
        if all(in_calendar(each, again) for each in dates):
            assert reread == found._replace(unreadable=None)


def _written(found: object) -> str:
    return "" if found is None else found.isoformat() if isinstance(found, datetime) else str(found)


class TestRecords:
    @given(st.lists(st.one_of(st.none(), any_texts()), min_size=1, max_size=6))
    def test_what_was_joined_is_split_again(self, fields: list[str | None]) -> None:
        record = join_record(fields)
        wanted = [field or "" for field in fields]
        assert split_record(record) == wanted
        if len(wanted) > 1 and "\0" not in record:  # a reader of another hand agrees
            assert next(csv.reader([record], strict=True)) == wanted

    @given(st.lists(CSV_LIKE, max_size=6), st.integers(1, 4))
    def test_every_character_of_a_file_is_in_a_row(self, parts: list[str], width: int) -> None:
        found = list(records([part.encode() for part in parts], width))
        kept = "".join(each.data.decode() for each in found)
        assert kept.translate(_NO_BREAKS) == "".join(parts).translate(_NO_BREAKS)
        for each in found:
            assert each.text
            if each.sound:
                fields = fields_of(each.text, width)
                assert fields is not None
                assert len(fields) == width

    @given(st.data(), st.integers(1, 4))
    def test_a_stray_quote_costs_its_own_row_alone(self, data: st.DataObject, width: int) -> None:
        sound = sound_fields(width).map(join_record)
        # none of them begins or ends with a quote that could open or close another's
        stray = st.sampled_from(['"a', 'a,"b', '"a"b', 'a,"b"c', '"a,b'])
        rows = data.draw(st.lists(st.tuples(st.booleans(), sound, stray), max_size=8))
        ends = data.draw(st.lists(st.sampled_from(["\n", "\r\n"]), min_size=len(rows), max_size=len(rows)))
        texts = [good if is_sound else bad for is_sound, good, bad in rows]
        file = "".join(text + end for text, end in zip(texts, ends, strict=True))
        found = records([file.encode()], width)
        assert [(each.text, each.sound) for each in found] == [
            (text, is_sound) for text, (is_sound, _, _) in zip(texts, rows, strict=True)
        ]


_NO_BREAKS = str.maketrans("", "", "\r\n")


class TestVersions:
    @given(versions(), versions())
    def test_either_order_gives_the_same(self, one: Incident, other: Incident) -> None:
        assert latest(one, other) == latest(other, one)
        assert latest(one, other) in (one, other)

    @given(versions(), versions(), versions())
    def test_any_grouping_gives_the_same(self, one: Incident, two: Incident, three: Incident) -> None:
        assert latest(latest(one, two), three) == latest(one, latest(two, three))

    @given(versions())
    def test_a_repeat_changes_nothing(self, version: Incident) -> None:
        assert latest(version, version) == version

    @given(st.lists(versions(), min_size=1, max_size=6).flatmap(lambda all_: st.tuples(
        st.just(all_), st.permutations(all_), st.lists(st.sampled_from(all_), max_size=4)
    )))  # fmt: skip
    def test_versions_merge_in_any_order(
        self, drawn: tuple[list[Incident], list[Incident], list[Incident]]
    ) -> None:
        found, permuted, repeated = drawn
        assert reduce(latest, found) == reduce(latest, [*permuted, *repeated])

    @given(versions(), versions())
    def test_different_in_anything_one_of_them_counts(self, one: Incident, other: Incident) -> None:
        # the order is total: two versions tie only where they say the same
        if one != other:
            assert latest(one, other) is latest(other, one)

    @given(versions(), versions(key=2))
    def test_versions_of_different_incidents_are_refused(self, one: Incident, other: Incident) -> None:
        with pytest.raises(ValueError, match="different incidents: 1 and 2"):
            latest(one, other)


def test_every_field_is_read_and_every_column_comes_from_somewhere() -> None:
    assert [*COLUMNS] == [*Incident._fields]
    assert set(COLUMNS) - {field.name for field in FIELDS} == {"year", "unreadable"}
