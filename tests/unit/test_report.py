from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import date, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from crime_pipelines.analysis.trend import Trend
from crime_pipelines.domain.areas import AREAS
from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Areas
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import bundled
from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import DATA_QUALITY, QUESTIONS, REPORT_QUESTIONS, Answer, Column, Question
from crime_pipelines.report import Extras, chart_files, draw_answers, write_report
from crime_pipelines.report import formatting as text
from crime_pipelines.report.caveats import REASONS, cautions
from crime_pipelines.report.charts.geojson import bundled_outlines, read_boundaries
from crime_pipelines.report.charts.hexagons import area_shapes
from crime_pipelines.report.charts.rankings import movements
from crime_pipelines.report.coverage import Cover, Facts
from crime_pipelines.report.filters.counts import Counts
from crime_pipelines.report.sections import Words, section_of, words
from crime_pipelines.report.tables import Table
from crime_pipelines.schema.row_counts import FileRows

AS_OF = datetime(2021, 11, 11, 23, 30)
NBSP = "\u00a0"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    '=HYPERLINK("http://evil.example/x","y")',
    "</svg></style></title><b>bold",
    "{{ 7 * 7 }} {% raw %} &amp; &#60;",
    "\u05e9\u05dc\u05d5\u05dd (1)",
    "\U0001f693 \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "bell\x07 escape\x1b nul\x00 turn\u202eback half\ud800",
    "LONG " * 200,
]
NOTHING = Trend("too few months", None, None, None, None, None, None, 0)
FLAT = Trend(
    *("no significant trend", -0.0071, -0.0176, 0.0034, 0.1427, date(2016, 12, 1), date(2021, 10, 1), 59),
    *(-0.0094, -0.0710, 0.0563),
)
Row = tuple[Any, ...]


def months(counts: Sequence[int], last: date = date(2021, 11, 1)) -> list[Row]:
    end = last.year * 12 + last.month - 1
    ordinals = range(end - len(counts) + 1, end + 1)
    return [
        (date(at // 12, at % 12 + 1, 1), number, at != end)
        for at, number in zip(ordinals, counts, strict=True)
    ]


def thefts(names: Sequence[str]) -> list[Row]:
    return [(year, at + 1, name, 1000 - at) for year in (2019, 2020, 2021) for at, name in enumerate(names)]


def areas(names: Sequence[str], late: int = 40) -> list[Row]:
    return [
        (
            *(at + 1, at + 1, name, late * at, late * at * 3, 10_000),
            *(late * at / 69.0 * times for times in (1, 0.9, 1.1)),
            *(max(1, at - 1), min(len(names), at + 3)),
        )
        for at, name in enumerate(names)
    ]


def arrests(names: Sequence[str | None]) -> list[Row]:
    return [(name, 1000 - 20 * at, 400, 0.4, 0.35, 0.45) for at, name in enumerate(names)]


def answers_of(**rows: list[Row]) -> dict[str, Answer]:
    usual = {
        "monthly_trend": months([4000 + 7 * at for at in range(59)] + [1500]),
        "theft_locations": thefts([f"PLACE {at}" for at in range(10)]),
        "crime_trend": [astuple(FLAT)],
        "safest_areas": areas([f"Area {at}" for at in range(77)]),
        "arrest_rates": arrests([f"TYPE {at}" for at in range(30)]),
    }
    given = {question.name: [made_up(question)] for question in QUESTIONS} | usual | rows
    return {question.name: Answer(question, given[question.name]) for question in QUESTIONS}


def made_up(question: Question) -> Row:
    """A row of a question that has no section of its own."""
    values = {
        "date": date(2020, 2, 29),
        "datetime": datetime(2020, 2, 29, 4),
        "integer": 1_234,
        "decimal": 0.25,
        "text": "A",
        "boolean": True,
    }
    return tuple(values[column.type] for column in question.columns)


def counts_of(types: Sequence[str | None], numbers: Sequence[int | None] = (1, 2, None)) -> list[Row]:
    """A row for each type and area: an incident in each month of two years, at the hours from 00 to 11."""
    cells = " ".join(
        code(date(2020 + at // 12, at % 12 + 1, 1), at % 12, arrest=at % 3 == 2) for at in range(24)
    )
    return [(name, area, "001", "0111", 24, date(2021, 3, 1), cells) for name in types for area in numbers]


def code(day: date, hour: int, *, arrest: bool = False) -> str:
    """An incident's day, hour and arrest, as `filter_counts` writes them."""
    return str(2 * ((day - date(1, 1, 1)).days * 24 + hour) + arrest)


def disc(middle: tuple[int, int], steps: int, area: int) -> list[Row]:
    """Hexagons within so many steps of one."""
    return [
        (middle[0] + across, middle[1] + up, area, 50, 9, 0.0, 0.0)
        for up in range(-steps, steps + 1)
        for across in range(-(2 * steps - abs(up)), 2 * steps - abs(up) + 1, 2)
    ]


def extras_of(types: Sequence[str | None] = ("THEFT", "BATTERY")) -> Extras:
    rows = {"filter_counts": counts_of(types), "hexagons": disc((0, 0), 2, 1) + disc((10, 0), 2, 2)}
    return Extras({each.name: Answer(each, rows[each.name]) for each in REPORT_QUESTIONS})


def record_of(quality: dict[str, Any] | None = None, **changes: Any) -> RunRecord:
    base = RunRecord(
        engine="duckdb",
        source="crimes.csv.gz",
        files=[FileRows("crimes.csv.gz", 2_000, None, 389_879, 389_879)],
        read=390_000,
        incidents=389_000,
        superseded=1_000,
        rejected={},
        warnings={},
        shift_years=3,
        as_of=AS_OF,
        data_quality={
            **{column.name: 0 for column in DATA_QUALITY.columns},
            "first_occurred_at": datetime(2015, 1, 1),
            "last_occurred_at": AS_OF,
            **(quality or {}),
        },
    )
    return replace(base, **changes)


@dataclass
class Page(HTMLParser):
    """What a browser makes of a page, as far as the tests ask."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self._section = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag == "section":
            self._section = attributes.get("id") or ""
        if tag == "tr" and "tbody" in self._open:
            self.rows[self._section] = self.rows.get(self._section, 0) + 1
        if tag not in ("meta", "link", "br", "img", "input"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self._open), data))

    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}

    def said(self, inside: str) -> str:
        return "\n".join(data for place, data in self.texts if inside in place)

    def shown(self) -> str:
        return "\n".join(data for place, data in self.texts if not {"script", "style"} & set(place))


def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert not page._open
    return page


def page_of(folder: Path, record: RunRecord | None = None, **rows: list[Row]) -> Page:
    return read(write_report(folder / "report", record or record_of(), answers_of(**rows)))


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(tmp_path_factory.mktemp("out") / "report", record_of(), answers_of())


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    record = record_of(
        source=HOSTILE[0] + HOSTILE[8],
        files=[FileRows(text, 1, None, 1, 1) for text in HOSTILE],
        engine=HOSTILE[1],
        rejected={HOSTILE[0]: 2},
        warnings={HOSTILE[1]: 3},
        versions={HOSTILE[2]: HOSTILE[1]},
    )
    answers = answers_of(
        theft_locations=thefts(HOSTILE),
        safest_areas=areas(HOSTILE),
        arrest_rates=arrests([*HOSTILE, None]),
    )
    return write_report(tmp_path_factory.mktemp("out"), record, answers, extras_of([*HOSTILE, None]))


def sentence(name: str, record: RunRecord | None = None, **rows: list[Row]) -> str:
    told = words(answers_of(**rows), Facts.of(record or record_of()))[name].sentence
    return told.replace(NBSP, " ").replace("\u2212", "-")


# The page


def test_hostile_texts_stay_texts(hostile: Path) -> None:
    page = read(hostile)
    assert not page.names() & {"img", "b", "iframe", "object", "embed", "base", "foreignobject"}
    assert [attributes for tag, attributes in page.tags if tag == "form"] == [
        {"class": "filters", "hidden": None, "aria-label": "Filters"}
    ]
    # Two that hold data, and the page's own seven; what they are is held against the policy below.
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert scripts == [
        {"type": "application/json", "id": "explorer-data"},
        {"type": "text/plain", "id": "vega"},
        *[{}] * 7,
    ]
    assert "<" not in next(data for place, data in page.texts if "script" in place)
    for name in HOSTILE[:6]:
        assert name in page.said("label")
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    cells, drawn = page.said("table"), page.said("svg")
    for name in HOSTILE[:6]:
        assert cells.count(name) >= 5, "in full, in the tables of locations (three years), areas and types"
    for name in (HOSTILE[0], HOSTILE[1], HOSTILE[4]):
        assert name[:28] in drawn
    assert "49" not in page.said("h2")
    assert "(none stated)" in cells


def test_long_names_are_cut_in_charts_and_full_in_tables(hostile: Path) -> None:
    page = read(hostile)
    assert HOSTILE[9].strip() in page.said("table")
    assert max(len(line) for line in page.said("svg").splitlines()) < 60
    assert "LONG LONG" in page.said("svg")


def test_no_character_that_a_page_may_not_hold(hostile: Path) -> None:
    content = hostile.read_text(encoding="utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", content)
    assert "\ufffd" in content
    assert "\u2068\u05e9" in content, "isolated from the number beside it"


@pytest.mark.parametrize("which", ["usual", "hostile"])
def test_nothing_is_fetched(which: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(which)
    page = read(path)
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster", "background"):
            value = attributes.get(name)
            assert value is None or value.startswith("#") or value == "data:,", (tag, value)
        for name, value in attributes.items():
            assert "http" not in (value or "") or name in (
                "xmlns",
                "aria-label",
                "data-marks",
                "http-equiv",
                "data-value",
            ), (
                tag,
                name,
                value,
            )
            assert "url(" not in (value or "") or name in ("aria-label", "data-marks")
    style = page.said("style")
    assert style
    assert "url(" not in style
    assert "@import" not in style
    (policy,) = [a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    ran = [data for place, data in page.texts if place[-1:] == ("script",)]
    if which == "hostile":
        _, packed, *ran = ran
        ran.append(zlib.decompress(base64.b64decode(packed)).decode())
    hashes = re.findall("'sha256-([^']*)'", policy)
    assert sorted(hashes) == sorted(
        base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in ran
    )
    assert len(ran) == (8 if which == "hostile" else 2)


@pytest.mark.parametrize("which", ["usual", "hostile"])
def test_structure(which: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(which)
    assert path.name == "index.html"
    page = read(path)
    tags = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "en"}) in page.tags
    assert [tags.count(tag) for tag in ("h1", "main", "header", "footer", "nav", "title")] == [1] * 6
    assert tags.count("caption") == tags.count("table") >= 5
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {(a.get("href") or "")[1:] for tag, a in page.tags if tag == "a"}
    assert targets <= set(ids)
    for question in QUESTIONS:
        assert question.wording in page.said("h2")
        for caveat in question.caveats:
            assert caveat in page.said("li")
    assert path.stat().st_size < 1_500_000


def test_charts_have_names_and_take_their_colours_from_the_page(usual: Path) -> None:
    page = read(usual)
    images = [attributes for _, attributes in page.tags if attributes.get("role") == "img"]
    assert len(images) == [tag for tag, _ in page.tags].count("svg") == 4 + 2 * (1 + 2 + 2 + 1)
    assert all(len(attributes.get("aria-label") or "") > 40 for attributes in images)
    colours = {
        attributes[name]
        for _, attributes in page.tags
        for name in ("fill", "stroke")
        if name in attributes and attributes[name] not in ("none", "transparent")
    }
    assert colours
    assert [each for each in colours if not re.fullmatch(r"var\(--[a-z0-9-]+\)", each or "")] == []
    defined = set(re.findall(r"(--[a-z0-9-]+):", page.said("style")))
    assert {(colour or "")[4:-1] for colour in colours} <= defined


def test_every_table_has_all_rows(usual: Path) -> None:
    page = read(usual)
    expected = {name: len(answer.rows) for name, answer in answers_of().items()}
    assert {name: page.rows[name] for name in expected} == expected
    cells = page.said("td")
    assert "4,406" in cells
    assert "10,000" in cells
    assert "2,019" not in cells, "a year is no quantity"
    assert f"40.0{NBSP}%" in cells


def test_the_incomplete_month_is_marked(usual: Path) -> None:
    page = read(usual)
    assert "Nov 2021: incomplete" in page.said("svg")
    assert page.said("tbody").count("incomplete") == 1
    assert "November 2021 counts as incomplete" in page.said("dd")


def test_rejects_are_told_first(tmp_path: Path) -> None:
    record = record_of(
        rejected={"bad_date": 1, "malformed_row": 1_200}, warnings={"latitude": 7, "encoding": 2}
    )
    page = page_of(tmp_path, record)
    assert f"1,201 rows of 390,000 (0.3{NBSP}%) were rejected" in page.said("h2")
    assert page.said("h2").index("rejected") < page.said("h2").index(QUESTIONS[0].wording)
    assert "rejects/" in page.said("code")
    assert REASONS["bad_date"] in page.said("td")
    assert "Degrees north." in page.said("td")
    assert "2 rows held bytes that are not UTF-8" in page.said("dd")


def test_every_reason_has_a_meaning() -> None:
    assert set(REASONS) == set(Reason)


def test_the_account_of_the_rows(usual: Path) -> None:
    said = read(usual).said("dl")
    for number in ("390,000", "389,000", "1,000"):
        assert number in said


def test_an_answer_may_not_be_missing(tmp_path: Path) -> None:
    answers = answers_of()
    del answers["arrest_rates"]
    with pytest.raises(KeyError):
        write_report(tmp_path, record_of(), answers)


def test_same_input_same_bytes(usual: Path, tmp_path: Path) -> None:
    again = write_report(tmp_path, record_of(), answers_of())
    assert again.read_bytes() == usual.read_bytes()


def test_with_charts_drawn_ahead_it_is_the_same_page(tmp_path: Path) -> None:
    record, answers, extras = record_of(), answers_of(), extras_of()
    at_once = write_report(tmp_path / "once", record, answers, extras)
    ahead = write_report(tmp_path / "ahead", record, answers, extras, draw_answers(record, answers))
    assert ahead.read_bytes() == at_once.read_bytes()


# Input with next to nothing in it

ONE = datetime(2021, 11, 3, 23, 0)
DEGENERATE: dict[str, tuple[RunRecord, dict[str, list[Row]]]] = {
    "a single incident, all other rows rejected": (
        record_of(
            {"first_occurred_at": ONE, "last_occurred_at": ONE},
            incidents=1,
            read=100,
            superseded=0,
            rejected={"missing_date": 99},
            as_of=ONE,
        ),
        {
            "monthly_trend": months([0] * 59 + [1]),
            "theft_locations": [],
            "crime_trend": [astuple(NOTHING)],
            "safest_areas": areas([f"Area {at}" for at in range(77)], late=0),
            "arrest_rates": [],
        },
    ),
    "no arrests, no type": (record_of(), {"arrest_rates": [(None, 3, 0, 0.0, 0.0, 0.56)]}),
    "no incidents in the months": (
        record_of(),
        {"monthly_trend": months([0] * 60), "crime_trend": [astuple(replace(NOTHING, months=59))]},
    ),
    "months long before the data": (
        record_of({"first_occurred_at": datetime(2030, 1, 1), "last_occurred_at": datetime(2030, 2, 1)}),
        {"monthly_trend": months([0] * 60), "crime_trend": [astuple(NOTHING)]},
    ),
    "few areas without residents": (
        record_of(),
        {"safest_areas": [(1, 4, None, 0, 2, *[None] * 4, 1, 2), (2, 5, "B", 9, 12, *[None] * 4, 1, 2)]},
    ),
    "one area": (record_of(), {"safest_areas": [(1, 4, "A", 3, 3, 100, 2.5, 0.5, 7.3, 1, 1)]}),
    "no areas": (record_of(), {"safest_areas": []}),
    "a change beyond all measure": (
        record_of(),
        {
            "crime_trend": [
                astuple(replace(FLAT, change_per_year=9e99, change_low=-1.0, change_high=1e304, p_value=1.0))
            ]
        },
    ),
    "no data quality": (replace(record_of(), data_quality={}), {}),
    "a run record read back": (
        record_of({"first_occurred_at": "2015-01-01 00:00:00", "last_occurred_at": "2021-11-11 23:30:00"}),
        {},
    ),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_input(case: str, tmp_path: Path) -> None:
    record, rows = DEGENERATE[case]
    if "no incidents" in case:
        trend = rows["crime_trend"][0]
        rows = {**rows, "crime_trend": [(*trend[:5], date(2016, 12, 1), date(2021, 10, 1), 59, *trend[8:])]}
    page = page_of(tmp_path, record, **rows)
    said = page.shown()
    for wrong in ("None,", "nan", "inf%", "NaN", "undefined", "Infinity", "[object"):
        assert wrong not in said
    drawn = [value or "" for _, attributes in page.tags for name, value in attributes.items() if name != "id"]
    assert not [value for value in drawn if "NaN" in value or "Infinity" in value]
    expected = {name: len(answer.rows) for name, answer in answers_of(**rows).items()}
    assert {name: page.rows.get(name, 0) for name in expected} == expected
    if "type" in case:
        assert "(none stated)" in page.said("tbody")


# The sentences


def test_sentence_of_no_trend() -> None:
    assert sentence("crime_trend") == (
        "No significant trend over the 59 complete months December 2016 to October 2021: -0.7 % a year "
        "(95 % interval -1.8 % to +0.3 %, p = 0.14). The last 12 of them had -0.9 % incidents a day against "
        "the 12 before (95 % interval -7.1 % to +5.6 %): not clearly more or fewer."
    )
    meaning = words(answers_of(), Facts.of(record_of()))["crime_trend"].meaning
    assert "about 14 of 100" in meaning


@pytest.mark.parametrize(
    ("direction", "change", "verdict", "recent", "last"),
    [
        (
            "increasing",
            (0.031, 0.012, 0.05),
            "Crime rose over the 59 complete months December 2016 to October 2021: "
            "+3.1 % a year (95 % interval +1.2 % to +5.0 %",
            (-0.02, -0.03, -0.01),
            "The last 12 of them had -2.0 % incidents a day against the 12 before (95 % interval -3.0 % to "
            "-1.0 %): a clear change to fewer.",
        ),
        (
            "decreasing",
            (-0.031, -0.05, -0.0002),
            "Crime fell over the 59 complete months December 2016 to October 2021: "
            "-3.1 % a year (95 % interval -5.0 % to -0.02 %",
            (0.01, -0.02, 0.04),
            "The last 12 of them had +1.0 % incidents a day against the 12 before (95 % interval -2.0 % to "
            "+4.0 %): not clearly more or fewer.",
        ),
    ],
)
def test_sentence_of_a_trend(
    direction: str,
    change: tuple[float, float, float],
    verdict: str,
    recent: tuple[float, float, float],
    last: str,
) -> None:
    trend = (direction, *change, 0.0004, date(2016, 12, 1), date(2021, 10, 1), 59, *recent)
    assert sentence("crime_trend", crime_trend=[trend]).startswith(f"{verdict}, p < 0.001). {last}")


def test_sentence_without_a_test() -> None:
    few = replace(NOTHING, first_month=date(2021, 8, 1), last_month=date(2021, 10, 1), months=3)
    assert "only 3 complete months (August 2021 to October 2021)" in sentence(
        "crime_trend", crime_trend=[astuple(few)]
    )
    assert "no complete month" in sentence("crime_trend", crime_trend=[astuple(NOTHING)])


def test_sentence_of_the_months() -> None:
    assert sentence("monthly_trend") == (
        "October 2021, the last complete month, had 4,406 incidents, 1.9 % more than October 2020 (4,322) "
        "and above the range of the 4 Octobers before (4,070 to 4,322), outside which chance alone "
        "puts 40.0 % of months; of 59 complete months, October 2021 had the most (4,406) and December 2016 "
        "the fewest (4,000)."
    )


def test_months_that_the_data_do_not_cover_are_not_quiet() -> None:
    record = record_of({"first_occurred_at": datetime(2020, 10, 7, 9)})
    rows = {"monthly_trend": months([0] * 46 + [20] + [70 + at for at in range(12)] + [9])}
    facts = Facts.of(record)
    covers = [each.cover for each in facts.months(answers_of(**rows))]
    assert covers == [Cover.NONE] * 46 + [Cover.BEGUN] + [Cover.FULL] * 12 + [Cover.CUT]
    told = sentence("monthly_trend", record, **rows)
    assert "of 12 complete months" in told
    assert "November 2020 the fewest (70)" in told
    assert "than October 2020" not in told


def test_sentence_of_the_thefts() -> None:
    assert sentence("theft_locations") == (
        "PLACE 0 had the most thefts in each year: 1,000 in 2019, 1,000 in 2020 and 1,000 in 2021 up to "
        "11 November; in 2021 followed by PLACE 1 (999)."
    )
    rows = [(2020, 1, "STREET", 8), (2021, 1, "ALLEY", 5), (2021, 2, "STREET", 5)]
    assert sentence("theft_locations", theft_locations=rows) == (
        "The most thefts were at STREET in 2020 (8) and ALLEY in 2021 up to 11 November (5); "
        "in 2021 as many as STREET (5)."
    )
    assert "no theft" in sentence("theft_locations", theft_locations=[])


def test_sentence_of_the_areas() -> None:
    rows = [
        (1, 9, "Quiet", 2, 9, 1000, 0.5, 0.06, 1.81, 1, 3),
        (2, 8, "Calm", 4, 9, 1000, 1.0, 0.27, 2.56, 1, 3),
        (3, 7, "Usual", 6, 9, 1000, 1.5, 0.55, 3.26, 1, 3),
        (4, 6, "Loud", 60, 90, 1000, 15.0, 11.4, 19.3, 4, 4),
    ]
    assert sentence("safest_areas", safest_areas=rows) == (
        "Quiet is the safest, with 0.50 late-night incidents per 1,000 residents a year (95 % interval 0.06 "
        "to 1.81), followed by Calm (1.00) and Usual (1.50); the least safe is Loud, with 15.00, 30 times as "
        "many. Chance alone could put two other areas first."
    )
    assert "None of the 3 areas" in sentence("safest_areas", safest_areas=areas(["A", "B", "C"], late=0))
    unknown = [None] * 4  # residents, the rate and its interval
    for late, said in (
        (1, "A is the safest, with 1 late-night incident, "),
        (2, "with 2 late-night incidents, "),
    ):
        counts = [(1, 4, "A", late, 5, *unknown, 1, 2), (2, 5, "B", 9, 12, *unknown, 1, 2)]
        assert said in sentence("safest_areas", safest_areas=counts)


def test_types_that_police_find_do_not_stand_for_all() -> None:
    found = sentence("arrest_rates", arrest_rates=arrests(["NARCOTICS", "GAMBLING", "HOMICIDE", "THEFT"]))
    assert found.endswith(
        "The first types come to light through the arrest itself; of those that are mostly reported to the "
        "police, HOMICIDE ranks first (40.0 % of 960)."
    )
    assert "come to light" not in sentence("arrest_rates", arrest_rates=arrests(["HOMICIDE", "NARCOTICS"]))


def test_few_days_make_no_sure_rate_a_year() -> None:
    two_days = record_of(
        {"first_occurred_at": datetime(2021, 11, 10), "last_occurred_at": datetime(2021, 11, 11)}
    )
    said = words(answers_of(), Facts.of(two_days))["safest_areas"].sentence
    assert said.endswith("The data cover 2 days alone: a rate a year is a guess.")


def test_chart_files_name_their_source_and_unit() -> None:
    files = dict(chart_files(record_of(), answers_of(), formats=["svg"]))
    text = files["monthly_trend-1.svg"].decode()
    assert "Monthly trend (incidents a month)" in text
    assert "Source: " in text
    assert "dates shifted by 3 years" in text
    # a heading that is wider than its chart goes on in a second line
    narrow = [path for name, path in files.items() if name.startswith("theft_locations")]
    assert all(b"Worst theft locations" in path for path in narrow)


def test_sentence_of_the_arrests() -> None:
    assert sentence("arrest_rates", arrest_rates=arrests(["NARCOTICS", None])) == (
        "By the lower end of its interval NARCOTICS ranks first: 40.0 % of 1,000 incidents had an arrest "
        "(95 % interval 35.0 % to 45.0 %); next come (none stated) (40.0 % of 980). "
        "Over all types it is 40.4 %."
    )
    assert sentence("arrest_rates", arrest_rates=[("A", 9, 0, 0.0, 0.0, 0.3)]) == (
        "None of the 9 incidents of 2016-2019 had an arrest."
    )


# A question that the report knows by its columns alone

UNKNOWN = Question(
    "thefts_by_night",
    "Thefts by night",
    "Which nights had the most thefts?",
    (
        Column("night", "date", "The evening's date."),
        Column("first_year", "integer", "The first year of it."),
        Column("thefts", "integer", "Thefts."),
        Column("share_of_all", "decimal", "Their share."),
        Column("place", "text", "Where most were."),
        Column("last_at", "datetime", "The last."),
        Column("whole", "boolean", "Whether it is over."),
    ),
    "SELECT 1",
)
NIGHT = (date(2020, 2, 29), 2019, 1_234, 0.123456, "<b>A</b>", datetime(2020, 2, 29, 4), True)


def default_section(*rows: Row) -> tuple[Words, Table]:
    section, answers = section_of(UNKNOWN), {UNKNOWN.name: Answer(UNKNOWN, list(rows))}
    facts = Facts.of(record_of())
    assert section.charts(answers, facts) == section.remarks(answers, facts) == []
    return section.words(answers, facts), section.table(answers, facts)


def test_an_unknown_question_is_told_by_its_first_row() -> None:
    told, _ = default_section(NIGHT, NIGHT)
    assert told == Words(
        "The first of 2 rows: night 29 February 2020, first year 2019, thefts 1,234, share of all 0.1235.",
        "29 February 2020",
        "first year 2019, the first of 2 rows",
    )
    assert default_section(NIGHT)[0].sentence.startswith("The only row: night 29 February 2020")
    numbered = replace(UNKNOWN, columns=UNKNOWN.columns[1:])
    answers = {UNKNOWN.name: Answer(numbered, [NIGHT[1:]])}
    assert section_of(numbered).words(answers, Facts.of(record_of())).figure == "First year 2019"
    assert default_section()[0] == Words("The data hold no row of this answer.", "None", "no rows")


def test_an_unknown_question_has_a_table_of_its_columns() -> None:
    _, table = default_section(NIGHT, (None,) * 7)
    assert [(each.text, each.numeric) for each in table.headings] == [
        ("Night", False), ("First year", True), ("Thefts", True), ("Share of all", True), ("Place", False),
        ("Last at", False), ("Whole", False),
    ]  # fmt: skip
    assert [cell.text for cell in table.rows[0]] == [
        "29 February 2020", "2019", "1,234", "0.1235", "<b>A</b>", "29 February 2020, 04:00", "yes",
    ]  # fmt: skip
    assert [cell.text for cell in table.rows[1]] == [*["\u2013"] * 4, text.NONE_STATED, *["\u2013"] * 2]
    assert [cell.heads for cell in table.rows[0]] == [True] + [False] * 6
    assert [cell.value for cell in table.rows[0]][:4] == ["2020-02-29", "2019", "1234", "0.123456"]


def test_the_title_counts_the_questions(usual: Path) -> None:
    number = text.in_words(len(QUESTIONS)).capitalize()
    assert f"{number} questions about reported crime" in read(usual).said("h1")
    assert [text.in_words(number) for number in (0, 5, 6, 20, 21)] == ["zero", "five", "six", "twenty", "21"]


# The cautions


def said_with(quality: dict[str, Any] | None = None, **changes: Any) -> str:
    found = cautions(answers_of(), Facts.of(record_of(quality, **changes)))
    return " ".join(f"{heading}: {told}" for heading, told in found).replace(NBSP, " ")


def test_cautions_count() -> None:
    told = said_with({"at_midnight": 3_890, "at_noon": 389, "late_night": 38_900, "without_area": 5})
    assert "3,890 of 389,000 incidents (1.0 %) are recorded at exactly midnight and 389 (0.1 %)" in told
    assert "10.0 % of the 38,900 late-night incidents" in told
    assert "5 (under 0.1 %) without a known community area" in told
    assert "without a location" not in told
    assert "not reported is not counted" in told
    assert "by 3 calendar years" in told


def test_cautions_of_dates() -> None:
    assert "unshifted" in said_with(shift_years=0)
    assert "7 incidents" in said_with({"shifted_otherwise": 7})
    assert "back by 1 calendar year;" in said_with(shift_years=-1)
    told = said_with({"after_as_of": 12}, as_of=datetime(2021, 6, 30, 23, 59, 59))
    assert "12 incidents occurred after 30 June 2021." in told
    assert "leaves no incident out" in told


def test_small_numbers_are_marked(tmp_path: Path) -> None:
    rows = [("COMMON", 900, 300, 0.33, 0.3, 0.36), ("RARE", 6, 6, 1.0, 0.61, 1.0)]
    page = page_of(tmp_path, arrest_rates=rows)
    assert page.said("tbody").count("small number") == 1
    assert "RARE" in page.said("dd")
    assert "COMMON" not in page.said("dd")


# Numbers and texts


def test_numbers_as_written() -> None:
    assert text.percent(0.0) == f"0{NBSP}%"
    assert text.percent(1.0) == f"100{NBSP}%"
    assert text.percent(0.9999) == f"over 99.9{NBSP}%"
    assert text.percent(0.0001) == f"under 0.1{NBSP}%"
    assert text.change(-0.03) == f"\u22123.0{NBSP}%"
    assert text.change(0.0) == f"0.0{NBSP}%"
    assert text.change(1e300) == f"over +1,000{NBSP}%"
    assert text.p_value(0.0499).endswith("0.0499")
    assert text.p_value(0.0501).endswith("0.0501")
    assert [text.number(value) for value in (0.0, -0.5, 1e-7, 999.96, 12_345.6)] == [
        "0", "\u22120.5", "1e\u221207", "1,000", "12,346",
    ]  # fmt: skip
    assert text.percent_of(1, 4) == f"25.0{NBSP}%"
    assert text.percent_of(0, 0) == f"0{NBSP}%"
    assert [text.rate(number) for number in (0, 0.001, 1.234)] == ["0", "under 0.01", "1.23"]
    assert text.listed(["a"]) == "a"
    assert text.listed(["a", "b", "c"]) == "a, b and c"
    assert text.moment(datetime(2021, 6, 30, 23, 59, 59)) == "30 June 2021"


@pytest.mark.parametrize("limit", range(1, 14))
def test_a_cut_text_fits(limit: int) -> None:
    for name in ("ABCDEFGHIJKLMNOP", "\u6f22\u5b57" * 9, "e\u0301" * 20):
        cut = text.shown(name, limit)
        assert cut.endswith(text.ELLIPSIS)
        assert sum(text.width(sign) for sign in cut) <= max(limit, 2)
    assert text.shown("AB", 2) == "AB"


def test_nothing_stated() -> None:
    assert text.shown(None) == text.shown("") == text.shown(" \t") == text.NONE_STATED


def test_the_charts_stand_alone_as_files() -> None:
    names = HOSTILE[:5] + [f"PLACE {at}" for at in range(5)]
    files = dict(chart_files(record_of(), answers_of(theft_locations=thefts(names))))
    ahead = {name for name, pictures in draw_answers(record_of(), answers_of()).items() if pictures}
    drawn = ahead | {"theft_locations"}  # it waits for the analysis that is shown with it
    assert drawn > ahead
    assert {name.partition(".")[0].partition("-")[0] for name in files} == drawn | {"late_night_map"}
    assert drawn >= {"monthly_trend", "theft_locations", "crime_trend", "safest_areas", "arrest_rates"}
    assert {name.rpartition(".")[2] for name in files} == {"svg", "png"}
    for name, content in files.items():
        if name.endswith(".png"):
            assert content.startswith(b"\x89PNG")
            continue
        drawn = content.decode()
        assert "var(" not in drawn  # no page around it gives it colours
        assert "<script" not in drawn
        root = ElementTree.fromstring(drawn)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "Monthly trend" in drawn or not name.startswith("monthly")
        # the signs of movements are explained where there are any
        assert ("risen" in drawn) == (name in {"theft_locations-2.svg", "theft_locations-3.svg"}), name


def test_charts_of_the_map_and_the_clock_as_files() -> None:
    files = dict(chart_files(record_of(), answers_of(), extras_of(), ["svg", "pdf"]))
    for name in ("late_night_map", "late_night_clock"):
        assert ElementTree.fromstring(files[f"{name}.svg"].decode()).tag.endswith("svg")
        assert files[f"{name}.pdf"].startswith(b"%PDF")
    assert not [name for name in files if name.endswith(".png")]


# What stands beside the answers


def test_counts_lie_in_the_page_whole() -> None:
    january, december, new_year = date(2020, 1, 1), date(2020, 12, 1), date(2021, 1, 1)
    # a negative number says how many incidents the one before stands for
    many = f"{code(january, 23)} -69699 {code(january, 23, arrest=True)} -300 {code(january, 23)}"
    first = f"{many} {code(date(2020, 2, 19), 5)}"
    third = date(2020, 12, 3)
    rows = [
        ("A", 7, "002", "0211", 70_001, december, first),
        # in no order, as SQL gives them
        (
            "B",
            None,
            None,
            None,
            3,
            december,
            f"{code(third, 1)} {code(new_year, 0, arrest=True)} {code(third, 1, arrest=True)}",
        ),
        (None, 7, "001", "0111", 1, december, code(january, 0)),
    ]
    (question,) = [each for each in REPORT_QUESTIONS if each.name == "filter_counts"]
    counts = Counts.of(Answer(question, rows))
    assert counts.types == ["A", "B", None]
    assert counts.areas == [7, None]
    assert counts.districts == ["001", "002", None]
    assert counts.beats == ["0111", "0211", None]
    assert (counts.first_month, counts.months) == (2020 * 12, 13)
    assert (counts.whole_months, counts.days_from) == (11, december)
    assert counts.by_hour == [2, 2, 0, 0, 0, 1, *[0] * 17, 70_000]
    assert counts.by_month == [70_001, 1, *[0] * 9, 2, 1]
    assert counts.by_area == [70_002, 3]
    assert counts.arrests == 302
    width, packed = counts.packed()
    planes = zlib.decompress(base64.b64decode(packed))
    size = 5 * 3 + 3 * 5
    assert (width, len(planes)) == (3, 3 * size)
    numbers = [planes[at] + 256 * planes[size + at] + 65536 * planes[2 * size + at] for at in range(size)]
    assert numbers[:15] == [0, 1, 2, 0, 1, 0, 1, 2, 0, 1, 2, 0, 2, 2, 1]
    # each period (11 months, then days) and hour as its distance from the one before
    assert numbers[15:] == [23, 6, 13 * 24 + 1, 29 * 24 - 1, 0, 70_000, 1, 2, 1, 1, 300, 0, 1, 1, 0]


@pytest.mark.parametrize(("days_from", "whole"), [(date(1969, 12, 1), 0), (None, 2), (date(1970, 1, 1), 1)])
def test_periods_may_all_be_days_or_months_and_lie_before_1970(days_from: date | None, whole: int) -> None:
    (question,) = [each for each in REPORT_QUESTIONS if each.name == "filter_counts"]
    begin, later = date(1969, 12, 1), date(1970, 1, 1)
    text = f"{code(begin, 4, arrest=True)} {code(begin, 4)} {code(later, 0)}"
    counts = Counts.of(Answer(question, [("A", 1, "001", None, 3, days_from, text)]))
    assert counts.whole_months == whole
    assert counts.by_month == [2, 1]
    assert counts.by_hour[:5] == [1, 0, 0, 0, 2]


def shapes_of(rows: list[Row]) -> dict[int, list[list[tuple[float, float]]]]:
    (question,) = [each for each in REPORT_QUESTIONS if each.name == "hexagons"]
    return area_shapes(Answer(question, rows))


def size_of(rings: list[list[tuple[float, float]]]) -> float:
    """What rings enclose, holes not counted, in hexagons (the shoelace formula; a side is 1)."""
    twice = 0.0
    for ring in rings:
        assert ring[0] == ring[-1]
        twice += sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in pairwise(ring))
    return twice / 2 / (3 * 3**0.5 / 2)


def test_hexagons_make_areas() -> None:
    shapes = shapes_of([*disc((0, 0), 2, 1), *disc((14, 0), 2, 2)])
    assert {area: len(rings) for area, rings in shapes.items()} == {1: 1, 2: 1}
    for rings in shapes.values():
        assert size_of(rings) == pytest.approx(19)
        assert len(rings[0]) == 31  # five sides on each edge of a hexagon of hexagons, closed


def test_holes_close_and_specks_and_far_places_go() -> None:
    whole = disc((0, 0), 3, 1)
    holed = [row for row in whole if row[:2] != (0, 0)]
    assert size_of(shapes_of(holed)[1]) == pytest.approx(37)
    speck = [row if row[:2] != (0, 0) else (0, 0, 2, 1, 0, 0.0, 0.0) for row in whole] + disc((20, 0), 2, 2)
    shapes = shapes_of(speck)
    assert size_of(shapes[1]) == pytest.approx(37)
    assert size_of(shapes[2]) == pytest.approx(19)
    astray = [*disc((0, 0), 12, 1), (5_000, 3_000, 1, 1, 0, 0.0, 0.0), (7, 1, None, 5, 0, 0.0, 0.0)]
    assert max(x for ring in shapes_of(astray)[1] for x, _ in ring) < 50
    assert shapes_of([]) == {}


def square(west: float, area: object) -> dict[str, Any]:
    ring = [[west, 41.0], [west + 1, 41.0], [west + 1, 42.0], [west, 42.0], [west, 41.0]]
    return {
        "type": "Feature",
        "properties": {"community": "A", "area_number": area},
        "geometry": {"type": "MultiPolygon", "coordinates": [[ring]]},
    }


def test_boundaries_are_read(tmp_path: Path) -> None:
    path = tmp_path / "areas.geojson"
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": [square(-88, "1"), square(-87, 2.0)]})
    )
    shapes = read_boundaries(path, CHICAGO.areas)
    assert list(shapes) == [1, 2]
    assert len(shapes[1][0]) == 5
    east_of_one = max(x for x, _ in shapes[1][0])
    assert east_of_one == min(x for x, _ in shapes[2][0]), "neighbours share their edge"
    heights = {y for rings in shapes.values() for ring in rings for _, y in ring}
    assert (max(heights) - min(heights)) / east_of_one == pytest.approx(1 / 0.7490, rel=0.01)


def test_the_outlines_that_come_with_the_package() -> None:
    shapes = bundled_outlines("chicago", CHICAGO.areas)
    assert set(shapes) == {area.number for area in AREAS}
    points: Counter[tuple[float, float]] = Counter()
    for rings in shapes.values():
        assert sum(len(ring) for ring in rings) <= 61 + len(rings)
        for ring in rings:
            assert ring[0] == ring[-1]
            points.update(ring[:-1])
    # neighbours share their corners, so no gap opens between them
    assert sum(number > 1 for number in points.values()) > len(points) / 3
    assert not bundled_outlines("new_york", CHICAGO.areas)
    assert not bundled_outlines("chicago", Areas(AREAS[:5]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not JSON"),
        ("[]", "is not GeoJSON of areas"),
        (json.dumps({"features": [square(0, 0)]}), "no property of its features"),
        (json.dumps({"features": [square(0, 78)]}), "no property of its features"),
        (json.dumps({"features": []}), "no property of its features"),
        (json.dumps({"features": [{"properties": {"area": 1}, "geometry": None}]}), "holds no polygon"),
        (json.dumps({"features": [square(float("nan"), 1)]}), "a coordinate is not in degrees"),
    ],
)
def test_wrong_boundaries_are_refused(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "areas.geojson"
    path.write_text(content)
    with pytest.raises(InputError, match=said) as caught:
        read_boundaries(path, CHICAGO.areas)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("layout", "properties", "wanted"),
    [
        ("new_york", [{"precinct": "1"}, {"precinct": 123.0}], [1, 123]),
        ("los_angeles", [{"APREC": "CENTRAL", "OBJECTID": 7}, {"APREC": "West  LA", "OBJECTID": 9}], [1, 8]),
        ("chicago", [{"community": "ROGERS PARK", "shape_area": "5"}, {"community": "O'Hare"}], [1, 76]),
    ],
)
def test_boundaries_are_those_of_the_department(
    layout: str, properties: list[dict[str, Any]], wanted: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "areas.geojson"
    features = [{**square(at, 0), "properties": each} for at, each in enumerate(properties)]
    path.write_text(json.dumps({"features": features}))
    assert list(read_boundaries(path, bundled(layout).areas)) == wanted
    with pytest.raises(InputError, match=r"no property .*; the department's areas are North, South"):
        read_boundaries(path, bundled("generic").areas)
    features[1]["properties"] = {}
    path.write_text(json.dumps({"features": features}))
    with pytest.raises(InputError, match="in all of them"):
        read_boundaries(path, bundled(layout).areas)


def test_locations_move() -> None:
    rows = [
        {"year": 2020, "rank": 1, "location": "A"},
        {"year": 2020, "rank": 2, "location": "B"},
        {"year": 2021, "rank": 1, "location": "B"},
        {"year": 2021, "rank": 2, "location": "C"},
        {"year": 2021, "rank": 3, "location": "A"},
    ]
    assert [value for _, value in movements(rows, {})] == ["", "", "1", "", "-2"]
    assert [told[:1] for told, _ in movements(rows, {})] == ["", "", "\u25b3", "n", "\u25bd"]
    told = movements(rows, {(2021, "A"): {"move": "fallen"}, (2020, "B"): {"move": "risen"}})
    assert [sign[:1] for sign, _ in told] == ["", "", "\u25b3", "n", "\u25bc"]
