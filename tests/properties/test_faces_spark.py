"""Spark says what the rules say; the session is opened once, and each statement takes many values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

pytest.importorskip("pyspark", reason="needs the extra spark: make dev")

from pyspark.sql import SparkSession
from pyspark.sql.types import (
    BooleanType,
    DataType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
)

from crime_pipelines.domain.dialect import SPARK
from crime_pipelines.spark.session import local_session
from tests.properties.faces import INPUTS, FaceEquality, Type

_TYPES: dict[Type, DataType] = {
    "text": StringType(),
    "integer": LongType(),
    "decimal": DoubleType(),
    "datetime": TimestampNTZType(),
    "boolean": BooleanType(),
}


@pytest.mark.slow
# PySpark leaves the sockets that rows come through to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
class TestSparkFaces(FaceEquality):
    dialect = SPARK
    examples = 2
    batch = 200
    layouts = 1
    shrink = False
    session: ClassVar[SparkSession]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _connected(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        scratch: Path = tmp_path_factory.mktemp("spark")
        cls.session = local_session(scratch)
        yield
        cls.session.stop()

    def select(
        self, statement: str, columns: Mapping[str, Type], rows: Sequence[Sequence[Any]]
    ) -> list[tuple[Any, ...]]:
        schema = StructType([StructField(name, _TYPES[type_]) for name, type_ in columns.items()])
        table = self.session.createDataFrame([tuple(row) for row in rows], schema)
        table.coalesce(1).createOrReplaceTempView(INPUTS)
        return [tuple(row) for row in self.session.sql(statement).collect()]
