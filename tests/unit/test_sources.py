from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from crime_pipelines.domain.schema import FIELDS
from crime_pipelines.errors import InputError
from crime_pipelines.generate import HEADER
from crime_pipelines.sources import SourceFile, is_taken, look, resolve
from tests.conformance.inputs import API_HEADER, row

ROWS = f"{HEADER}\n{row(1)}\n"


def write(path: Path, content: str | bytes = ROWS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def seen(path: Path) -> SourceFile:
    return look(str(path), path.stat().st_size)


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        seen(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert caught.value.exit_code == 2
    return text.removeprefix(f"{path}: ")


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
        [("none.csv", "no such file or folder"), ("empty", "no .csv or .csv.gz file in this folder"),
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

    @pytest.mark.parametrize(
        ("name", "taken"),
        [("a.csv", True), ("a.CSV.gz", True), ("deep/a.csv", True), ("/a.csv", True), ("a.csv.gz.tmp", False),
         ("a.txt", False), (".a.csv", False), ("_a.csv", False), ("_t/a.csv", False), ("x/.t/a.csv", False),
         ("a_b.csv", True), ("csv", False)],
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
        assert (names[city["occurred_at"]], names[city["fbi_code"]]) == ("Date", "FBI Code")
        assert API_HEADER.split(",")[api["occurred_at"]] == "date"

    def test_columns_in_any_order_with_others_between(self, tmp_path: Path) -> None:
        header = '"Arrest",Weather,date,Location  Description, PRIMARY_TYPE ,community area,ID,shift_years'
        found = seen(write(tmp_path / "in.csv", header + "\n"))
        assert dict(found.columns) == {
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
        assert found.line_break == line_break
        assert found.gzipped is packed
        assert ",".join(found.headings) == HEADER

    def test_a_break_of_another_kind_in_a_later_line_does_not_matter(self, tmp_path: Path) -> None:
        assert seen(write(tmp_path / "in.csv", f"{HEADER}\n{row(1)}\r\n{row(2)}\r")).line_break == "\n"
        assert seen(write(tmp_path / "in.csv", f"{HEADER}\r{row(1)}\n")).line_break == "\r"

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "is empty"),
            (gzip.compress(b""), "is empty"),
            (b"\xef\xbb\xbf", "lacks the headings"),
            (b"PK\x03\x04rest", "is a zip archive or a spreadsheet, not CSV"),
            ("x".encode("utf-16"), "is UTF-16 text: save it as UTF-8"),
            (b"\xfe\xff\x00x", "is UTF-16 text"),
            (b"BZh91AY", "is packed with bzip2"),
            (b"\x28\xb5\x2f\xfd\x00", "is packed with zstd"),
            (b"PAR1\x15", "is Parquet, not CSV"),
            (gzip.compress(b"PAR1\x15"), "is Parquet, not CSV"),
            (b"ID,Caf\xe9\n", "is not a CSV file in UTF-8 (byte 7 of its first line)"),
            (b"ID,\x00\n", "is not a CSV file (its first line holds zero bytes)"),
            (b'"ID"x,Date\n', "its first line is not CSV headings (text follows a closing quote)"),
            (b'"ID,Date\n1,2\n', "its first line is not CSV headings (a quote is not closed)"),
            (b"\x1f\x8b\x08\x00garbage", "is damaged gzip"),
            (gzip.compress(ROWS.encode())[:20], "is damaged gzip"),
            (gzip.compress(ROWS.encode())[:4], "is damaged gzip"),
            (b"<html>\n", "lacks the headings ID, Date, Primary Type, Location Description, Arrest, "
                          "Community Area; its first line is '<html>'"),
            ((HEADER.replace("Arrest", "Arrested") + "\n").encode(),
            "lacks the heading Arrest; its first line is"),
            ((row(1) + "\n" + row(2)).encode(), "lacks the headings"),
            ((HEADER + ",date\n").encode(), "has 2 columns for occurred_at: Date, date"),
            ((HEADER + ",Primary_Type,primary type\n").encode(), "has 3 columns for primary_type"),
        ],
        ids=lambda each: each if isinstance(each, str) else "",
    )  # fmt: skip
    def test_what_is_no_incident_file(self, content: bytes, problem: str, tmp_path: Path) -> None:
        assert refusal(write(tmp_path / "in.csv", content)).startswith(problem)

    def test_a_first_line_without_end_is_shown_in_part(self, tmp_path: Path) -> None:
        text = refusal(write(tmp_path / "in.csv", b"x" * 10_000_000))
        assert text.endswith("its first line is '" + "x" * 57 + "...'")
        assert len(text) < 250

    def test_a_file_that_went_meanwhile(self, tmp_path: Path) -> None:
        path = write(tmp_path / "in.csv")
        found = seen(path)
        path.unlink()
        with pytest.raises(InputError, match="can't be read"), found.open():
            pass
        with pytest.raises(InputError, match="can't be read"):
            look(str(path), 1)
