"""Exports: a workbook, databases and CSV files hold the answers of the run, and no text becomes a formula."""

from __future__ import annotations

import csv
import logging
import sqlite3
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import crime_pipelines
from crime_pipelines.cli.export import KINDS as OFFERED
from crime_pipelines.engines.testing.inputs import row
from crime_pipelines.errors import InputError
from crime_pipelines.output.exports import KINDS, export, workbook
from crime_pipelines.synthetic import HEADER

FORMULA = '=HYPERLINK("http://example.com","x")'


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> crime_pipelines.RunResult:
    folder = tmp_path_factory.mktemp("exports")
    source = folder / "in.csv"
    crime_pipelines.generate(source, 400)
    quoted = '"' + FORMULA.replace('"', '""') + '"'
    with source.open("a", encoding="utf-8") as file:
        for number in range(5):
            fields = row(99_000_000 + number).split(",")
            at = HEADER.split(",").index("Location Description")
            text = row(99_000_000 + number).replace(fields[at], quoted, 1)
            file.write(text.replace("BATTERY", "THEFT") + "\n")
    return crime_pipelines.run(source, folder / "out")


def as_text(value: Any) -> Any:
    """A value as SQLite has it."""
    return str(value) if isinstance(value, date | datetime) else value


def test_the_command_offers_every_kind() -> None:
    assert tuple(KINDS) == OFFERED


def test_a_workbook_holds_every_answer_and_no_formula(
    result: crime_pipelines.RunResult, tmp_path: Path
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("xlsxwriter")
    path = export(result.out, "xlsx", tmp_path / "out.xlsx", with_incidents=True)
    with closing(openpyxl.load_workbook(path)) as book:
        assert book.sheetnames == ["about", *result.answers, *result.analyses, "incidents"]
        assert {cell.data_type for sheet in book for line in sheet.rows for cell in line} <= set("nsbd")
        for name, answer in result.answers.items():
            head, *rows = book[name].iter_rows(values_only=True)
            assert list(head) == [column.name for column in answer.question.columns]
            for found, wanted in zip(rows, answer.rows, strict=True):
                moments = [
                    datetime(value.year, value.month, value.day) if type(value) is date else value
                    for value in wanted
                ]
                assert [as_text(each) for each in found] == pytest.approx([as_text(each) for each in moments])
        assert book["incidents"].max_row == 1 + result.record.incidents
        places = [cell.value for column in book["incidents"].iter_cols() for cell in column]
        assert FORMULA.upper() in places


def test_more_incidents_than_a_sheet_has_rows_are_refused(
    result: crime_pipelines.RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xlsxwriter")
    monkeypatch.setattr(workbook, "_GREATEST_ROWS", 100)
    with pytest.raises(InputError, match="export them --to duckdb or sqlite"):
        export(result.out, "xlsx", tmp_path / "out.xlsx", with_incidents=True)
    assert list(tmp_path.iterdir()) == []


def test_a_text_too_long_for_a_cell_is_cut_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert len(workbook._fitting("x" * 40_000)) == 32_767
    assert "40000 characters" in caplog.text


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_database_holds_answers_and_incidents(
    kind: str, result: crime_pipelines.RunResult, tmp_path: Path
) -> None:
    path = export(result.out, kind, tmp_path / f"out.{kind}")
    opened: Any = duckdb.connect(str(path), read_only=True) if kind == "duckdb" else sqlite3.connect(path)
    with closing(opened) as database:
        for name, answer in result.answers.items():
            found = database.execute(f"SELECT * FROM {name}").fetchall()
            wanted = [tuple(map(as_text, each)) if kind == "sqlite" else each for each in answer.rows]
            assert found == wanted, name
        ((number, distinct),) = database.execute(
            "SELECT COUNT(*), COUNT(DISTINCT id) FROM incidents"
        ).fetchall()
        assert number == distinct == result.record.incidents
        ((source,),) = database.execute("SELECT value FROM about_the_run WHERE name = 'source'").fetchall()
        assert source == result.record.source
        if kind == "duckdb":
            ((comments,),) = database.execute(
                "SELECT COUNT(comment) FROM duckdb_columns() WHERE table_name = 'crime_trend'"
            ).fetchall()
            assert comments == len(result.answers["crime_trend"].question.columns)


@pytest.mark.parametrize("formula_safe", [True, False])
def test_csv_files_are_safe_against_formulas_unless_asked_otherwise(
    formula_safe: bool, result: crime_pipelines.RunResult, tmp_path: Path
) -> None:
    path = export(result.out, "csv", tmp_path / "out-csv", with_incidents=True, formula_safe=formula_safe)
    assert {each.name for each in path.iterdir()} == {
        f"{name}.csv" for name in (*result.answers, *result.analyses, "incidents")
    }
    with (path / "incidents.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == result.record.incidents
    shown = {each["location_description"] for each in rows if "HYPERLINK" in each["location_description"]}
    assert shown == {f"'{FORMULA.upper()}" if formula_safe else FORMULA.upper()}
    assert all(float(each["longitude"]) < 0 for each in rows if each["longitude"])
    if not formula_safe:
        for name in result.answers:
            own = (result.out / "answers" / f"{name}.csv").read_text(encoding="utf-8")
            assert (path / f"{name}.csv").read_text(encoding="utf-8") == own


def test_an_export_replaces_nothing_unasked(result: crime_pipelines.RunResult, tmp_path: Path) -> None:
    path = export(result.out, "csv")
    assert path == result.out.resolve().with_name("out-csv")
    with pytest.raises(InputError, match="exists; name another path, or say --force"):
        export(result.out, "csv")
    export(result.out, "csv", may_replace=True)
    (path / "mine.txt").touch()
    with pytest.raises(InputError, match=r"holds mine\.txt, which is no CSV file"):
        export(result.out, "csv", may_replace=True)
    with pytest.raises(InputError, match="is a folder"):
        export(result.out, "sqlite", path, may_replace=True)
    with pytest.raises(InputError, match="lies in the output"):
        export(result.out, "sqlite", result.out / "x.sqlite")
    with pytest.raises(InputError, match="is not a run's output"):
        export(tmp_path, "sqlite")
    assert [each.name for each in result.out.parent.iterdir() if each.name.startswith(".")] == []


def test_other_programs_read_the_incidents_as_they_are(result: crime_pipelines.RunResult) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    folder = result.out / "incidents"
    read = pandas.read_parquet(folder)
    assert len(read) == read["id"].nunique() == result.record.incidents
    assert str(read["occurred_at"].dtype) == "datetime64[us]"
    assert set(read["year"].astype(int)) == {
        int(each.name.removeprefix("year=")) for each in folder.iterdir()
    }
    scanned = polars.scan_parquet(folder / "**" / "*.parquet", hive_partitioning=True).collect()
    assert scanned.height == result.record.incidents
    assert scanned.schema["occurred_at"] == polars.Datetime("us")
    assert scanned.schema["arrest"] == polars.Boolean


@pytest.mark.slow
def test_spark_reads_the_incidents_as_they_are(result: crime_pipelines.RunResult) -> None:
    sql = pytest.importorskip("pyspark.sql")
    session = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        read = session.read.parquet(str(result.out / "incidents"))
        assert read.count() == result.record.incidents
        assert dict(read.dtypes)["occurred_at"] == "timestamp_ntz"
    finally:
        session.stop()
