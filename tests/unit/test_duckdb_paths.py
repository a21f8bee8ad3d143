from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.output.reader import read_output
from crime_pipelines.pipeline import run
from crime_pipelines.report.filters.counts import Counts
from crime_pipelines.support.duckdb_paths import incidents_sql, literal, parquet_sql, quoted


def make(path: Path, number: int) -> Path:
    """A Parquet file of one row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY (SELECT {number} AS id) TO {quoted(path)} (FORMAT parquet)")
    return path


def rows(sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return sorted(connection.execute(f"SELECT * FROM {sql}").fetchall())


@pytest.mark.parametrize(
    "name",
    ["[a]", "[!a]", "[", "]", "a]b[c", "*", "**", "a?", "{a,b}", "it's", "a b", "~", "$HOME", "%61", "file:"],
)
def test_a_name_matches_itself_alone(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / name / f"{name}.parquet", 1)
    for other in ("a", "ab", "b", "ac"):
        make(tmp_path / other / f"{other}.parquet", 2)
    monkeypatch.chdir(tmp_path)
    for given in (path, path.relative_to(tmp_path)):
        assert rows(parquet_sql(given)) == [(1,)]
        assert rows(parquet_sql(given.parent, "*.parquet")) == [(1,)]
    ((said,),) = rows(f"(SELECT filename FROM {parquet_sql(path)})")
    assert said == str(path)


def test_a_link_is_followed_before_its_parent_is_taken(tmp_path: Path) -> None:
    make(tmp_path / "far" / "in.parquet", 1)
    make(tmp_path / "in.parquet", 2)
    (tmp_path / "far" / "deep").mkdir()
    (tmp_path / "link").symlink_to("far/deep")
    assert literal(tmp_path / "link" / ".." / "in.parquet") == str(tmp_path / "far" / "in.parquet")
    assert rows(parquet_sql(tmp_path / "link" / ".." / "in.parquet")) == [(1,)]


def test_the_year_is_that_of_the_files_own_folder(tmp_path: Path) -> None:
    incidents = tmp_path / "year=1999" / "id=7" / "incidents"
    for year in (-1, 0, 2016):
        make(incidents / f"year={year}" / "year=5.parquet", 10 + year)
    assert rows(incidents_sql(incidents)) == [(9, -1), (10, 0), (2026, 2016)]
    assert rows(incidents_sql(incidents, ["file_row_number"])) == [(9, 0, -1), (10, 0, 0), (2026, 0, 2016)]


def test_a_file_beside_the_years_is_an_error(tmp_path: Path) -> None:
    make(tmp_path / "incidents" / "other" / "in.parquet", 1)
    with pytest.raises(duckdb.ConversionException):
        rows(incidents_sql(tmp_path / "incidents"))


def test_an_output_under_any_name_is_read_back(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [row(each) for each in range(1, 30)])
    run(str(source), tmp_path / "plain", max_rejected=1)
    wanted = read_output(tmp_path / "plain")
    strange = tmp_path / "[x]*" / "year=1999" / "run_date=2024-05-01" / "out"
    strange.parent.mkdir(parents=True)
    found = read_output((tmp_path / "plain").rename(strange))
    assert {name: each.rows for name, each in found.answers.items()} == {
        name: each.rows for name, each in wanted.answers.items()
    }
    assert found.beside["hexagons"].rows == wanted.beside["hexagons"].rows
    assert (
        Counts.of(found.beside["filter_counts"]).packed()
        == Counts.of(wanted.beside["filter_counts"]).packed()
    )
