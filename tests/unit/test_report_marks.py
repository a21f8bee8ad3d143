"""Every mark of the report's charts has words, and they say what the tables say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from crime_pipelines.engines.testing.inputs import row
from crime_pipelines.output.reader import Output, read_output
from crime_pipelines.pipeline import run
from crime_pipelines.questions import Answer
from crime_pipelines.report import Extras
from crime_pipelines.report.charts.arrests import TYPES
from crime_pipelines.report.charts.draw import NARROW, WIDE, Chart, Edges, layer, scaled, sheet, spots
from crime_pipelines.report.charts.pictures import Picture, picture
from crime_pipelines.report.charts.rankings import ENDS
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.page import page_text
from crime_pipelines.report.sections import section_of
from crime_pipelines.report.tables import TableColumn, row_text
from crime_pipelines.support.locales import written_as
from crime_pipelines.synthetic import generate
from tests.unit.test_report import HOSTILE, Page

#: Lines that are no cell of the answer's own table: of months that another answer counts, or worked out.
_DERIVED = {
    "crime_trend": ("Incidents per day: ", "Incidents: "),
    "monthly_trend": ("Mean of ", "Range of "),
    "monthly_forecasts": ("Incidents: ",),
    "weekday_hours": ("Incidents of known time: ",),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Output:
    """A run over a made-up file whose types and locations are hostile in part."""
    folder = tmp_path_factory.mktemp("marks")
    source = folder / "crimes.csv"
    generate(source, 4_000, seed=5, years=7)
    with source.open("a", encoding="utf-8") as file:
        texts = [each for each in HOSTILE if each.isprintable()]
        for at, text in enumerate(texts * 60):
            file.write(
                row(
                    90_000_000 + at,
                    Date=f"03/0{at % 9 + 1}/2018 0{at % 9 + 1}:15:00 PM",
                    Primary_Type="THEFT" if at // len(texts) % 2 else text,
                    Location_Description=text,
                    Updated_On="04/10/2018 03:50:01 PM",
                )
                + "\n"
            )
    run(str(source), folder / "out")
    return read_output(folder / "out")


def drawn(made: Output) -> Iterator[tuple[str, Chart]]:
    """Every chart that the page does not draw anew, with its answer's name."""
    facts, everything = Facts.of(made.record), {**made.answers, **made.analyses}
    shapes = Extras(made.beside).outlines(made.record)
    for name, answer in everything.items():
        section = section_of(answer.question)
        for chart in section.maps(everything, facts, shapes):
            yield name, chart
        for chart in section.charts(everything, facts):
            yield name, chart


@pytest.fixture(scope="module")
def pictures(made: Output) -> list[tuple[str, Picture]]:
    return [(name, picture(chart)) for name, chart in drawn(made)]


def test_every_row_that_is_drawn_has_a_mark(made: Output, pictures: list[tuple[str, Picture]]) -> None:
    def rows(name: str) -> list[dict[str, Any]]:
        answer: Answer = ({**made.answers, **made.analyses})[name]
        return answer.records()

    years = {each["year"] for each in rows("theft_locations")}
    ahead = [each for each in rows("monthly_forecasts") if each["scope"] == "all"]
    full = [each for each in Facts.of(made.record).months(made.answers) if each.cover.value == "complete"]
    shapes = Extras(made.beside).outlines(made.record)
    expected = [
        ("monthly_trend", len(rows("monthly_trend"))),
        ("monthly_trend", 12),
        *(
            ("theft_locations", len([each for each in rows("theft_locations") if each["year"] == year]))
            for year in sorted(years)
        ),
        ("crime_trend", 1),
        ("crime_trend", rows("crime_trend")[0]["months"]),
        ("safest_areas", len(shapes)),
        ("safest_areas", ENDS),
        ("safest_areas", ENDS),
        ("arrest_rates", min(TYPES, len(rows("arrest_rates")))),
        ("monthly_forecasts", len(full[-36:]) + len(ahead)),
        ("weekday_hours", len(rows("weekday_hours"))),
    ]
    assert [(name, len(each.words)) for name, each in pictures] == expected


def test_both_widths_hold_the_marks_once_and_in_order(pictures: list[tuple[str, Picture]]) -> None:
    for name, each in pictures:
        for svg in filter(None, (each.narrow, each.wide)):
            numbers = [int(number) for number in re.findall(r' data-mark="(\d+)"', svg)]
            assert numbers == list(range(len(each.words))), name
            assert " aria-" not in svg
            assert " role=" not in svg


@pytest.mark.parametrize("locale", [None, "de-DE", "en-US"])
def test_marks_say_what_the_table_says(locale: str | None, made: Output) -> None:
    facts, everything = Facts.of(made.record), {**made.answers, **made.analyses}
    compared = 0
    with written_as(locale):
        for name, chart in drawn(made):
            section = section_of(everything[name].question)
            table = section.table(everything, facts)
            cells = {cell.text for line in table.rows for cell in line}
            headings = {heading.text for heading in table.headings}
            for words in picture(chart).words:
                for line in words.splitlines()[1:]:
                    if line.startswith(_DERIVED.get(name, ())):
                        continue
                    heading = max((each for each in headings if line.startswith(each)), key=len)
                    values = line[len(heading) :].removeprefix(":").strip(" ").split(" to ")
                    assert set(values) <= cells, (name, line)
                    compared += 1
    assert compared > 500


def test_the_names_of_marks_are_the_tables(made: Output, pictures: list[tuple[str, Picture]]) -> None:
    facts = Facts.of(made.record)
    table = section_of(made.answers["monthly_trend"].question).table(made.answers, facts)
    months = next(each for name, each in pictures if name == "monthly_trend")
    told = [words.splitlines() for words in months.words]
    for (name, incidents), cells in zip(told, table.rows, strict=True):
        mark = f" ({cells[0].mark})" if cells[0].mark else ""
        assert (name, incidents) == (f"{cells[0].text}{mark}", f"Incidents: {cells[1].text}")


def test_hostile_names_stay_text_in_one_mark_each(made: Output, pictures: list[tuple[str, Picture]]) -> None:
    told = [words for _, each in pictures for words in each.words]
    names = [words.splitlines()[0] for words in told]
    assert [name for name in names if "<script>alert(1)</script>".upper() in name.upper()]
    assert not [words for words in told if "\n\n" in words or not all(words.split("\n"))]
    assert max(map(len, names)) < 90, "a name of 1,000 signs is cut"
    page = Page()
    page.feed(page_text(made.record, made.answers, Extras(made.beside, analyses=made.analyses)))
    marks = [attributes["data-marks"] for _, attributes in page.tags if "data-marks" in attributes]
    assert [len((each or "").split("\n\n")) for each in marks] == [len(each.words) for _, each in pictures]
    assert not page.names() & {"img", "b", "iframe", "object"}


def test_widths_with_other_words_are_refused() -> None:
    def spec(words: str, width: int) -> dict[str, Any]:
        rows = [{"x": 1, "words": words}]
        place = {"x": {"field": "x", **scaled([0, 2])}, "y": {"value": 3}}
        return sheet(
            width, 20, Edges(0, 0, 0, 0), [layer("line", rows, **place), spots("point", rows, **place)]
        )

    same = picture(Chart("label", spec("a & <b>\n\"c'", NARROW), spec("a & <b>\n\"c'", WIDE)))
    assert same.words == ("a & <b>\n\"c'",)
    with pytest.raises(ValueError, match="same words"):
        picture(Chart("label", spec("a", NARROW), spec("b", WIDE)))


@pytest.mark.parametrize(
    ("record", "mark", "lines"),
    [
        (
            {"name": "Austin", "n": 1, "low": 0.5, "high": None},
            "",
            "Austin\nIncidents: 1\nInterval from 0.5 to -",
        ),
        (
            {"name": None, "n": 0, "low": 0, "high": 1},
            "few",
            "(none) (few)\nIncidents: 0\nInterval from 0 to 1",
        ),
        ({"name": "a\n\nb" + "c" * 99, "n": 2, "low": 0, "high": 1}, "", None),
    ],
)
def test_a_row_as_lines(record: Mapping[str, Any], mark: str, lines: str | None) -> None:
    def write(value: Any) -> str:
        return "-" if value is None else str(value)

    columns = {
        "name": TableColumn("Name", lambda name: name or "(none)", heads=True),
        "n": TableColumn("Incidents", write),
        "low": TableColumn("Interval from", write),
        "high": TableColumn("to", write),
    }
    text = row_text(record, columns, "name", ["n", "low", "high"], mark)
    if lines is None:
        name, *rest = text.split("\n")
        assert name.startswith("a bc")
        assert (len(name), len(rest)) == (60, 2)
    else:
        assert text == lines
