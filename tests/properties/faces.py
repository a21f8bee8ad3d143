"""Each rule's two faces, the Python function and the SQL expression, say the same of any value.

An engine passes by naming its dialect and answering a statement:

class TestDuckDBFaces(FaceEquality):
    dialect = DUCKDB

    def select(self, statement, columns, rows):
        ...

A statement costs an engine far more than a value does, so each example is many values in one statement. An
engine whose statements take long asks for few `examples` of a large `batch`.
"""

from __future__ import annotations

import random
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice, product
from typing import Any, ClassVar, Final, Literal, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crime_pipelines.domain.areas import (
    community_area,
    community_area_sql,
    says_no_area,
    says_no_area_sql,
)
from crime_pipelines.domain.dates import (
    in_calendar_sql,
    is_date_alone,
    is_date_alone_sql,
    parse_datetime,
    parse_datetime_sql,
    shift,
    shift_sql,
)
from crime_pipelines.domain.dialect import Dialect
from crime_pipelines.domain.fields import COLUMNS, CRITICAL, DELETED, FIELD, FIELDS, Kind, Reason
from crime_pipelines.domain.layouts.forms import Plain
from crime_pipelines.domain.layouts.headings import match_headings
from crime_pipelines.domain.layouts.mapping import MappedColumn, mapped_sql
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.domain.locations import normal_location, normal_location_sql
from crime_pipelines.domain.night import (
    is_late_night,
    is_late_night_sql,
    operational_night,
    operational_night_sql,
)
from crime_pipelines.domain.offences import (
    is_theft,
    is_theft_sql,
    normal_type,
    normal_type_sql,
    offence_class,
    offence_class_sql,
)
from crime_pipelines.domain.periods.covered_period import covered_period, is_dated_after_update, period_end
from crime_pipelines.domain.quick_read import PLAIN_CHARACTERS, plain_incidents_sql, plain_sql
from crime_pipelines.domain.reading import Incident, read_incident, read_incidents_sql
from crime_pipelines.domain.records.csv_records import join_record, join_record_sql
from crime_pipelines.domain.text import (
    WHITESPACE,
    Trimmed,
    Untrimmed,
    clean,
    clean_sql,
    fold,
    fold_sql,
    literal,
)
from crime_pipelines.domain.values import candidate_sql, is_unreadable, is_unreadable_sql, value, value_sql
from crime_pipelines.domain.versions import (
    LATEST_FIRST,
    Tombstone,
    read_version,
    read_versions_sql,
    version_key,
)
from crime_pipelines.layouts import BUNDLED, bundled
from crime_pipelines.questions import COVERED_PERIOD, period_of
from crime_pipelines.questions.render import expression, render
from tests.properties.strategies import (
    FBI_CODES,
    FORMS,
    MAPPED,
    PICKED,
    PRIMARY_TYPES,
    SHORT_TEXTS,
    SOUND,
    RawRow,
    any_layout,
    any_texts,
    mapped_texts,
    moments,
    picked_rows,
    raw_rows,
    scattered_moments,
    texts_of,
    versions,
)

T = TypeVar("T")
Type = Literal["text", "integer", "decimal", "datetime", "boolean"]
#: Hypothesis gives up on examples of more bytes than a few hundred rows of this width take.
_GREATEST_BATCH_OF_ROWS: Final = 60
#: The table that a statement reads, and the column that keeps the values' order.
INPUTS: Final = "inputs"
ORDER: Final = "n"

_SHIFTS: Final = (-1000, -3, -1, 0, 1, 3, 4, 100)
_TEXT: Final[Mapping[str, Type]] = {"v": "text"}
_MOMENT: Final[Mapping[str, Type]] = {"v": "datetime"}
_TYPES: Final[dict[Kind, Type]] = {
    Kind.IDENTIFIER: "integer", Kind.DATETIME: "datetime", Kind.TEXT: "text", Kind.PRIMARY_TYPE: "text",
    Kind.LOCATION: "text",
    Kind.FLAG: "boolean", Kind.INTEGER: "integer", Kind.DECIMAL: "decimal", Kind.AREA: "integer",
}  # fmt: skip
_COLUMN_TYPES: Final[dict[str, Type]] = {
    **{field.name: _TYPES[field.kind] for field in FIELDS}, "year": "integer", "unreadable": "text"
}  # fmt: skip


class FaceEquality:
    """The suite; a subclass names its engine."""

    dialect: ClassVar[Dialect]
    #: How many statements a property is tried with, beside the one of all picked values.
    examples: ClassVar[int] = 20
    #: How many values go into a statement: half of this at least. Up to 200 will do.
    batch: ClassVar[int] = 120
    #: How many layouts that no department has are tried.
    layouts: ClassVar[int] = 2
    #: Whether a failing batch is made as simple as it gets, for which it takes hundreds of statements more.
    shrink: ClassVar[bool] = True

    @abstractmethod
    def select(
        self, statement: str, columns: Mapping[str, Type], rows: Sequence[Sequence[Any]]
    ) -> list[tuple[Any, ...]]:
        """Run a statement over a table.

        Args:
            statement: a SELECT from the table `inputs`.
            columns: the table's columns with their types; each may hold nulls.
            rows: its rows, in any number.

        Returns:
            The statement's rows as Python values, times without zone.
        """
        raise NotImplementedError

    def evaluate(
        self, expressions: Sequence[str], columns: Mapping[str, Type], rows: Sequence[Sequence[Any]]
    ) -> list[tuple[Any, ...]]:
        """The values of expressions for each row, in the order of the rows."""
        named = ", ".join(f"{expression} AS e{at}" for at, expression in enumerate(expressions))
        return self._ordered(f"SELECT {ORDER}, {named} FROM {INPUTS}", columns, rows)

    def _ordered(
        self, statement: str, columns: Mapping[str, Type], rows: Sequence[Sequence[Any]]
    ) -> list[tuple[Any, ...]]:
        numbered = [(number, *row) for number, row in enumerate(rows)]
        found = sorted(
            self.select(statement, {ORDER: "integer", **columns}, numbered), key=lambda row: row[0]
        )
        assert [row[0] for row in found] == list(range(len(rows)))
        return [tuple(row[1:]) for row in found]

    def holds(
        self,
        check: Callable[[list[T]], None],
        values: st.SearchStrategy[T],
        picked: Sequence[T] = (),
        *,
        rows: bool = False,
    ) -> None:
        """Try a check on all picked values, then on many others.

        Whole rows take more room in an example than single values, and statements over them more time.
        """
        remaining = iter(picked)
        while part := list(islice(remaining, 1000)):
            check(part)
        size = min(self.batch, _GREATEST_BATCH_OF_ROWS) if rows else self.batch
        # of one example, Hypothesis makes the simplest
        examples = max(2, self.examples // 3 if rows else self.examples)

        @settings(
            max_examples=examples, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, *([Phase.shrink] if self.shrink else [])],
        )  # fmt: skip
        @given(st.lists(values, min_size=-(-size // 2), max_size=size))
        def tried(batch: list[T]) -> None:
            check(batch)

        tried()

    def agree(
        self,
        faces: Sequence[tuple[str, Callable[..., object]]],
        columns: Mapping[str, Type],
        rows: Sequence[Sequence[Any]],
    ) -> None:
        """Hold expressions against the functions that they are the SQL rule of."""
        found = self.evaluate([face for face, _ in faces], columns, rows)
        for row, values in zip(rows, found, strict=True):
            for (face, said), value_ in zip(faces, values, strict=True):
                assert exact(value_) == exact(said(*row)), f"{face[:99]} of {row}"

    def _trim(self, column: str) -> str | None:
        """The engine's own word for trimming, as `read_incidents_sql` uses it where there is one."""
        if self.dialect.trim is None:
            return None
        return self.dialect.trim.format(text=column, whitespace=literal(WHITESPACE))

    def test_texts(self) -> None:
        faces = [(clean_sql("v"), clean), (fold_sql("v"), fold),
                 (normal_type_sql("v", self.dialect), normal_type),
                 (normal_location_sql("v", self.dialect), normal_location)]  # fmt: skip
        if trim := self._trim("v"):
            faces.append((trim, clean))
        self.holds(
            lambda texts: self.agree(faces, _TEXT, [(text,) for text in texts]),
            st.one_of(st.none(), any_texts()),
            [None, *PICKED[Kind.TEXT], *PICKED[Kind.PRIMARY_TYPE], *PICKED[Kind.LOCATION]],
        )

    def test_areas(self) -> None:
        faces: list[tuple[str, Callable[..., object]]] = [
            (community_area_sql("v", self.dialect), community_area),
            (says_no_area_sql("v", self.dialect), lambda text: None if text is None else says_no_area(text)),
        ]
        self.holds(
            lambda texts: self.agree(faces, _TEXT, [(clean(text),) for text in texts]),
            texts_of(Kind.AREA),
            [*PICKED[Kind.AREA], *map(str, range(-9, 120))],
        )

    def test_offence_classes(self) -> None:
        # The SQL rule reads columns that have been read already.
        faces = [
            (offence_class_sql("primary_type", "fbi_code"), lambda *read: str(offence_class(*read))),
            (is_theft_sql("primary_type", "fbi_code"), is_theft),
        ]
        self.holds(
            lambda pairs: self.agree(
                faces, {"primary_type": "text", "fbi_code": "text"},
                [(normal_type(primary_type), clean(fbi_code)) for primary_type, fbi_code in pairs],
            ),
            st.tuples(PRIMARY_TYPES, FBI_CODES),
            list(product([None, "", *PICKED[Kind.PRIMARY_TYPE]], [None, "", "03", "05", "06", "07", "6"])),
        )  # fmt: skip

    def test_nights(self) -> None:
        faces = [
            (is_late_night_sql("v"), is_late_night),
            (operational_night_sql("v"), operational_night),
        ]
        self.holds(lambda found: self.agree(faces, _MOMENT, [(moment,) for moment in found]), moments())

    def test_incidents_dated_after_their_update(self) -> None:
        rule = expression("IS_DATED_AFTER_UPDATE(occurred_at, updated_on)", self.dialect.name)
        columns: dict[str, Type] = {"occurred_at": "datetime", "updated_on": "datetime"}
        self.holds(
            lambda found: self.agree([(rule, is_dated_after_update)], columns, found),
            st.tuples(moments(), st.one_of(st.none(), moments())),
            [(at, at - timedelta(days=1, microseconds=lead)) for at in _EDGES for lead in (-1, 0, 1)],
        )

    def test_covered_periods(self) -> None:
        statement = render(COVERED_PERIOD, self.dialect.name, None, tables={"incidents": INPUTS})
        columns: dict[str, Type] = {"occurred_at": "datetime", "updated_on": "datetime"}

        def check(found: list[tuple[datetime, datetime | None]]) -> None:
            period = covered_period(found)
            assert period is not None
            trusted = [at for at, update in found if not is_dated_after_update(at, update)]
            wanted = period, period_end(trusted or [at for at, _ in found], period)
            assert period_of(self.select(statement, columns, found)) == wanted, found

        for few in _FEW_PERIODS:
            check(few)
        self.holds(check, st.tuples(scattered_moments(), st.one_of(st.none(), scattered_moments())))

    def test_shifts(self) -> None:
        def face(years: int) -> list[tuple[str, Callable[[datetime], object]]]:
            kept = in_calendar_sql("v", years, self.dialect)
            return [
                (kept, lambda moment: 1 <= moment.year + years <= 9999),
                (f"CASE WHEN {kept} THEN {shift_sql('v', years)} END", lambda moment: shifted(moment, years)),
            ]

        faces = [each for years in _SHIFTS for each in face(years)]
        self.holds(lambda found: self.agree(faces, _MOMENT, [(moment,) for moment in found]), moments())

    def test_dates_as_written(self) -> None:
        # Whether a date stands alone is asked only of what is no date with a time.
        read = parse_datetime_sql("v", self.dialect)
        faces = [
            (f"CASE WHEN {in_calendar_sql(f'({read})', 0, self.dialect)} THEN {read} END", parse_datetime),
            (f"{read} IS NULL AND {is_date_alone_sql('v', self.dialect)}", is_date_alone),
        ]
        self.holds(
            lambda texts: self.agree(
                faces, _TEXT, [(cleaned,) for text in texts if (cleaned := clean(text))]
            ),
            texts_of(Kind.DATETIME),
            PICKED[Kind.DATETIME],
        )

    @pytest.mark.parametrize("kind", Kind)
    def test_values(self, kind: Kind) -> None:
        trim = self._trim("v")
        text, given = "v", "v"
        if trim and (self.dialect.trims_ahead or kind is Kind.TEXT):
            text, given = Trimmed("v"), f"{trim} AS v"
        elif trim:
            bare = self.dialect.bare
            text = Untrimmed("v", trim, bare.format(text="v") if bare else None)
        candidate = candidate_sql(kind, text, self.dialect)
        statement = (
            f"SELECT {ORDER}, {value_sql(kind, text, self.dialect, 'q' if candidate else None)} AS quick, "
            f"{value_sql(kind, text, self.dialect)} AS exact, v "
            f"FROM (SELECT {ORDER}, v, {candidate or 'NULL'} AS q "
            f"FROM (SELECT {ORDER}, {given} FROM {INPUTS}) AS given) AS candidates"
        )
        if kind is Kind.DATETIME:  # reading applies the calendar's bounds with the shift
            bounded = (
                f"CASE WHEN {in_calendar_sql(name, 0, self.dialect)} THEN {name} END AS {name}"
                for name in ("quick", "exact")
            )
            statement = f"SELECT {ORDER}, {', '.join(bounded)}, v FROM ({statement}) AS unbounded"
        unreadable = is_unreadable_sql(kind, text, "quick", self.dialect)
        statement = (
            f"SELECT {ORDER}, quick, exact, {unreadable} AS unreadable FROM ({statement}) AS read_values"
        )

        def check(texts: list[str | None]) -> None:
            found = self._ordered(statement, _TEXT, [(text,) for text in texts])
            for text, row in zip(texts, found, strict=True):
                wanted = value(kind, text, 0)
                expected = (wanted, wanted, is_unreadable(kind, text, wanted))
                assert [exact(each) for each in row] == [exact(each) for each in expected], text

        self.holds(check, st.one_of(st.none(), texts_of(kind)), [None, "", *PICKED[kind], *SHORT_TEXTS])

    @pytest.mark.parametrize(
        "shift_years", [3, *(pytest.param(years, marks=pytest.mark.slow) for years in (0, -3))]
    )
    def test_whole_rows(self, shift_years: int) -> None:
        every = [field.name for field in FIELDS]
        self.holds(
            lambda rows: self._check_reading(rows, every, shift_years), raw_rows(), picked_rows(), rows=True
        )

    def test_whole_rows_of_files_without_some_fields(self) -> None:
        needed = [field.name for field in FIELDS if field.needed]
        others = [field.name for field in FIELDS if not field.needed]
        # each of the others is absent from one of the three
        for left_out in range(3):
            present = needed + [name for at, name in enumerate(others) if at % 3 != left_out]
            self._check_reading(picked_rows(), present, 3)
        self._check_reading(picked_rows(), needed, 3)

    def _check_reading(self, rows: Sequence[RawRow], present: Sequence[str], shift_years: int) -> None:
        raw = {name: f"c{at:03d}" for at, name in enumerate(present)}
        statement = read_incidents_sql(INPUTS, raw, self.dialect, shift_years, also=[ORDER])
        statement = f"SELECT {ORDER}, {', '.join(COLUMNS)}, reject_reason FROM ({statement}) AS found"
        texts = [[row[name] for name in present] for row in rows]
        found = self._ordered(statement, dict.fromkeys(raw.values(), "text"), texts)
        for row, (*columns, reason) in zip(rows, found, strict=True):
            wanted = read_incident({name: row[name] for name in present}, shift_years)
            if isinstance(wanted, Reason):
                assert reason == wanted, row
            else:
                assert reason is None, row
                assert [exact(each) for each in columns] == [exact(each) for each in wanted], row

    @pytest.mark.parametrize("shift_years", [3, 0, -3])
    def test_plain_rows(self, shift_years: int) -> None:
        """Whatever the quick reading takes for plain, it reads as the exact one does."""
        raw = {field.name: f"c{at:03d}" for at, field in enumerate(FIELDS)}
        values, plain = plain_sql(raw, self.dialect, shift_years)
        read_each = ", ".join(f"{value} AS v_{name}" for name, value in values.items())
        judged = f"(SELECT {read_each}, {plain} AS plain, {ORDER} FROM {INPUTS}) AS judged"
        statement = plain_incidents_sql(judged, raw, self.dialect, shift_years, ["plain", ORDER])
        columns_sql = ", ".join(f"CASE WHEN plain THEN {each} END AS {each}" for each in COLUMNS)
        statement = f"SELECT {ORDER}, {columns_sql}, plain FROM ({statement}) AS read"

        def read(rows: Sequence[RawRow]) -> list[bool]:
            texts = [
                [text if _PLAIN.fullmatch(text) else "" for text in (row[name] or "" for name in raw)]
                for row in rows
            ]
            plain: list[bool] = []
            found = self._ordered(statement, dict.fromkeys(raw.values(), "text"), texts)
            for text, (*columns, is_plain) in zip(texts, found, strict=True):
                plain.append(is_plain)
                if is_plain:
                    wanted = read_incident(dict(zip(raw, text, strict=True)), shift_years)
                    assert isinstance(wanted, Incident), text
                    assert [exact(each) for each in columns] == [exact(each) for each in wanted], text
            return plain

        self.holds(lambda rows: read(rows) and None, raw_rows(), picked_rows(), rows=True)
        empty: RawRow = dict.fromkeys(raw)
        bare: RawRow = {**empty, "id": "7", "occurred_at": "02/28/2016 12:59:00 PM", "arrest": "true"}
        whole: RawRow = {**bare, **PLAIN_ROW}
        lacking = [{**whole, name: None} for name in CRITICAL]
        assert read([bare, whole, *lacking]) == [True, True, *[False] * len(lacking)]

    def test_forms_of_a_mapping(self) -> None:
        """Whatever columns hold, a form makes the same text of them in Python and in SQL."""
        columns = [(f"f{at}", MappedColumn(form, (0, 1)[: form.columns])) for at, form in enumerate(FORMS)]
        relation, mapped = mapped_sql(INPUTS, columns, ["v", "w"], self.dialect, [ORDER])
        texts = ", ".join(f"NULLIF({column}, '')" for column in mapped.values())
        statement = f"SELECT {ORDER}, {texts} FROM {relation}"
        # in the order of the mapping: plain fields first
        formed = [dict(columns)[name] for name in mapped]

        def check(rows: list[tuple[str, str]]) -> None:
            found = self._ordered(statement, {"v": "text", "w": "text"}, rows)
            for row, values in zip(rows, found, strict=True):
                assert values == tuple(column.text(row) or None for column in formed), row

        texts_of_any = st.one_of(mapped_texts(), any_texts())
        times = MAPPED[:12]
        self.holds(check, st.tuples(texts_of_any, texts_of_any), list(product(MAPPED, times)), rows=True)

    @pytest.mark.parametrize("name", BUNDLED[1:])
    def test_whole_rows_of_other_layouts(self, name: str) -> None:
        layout = bundled(name)
        if name == "chicago_bigquery":
            assert len(layout.mappings) == len(FIELDS)
        self._check_layout(layout)

    def test_whole_rows_of_any_layout(self) -> None:
        """Fields of any form, of columns of their own or shared, with any areas, spellings and gaps."""
        for seed in range(self.layouts):
            self._check_layout(any_layout(random.Random(seed)))

    def _check_layout(self, layout: Layout) -> None:
        names_of = [heading.names[0] for each in layout.mappings.values() for heading in each.headings]
        headings = list(dict.fromkeys(names_of))
        columns = match_headings(headings, layout).columns
        assert len(columns) == len(layout.mappings)
        columns += ((DELETED, MappedColumn(Plain(), (len(headings),))),)
        headings.append(DELETED)
        names = [f"c{at:03d}" for at in range(len(headings))]
        relation, raw = mapped_sql(INPUTS, columns, names, self.dialect, [ORDER])
        statement = read_versions_sql(relation, raw, self.dialect, 3, [ORDER], layout)
        statement = f"SELECT {ORDER}, {', '.join(COLUMNS)}, reject_reason FROM ({statement}) AS found"
        # of a column that several fields share, what a row can't do without decides
        by_need = sorted(columns, key=lambda each: each[0] in CRITICAL)
        kinds = {
            at: FIELD[name].kind if name in FIELD else Kind.FLAG
            for name, column in by_need
            for at in column.positions
        }
        accepted = 0

        def check(rows: list[tuple[str, ...]]) -> None:
            nonlocal accepted
            found = self._ordered(statement, dict.fromkeys(names, "text"), rows)
            for row, (*values, reason) in zip(rows, found, strict=True):
                texts = {field: column.text(row) for field, column in columns}
                wanted = read_version(texts, 3, layout)
                if isinstance(wanted, Reason):
                    assert reason == wanted, row
                else:
                    assert reason is None, row
                    assert [exact(each) for each in values] == [exact(each) for each in as_row(wanted)], row
                    accepted += 1

        # from pools: drawn by the letter, the texts of a row take longer than the statements
        sound = [SOUND[kinds[at]] for at in range(len(names))]
        others = [[*PICKED[kinds[at]], *MAPPED] for at in range(len(names))]
        chance = random.Random(0)
        pools = list(zip(sound, sound, others, strict=True))
        check([tuple(chance.choice(chance.choice(pool)) for pool in pools) for _ in range(400)])
        if self.shrink:
            texts = [st.sampled_from([*good, *other]) for good, other in zip(sound, others, strict=True)]
            self.holds(check, st.tuples(*texts), rows=True)
        assert accepted, "no row was an incident"

    def test_versions(self) -> None:
        names = [name for name in COLUMNS if name != "id"]
        statement = f"SELECT {ORDER}, {', '.join(names)} FROM {INPUTS} ORDER BY {LATEST_FIRST}"

        def check(found: list[Incident | Tombstone]) -> None:
            texts = [as_row(each)[1:] for each in found]
            rows = [(number, *values) for number, values in enumerate(texts)]
            columns: dict[str, Type] = {ORDER: "integer", **{name: _COLUMN_TYPES[name] for name in names}}
            placed = [tuple(row[1:]) for row in self.select(statement, columns, rows)]
            wanted = sorted(found, key=version_key, reverse=True)
            assert placed == [as_row(each)[1:] for each in wanted]

        tombstones = versions().map(lambda each: Tombstone(each.id, each.updated_on, 3))
        self.holds(check, st.one_of(versions(), versions(), tombstones), rows=True)

    def test_records(self) -> None:
        columns: dict[str, Type] = {"a": "text", "b": "text", "c": "text"}
        faces = [(join_record_sql(list(columns)), lambda *fields: join_record(fields)),
                 (join_record_sql(["b"]), lambda *fields: join_record([fields[1]]))]  # fmt: skip
        text = st.one_of(st.none(), any_texts())
        self.holds(
            lambda rows: self.agree(faces, columns, rows),
            st.tuples(text, text, text),
            [
                (before, each, after)
                for each in PICKED[Kind.TEXT]
                for before, after in ((None, ""), ('"', " "))
            ],
        )


_EDGES: Final = (datetime(2016, 3, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(2, 1, 1))
#: Some incidents each: one, a gap that does not split and one that does, two parts of a size, none trusted.
_FEW_PERIODS: Final[tuple[list[tuple[datetime, datetime | None]], ...]] = (
    [(datetime(1, 1, 1), None)],
    [(datetime(2015, 1, 1, 23), None), (datetime(2016, 1, 3, 1), None), (datetime(2016, 1, 3, 2), None)],
    [(datetime(2015, 1, 1, 23), None), (datetime(2016, 1, 4, 1), None), (datetime(2016, 1, 4, 2), None)],
    [(datetime(2015, 1, 1), None), (datetime(2019, 1, 1), None)],
    [(datetime(2015, 1, 1), datetime(2014, 1, 1)), (datetime(2019, 1, 1), datetime(2014, 1, 1))],
    [(datetime(2015, 1, 1), None), (datetime(2019, 1, 1), datetime(2014, 1, 1))] * 2,
)
_PLAIN: Final = re.compile(f"{PLAIN_CHARACTERS}*")
#: As the City writes it; the critical fields aside.
PLAIN_ROW: Final[dict[str, str | None]] = {
    "case_number": "HZ100001",
    "block": "001XX N STATE ST",
    "iucr": "0810",
    "primary_type": "CRIM SEXUAL ASSAULT",
    "description": "OVER $500",
    "location_description": "SCHOOL, PUBLIC, BUILDING",
    "domestic": "false",
    "beat": "0111",
    "district": "001",
    "ward": "42",
    "community_area": "32",
    "fbi_code": "06",
    "x_coordinate": "1176321",
    "y_coordinate": "1900842",
    "updated_on": "2018-02-10T15:50:01.000",
    "latitude": "41.883222",
    "longitude": "-87.62784",
    "shift_years": "3",
}


def shifted(moment: datetime, years: int) -> datetime | None:
    """The Python rule of the shift, None where it leaves the calendar."""
    return shift(moment, years) if 1 <= moment.year + years <= 9999 else None


def as_row(version: Incident | Tombstone) -> tuple[object, ...]:
    """A version as a row beside others."""
    if isinstance(version, Incident):
        return version
    known = {**version._asdict(), "year": version.updated_on.year if version.updated_on else None}
    return tuple(known.get(name) for name in COLUMNS)


def exact(found: object) -> tuple[type, str]:
    """A value so that 1, 1.0 and True differ, and 0.0 from -0.0."""
    return type(found), repr(found)
