"""`crime-pipelines layout`, and the layouts that it proposes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crime_pipelines.cli.main import cli
from crime_pipelines.domain.layouts.loading import layout_of
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import BUNDLED, bundled
from tests.real import REAL, needs_real_data


def layout(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["layout", *arguments])


def exported(path: Path, rows: int = 40) -> Path:
    """A file of a department that writes the day first and names its areas."""
    lines = ["Case No;Reported;Occurred On;Offense;Place Type;Neighbourhood;Clearance;Victim Age"]
    lines += [
        f"{1000 + at};{at % 28 + 1:02d}.02.2023 10:00;{at % 28 + 1:02d}.01.2023 {at % 24:02d}:30;"
        f"{('LARCENY FROM AUTO', 'AUTO THEFT', 'ASSAULT')[at % 3]};{('STREET', 'PARKING LOT')[at % 2]};"
        f"{('North End', 'Old Town')[at % 2]};{('CLEARED BY ARREST', 'OPEN', 'NO ARREST')[at % 3]};30"
        for at in range(rows)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def proposal(path: Path) -> tuple[Layout, Result]:
    found = layout("new", str(path))
    assert found.exit_code == 0, found.output
    return layout_of(tomllib.loads(found.stdout), "proposed", Path()), found


def headings(proposed: Layout, field: str) -> list[str]:
    return [heading.names[0] for heading in proposed.mappings[field].headings]


def test_the_list_names_every_layout() -> None:
    lines = layout("list").output.splitlines()
    assert [line.split()[0] for line in lines] == list(BUNDLED)
    assert "78 areas; without arrest" in lines[2]


@pytest.mark.parametrize("name", BUNDLED)
def test_a_layout_is_shown_as_its_file(name: str) -> None:
    shown = layout("show", name).output
    assert tomllib.loads(shown)["title"] == bundled(name).title


def test_a_proposal_for_a_file_of_no_known_department(tmp_path: Path) -> None:
    proposed, found = proposal(exported(tmp_path / "export.csv"))
    wanted = {
        "id": ["Case No"], "occurred_at": ["Occurred On"], "primary_type": ["Offense"],
        "location_description": ["Place Type"], "community_area": ["Neighbourhood"], "arrest": ["Clearance"],
    }  # fmt: skip
    assert {field: headings(proposed, field) for field in proposed.mappings} == wanted
    assert [area.name for area in proposed.areas.all] == ["NORTH END", "OLD TOWN"]
    assert "Victim Age" not in found.stderr
    first = found.stderr.splitlines()[1].split("  ")
    assert [cell.strip() for cell in first if cell] == [
        "1000", "2023-01-01 00:30:00", "THEFT", "STREET", "1 NORTH END", "true"
    ]  # fmt: skip
    assert "40 rows: 40 can be incidents, 0 would be rejected" in found.stderr


def test_a_proposal_is_written_checked_and_run(tmp_path: Path) -> None:
    source, mine = exported(tmp_path / "export.csv"), tmp_path / "mine.toml"
    assert layout("new", str(source), "--out", str(mine)).exit_code == 0
    assert layout("new", str(source), "--out", str(mine)).exit_code == 2, "it is there already"
    checked = layout("check", str(source), str(mine))
    assert checked.exit_code == 0
    assert "40 rows: 40 can be incidents" in checked.output
    from crime_pipelines import check, run

    result = run(source, tmp_path / "out", layout=str(mine), shift_years=0)
    assert (result.record.incidents, result.record.rejected) == (40, {})
    assert (result.record.layout, result.record.department) == (str(mine), "mine")
    ranked = [(row["name"], row["residents"]) for row in result.answers["safest_areas"].records()]
    assert sorted(ranked) == [("NORTH END", None), ("OLD TOWN", None)]
    mine.unlink()
    assert [found for found in check(tmp_path / "out") if found.problem] == []


def test_an_output_is_checked_against_a_source_in_its_layout_wherever_that_is(tmp_path: Path) -> None:
    source, mine = exported(tmp_path / "export.csv"), tmp_path / "mine.toml"
    layout("new", str(source), "--out", str(mine))
    from crime_pipelines import run

    out = str(tmp_path / "out")
    run(source, out, layout=str(mine), shift_years=0)

    def check(*options: str) -> Result:
        return CliRunner().invoke(cli, ["check", out, *options])

    assert check("--source", str(source)).exit_code == 0
    moved = mine.rename(tmp_path / "moved.toml")
    lost = check("--source", str(source))
    assert isinstance(lost.exception, InputError)
    assert "can't be read" in str(lost.exception)
    assert "say by --layout where it is now" in str(lost.exception)
    assert check("--source", str(source), "--layout", str(moved)).exit_code == 0
    exported(source, 39)
    fewer = check("--source", str(source), "--layout", str(moved))
    assert fewer.exit_code == 1
    assert "has 39 rows, but 40 were read" in fewer.output
    assert check("--layout", str(moved)).exit_code == 2


def test_a_source_of_files_in_two_layouts_of_a_department_is_counted_again(tmp_path: Path) -> None:
    from crime_pipelines import check, generate, run

    (tmp_path / "in").mkdir()
    for name in ("chicago", "chicago_bigquery"):
        generate(tmp_path / "in" / f"{name}.csv", 50, seed=len(name), layout=name)
    run(str(tmp_path / "in"), tmp_path / "out", analyses=False)
    assert [each for each in check(tmp_path / "out", str(tmp_path / "in")) if each.problem] == []
    generate(tmp_path / "other.csv", 50, layout="new_york")
    with pytest.raises(InputError, match=r"is of the department new_york .* the output is of chicago"):
        list(check(tmp_path / "out", str(tmp_path / "other.csv")))


def test_a_check_says_what_would_be_rejected(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(
        "CMPLNT_NUM,CMPLNT_FR_DT,CMPLNT_FR_TM,ADDR_PCT_CD,OFNS_DESC,PREM_TYP_DESC\n"
        "1,01/31/2010,17:30:00,107,ROBBERY,STREET\n2,01/31/1010,,900,ROBBERY,\n3,soon,17:30:00,1,ROBBERY,STREET\n"
    )
    checked = layout("check", str(source), "new_york")
    assert checked.exit_code == 3
    assert "3 rows: 1 can be incidents, 2 would be rejected" in checked.output
    assert "1 bad_date, such as 'soon 17:30:00'" in checked.output
    assert "1 date_without_time, such as '01/31/1010'" in checked.output


def test_a_file_without_dates_has_no_proposal(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id,name\n1,a\n2,b\n")
    with pytest.raises(InputError, match="no column says when an incident occurred"):
        CliRunner().invoke(cli, ["layout", "new", str(path)], catch_exceptions=False, standalone_mode=False)


@needs_real_data
@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("new_york/NYPD_Complaint_Data_Historic.csv",
         {"id": ["CMPLNT_NUM"], "occurred_at": ["CMPLNT_FR_DT", "CMPLNT_FR_TM"],
          "primary_type": ["OFNS_DESC"],
          "location_description": ["PREM_TYP_DESC"], "community_area": ["ADDR_PCT_CD"]}),
        ("los_angeles/Crime_Data_from_2020_to_Present.csv",
         {"id": ["DR_NO"], "occurred_at": ["DATE OCC", "TIME OCC"], "primary_type": ["Crm Cd Desc"],
          "location_description": ["Premis Desc"], "community_area": ["AREA"], "arrest": ["Status Desc"]}),
    ],
)  # fmt: skip
def test_a_proposal_for_a_real_file_knows_no_bundled_layout(
    file: str, wanted: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crime_pipelines.layouts.BUNDLED", ("chicago",))
    proposed, found = proposal(REAL / file)
    assert {field: headings(proposed, field) for field in wanted} == wanted
    assert ("arrest" in proposed.mappings) is ("arrest" in wanted)
    assert " 0 would be rejected" in found.stderr
