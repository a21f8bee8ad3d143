"""Columns and tables, and their types in Arrow, Spark, BigQuery, protocol buffers and Terraform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from crime_pipelines.domain.fields import Kind

if TYPE_CHECKING:
    import pyarrow as pa
    from google.cloud.bigquery import SchemaField
    from google.protobuf.descriptor_pb2 import DescriptorProto

#: A type, neutral of engines. A ``datetime`` is local civil time without a zone, a ``timestamp`` an instant.
ColumnType = Literal["integer", "decimal", "boolean", "text", "date", "datetime", "timestamp"]


class _Types(NamedTuple):
    """A type's names.

    Attributes:
        bigquery: as BigQuery's API answers; Spark's connector knows no others.
        spark: in Spark's DDL.
        arrow: as `pyarrow.type_for_alias` takes it.
        protobuf: the field type that BigQuery's Storage Write API takes for it.
    """

    bigquery: str
    spark: str
    arrow: str
    protobuf: str


_TYPES: Final[dict[ColumnType, _Types]] = {
    "integer": _Types("INTEGER", "BIGINT", "int64", "TYPE_INT64"),
    "decimal": _Types("FLOAT", "DOUBLE", "double", "TYPE_DOUBLE"),
    "boolean": _Types("BOOLEAN", "BOOLEAN", "bool", "TYPE_BOOL"),
    "text": _Types("STRING", "STRING", "string", "TYPE_STRING"),
    "date": _Types("DATE", "DATE", "date32", "TYPE_INT32"),
    "datetime": _Types("DATETIME", "TIMESTAMP_NTZ", "timestamp[us]", "TYPE_STRING"),
    "timestamp": _Types("TIMESTAMP", "TIMESTAMP", "timestamp[us, tz=UTC]", "TYPE_INT64"),
}
_STANDARD: Final[dict[str, str]] = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
_DAY_MILLISECONDS: Final = 24 * 3600 * 1000
_OF_KIND: Final[dict[Kind, ColumnType]] = {
    Kind.IDENTIFIER: "integer",
    Kind.DATETIME: "datetime",
    Kind.TEXT: "text",
    Kind.PRIMARY_TYPE: "text",
    Kind.LOCATION: "text",
    Kind.FLAG: "boolean",
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "decimal",
    Kind.AREA: "integer",
}


def column_type(kind: Kind) -> ColumnType:
    """Give the type of the values that a kind of text is read as.

    >>> column_type(Kind.FLAG)
    'boolean'
    """
    return _OF_KIND[kind]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. All are nullable: Spark can't promise its connector that a column holds no null.

    Attributes:
        name: its name.
        type: its type.
        description: one sentence for readers of the table.
    """

    name: str
    type: ColumnType
    description: str

    @property
    def bigquery_type(self) -> str:
        """BigQuery's type."""
        return _TYPES[self.type].bigquery

    @property
    def standard_type(self) -> str:
        """GoogleSQL's type, for CAST and for parameters; schemas have the API's names."""
        return _STANDARD.get(self.bigquery_type, self.bigquery_type)

    @property
    def spark_type(self) -> str:
        """Spark's type."""
        return _TYPES[self.type].spark

    @property
    def protobuf_type(self) -> str:
        """The type of its field in a protocol buffer, as `FieldDescriptorProto.Type` names it."""
        return _TYPES[self.type].protobuf


@dataclass(frozen=True, slots=True)
class Partitions:
    """The partitions of a table, by a column of its rows.

    Attributes:
        column: the column.
        unit: how long a partition is.
        expire_days: how long after its time a partition is kept; None for ever.
        filter_required: whether BigQuery refuses a query without a filter by the column.
    """

    column: str
    unit: Literal["DAY", "MONTH"]
    expire_days: int | None = None
    filter_required: bool = False

    @property
    def expire_milliseconds(self) -> int | None:
        """Time that a partition is kept, as BigQuery's API has it."""
        return None if self.expire_days is None else self.expire_days * _DAY_MILLISECONDS


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: its name in its dataset.
        description: one sentence on what a row is.
        columns: its columns, in order.
        partitions: how it is partitioned, if it is.
        cluster_by: the columns that it is clustered by.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    partitions: Partitions | None = None
    cluster_by: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)

    def bigquery_schema(self) -> list[SchemaField]:
        """Give the schema for BigQuery's client library."""
        from google.cloud.bigquery import SchemaField

        return [
            SchemaField(column.name, column.bigquery_type, description=column.description)
            for column in self.columns
        ]

    def json_schema(self) -> list[dict[str, str]]:
        """Give the schema as BigQuery's REST API and Terraform read it."""
        return [
            {
                "name": column.name,
                "type": column.bigquery_type,
                "mode": "NULLABLE",
                "description": column.description,
            }
            for column in self.columns
        ]

    def protobuf_schema(self) -> DescriptorProto:
        """Give the schema as a message of proto2, one optional field a column, for the Storage Write API."""
        from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto

        fields = [
            FieldDescriptorProto(
                name=column.name,
                number=number,
                type=FieldDescriptorProto.Type.Value(column.protobuf_type),
                label=FieldDescriptorProto.LABEL_OPTIONAL,
            )
            for number, column in enumerate(self.columns, 1)
        ]
        return DescriptorProto(name=self.name, field=fields)

    def spark_schema(self) -> str:
        """Give the schema as Spark's DDL: ``StructType.fromDDL`` and ``DataFrameReader.schema`` read it."""
        return ", ".join(f"{column.name} {column.spark_type}" for column in self.columns)

    def arrow_schema(self) -> pa.Schema:
        """Give the schema for Arrow."""
        import pyarrow as pa

        # a zone is no part of an alias
        types = [
            pa.timestamp("us", "UTC")
            if column.type == "timestamp"
            else pa.type_for_alias(_TYPES[column.type].arrow)
            for column in self.columns
        ]
        return pa.schema(list(zip(self.names, types, strict=True)))

    def declaration(self) -> dict[str, Any]:
        """Give the whole table as plain data, for Terraform."""
        return {
            "description": self.description,
            "schema": self.json_schema(),
            "partitions": self.partitions
            and {
                "column": self.partitions.column,
                "unit": self.partitions.unit,
                "expire_milliseconds": self.partitions.expire_milliseconds,
                "filter_required": self.partitions.filter_required,
            },
            "cluster_by": list(self.cluster_by),
        }
