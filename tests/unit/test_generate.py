"""The synthetic incident file: its layout, its shapes, and that its account of itself is exact."""

import csv
import gzip
import io
import re
import tracemalloc
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.layouts import BUNDLED, bundled, layout_text
from crime_pipelines.pipeline import run
from crime_pipelines.questions import Answer
from crime_pipelines.synthetic import HEADER, KINDS, REASONS, Generated, generate, rows, writer

Make = Callable[..., Generated]
FORMATS = {
    "ID": r"\d{7,}",
    "Case Number": r"[A-Z]{2}\d{6,}",
    "Date": r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d [AP]M",
    "Block": r"(\d{3}XX|0000X) [NSEW] [A-Z0-9 ]+",
    "IUCR": r"\d{3}[0-9A-Z]",
    "Primary Type": r"[A-Z() -]+",
    "Description": r".+",
    "Location Description": r'[^"]*',
    "Arrest": r"true|false",
    "Domestic": r"true|false",
    "Beat": r"\d{4}",
    "District": r"0\d\d",
    "Ward": r"([1-9]|[1-4]\d|50)?",
    "Community Area": r"(\d|[1-6]\d|7[0-7])?",
    "FBI Code": r"\d\d[AB]?",
    "X Coordinate": r"(0|1[01]\d{5}|120\d{4})?",
    "Y Coordinate": r"(0|1[89]\d{5})?",
    "Year": r"\d{4}",
    "Updated On": r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d PM",
    "Latitude": r"(4[12]\.\d{3,9}|36\.619446395)?",
    "Longitude": r"(-87\.\d{3,9}|-91\.686565684)?",
    "Location": r"(\(\d\d\.\d+, -\d\d\.\d+\))?",
}


def moment(text: str) -> datetime:
    """A date of the file."""
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p")


def read(path: Path) -> list[dict[str, str]]:
    """The records of a file without broken ones."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """More than one chunk of good rows."""
    path = tmp_path_factory.mktemp("sample") / "crimes.csv"
    generate(path, 120_000, seed=11)
    return read(path)


def test_same_arguments_same_bytes_on_any_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks are made from their number alone."""
    made = []
    for threads in (1, 3):
        monkeypatch.setattr(writer, "_threads", lambda threads=threads: threads)
        path = tmp_path / f"{threads}.csv"
        generate(path, 100_000, seed=5, defects=0.01)
        made.append(path.read_bytes())
    assert made[0] == made[1]
    generate(tmp_path / "other.csv", 1000, seed=6)
    generate(tmp_path / "one.csv", 1000, seed=5)
    assert (tmp_path / "other.csv").read_bytes() != (tmp_path / "one.csv").read_bytes()


def test_layout(sample: list[dict[str, str]], tmp_path: Path) -> None:
    """Headings, formats, and the quotes of the City's file."""
    assert ",".join(sample[0]) == HEADER
    assert len(sample) == 120_000
    for row in sample[::7]:
        for name, pattern in FORMATS.items():
            assert re.fullmatch(pattern, row[name]), (name, row[name])
        assert row["Year"] == row["Date"][6:10]
        assert row["District"][1:] == row["Beat"][:2]
        assert moment(row["Updated On"]) > moment(row["Date"])
        position = f"({row['Latitude']}, {row['Longitude']})" if row["Latitude"] else ""
        assert row["Location"] == position
    path = tmp_path / "rewritten.csv"
    generate(path, 5_000, seed=3)
    text = path.read_text(encoding="utf-8")
    again = io.StringIO()
    csv.writer(again, lineterminator="\n").writerows(csv.reader(io.StringIO(text)))
    assert again.getvalue() == text


def test_keys_are_unique_and_ascend_roughly(sample: list[dict[str, str]]) -> None:
    """Ids are never far from the order of time."""
    ids = [int(row["ID"]) for row in sample]
    assert len(set(ids)) == len({row["Case Number"] for row in sample}) == len(sample)
    assert max(abs(a - b) for a, b in zip(ids, sorted(ids), strict=True)) < 200
    assert sample[0]["Case Number"].startswith("HV1")
    assert sample[-1]["Case Number"].startswith("JB1")


def test_shares_are_those_of_the_city(sample: list[dict[str, str]]) -> None:
    """Types, places, arrests and oddities in the proportions of the real file."""
    total = len(sample)

    def share(test: Callable[[dict[str, str]], bool]) -> float:
        return sum(map(test, sample)) / total

    types = Counter(row["Primary Type"] for row in sample)
    assert [name for name, _ in types.most_common(4)] == ["THEFT", "BATTERY", "CRIMINAL DAMAGE", "NARCOTICS"]
    assert types["THEFT"] / total == pytest.approx(0.2294, abs=0.006)
    assert share(lambda row: row["Arrest"] == "true") == pytest.approx(0.245, abs=0.01)
    assert share(lambda row: row["Domestic"] == "true") == pytest.approx(0.154, abs=0.01)
    assert share(lambda row: row["Location Description"] == "") == pytest.approx(0.002, abs=0.0008)
    assert share(lambda row: row["Latitude"] == "") == pytest.approx(0.006, abs=0.0012)
    assert 1 <= sum(row["Community Area"] == "" for row in sample) <= 20
    assert 1 <= sum(row["Community Area"] == "0" for row in sample) <= 20
    areas = Counter(row["Community Area"] for row in sample)
    assert len(areas) == 79
    assert areas.most_common(1)[0][0] == "25"
    assert len({row["Location Description"] for row in sample}) > 100
    assert {row["Description"] for row in sample if row["IUCR"] == "0820"} == {"$500 AND UNDER"}
    arrests = Counter(row["Primary Type"] for row in sample if row["Arrest"] == "true")
    assert arrests["NARCOTICS"] / types["NARCOTICS"] > 0.98
    assert arrests["BURGLARY"] / types["BURGLARY"] < 0.08


def test_time_has_its_shapes(sample: list[dict[str, str]]) -> None:
    """Summer, Friday, noon, and the placeholders for an unknown time."""
    moments = [moment(row["Date"]) for row in sample]
    hours = Counter(at.hour for at in moments)
    assert hours[12] > hours[11] > hours[5] * 2
    clocks = Counter((at.hour, at.minute, at.second) for at in moments)
    assert clocks[12, 0, 0] / len(moments) == pytest.approx(0.025, abs=0.004)
    assert clocks[0, 0, 0] / len(moments) == pytest.approx(0.0125, abs=0.004)
    months, days = Counter(at.month for at in moments), Counter(at.isoweekday() for at in moments)
    assert months[7] > months[2] * 1.2
    assert days.most_common(1)[0][0] == 5
    years = Counter(at.year for at in moments)
    assert years[2018] / years[2012] == pytest.approx(0.97**6, abs=0.03)


def test_names_change_with_time(sample: list[dict[str, str]]) -> None:
    """The City's renaming, and its three spellings."""
    old = [moment(row["Date"]) for row in sample if row["Primary Type"] == "CRIM SEXUAL ASSAULT"]
    new = [moment(row["Date"]) for row in sample if row["Primary Type"] == "CRIMINAL SEXUAL ASSAULT"]
    assert max(old) < min(new)
    spellings = {"NON-CRIMINAL", "NON - CRIMINAL", "NON-CRIMINAL (SUBJECT SPECIFIED)"}
    assert len(spellings & {row["Primary Type"] for row in sample}) >= 2


def test_coordinates_follow_the_state_plane(sample: list[dict[str, str]]) -> None:
    """Degrees and feet tell the same place, and areas lie where they are."""
    located = [row for row in sample[::11] if row["X Coordinate"] not in ("", "0")]
    for row in located:
        feet = (int(row["X Coordinate"]) - 1_164_000, int(row["Y Coordinate"]) - 1_886_000)
        degrees = (float(row["Longitude"]) + 87.6736985, float(row["Latitude"]) - 41.8427929)
        assert degrees[0] == pytest.approx(feet[0] * 3.6703e-6 + feet[1] * 2.874e-8, abs=1e-5)
        assert degrees[1] == pytest.approx(feet[1] * 2.7442e-6 - feet[0] * 2.073e-8, abs=1e-5)
    loop = [row for row in located if row["Community Area"] == "32"]
    assert loop
    for row in loop:
        assert abs(float(row["Latitude"]) - 41.88) < 0.02
        assert abs(float(row["Longitude"]) + 87.63) < 0.02


@pytest.mark.parametrize(
    ("first_day", "years", "end"),
    [(date(2012, 1, 1), 1, date(2013, 1, 1)), (date(2019, 7, 4), 2, date(2021, 7, 4)),
     (date(2016, 2, 29), 1, date(2017, 2, 28))],
)  # fmt: skip
def test_range(tmp_path: Path, first_day: date, years: int, end: date) -> None:
    """Every day of the range has incidents, 29 February too, and no other day."""
    path = tmp_path / "crimes.csv"
    generate(path, 40_000, first_day=first_day, years=years)
    found = {moment(row["Date"]).date() for row in read(path)}
    assert (min(found), len(found)) == (first_day, (end - first_day).days)
    assert max(found) < end
    assert any((day.month, day.day) == (2, 29) for day in found)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 33, 65, rows.CHUNK - 1, rows.CHUNK, 2 * rows.CHUNK + 1])
def test_any_number_of_rows(tmp_path: Path, count: int) -> None:
    """Small files and whole chunks, and progress up to the last row."""
    seen: list[int] = []
    made = generate(tmp_path / "crimes.csv", count, progress=seen.append)
    assert len(read(tmp_path / "crimes.csv")) == made.rows == made.incidents == count
    assert seen[-1] == count
    assert seen == sorted(seen)
    assert made.bytes == (tmp_path / "crimes.csv").stat().st_size
    assert made.defects == made.expected_rejects == {}


def test_gzip_is_the_same_text(tmp_path: Path) -> None:
    """One member, written the same each time."""
    options: dict[str, Any] = {"seed": 2, "defects": 0.02, "bom": True, "crlf": True}
    plain = generate(tmp_path / "crimes.csv", 70_000, **options)
    packed = generate(tmp_path / "crimes.csv.gz", 70_000, **options)
    again = generate(tmp_path / "again.csv.gz", 70_000, **options)
    assert gzip.decompress(packed.path.read_bytes()) == plain.path.read_bytes()
    assert packed.path.read_bytes() == again.path.read_bytes()
    assert packed.bytes < plain.bytes / 2
    assert (packed.defects, packed.rows) == (plain.defects, plain.rows)


def test_bom_and_line_ends(tmp_path: Path) -> None:
    """Both only when asked for."""
    generate(tmp_path / "a.csv", 2_000, bom=True, crlf=True)
    generate(tmp_path / "b.csv", 2_000)
    marked, bare = (tmp_path / "a.csv").read_bytes(), (tmp_path / "b.csv").read_bytes()
    assert marked.startswith(b"\xef\xbb\xbfID,")
    assert marked[3:].replace(b"\r\n", b"\n") == bare
    assert marked.count(b"\r\n") == bare.count(b"\n") == 2_001
    assert b"\r" not in bare


def reason(fields: list[str]) -> str | None:
    """Why a record whose quotes are good has to be rejected, by the rules of the reader."""
    if len(fields) != 22:
        return "malformed_row"
    if not fields[0].strip():
        return "missing_id"
    if not fields[0].isdigit():
        return "bad_id"
    if not fields[2].strip():
        return "missing_date"
    if re.fullmatch(r"\d\d/\d\d/\d{4}|\d{4}-\d\d-\d\d", fields[2]):
        return "date_without_time"
    try:
        moment(fields[2])
    except ValueError:
        return "bad_date"
    return None if fields[8] in ("true", "false") else "bad_arrest"


def good_quotes(text: str) -> list[str] | None:
    """The fields of one record; None where a quote stays open or text follows a closing one."""
    field = r'(?:"(?:[^"]|"")*"|(?!")[^,\n]*)'
    if not re.fullmatch(f"{field}(?:,{field})*", text):
        return None
    return next(csv.reader([text])) if "\n" not in text else next(csv.reader(text.splitlines(keepends=True)))


def account(text: str) -> tuple[int, Counter[str], int]:
    """Records, rejects by reason, and superseded rows of a file's text, line by line."""
    lines = text.removeprefix("\ufeff").split("\n")[1:-1]
    rejects: Counter[str] = Counter()
    ids: Counter[str] = Counter()
    versions: dict[str, set[str]] = {}
    count = position = 0
    while position < len(lines):
        taken, fields = 1, good_quotes(lines[position].removesuffix("\r"))
        if fields is None and position + 1 < len(lines):
            both = good_quotes("\n".join(lines[position : position + 2]).removesuffix("\r"))
            if both is not None:
                taken, fields = 2, both
        position += taken
        count += 1
        why = "malformed_row" if fields is None else reason(fields)
        if why:
            rejects[why] += 1
        elif fields:
            ids[fields[0]] += 1
            versions.setdefault(fields[0], set()).add(fields[18])
    repeated = {key: number for key, number in ids.items() if number > 1}
    assert set(repeated.values()) <= {2}
    return count, rejects, len(repeated)


@pytest.mark.parametrize(
    ("count", "share", "crlf"),
    [(20_000, 0.05, False), (70_001, 0.02, True), (3_000, 0.4, False), (44, 0.4, True)],
)
def test_account_of_defects_is_exact(tmp_path: Path, count: int, share: float, crlf: bool) -> None:
    """A reading from outside finds what the generator says it wrote."""
    made = generate(tmp_path / "crimes.csv", count, seed=9, defects=share, crlf=crlf, bom=crlf)
    text = made.path.read_bytes().decode()
    found, rejects, superseded = account(text)
    assert (found, dict(rejects), superseded) == (count, made.expected_rejects, made.superseded)
    assert sum(made.defects.values()) == min(round(count * share), count // 2)
    assert made.incidents == count - superseded - rejects.total()
    assert text.count("<script>alert(1)</script>") <= made.defects.get("markup", 0)


def test_every_kind_is_written(tmp_path: Path) -> None:
    """What the harmless kinds look like in the file, and which field they spoil."""
    made = generate(tmp_path / "crimes.csv", 20_000, seed=4, defects=0.05)
    text = made.path.read_text(encoding="utf-8")
    assert set(made.defects) == set(KINDS)
    assert set(made.expected_rejects) == set(REASONS.values())
    assert made.expected_warnings == {
        "ward": made.defects["unreadable_ward"],
        "x_coordinate": made.defects["unreadable_coordinate"],
    }
    for mark in (
        "<script>",
        '"=HYPERLINK(""http',
        "@SUM(1+1)",
        "図書館",
        'CTA ""L"" TRAIN',
        "PARKING LOT\nREAR",
    ):
        assert mark in text, mark
    assert re.search(r"\n\d+,\w+,\d\d-\d\d-\d{4} \d\d:\d\d,", text)


def test_versions_differ_in_publication_and_arrest(tmp_path: Path) -> None:
    """Another version is later or earlier, never equal; a repeated row is equal to the last byte."""
    made = generate(tmp_path / "crimes.csv", 30_000, seed=8, defects=0.03)
    lines = [line for line in made.path.read_text(encoding="utf-8").split("\n") if line.count(",") == 22]
    by_id: dict[str, list[str]] = {}
    for line in lines:
        by_id.setdefault(line.partition(",")[0], []).append(line)
    pairs = [pair for key, pair in by_id.items() if key.isdigit() and len(pair) == 2]
    equal = sum(first == second for first, second in pairs)
    # Rows with a comma in a description or without coordinates have another number of commas.
    assert 0.6 * made.defects["repeated_row"] < equal <= made.defects["repeated_row"]
    for first, second in pairs:
        if first != second:
            one, other = next(csv.reader([first])), next(csv.reader([second]))
            changed = [n for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
            assert changed == [8, 18]
            assert min(moment(one[18]), moment(other[18])) > moment(one[2])


@pytest.mark.parametrize("name", ["crimes.csv", "crimes.csv.gz"])
def test_interruption_leaves_nothing(tmp_path: Path, name: str) -> None:
    """The old file stays, and nothing half-written beside it."""
    path = tmp_path / name
    path.write_text("old")

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(path, 100_000, progress=stop)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert path.read_text() == "old"
    generate(path, 10)
    assert path.stat().st_size > 1000 or name.endswith(".gz")


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chunks in flight are all there is, however many follow."""
    monkeypatch.setattr(writer, "_threads", lambda: 2)
    peaks = []
    for count in (8, 16):
        tracemalloc.start()
        generate(tmp_path / "crimes.csv", count * rows.CHUNK)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # how many are in flight at once depends on who is faster, the maker of rows or the writer
    assert peaks[1] < peaks[0] * 1.6
    assert peaks[1] < 300e6


@pytest.mark.parametrize(
    "wrong",
    [{"rows": -1}, {"seed": -1}, {"years": 0}, {"years": 300}, {"first_day": date(9899, 1, 1)},
     {"change_per_year": -1.0}, {"change_per_year": float("nan")}, {"defects": 0.5}, {"defects": -0.1},
     {"defects": float("nan")}, {"path": Path("no/such/folder/crimes.csv")}, {"path": Path()}],
)  # fmt: skip
def test_wrong_arguments_are_refused_in_one_line(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """Before anything is written."""
    arguments: dict[str, Any] = {"path": tmp_path / "crimes.csv", "rows": 10, **wrong}
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z"):
        generate(arguments.pop("path"), arguments.pop("rows"), **arguments)
    assert list(tmp_path.iterdir()) == []


def answers_in(layout: str, folder: Path) -> Mapping[str, Answer]:
    """The answers of a small file in a layout, no row of which is rejected, nor a value unreadable."""
    made = generate(folder / f"{layout}.csv", 2_000, seed=4, layout=layout)
    named = None if bundled(layout).is_told_by_headings else layout
    result = run(made.path, folder / layout, layout=named, analyses=False)
    assert (result.record.layout, result.record.read) == (layout, made.rows)
    assert (result.record.incidents, result.record.rejected, result.record.warnings) == (2_000, {}, {})
    return result.answers


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Answer]:
    return answers_in(CHICAGO.name, tmp_path_factory.mktemp("city"))


@pytest.mark.parametrize("name", BUNDLED[1:])
def test_every_layout_is_read_back_whole(name: str, city: Mapping[str, Answer], tmp_path: Path) -> None:
    """What does not depend on the department is as in the City's layout."""
    found = answers_in(name, tmp_path)
    assert found["monthly_trend"].rows == city["monthly_trend"].rows
    # only the City's locations are renamed; the first is called the same
    first, city_first = (
        [row for row in each["theft_locations"].rows if row[1] == 1] for each in (found, city)
    )
    assert first == city_first
    areas = {row["area"]: row["incidents"] for row in found["safest_areas"].records()}
    assert set(areas) == {area.number for area in bundled(name).areas.all}
    assert sum(map(bool, areas.values())) > len(areas) / 2
    arrests, city_arrests = (
        sum(row["arrests"] for row in each["arrest_rates"].records()) for each in (found, city)
    )
    assert arrests == (city_arrests if bundled(name).has_arrests else 0)


def test_a_department_s_file_has_its_headings_and_its_ways_to_write(tmp_path: Path) -> None:
    for name, headings, patterns in (
        (
            "new_york",
            "CMPLNT_NUM,CMPLNT_FR_DT,CMPLNT_FR_TM,OFNS_DESC,PD_DESC,PREM_TYP_DESC,PATROL_BORO,ADDR_PCT_CD,"
            "X_COORD_CD,Y_COORD_CD,Latitude,Longitude",
            {
                "CMPLNT_FR_DT": r"\d\d/\d\d/\d{4}",
                "CMPLNT_FR_TM": r"\d\d:\d\d:\d\d",
                "ADDR_PCT_CD": r"\d{0,3}",
            },
        ),
        (
            "los_angeles",
            "DR_NO,DATE OCC,TIME OCC,LOCATION,Crm Cd Desc,Premis Desc,Status,Rpt Dist No,AREA,LAT,LON",
            {"TIME OCC": "0|[1-9]\\d{0,3}", "Status": "AA|JA|OTHER", "AREA": r"\d{0,2}"},
        ),
    ):
        generate(tmp_path / f"{name}.csv", 1_000, layout=name)
        found = read(tmp_path / f"{name}.csv")
        assert ",".join(found[0]) == headings
        for row in found:
            for heading, pattern in patterns.items():
                assert re.fullmatch(pattern, row[heading]), (heading, row[heading])
    assert {row["Crm Cd Desc"] for row in found} >= {"SHOPLIFTING", "BATTERY"}


def test_a_look_up_may_say_yes_and_no_in_any_words(tmp_path: Path) -> None:
    text = (
        layout_text("generic").replace('"true" = ["ARREST*"', '"Yes" = ["ARREST*"').replace('"false"', '"N"')
    )
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    arrests = {}
    for name in ("generic", str(tmp_path / "mine.toml")):
        made = generate(tmp_path / "in.csv", 1_000, layout=name)
        found = run(made.path, tmp_path / "out", layout=name, analyses=False)
        arrests[name] = found.answers["arrest_rates"].rows
    assert arrests["generic"] == arrests[str(tmp_path / "mine.toml")]
    assert any(row[2] for row in arrests["generic"])


def test_defects_are_of_the_city_s_layout_alone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="layout new_york is another"):
        generate(tmp_path / "x.csv", 100, layout="new_york", defects=0.1)
    assert list(tmp_path.iterdir()) == []
