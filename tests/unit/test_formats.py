"""Formats: told by content, unpacked in bounded memory, refused in words, counted apart."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import zstandard

from crime_pipelines.engines.testing.inputs import row
from crime_pipelines.errors import InputError
from crime_pipelines.sources import SourceFile, look, resolve
from crime_pipelines.sources.formats.form import Content, Form, Packing
from crime_pipelines.sources.formats.packing import DamagedError, unpacked
from crime_pipelines.sources.storage import stat_local
from crime_pipelines.synthetic import HEADER

ROWS = "\n".join([HEADER, *(row(each) for each in range(1, 400)), ""]).encode()
PACK: dict[Packing, Callable[[bytes], bytes]] = {
    Packing.GZIP: gzip.compress,
    Packing.BZIP2: bz2.compress,
    Packing.XZ: lzma.compress,
    Packing.ZSTD: zstandard.ZstdCompressor(write_checksum=True).compress,
}
packings = pytest.mark.parametrize("packing", PACK)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def tarred(data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("crimes.csv")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def parquet(path: Path, select: str) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


def seen(path: Path, data: bytes) -> SourceFile:
    path.write_bytes(data)
    return look(stat_local(str(path)))


def text_of(file: SourceFile) -> bytes:
    with file.open() as stream:
        return stream.read()


def objects(rows: int = 3) -> list[dict[str, object]]:
    names = [name.lower().replace(" ", "_") for name in HEADER.split(",")]
    return [dict(zip(names, row(each).split(","), strict=True)) for each in range(1, rows + 1)]


class TestPacking:
    @packings
    def test_streams_that_follow_one_another_are_one_file(self, packing: Packing, tmp_path: Path) -> None:
        half = ROWS.index(b"\n", len(ROWS) // 2) + 1
        data = PACK[packing](ROWS[:half]) + PACK[packing](ROWS[half:])
        data += bytes(8) * (packing is not Packing.ZSTD)
        file = seen(tmp_path / "whatever", data)
        assert file.form == Form(packing)
        assert text_of(file) == ROWS
        assert file.count_rows().rows == 399

    @packings
    @pytest.mark.parametrize("kept", [0.999, 0.5, 40])
    def test_cut_short(self, packing: Packing, kept: float, tmp_path: Path) -> None:
        data = PACK[packing](ROWS)
        path = tmp_path / "in.csv"
        path.write_bytes(data[: int(kept * len(data)) if kept < 1 else int(kept)])
        with pytest.raises(DamagedError, match=rf"{path}: is damaged {packing}"):
            look(stat_local(str(path))).count_rows()

    @packings
    @pytest.mark.parametrize("place", [-3, -2, 0.3, 0.6])
    def test_a_changed_byte(self, packing: Packing, place: float, tmp_path: Path) -> None:
        data = bytearray(PACK[packing](ROWS))
        at = int(place * len(data)) if place > 0 else int(place)
        if packing is Packing.BZIP2 and place == -2:
            at = -5  # the last bits are padding
        data[at] ^= 0x41
        path = tmp_path / "in.csv"
        path.write_bytes(data)
        with pytest.raises(DamagedError, match=rf"{path}: is damaged {packing}"):
            look(stat_local(str(path))).count_rows()

    @packings
    def test_damage_behind_the_first_stream(self, packing: Packing, tmp_path: Path) -> None:
        data = PACK[packing](ROWS) + b"something else"
        with pytest.raises(DamagedError, match="is damaged"):
            seen(tmp_path / "in.csv", data).count_rows()

    @packings
    def test_any_piece_may_be_read_at_a_time(self, packing: Packing) -> None:
        for size in (1, 7, 65_536):
            with unpacked(io.BytesIO(PACK[packing](ROWS)), packing, "x") as stream:
                assert b"".join(iter(lambda stream=stream, size=size: stream.read(size), b"")) == ROWS

    def test_zstd_frames_of_every_kind(self, tmp_path: Path) -> None:
        skippable = struct.pack("<LL", 0x184D2A53, 5) + b"hello"
        plain = zstandard.ZstdCompressor(write_content_size=False).compress(ROWS)
        file = seen(tmp_path / "in.csv.zst", skippable + plain + skippable + zstandard.compress(b""))
        assert file.form.packing is Packing.ZSTD
        assert text_of(file) == ROWS


class TestZip:
    def test_every_csv_member(self, tmp_path: Path) -> None:
        path = tmp_path / "in.zip"
        tabs = "\t".join(HEADER.split(",")).encode() + b"\n"
        path.write_bytes(
            zipped(
                {"b.csv": ROWS, "deep/A.TSV": tabs, "notes.txt": b"x", "__MACOSX/._b.csv": b"x", "d/": b""}
            )
        )
        said: list[str] = []
        found = resolve(str(path), said.append)
        assert [each.uri for each in found] == [f"{path}/b.csv", f"{path}/deep/A.TSV"]
        assert [each.form.separator for each in found] == [",", "\t"]
        assert found[0].count_rows().rows == 399
        assert said == [f"{path}/notes.txt: passed over, its name does not end as those of incident files do"]

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    def test_damage(self, method: int, tmp_path: Path) -> None:
        data = bytearray(zipped({"a.csv": ROWS}, method))
        data[len(data) // 2] ^= 1
        with pytest.raises(DamagedError, match=r"in.zip/a.csv: is damaged zip"):
            seen(tmp_path / "in.zip", bytes(data)).count_rows()
        with pytest.raises(DamagedError, match=r"in.zip: is damaged zip"):
            seen(tmp_path / "in.zip", bytes(data[:-30]))

    def test_names_are_never_opened(self, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        path = tmp_path / "in" / "in.zip"
        path.write_bytes(zipped({"../../evil.csv": ROWS, "/etc/x.csv": ROWS, "a\nb\x1b[31m.csv": ROWS}))
        found = resolve(str(path))
        assert len(found) == 2  # a part that begins with a dot is hidden
        assert all("\n" not in each.uri and "\x1b" not in each.uri for each in found)
        assert [each.count_rows().rows for each in found] == [399, 399]
        assert [each.name for each in tmp_path.rglob("*")] == ["in", "in.zip"]

    def test_files_that_share_bytes(self, tmp_path: Path) -> None:
        data = zipped({"a.csv": ROWS, "b.csv": ROWS})
        directory = data.index(b"PK\x01\x02")
        second = data.index(b"PK\x01\x02", directory + 4)
        shared = data[: second + 42] + bytes(4) + data[second + 46 :]
        with pytest.raises(DamagedError, match="files in it overlap"):
            resolve(str(_written(tmp_path / "in.zip", shared)))

    def test_a_size_that_is_not_true(self, tmp_path: Path) -> None:
        data = zipped({"a.csv": ROWS})
        directory = data.index(b"PK\x01\x02")
        for size in (10, 1 << 30):
            lying = data[: directory + 24] + struct.pack("<L", size) + data[directory + 28 :]
            path = _written(tmp_path / "in.zip", lying)
            with pytest.raises(InputError, match=r"in.zip"):
                resolve(str(path))[0].count_rows()

    @pytest.mark.parametrize(
        ("files", "said"),
        [
            ({"[Content_Types].xml": b"", "xl/workbook.xml": b""}, "is a spreadsheet"),
            ({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "x": b""}, "spreadsheet"),
            ({"a.csv": ROWS, "b.csv.gz": b""}, "is a pack within a pack: it holds b.csv.gz"),
            ({"a.zip": b""}, "is a pack within a pack"),
            ({"a.csv": gzip.compress(ROWS)}, "is a pack within a pack: gzip within zip"),
            ({"a.jpg": b"x", "b.txt": b"y"}, "holds no CSV file"),
            ({}, "holds no CSV file"),
            ({"a.csv": b""}, "a.csv: is empty"),
        ],
    )  # fmt: skip
    def test_what_is_refused(self, files: dict[str, bytes], said: str, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=said.replace("[", r"\[")):
            resolve(str(_written(tmp_path / "in", zipped(files))))

    def test_packed_otherwise(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="packed in a way that is not read here"):
            resolve(str(_written(tmp_path / "in", zipped({"a.csv": ROWS}, zipfile.ZIP_LZMA))))
        encrypted = bytearray(zipped({"a.csv": ROWS}))
        encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
        with pytest.raises(InputError, match=r"a.csv: is encrypted"):
            resolve(str(_written(tmp_path / "in", bytes(encrypted))))


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (tarred(ROWS), "is a tar archive"),
        (gzip.compress(tarred(ROWS)), "is a tar archive"),
        (gzip.compress(gzip.compress(ROWS)), "is a pack within a pack: gzip within gzip"),
        (gzip.compress(bz2.compress(ROWS)), "is a pack within a pack: bzip2 within gzip"),
        (lzma.compress(zipped({"a.csv": ROWS})), "is a pack within a pack: zip within xz"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "is a spreadsheet"),
        (json.dumps({"type": "FeatureCollection", "features": []}).encode(), "is GeoJSON"),
        (b'{"type" : "Feature", "properties": {}}\n' * 3, "is GeoJSON"),
        (b'{"features": [{"type": "Feature"', "is GeoJSON"),
        (gzip.compress(b'[{"type": "Feature"}]'), "is GeoJSON"),
        (ROWS.decode().encode("utf-16"), "is UTF-16 text"),
        (ROWS.decode().encode("utf-16-le"), "is UTF-16 text"),
        (ROWS.decode().encode("utf-16-be"), "is UTF-16 text"),
        (gzip.compress(ROWS.decode().encode("utf-16")), "is UTF-16 text"),
        (b'{\n  "meta": {},\n  "data": []\n}\n', "begins with a JSON object that does not end on its line"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "is a 7-Zip archive"),
        (b"Rar!\x1a\x07" + bytes(100), "is a RAR archive"),
        (b"[]", "holds no JSON object"),
        (b"[1, 2]", "lacks the headings"),
        (b'[{"id": 1}, 2]', "is damaged JSON behind 1 objects (an object should begin there)"),
        (b'[{"id": 1}', "is damaged JSON behind 1 objects (it ends too early)"),
        (b'[{"id": 1},]', "is damaged JSON behind 1 objects (a comma ends it)"),
        (b'[{"id": 1} {"id": 2}]', "is damaged JSON behind 1 objects (a comma should follow)"),
        (b'[{"id": 1}] x', "is damaged JSON behind 1 objects (something follows the array)"),
        (b'[{"id": }]', "is damaged JSON behind 0 objects"),
        (b"[" + b'{"a":' * 100_000, "is damaged JSON behind 0 objects (it is nested too deeply)"),
        (gzip.compress(b"PAR1"), "is Parquet within gzip, a pack within a pack"),
        (b"PAR1" + bytes(100), "is damaged Parquet (it has no footer"),
        (b"PAR1" + bytes(100) + b"\x50\0\0\0PAR1", "is damaged Parquet (its footer can't be read"),
        (b"PAR1" + bytes(100) + b"\x50\0\0\0PARE", "is encrypted Parquet"),
        (b"PAR", "is damaged or encrypted Parquet"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_what_is_refused_in_a_sentence_of_its_own(data: bytes, said: str, tmp_path: Path) -> None:
    path = _written(tmp_path / "in.csv", data)
    with pytest.raises(InputError) as caught:
        look(stat_local(str(path)))
    assert str(caught.value).startswith(f"{path}: {said}")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


class TestText:
    @pytest.mark.parametrize("separator", [",", "\t", ";"])
    def test_separators(self, separator: str, tmp_path: Path) -> None:
        names = HEADER.split(",")
        values = [f'"{name},;\t"' if name == "Block" else name for name in names]
        data = "\r\n".join([separator.join(names), separator.join(values), "x", 'a"b', '"open', ""])
        file = seen(tmp_path / "in", data.encode())
        assert file.form.separator == separator
        assert list(file.headings) == names
        assert file.count_rows().rows == 4
        lines = text_of(file).decode().splitlines()
        if separator == ",":
            return
        assert lines[1] == ",".join(f'"{name},;\t"' if name == "Block" else name for name in names)
        restored = [file.original_text("malformed_row", line) for line in lines[2:]]
        assert restored == ["x", 'a"b', '"open']
        assert file.original_text("bad_id", lines[1]).split(separator)[3:4] != [""]

    def test_a_json_array_and_json_lines_give_the_same(self, tmp_path: Path) -> None:
        rows = objects()
        del rows[0]["block"]
        rows[1] |= {"note": 'a "b", c\nd', "at": {"x": [1.50, None]}, "n": 1e400, "t": True, "z": None}
        lines = "\n".join(map(json.dumps, rows)) + "\n\n"
        array = seen(tmp_path / "a", b"\xef\xbb\xbf " + json.dumps(rows, indent=1).encode())
        by_line = seen(tmp_path / "b", b"\xef\xbb\xbf" + lines.encode())
        pages = seen(
            tmp_path / "c", json.dumps(rows[:2]).encode() + b"\n[]\n" + json.dumps(rows[2:]).encode()
        )
        assert (array.form.content, by_line.form.content) == (Content.JSON_ARRAY, Content.JSON_LINES)
        assert text_of(array) == text_of(by_line) == text_of(pages)
        assert {each.count_rows().rows for each in (array, by_line, pages)} == {3}
        assert set(array.headings) == {*rows[0], *rows[1]}
        text = text_of(array).decode()
        assert '"a ""b"", c\nd"' in text
        assert "Infinity" in text
        assert "true" in text

    def test_lines_that_are_no_objects_are_rows(self, tmp_path: Path) -> None:
        good = json.dumps(objects(1)[0])
        bad = ['{"id": 1', "[1]", 'x,"y', good + good, '{"id": "' + "x" * 300_000 + '"}']
        file = seen(tmp_path / "in", "\n".join([good, *bad]).encode())
        assert file.count_rows().rows == 6
        lines = text_of(file).decode().splitlines()
        assert [file.original_text("malformed_row", line) for line in lines[2:]] == bad

    def test_an_array_keeps_an_object_of_too_many_bytes_whole(self, tmp_path: Path) -> None:
        long = json.dumps({"id": "é" * 200_000}, ensure_ascii=False)
        file = seen(tmp_path / "in", f"[{json.dumps(objects(1)[0])}, {long}]".encode())
        assert file.count_rows().rows == 2
        assert file.original_text("malformed_row", text_of(file).decode().splitlines()[2]) == long

    def test_bytes_that_are_not_utf_8_stay(self, tmp_path: Path) -> None:
        rows = objects(1)
        data = json.dumps([rows[0] | {"block": "caf@", "beat": "\ud800"}]).encode().replace(b"@", b"\xe9")
        text = text_of(seen(tmp_path / "in", data))
        assert b"caf\xe9" in text
        assert b"\xed\xa0\x80" in text

    def test_the_original_of_a_row(self, tmp_path: Path) -> None:
        rows = objects(1)
        file = seen(tmp_path / "in", json.dumps(rows).encode())
        line = text_of(file).decode().splitlines()[1]
        assert json.loads(file.original_text("bad_id", line)) == {
            key: each for key, each in rows[0].items() if each
        }


class TestParquet:
    def test_types_as_text(self, tmp_path: Path) -> None:
        path = parquet(
            tmp_path / "year=1999[x].parquet",
            "SELECT 7::BIGINT AS id, TIMESTAMP '2016-01-05 14:10:00' AS date, 'THEFT'::BLOB AS primary_type, "
            "'a \"b\", \nc' AS location_description, true AS arrest, 8.0 AS community_area, "
            "NULL::INTEGER AS ward, DATE '2016-01-05' AS day, {'x': 1} AS location FROM range(5000)",
        )
        file = look(stat_local(str(path)))
        assert file.form == Form(content=Content.PARQUET)
        assert file.headings[:3] == ("id", "date", "primary_type")
        assert len(file.headings) == 9
        assert file.count_rows().rows == 5000
        first = "7," + text_of(file).decode().split("\n7,")[1]
        assert first == ('7,2016-01-05 14:10:00,THEFT,"a ""b"", \nc",true,8.0,,2016-01-05,{\'x\': 1}')

    def test_a_damaged_page(self, tmp_path: Path) -> None:
        path = parquet(
            tmp_path / "in.parquet", f"SELECT range AS id, md5(range::VARCHAR) AS {_NAMES} FROM range(9)"
        )
        data = bytearray(path.read_bytes())
        data[20:60] = bytes(40)
        path.write_bytes(data)
        with pytest.raises(DamagedError, match=r"in.parquet: is damaged Parquet"):
            look(stat_local(str(path))).count_rows()


_NAMES = "date, '' AS primary_type, '' AS location_description, '' AS arrest, '' AS community_area"


def test_nothing_is_lost_between_two_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crime_pipelines.errors import PipelineError
    from crime_pipelines.sources.formats import reading

    file = seen(tmp_path / "in", json.dumps(objects()).encode())
    monkeypatch.setattr(reading, "comma_row", lambda row, headings: b"" if row["id"] == "2" else b"x\n")
    with pytest.raises(PipelineError, match="3 rows were counted, but 2 were read") as caught:
        file.count_rows()
    assert caught.value.exit_code == 1
