"""`run bq://project.dataset.table`: a table in BigQuery as a SOURCE."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.bigquery", reason="needs the extra gcp: make dev")

from google.cloud.bigquery import DatasetReference, SchemaField, Table

from crime_pipelines import run
from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.errors import InputError
from crime_pipelines.localcloud.emulators import Emulators
from tests.cloud.local import fresh_settings

#: The columns of the public table that matter, with its types.
SCHEMA = [
    SchemaField("unique_key", "INTEGER"), SchemaField("date", "TIMESTAMP"),
    SchemaField("primary_type", "STRING"),
    SchemaField("location_description", "STRING"), SchemaField("arrest", "BOOLEAN"),
    SchemaField("community_area", "INTEGER"), SchemaField("updated_on", "TIMESTAMP"),
    SchemaField("latitude", "FLOAT"),
]  # fmt: skip
ROWS = """
    (1, TIMESTAMP '2016-01-05 14:10:00', 'THEFT', 'A "SHOP", CORNER', TRUE, 8,
     TIMESTAMP '2019-02-10 15:50:01', 41.88),
    (2, TIMESTAMP '2016-02-14 23:20:00', 'BATTERY', NULL, FALSE, NULL, TIMESTAMP '2019-02-10 15:50:01', NULL)
"""


@pytest.fixture(scope="module")
def table(cloud: Emulators) -> str:
    settings = fresh_settings()
    with closing(warehouse_client(settings)) as client:
        client.create_dataset(DatasetReference(settings.project, settings.dataset))
        name = f"{settings.project}.{settings.dataset}.crime"
        client.create_table(Table(name, schema=SCHEMA))
        client.query_and_wait(f"INSERT INTO `{name}` VALUES {ROWS}")
    return name


def test_a_table_is_read_as_its_export_is(table: str, tmp_path: Path) -> None:
    result = run(f"bq://{table}", tmp_path / "out")
    assert (result.record.read, result.record.incidents, result.record.layout) == (2, 2, "chicago_bigquery")
    assert [file.name for file in result.record.files] == [f"bq://{table}"]
    export = tmp_path / "crime.csv"
    export.write_text(
        "unique_key,date,primary_type,location_description,arrest,community_area,updated_on,latitude\n"
        '1,2016-01-05 14:10:00 UTC,THEFT,"A ""SHOP"", CORNER",true,8,2019-02-10 15:50:01 UTC,41.88\n'
        "2,2016-02-14 23:20:00 UTC,BATTERY,,false,,2019-02-10 15:50:01 UTC,\n"
    )
    twin = run(export, tmp_path / "twin")
    assert {name: each.rows for name, each in result.answers.items()} == {
        name: each.rows for name, each in twin.answers.items()
    }
    assert result.record.as_of == twin.record.as_of


def test_a_table_that_is_not_there_ends_in_one_line(table: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"bq://.*_no: can't be read") as caught:
        run(f"bq://{table}_no", tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_name_that_is_no_tables(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no table; name it as bq://project.dataset.table"):
        run("bq://crime", tmp_path / "out")
