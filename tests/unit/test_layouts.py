"""Layouts: reading them, telling them by headings, and their one-line errors."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from crime_pipelines import run
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.headings import match_headings
from crime_pipelines.domain.layouts.loading import layout_of
from crime_pipelines.domain.layouts.personal import is_personal
from crime_pipelines.domain.messages import BadMessage, read_message
from crime_pipelines.domain.offences import is_theft, normal_type
from crime_pipelines.domain.reading import Incident
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import BUNDLED, bundled, layout_named
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.sections import words
from crime_pipelines.sources import resolve, resolve_for_warehouse

NEW_YORK = (
    "CMPLNT_NUM,CMPLNT_FR_DT,CMPLNT_FR_TM,ADDR_PCT_CD,OFNS_DESC,PREM_TYP_DESC,VIC_RACE\n"
    "1,01/31/2010,17:30:00,107,PETIT LARCENY,STREET,X\n"
)
LOS_ANGELES = (
    "DR_NO,DATE OCC,DATE OCC,TIME OCC,AREA,Crm Cd Desc,Premis Desc,Status\n"
    "1,1/2/2020 0:00,43832,100,8,THEFT PLAIN - ATTEMPT,STREET,AA\n"
)
CITY = (
    "ID,Date,Primary Type,Location Description,Arrest,Community Area\n"
    "1,01/05/2016 02:10:00 PM,THEFT,STREET,true,8\n"
)
MINIMAL = """\
absent = ["arrest", "community_area", "location_description"]
[fields]
id = "Number"
occurred_at = "When"
primary_type = "What"
"""


def written(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


class TestDetection:
    @pytest.mark.parametrize(
        ("text", "layout"),
        [(CITY, "chicago"), (CITY.replace("ID", "unique_key"), "chicago_bigquery"),
         (NEW_YORK, "new_york"), (LOS_ANGELES, "los_angeles")],
    )  # fmt: skip
    def test_a_file_tells_its_layout_by_its_headings(self, tmp_path: Path, text: str, layout: str) -> None:
        (file,) = resolve(str(written(tmp_path, a=text)))
        assert file.layout == bundled(layout)

    def test_files_of_two_departments_are_not_read_together(self, tmp_path: Path) -> None:
        folder = written(tmp_path, a=CITY, b=NEW_YORK)
        with pytest.raises(InputError, match=r"a[.]csv \(layout chicago\) and .*b[.]csv \(layout new_york\)"):
            resolve(str(folder))

    def test_a_warehouse_takes_files_of_its_department_alone(self, tmp_path: Path) -> None:
        folder = written(tmp_path, a=CITY.replace("ID", "unique_key"))
        assert len(resolve_for_warehouse(str(folder))) == 1
        with pytest.raises(InputError, match=r"is of the department new_york .* the warehouse holds chicago"):
            resolve_for_warehouse(str(written(tmp_path / "in", a=NEW_YORK)))
        (file,) = resolve_for_warehouse(str(tmp_path / "in"), bundled("new_york"))
        assert file.layout.name == "new_york"

    def test_a_layout_that_no_heading_tells_must_be_the_files_own(self, tmp_path: Path) -> None:
        folder = written(tmp_path, a=CITY)
        with pytest.raises(InputError, match=r"lacks the heading.* of the layout generic"):
            resolve_for_warehouse(str(folder), bundled("generic"))

    def test_layouts_of_one_department_are_read_together(self, tmp_path: Path) -> None:
        folder = written(tmp_path, a=CITY, b=CITY.replace("ID", "unique_key"))
        assert [file.layout.name for file in resolve(str(folder))] == ["chicago", "chicago_bigquery"]

    def test_a_file_that_lacks_a_heading_is_held_against_the_layout_it_is_nearest_to(
        self, tmp_path: Path
    ) -> None:
        folder = written(tmp_path, a=NEW_YORK.replace("ADDR_PCT_CD", "PRECINCT"))
        with pytest.raises(
            InputError, match=r"lacks the heading ADDR_PCT_CD of the layout new_york; .*'crime-"
        ):
            resolve(str(folder))

    def test_a_named_layout_is_taken_at_its_word(self, tmp_path: Path) -> None:
        folder = written(tmp_path, a=CITY)
        (file,) = resolve(str(folder), layout=bundled("chicago_bigquery"))
        assert file.layout.name == "chicago_bigquery"
        with pytest.raises(InputError, match="of the layout new_york"):
            resolve(str(folder), layout=bundled("new_york"))

    def test_a_column_that_is_there_twice_is_refused_unless_the_first_counts(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="has 2 columns for occurred_at: CMPLNT_FR_DT, CMPLNT_FR_DT"):
            resolve(str(written(tmp_path, a=NEW_YORK.replace("CMPLNT_FR_TM", "CMPLNT_FR_DT,CMPLNT_FR_TM"))))


class TestAnswers:
    def test_what_the_data_can_not_tell_is_said(self, tmp_path: Path) -> None:
        """No arrests and no residents: no rates, no filter for arrests, and the sentences say why."""
        other = NEW_YORK.splitlines()[1].replace("1,", "2,", 1).replace("107", "14")
        source = written(tmp_path / "in", a=f"{NEW_YORK}{other}\n")
        result = run(source, tmp_path / "out")
        facts = Facts.of(result.record)
        said = {name: each.sentence for name, each in words(result.answers, facts).items()}
        assert said["arrest_rates"].startswith("The data say of no incident whether there was an arrest")
        assert (
            "rates can't be known" in said["safest_areas"] or "had an incident late" in said["safest_areas"]
        )
        assert result.answers["arrest_rates"].rows == []
        page = (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")
        assert 'data-slot="late"' in page
        assert 'data-slot="arrests"' not in page

    def test_a_layout_with_an_id_and_a_date_alone(self, tmp_path: Path) -> None:
        layout = tmp_path / "bare.toml"
        absent = '["arrest", "community_area", "location_description", "primary_type"]'
        layout.write_text(f'absent = {absent}\n[fields]\nid = "ID"\noccurred_at = "Date"\n')
        result = run(written(tmp_path / "in", a=CITY), tmp_path / "out", layout=str(layout))
        said = {name: each.sentence for name, each in words(result.answers, Facts.of(result.record)).items()}
        assert said["theft_locations"].startswith("No row has a location description")
        assert said["safest_areas"] == "There are no areas to compare."
        assert said["arrest_rates"].endswith("arrest rates can't be known.")

    def test_data_of_one_area_alone_compare_none(self, tmp_path: Path) -> None:
        result = run(written(tmp_path / "in", a=LOS_ANGELES), tmp_path / "out")
        sentence = words(result.answers, Facts.of(result.record))["safest_areas"].sentence
        assert sentence.startswith(
            "All incidents with a known area lie in West LA, so areas can't be compared"
        )

    def test_an_output_of_another_department_is_read_again(self, tmp_path: Path) -> None:
        first = run(written(tmp_path / "in", a=NEW_YORK), tmp_path / "out")
        again = run(tmp_path / "out" / "incidents", tmp_path / "again")
        assert (again.record.department, again.record.has_arrests) == ("new_york", False)
        assert {name: each.rows for name, each in again.answers.items()} == {
            name: each.rows for name, each in first.answers.items()
        }


class TestBundled:
    @pytest.mark.parametrize("name", BUNDLED)
    def test_a_bundled_layout_finds_all_its_fields_among_its_own_headings(self, name: str) -> None:
        layout = bundled(name)
        headings = [heading.names[0] for each in layout.mappings.values() for heading in each.headings]
        found = match_headings(list(dict.fromkeys(headings)), layout)
        assert {field for field, _ in found.columns} == set(layout.mappings)
        assert not any(map(is_personal, headings))

    @pytest.mark.parametrize(
        ("offence", "kind"),
        [("THEFT PLAIN - PETTY ($950 & UNDER)", "THEFT"), ("PURSE SNATCHING - ATTEMPT", "THEFT"),
         ("THEFT-GRAND ($950.01 & OVER)EXCPT,GUNS,FOWL,LIVESTK,PROD", "THEFT"), ("BIKE - STOLEN", "THEFT"),
         ("SHOPLIFTING-GRAND THEFT ($950.01 & OVER)", "THEFT"), ("THEFT, PERSON", "THEFT"),
         ("THEFT OF IDENTITY", "THEFT OF IDENTITY"), ("BUNCO, GRAND THEFT", "BUNCO, GRAND THEFT"),
         ("DEFRAUDING INNKEEPER/THEFT OF SERVICES, OVER $950.01",
          "DEFRAUDING INNKEEPER/THEFT OF SERVICES, OVER $950.01"),
         ("VEHICLE - STOLEN", "VEHICLE - STOLEN"), ("BOAT - STOLEN", "BOAT - STOLEN"),
         ("EMBEZZLEMENT, GRAND THEFT ($950.01 & OVER)", "EMBEZZLEMENT, GRAND THEFT ($950.01 & OVER)")],
    )  # fmt: skip
    def test_thefts_of_los_angeles(self, offence: str, kind: str) -> None:
        found = bundled("los_angeles").mappings["primary_type"].form.text([offence])
        assert normal_type(found, bundled("los_angeles").types) == kind
        assert is_theft(found, None) is (kind == "THEFT")

    @pytest.mark.parametrize(
        ("offence", "kind"),
        [("PETIT LARCENY", "THEFT"), ("GRAND LARCENY", "THEFT"),
         ("GRAND LARCENY OF MOTOR VEHICLE", "MOTOR VEHICLE THEFT"), ("THEFT-FRAUD", "THEFT-FRAUD"),
         ("HARRASSMENT 2", "HARRASSMENT 2")],
    )  # fmt: skip
    def test_thefts_of_new_york(self, offence: str, kind: str) -> None:
        assert bundled("new_york").mappings["primary_type"].form.text([offence]) == kind


class TestFiles:
    @pytest.mark.parametrize(
        ("change", "error"),
        [
            (('id = "Number"', ""), "fields.id: is missing; say which column holds it"),
            (('primary_type = "What"', ""), "fields.primary_type: is missing; say which column holds it, or"),
            (("[fields]", "[field]"), "field: is not known; a layout takes 'like', 'title',"),
            (('"Number"', "7"), "fields.id: is missing, or no table"),
            (('"Number"', '" "'), "fields.id.heading: is empty"),
            (('"Number"', '"Victim Age"'), "fields.id.heading: 'Victim Age' is a column about a person"),
            (('["arrest", ', '["arrest", "id", '), "absent: 'id' can't be; of needed fields"),
            (('"When"', '{ date = "When" }'), "fields.occurred_at: give 'heading', or 'date' and 'time'"),
            (('"When"', '{ heading = "When", order = "dmy" }'), "fields.occurred_at.order: 'dmy' is not"),
            (('"When"', '{ heading = "When", format = "%Y" }'), "fields.occurred_at.format: is not known"),
            (('"What"', '{ heading = "What", lookup = { A = ["x"], B = ["X "] } }'),
             "fields.primary_type.lookup: 'X ' stands for 'A' and 'B'"),
            (('"Number"', '{ heading = "Number", lookup = { "1" = ["x"] } }'), "fields.id.lookup: a field"),
            (('"community_area", ', ""), "fields.community_area: is missing"),
            (('"community_area", "location_description"]', '"location_description"]\nareas = "no.csv"'),
             "can't be read"),
            (("[fields]", '[[areas]]\nnumber = 0\nname = "X"\n[fields]'), "areas, area 1: its number 0 is"),
            (("[fields]", 'areas = "../x.csv"\n[fields]'), "areas: '../x.csv' is no name of a file beside"),
            (("[fields]", 'like = "paris"\n[fields]'), "like: 'paris' is no bundled layout"),
            (("[fields]", "[fields"), "is no TOML file"),
            (("[fields]", '[types.renamings]\n"a" = "B"\n"b" = "C"\n[fields]'), "types.renamings.'A': its"),
        ],
    )  # fmt: skip
    def test_a_layout_that_is_wrong_says_where_in_one_line(
        self, tmp_path: Path, change: tuple[str, str], error: str
    ) -> None:
        path = tmp_path / "mine.toml"
        assert change[0] in MINIMAL
        path.write_text(MINIMAL.replace(*change))
        with pytest.raises(InputError) as raised:
            layout_named(str(path))
        text = str(raised.value)
        assert text.startswith(f"{path}: ")
        assert error in text
        assert "\n" not in text

    def test_a_layout_of_ones_own(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(MINIMAL)
        layout = layout_named(str(path))
        assert (layout.name, layout.department, str(layout)) == ("mine", "mine", str(path))
        assert not layout.has_arrests
        assert layout.areas.all == ()

    def test_a_copy_of_a_bundled_layout_reads_as_the_original(self, tmp_path: Path) -> None:
        folder = Path(__file__).parents[2] / "crime_pipelines" / "layouts"
        for name in ("new_york.toml", "new_york_areas.csv"):
            shutil.copy(folder / name, tmp_path)
        copy = layout_named(str(tmp_path / "new_york.toml"))
        assert copy.mappings == bundled("new_york").mappings
        assert copy.areas == bundled("new_york").areas

    @pytest.mark.parametrize("name", ["paris", "mine.json", ""])
    def test_a_name_that_is_none_lists_the_others(self, name: str) -> None:
        with pytest.raises(InputError, match="chicago, chicago_bigquery, new_york, los_angeles, generic"):
            layout_named(name)


@pytest.mark.parametrize(
    ("heading", "personal"),
    [("VIC_AGE_GROUP", True), ("Vict Descent", True), ("suspectRace", True), ("SUSP_SEX", True),
     ("Race", True),
     ("AREA NAME", False), ("Average", False), ("STAGE", False), ("PREM_TYP_DESC", False),
     ("Weapon Desc", False)],
)  # fmt: skip
def test_columns_about_persons(heading: str, personal: bool) -> None:
    assert is_personal(heading) is personal


class TestMessages:
    def test_a_message_under_the_departments_headings(self) -> None:
        payload = (
            b'{"cmplnt_num": "1", "cmplnt_fr_dt": "2010-01-31T00:00:00.000", "cmplnt_fr_tm": "17:30:00",'
            b' "addr_pct_cd": "107", "ofns_desc": "PETIT LARCENY", "prem_typ_desc": "STREET"}'
        )
        found = read_message(payload, 3, bundled("new_york"))
        assert isinstance(found, Incident)
        assert (found.id, str(found.occurred_at)) == (1, "2013-01-31 17:30:00")
        assert (found.primary_type, found.community_area, found.arrest) == ("THEFT", 107, None)

    def test_a_message_without_its_time(self) -> None:
        found = read_message(b'{"CMPLNT_NUM": 1, "CMPLNT_FR_DT": "01/31/2010"}', 3, bundled("new_york"))
        assert isinstance(found, BadMessage)
        assert found.reason == "date_without_time"

    def test_a_message_under_our_own_headings(self) -> None:
        payload = b'{"id": "1", "date": "01/31/2010 17:30", "primary_type": "THEFT", "community_area": "107"}'
        found = read_message(payload, 3, bundled("new_york"))
        assert isinstance(found, Incident)
        assert (found.community_area, found.arrest) == (107, None)
        assert read_message(payload, 3, CHICAGO) != found


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two TOML files as one, the later one's values first."""
    both = dict(one)
    for key, value in other.items():
        is_table = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if is_table else value
    return both


def test_the_how_to_page_shows_valid_toml() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-department.md"
    found: dict[str, Any] = {"fields": {"location_description": "Premises", "community_area": "Area"}}
    for block in re.findall("```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        found = merged(found, tomllib.loads(block))
    found["absent"] = []
    layout = layout_of(found, "page", Path())
    assert set(layout.mappings) == {
        "id", "block", "updated_on", "occurred_at", "primary_type", "location_description", "community_area",
        "arrest",
    }  # fmt: skip
    assert [area.name for area in layout.areas.all] == ["North End"]
