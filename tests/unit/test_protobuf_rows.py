"""Rows as protocol buffers: every type of column, read back by BigQuery's documented rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args

import pytest

pytest.importorskip("google.protobuf", reason="needs the extra gcp: make dev")
pytest.importorskip("pyarrow", reason="needs the extra dataframes: make dev")

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto
from hypothesis import given
from hypothesis import strategies as st

from crime_pipelines.localcloud.bigquery.proto_rows import (
    FIELD_TYPES,
    RowReader,
    SchemaMismatchError,
    unpacked,
)
from crime_pipelines.schema import Column, ColumnType, Table
from crime_pipelines.schema.protobuf_rows import RowEncoder, RowError
from crime_pipelines.schema.warehouse import TABLES

KINDS: tuple[ColumnType, ...] = get_args(ColumnType)
TABLE = Table("t", "One column of each type.", tuple(Column(f"a_{kind}", kind, "A value.") for kind in KINDS))
ENCODER = RowEncoder(TABLE)
READER = RowReader(ENCODER.descriptor, {column.name: column.bigquery_type for column in TABLE.columns})
MOMENT = datetime(2024, 2, 29, 23, 59, 59, 999_999)
WHOLE = st.integers(-(2**63), 2**63 - 1)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": WHOLE,
    "decimal": st.floats(allow_nan=False),
    "boolean": st.booleans(),
    "text": st.text(),
    "date": st.dates(),
    "datetime": st.datetimes(),
    "timestamp": st.datetimes(timezones=st.just(UTC)),
}


def read_back(row: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    serialized = b"".join(ENCODER.encode(part) for part in (row, *more))
    rows, wrong = READER.read([serialized])
    assert wrong == {}
    return rows[0]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_descriptor_has_a_field_of_an_allowed_type_for_every_column(table: Table) -> None:
    descriptor = table.protobuf_schema()
    assert [field.name for field in descriptor.field] == list(table.names)
    assert {field.label for field in descriptor.field} == {FieldDescriptorProto.LABEL_OPTIONAL}
    RowReader(descriptor, {column.name: column.bigquery_type for column in table.columns})


@given(st.fixed_dictionaries({}, optional={f"a_{kind}": st.none() | VALUES[kind] for kind in KINDS}))
def test_a_row_comes_back_as_it_went(row: dict[str, Any]) -> None:
    assert read_back(row) == {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1),
        datetime(999, 12, 31, 23, 59, 59, 1),
        MOMENT,
        MOMENT.replace(microsecond=0),
        datetime(9999, 12, 31, 23, 59, 59, 999_999),
    ],
)
def test_dates_and_times_come_back_at_the_ends_of_the_calendar(moment: datetime) -> None:
    instant = moment.replace(tzinfo=UTC)
    values = {"a_date": moment.date(), "a_datetime": moment, "a_timestamp": instant}
    assert read_back(values) == values
    assert read_back({name: value.isoformat() for name, value in values.items()}) == values


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    there = MOMENT.replace(tzinfo=timezone(timedelta(hours=-6)))
    assert read_back({"a_timestamp": there.isoformat()}) == {"a_timestamp": there}


def test_parts_of_a_row_are_joined() -> None:
    whole = read_back({"a_text": "x", "a_integer": None}, {"a_integer": 3}, {})
    assert whole == {"a_text": "x", "a_integer": 3}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"a_integer": "1"}, "a_integer invalid"),
        ({"a_integer": True}, "a_integer invalid"),
        ({"a_integer": 1.0}, "a_integer invalid"),
        ({"a_integer": 2**63}, "a_integer invalid"),
        ({"a_decimal": "1.5"}, "a_decimal invalid"),
        ({"a_decimal": 10**400}, "a_decimal invalid"),
        ({"a_boolean": 1}, "a_boolean invalid"),
        ({"a_text": 1}, "a_text invalid"),
        ({"a_text": "secret \ud800"}, "a_text invalid"),
        ({"a_date": "2024-02-30"}, "a_date invalid"),
        ({"a_date": MOMENT}, "a_date invalid"),
        ({"a_date": 1}, "a_date invalid"),
        ({"a_datetime": "10000-01-01T00:00:00"}, "a_datetime invalid"),
        ({"a_datetime": MOMENT.replace(tzinfo=UTC)}, "a_datetime invalid"),
        ({"a_datetime": 1}, "a_datetime invalid"),
        ({"a_timestamp": MOMENT}, "a_timestamp invalid"),
        ({"a_timestamp": "soon", "a_text": b"secret"}, "a_text invalid, a_timestamp invalid"),
        ({"other": None}, "the table has no column other"),
        ({"A_TEXT": "x"}, "the table has no column A_TEXT"),
    ],
)
def test_a_row_that_the_table_cannot_hold_names_columns_and_no_values(row: dict[str, Any], why: str) -> None:
    with pytest.raises(RowError) as refused:
        ENCODER.encode({"a_integer": 1, **row})
    assert str(refused.value) == why


def one_field(kind: str, **options: Any) -> DescriptorProto:
    number = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    options = {"label": FieldDescriptorProto.LABEL_OPTIONAL, "number": 1, **options}
    return DescriptorProto(name="m", field=[FieldDescriptorProto(name="A", type=number, **options)])


@pytest.mark.parametrize("column", FIELD_TYPES)
def test_a_field_fits_columns_of_the_documented_types_alone(column: str) -> None:
    scalars = {"bool", "bytes", "double", "fixed64", "float", "int32", "int64", "sint64", "string"} | {
        "uint32",
        "uint64",
    }
    for kind in scalars:
        if kind in FIELD_TYPES[column]:
            RowReader(one_field(kind), {"a": column})  # names differ in case
        else:
            with pytest.raises(SchemaMismatchError, match=rf"m\.A, the proto field type {kind}, BigQuery"):
                RowReader(one_field(kind), {"a": column})


@pytest.mark.parametrize(
    ("descriptor", "why"),
    [
        (one_field("string", label=FieldDescriptorProto.LABEL_REPEATED), "field type repeated string"),
        (one_field("message", type_name=".not.Here"), "Invalid proto schema"),
        (one_field("string", oneof_index=0, proto3_optional=True), "Invalid proto schema"),
        (DescriptorProto(), "Invalid proto schema"),
    ],
)
def test_a_schema_that_is_no_plain_message_of_proto2_is_refused(
    descriptor: DescriptorProto, why: str
) -> None:
    with pytest.raises(SchemaMismatchError, match=why):
        RowReader(descriptor, {"a": "STRING"})


def test_a_field_without_a_column_is_refused() -> None:
    with pytest.raises(SchemaMismatchError, match="extra fields: 'A'") as refused:
        RowReader(one_field("string"), {"b": "STRING"})
    assert refused.value.extra_fields


def varint(value: int) -> bytes:
    """Return a value as field 1 of a message."""
    value &= 2**64 - 1
    digits = bytearray(b"\x08")
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


@pytest.mark.parametrize(
    ("column", "kind", "serialized", "value"),
    [
        ("DATE", "int32", varint(2_932_896), date.max),
        ("DATE", "int32", varint(2_932_897), None),
        ("DATE", "int32", varint(-719_162), date.min),
        ("DATE", "int32", varint(-719_163), None),
        ("DATETIME", "int64", varint(0), None),
        ("DATETIME", "string", b"\x0a\x06sooner", None),
        ("DATETIME", "string", b"\x0a\x142024-01-01T00:00:00Z", None),
        ("DATETIME", "string", b"\x0a\x132024-01-01 00:00:00", datetime(2024, 1, 1)),
        ("TIMESTAMP", "int64", varint(253_402_300_800_000_000), None),
        ("JSON", "string", b"\x0a\x01{", None),
        ("STRING", "string", b"\x0a\x01\xff", None),
        ("DATETIME", "string", b"\x0a\x01\xff", None),
        ("BOOL", "int64", varint(2), True),
        ("INT64", "int64", b"\x09", None),  # cut off
    ],
)
def test_values_out_of_their_columns_range_are_refused(
    column: str, kind: str, serialized: bytes, value: object
) -> None:
    rows, wrong = RowReader(one_field(kind), {"a": column}).read([serialized])
    assert rows[0].get("a") == value
    assert (0 in wrong) is (value is None)


@given(st.datetimes())
def test_a_packed_datetime_is_unpacked(moment: datetime) -> None:
    packed: Any = moment.year
    for value, bits in [
        (moment.month, 4), (moment.day, 5), (moment.hour, 5), (moment.minute, 6), (moment.second, 6),
        (moment.microsecond, 20),
    ]:  # fmt: skip
        packed = packed << bits | value
    assert unpacked(packed) == moment
