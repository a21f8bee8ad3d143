from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from crime_pipelines.domain.fields import FIELDS
from crime_pipelines.engines.testing.inputs import API_HEADER, row
from crime_pipelines.errors import InputError
from crime_pipelines.sources import SourceFile, is_taken, look, resolve
from crime_pipelines.sources.storage import refuse_changed, stat_local
from crime_pipelines.synthetic import HEADER

ROWS = f"{HEADER}\n{row(1)}\n"


def write(path: Path, content: str | bytes = ROWS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def seen(path: Path) -> SourceFile:
    return look(stat_local(str(path)))


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        seen(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert caught.value.exit_code == 2
    return text.removeprefix(f"{path}: ")


_NOTHING = "no file of incidents in this folder (.csv, .tsv, .json, .jsonl, .ndjson, .parquet, .zip)"


class TestResolving:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name in ("b.csv", "a.csv.gz", "deep/deeper/C.CSV", "deep/notes.txt", ".hidden.csv",
        "_partial.csv",
                     "deep/_temporary/d.csv", ".cache/e.csv", "csv", "f.csv.bak"):  # fmt: skip
            write(tmp_path / "data" / name, gzip.compress(ROWS.encode()) if name.endswith("gz") else ROWS)
        return tmp_path / "data"

    def names(self, source: object, folder: Path) -> list[str]:
        return [str(Path(each.uri).relative_to(folder)) for each in resolve(str(source))]

    def test_a_file_whatever_its_name(self, folder: Path) -> None:
        assert self.names(folder / "deep" / "notes.txt", folder) == ["deep/notes.txt"]
        assert self.names(folder / "_partial.csv", folder) == ["_partial.csv"]

    def test_a_folder_to_any_depth_but_for_what_is_hidden(self, folder: Path) -> None:
        assert self.names(folder, folder) == ["a.csv.gz", "b.csv", "deep/deeper/C.CSV"]
        assert self.names(f"{folder}/", folder) == ["a.csv.gz", "b.csv", "deep/deeper/C.CSV"]

    def test_every_other_file_is_passed_over_by_name(self, folder: Path) -> None:
        said: list[str] = []
        resolve(str(folder), said.append)
        passed = "passed over, its name does not end as those of incident files do"
        assert said == [f"{folder}/{name}: {passed}" for name in ("csv", "deep/notes.txt", "f.csv.bak")]

    def test_of_very_many_other_files_some_are_named(self, tmp_path: Path) -> None:
        write(tmp_path / "in.csv")
        for number in range(130):
            (tmp_path / f"{number:03d}.jpg").touch()
        said: list[str] = []
        resolve(str(tmp_path), said.append)
        assert len(said) == 101
        assert said[-1] == "30 further files were passed over for their names"

    def test_an_output_of_ours_is_passed_over(self, folder: Path) -> None:
        record = '{"versions": {"crime-pipelines": "1"}}'
        for name in ("out", "deep/[o]ut"):
            write(folder / name / "run.json", record)
            write(folder / name / "answers" / "x.csv", "a,b\n")
        said: list[str] = []
        found = [each.uri for each in resolve(str(folder), said.append)]
        assert not any("ut/" in name.removeprefix(str(folder)) for name in found)
        assert f"{folder}/out: passed over, it is the output of a run" in said
        assert f"{folder}/deep/[o]ut: passed over, it is the output of a run" in said
        with pytest.raises(InputError, match=r"out: is the output of a run; .* name .*/out/incidents"):
            resolve(str(folder / "out"))

    def test_a_hidden_folder_that_is_named_is_meant(self, folder: Path) -> None:
        assert self.names(folder / ".cache", folder) == [".cache/e.csv"]

    def test_a_glob(self, folder: Path) -> None:
        assert self.names(folder / "*.csv*", folder) == [
            ".hidden.csv",
            "_partial.csv",
            "a.csv.gz",
            "b.csv",
            "f.csv.bak",
        ]
        assert self.names(folder / "**" / "?.csv", folder) == [
            ".cache/e.csv",
            "b.csv",
            "deep/_temporary/d.csv",
        ]
        assert self.names(folder / "[ab].csv*", folder) == ["a.csv.gz", "b.csv"]

    def test_names_are_as_the_user_would_write_them(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(folder.parent)
        assert [each.uri for each in resolve("data/b.csv")] == ["data/b.csv"]
        assert [each.uri for each in resolve("data/*.gz")] == ["data/a.csv.gz"]
        assert [each.uri for each in resolve(str(folder / "b.csv"))] == [str(folder / "b.csv")]
        monkeypatch.chdir(folder / "deep")
        assert [Path(each.uri).resolve() for each in resolve("../b.csv")] == [folder / "b.csv"]

    def test_what_a_file_is_like(self, folder: Path) -> None:
        (packed,) = resolve(str(folder / "a.csv.gz"))
        assert (packed.gzipped, packed.is_local, packed.size) == (
            True,
            True,
            (folder / "a.csv.gz").stat().st_size,
        )
        with packed.open() as stream:
            assert stream.read().decode() == ROWS
        (plain,) = resolve(str(folder / "b.csv"))
        assert not plain.gzipped
        with plain.open() as stream:
            assert stream.read().decode() == ROWS

    @pytest.mark.parametrize(
        ("source", "problem"),
        [("none.csv", "no such file or folder"), ("empty", _NOTHING),
         ("*.parquet", "no file matches"), ("pipe", "neither a file nor a folder")],
    )  # fmt: skip
    def test_what_is_not_there(self, source: str, problem: str, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        write(tmp_path / "empty" / "notes.txt")
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(InputError) as caught:
            resolve(str(tmp_path / source))
        assert str(caught.value) == f"{tmp_path / source}: {problem}"

    def test_a_storage_nobody_knows(self) -> None:
        with pytest.raises(
            InputError, match=r"^nowhere://a/b.csv: files under nowhere:// can't be read here"
        ):
            resolve("nowhere://a/b.csv")

    @pytest.mark.parametrize("name", ["crimes[1].csv", "a*b?.csv", "a::b.csv", "zip://a.csv", "gs::x.csv"])
    def test_a_name_is_no_pattern(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        path = write(tmp_path / name)
        for other in ("crimes1.csv", "aXbY.csv"):
            write(tmp_path / other, ROWS + ROWS)
        for source in (name, str(path)):
            (found,) = resolve(source)
            assert found.uri == source
            with found.open() as stream:
                assert stream.read().decode() == ROWS

    def test_a_folder_of_such_names(self, tmp_path: Path) -> None:
        names = ["crimes1.csv", "crimes[1].csv", "d[1]/x*.csv"]
        for name in names:
            write(tmp_path / "in[1]" / name)
        assert self.names(tmp_path / "in[1]", tmp_path / "in[1]") == names

    def test_a_name_that_is_not_utf_8(self, tmp_path: Path) -> None:
        path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")
        Path(path).write_text(ROWS)
        for source in (path, str(tmp_path)):
            (found,) = resolve(source)
            assert found.uri == f"{tmp_path}/caf\\xe9.csv"
            with found.open() as stream:
                assert stream.read().decode() == ROWS

    def test_no_name(self) -> None:
        with pytest.raises(InputError, match=r"^SOURCE is empty"):
            resolve("")

    def test_what_links_lead_to_is_read_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        folder = tmp_path / "in"
        write(folder / "a.csv")
        write(tmp_path / "elsewhere" / "b.csv")
        (folder / "again.csv").symlink_to(folder / "a.csv")
        (folder / "hard.csv").hardlink_to(folder / "a.csv")
        (folder / "loop").symlink_to(folder)
        (folder / "deep").symlink_to(tmp_path / "elsewhere")
        (folder / "gone.csv").symlink_to(tmp_path / "nowhere")
        os.mkfifo(folder / "pipe.csv")
        assert self.names(folder, folder) == ["a.csv", "deep/b.csv"]
        said = [record.getMessage().removeprefix(f"{folder}/") for record in caplog.records]
        assert sorted(said) == [
            f"again.csv: passed over, it is the same file as {folder}/a.csv",
            "gone.csv: passed over, it is not a regular file",
            f"hard.csv: passed over, it is the same file as {folder}/a.csv",
            "pipe.csv: passed over, it is not a regular file",
        ]

    @pytest.fixture
    def store(self) -> Iterator[str]:
        """Another file system than this machine's, in memory."""
        system = fsspec.filesystem("memory")
        system.pipe({"/lake/in/b.csv": ROWS.encode(), "/lake/in/deep/a.csv.gz": gzip.compress(ROWS.encode()),
                     "/lake/in/_SUCCESS.csv": b""})  # fmt: skip
        yield "memory://lake"
        system.rm("/lake", recursive=True)

    def test_files_of_another_storage_keep_their_uris(self, store: str) -> None:
        found = resolve(f"{store}/in")
        assert [each.uri for each in found] == ["memory:///lake/in/b.csv", "memory:///lake/in/deep/a.csv.gz"]
        assert not any(each.is_local for each in found)
        for each in found:
            with each.open() as stream:
                assert stream.read().decode() == ROWS
        with pytest.raises(InputError, match="no such file or folder"):
            resolve(f"{store}/out")

    def test_another_storage_passes_over_the_same(self, store: str) -> None:
        system = fsspec.filesystem("memory")
        record = b'{"versions": {"crime-pipelines": "1"}}'
        files = {"out/run.json": record, "out/x.csv": b"", "notes.txt": b""}
        system.pipe({f"/lake/in/{name}": data for name, data in files.items()})
        said: list[str] = []
        found = [each.uri for each in resolve(f"{store}/in", said.append)]
        assert found == ["memory:///lake/in/b.csv", "memory:///lake/in/deep/a.csv.gz"]
        assert [each.rpartition("/lake/in/")[2].partition(":")[0] for each in said] == ["out/", "notes.txt"]
        with pytest.raises(InputError, match="is the output of a run"):
            resolve(f"{store}/in/out")

    @pytest.mark.parametrize(
        ("name", "taken"),
        [("a.csv", True), ("a.CSV.gz", True), ("deep/a.csv", True), ("/a.csv", True), ("a.csv.gz.tmp", False),
         ("a.txt", False), (".a.csv", False), ("_a.csv", False), ("_t/a.csv", False), ("x/.t/a.csv", False),
         ("a_b.csv", True), ("csv", False), ("a.tsv", True), ("a.json.zst", True), ("a.ndjson.xz", True),
         ("a.jsonl.bz2", True), ("A.PARQUET", True), ("a.parquet.gz", False), ("a.zip", True),
         ("a.gz", False),
         ("a.csv.zip", True), ("a.xlsx", False), ("a.tar.gz", False), ("a.geojson", False)],
    )  # fmt: skip
    def test_what_a_folder_takes_in(self, name: str, taken: bool) -> None:
        assert is_taken(name) is taken


class TestLooking:
    def test_both_layouts_name_the_same_fields(self, tmp_path: Path) -> None:
        city = dict(seen(write(tmp_path / "city.csv", HEADER + "\n")).columns)
        api = dict(seen(write(tmp_path / "api.csv", API_HEADER + "\n")).columns)
        expected = {field.name for field in FIELDS} - {"shift_years"}
        assert set(city) == set(api) == expected
        names = HEADER.split(",")
        assert (names[city["occurred_at"].positions[0]], names[city["fbi_code"].positions[0]]) == (
            "Date",
            "FBI Code",
        )
        assert API_HEADER.split(",")[api["occurred_at"].positions[0]] == "date"

    def test_columns_in_any_order_with_others_between(self, tmp_path: Path) -> None:
        header = '"Arrest",Weather,date,Location  Description, PRIMARY_TYPE ,community area,ID,shift_years'
        found = seen(write(tmp_path / "in.csv", header + "\n"))
        assert {name: column.positions[0] for name, column in found.columns} == {
            "arrest": 0, "occurred_at": 2, "location_description": 3, "primary_type": 4, "community_area": 5,
            "id": 6, "shift_years": 7,
        }  # fmt: skip
        assert found.headings[0] == "Arrest"

    @pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", ""])
    @pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
    @pytest.mark.parametrize("packed", [False, True])
    def test_line_breaks_marks_and_packing(
        self, line_break: str, bom: bytes, packed: bool, tmp_path: Path
    ) -> None:
        data = bom + (HEADER + line_break + (row(1) + line_break) * bool(line_break)).encode()
        # gzip is told by its content: a name is no proof
        found = seen(
            write(tmp_path / ("in.csv" if packed else "in.csv.gz"), gzip.compress(data) if packed else data)
        )
        assert found.gzipped is packed
        assert ",".join(found.headings) == HEADER

    def test_a_break_of_another_kind_in_a_later_line_does_not_matter(self, tmp_path: Path) -> None:
        for text in (f"{HEADER}\n{row(1)}\r\n{row(2)}\r", f"{HEADER}\r{row(1)}\n"):
            assert ",".join(seen(write(tmp_path / "in.csv", text)).headings) == HEADER

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "is empty"),
            (gzip.compress(b""), "is empty"),
            (b"\xef\xbb\xbf", "lacks the headings"),
            (b"PK\x03\x04rest", "is damaged zip (it has no directory at its end)"),
            ("x".encode("utf-16"), "is UTF-16 text: save it as UTF-8"),
            (b"\xfe\xff\x00x", "is UTF-16 text"),
            (b"BZh91AY", "is damaged bzip2"),
            (b"\x28\xb5\x2f\xfd\x00", "is damaged zstd"),
            (b"PAR1\x15", "is damaged Parquet"),
            (gzip.compress(b"PAR1\x15"), "is Parquet within gzip, a pack within a pack"),
            (b"ID,Caf\xe9\n", "is not a CSV file in UTF-8 (byte 7 of its first line)"),
            (b"ID,\x00\n", "is not a CSV file (its first line holds zero bytes)"),
            (b'"ID"x,Date\n', "its first line is not CSV headings (text follows a closing quote)"),
            (b'"ID,Date\n1,2\n', "its first line is not CSV headings (a quote is not closed)"),
            (b"\x1f\x8b\x08\x00garbage", "is damaged gzip"),
            (gzip.compress(ROWS.encode())[:20], "is damaged gzip"),
            (gzip.compress(ROWS.encode())[:4], "is damaged gzip"),
            (b"<html>\n", "lacks the headings ID, Date, Primary Type, Location Description, Arrest, "
                          "Community Area; its first line has 1 field, none of which is a known heading"),
            (b"ID,Type,Date of\n", "lacks the headings Date, Primary Type, Location Description, Arrest, "
                          "Community Area; its first line has 3 fields, one of which is a known heading"),
            (b"ID,Type,Date\n", "lacks the headings Primary Type, Location Description, Arrest, "
                "Community Area; the nearest found: 'Type' for Primary Type; its first line is "
                "'ID,Type,Date'"),
            ((HEADER.replace("Arrest", "Arrested") + "\n").encode(),
            "lacks the heading Arrest; the nearest found: 'Arrested' for Arrest; its first line is"),
            (b"CASE#,DATE  OF OCCURRENCE,BLOCK, PRIMARY DESCRIPTION, LOCATION DESCRIPTION,ARREST,BEAT\n",
            "lacks the headings ID, Date, Primary Type, Community Area; the nearest found: "
            "'DATE  OF OCCURRENCE' for Date, 'PRIMARY DESCRIPTION' for Primary Type; its first line is"),
            ((row(1) + "\n" + row(2)).encode(), "lacks the headings"),
            ((HEADER + ",date\n").encode(), "has 2 columns for occurred_at: Date, date"),
            ((HEADER + ",Primary_Type,primary type\n").encode(), "has 3 columns for primary_type"),
        ],
        ids=lambda each: each if isinstance(each, str) else "",
    )  # fmt: skip
    def test_what_is_no_incident_file(self, content: bytes, problem: str, tmp_path: Path) -> None:
        assert refusal(write(tmp_path / "in.csv", content)).startswith(problem)

    def test_a_first_line_without_end_is_no_headings(self, tmp_path: Path) -> None:
        text = refusal(write(tmp_path / "in.csv", b"x" * 10_000_000))
        assert text == "its first line has more than 65,536 bytes, too many for headings"

    @pytest.mark.parametrize("changes", [{}, {"Description": "ARREST"}], ids=["plain", "a heading by chance"])
    def test_an_incident_in_place_of_headings_is_not_shown(
        self, changes: dict[str, str], tmp_path: Path
    ) -> None:
        first = row(1, **changes)
        text = refusal(write(tmp_path / "in.csv", first + "\n" + row(2) + "\n"))
        assert "its first line has 22 fields" in text
        assert [value for value in first.split(",") if len(value) > 3 and value in text] == []

    def test_a_file_that_went_meanwhile(self, tmp_path: Path) -> None:
        path = write(tmp_path / "in.csv")
        before = stat_local(str(path))
        found = look(before)
        path.unlink()
        with pytest.raises(InputError, match="can't be read"), found.open():
            pass
        with pytest.raises(InputError, match="can't be read"):
            look(before)
        with pytest.raises(InputError, match="was taken away while it was read"):
            refuse_changed([found])

    def test_a_file_that_was_changed_meanwhile(self, tmp_path: Path) -> None:
        path = write(tmp_path / "in.csv")
        found = seen(path)
        refuse_changed([found])
        os.utime(path, ns=(0, 0))
        with pytest.raises(InputError, match="was changed while it was read"):
            refuse_changed([found])
