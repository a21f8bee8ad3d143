"""The suite of files in other formats than comma-separated text, plain or gzipped."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crime_pipelines import run
from crime_pipelines.domain.fields import COLUMNS
from crime_pipelines.engines.testing.formats import FORMATS, REFUSED, REJECTED, ROWS, others
from crime_pipelines.engines.testing.inputs import write
from crime_pipelines.engines.testing.oracle import expect
from crime_pipelines.engines.testing.suite import answers_of, incidents_of, loaded, raw_rejects_of, same
from crime_pipelines.errors import GateError, InputError
from crime_pipelines.output.checks import check_output


class FormatConformance:
    """The suite; a subclass names its engine."""

    engine: ClassVar[str]
    options: ClassVar[dict[str, str]] = {}

    def run(self, source: object, out: Path, **options: Any) -> dict[str, Any]:
        """Run the engine over a SOURCE, without the analyses, and return `run.json`."""
        options = {"max_rejected": 1, "analyses": False, **options}
        run(str(source), out, engine=self.engine, engine_options=self.options, **options)
        return loaded(out)

    @pytest.mark.parametrize("name", FORMATS)
    def test_the_gate_shows_values_as_they_stand_in_the_file(self, name: str, tmp_path: Path) -> None:
        source = tmp_path / "in" / name
        source.parent.mkdir()
        source.write_bytes(FORMATS[name]())
        with pytest.raises(
            GateError, match=r"3 of 8 rows .* 1 bad_arrest, such as 'perhaps' in the row .*'x'"
        ):
            self.run(source, tmp_path / "out", max_rejected=0.1)
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("name", FORMATS)
    def test_every_format_gives_what_plain_text_gives(self, name: str, tmp_path: Path) -> None:
        expected = expect([write(tmp_path / "twin.csv", ROWS)])
        source = tmp_path / "in" / name
        source.parent.mkdir()
        source.write_bytes(FORMATS[name]())
        record = self.run(source, tmp_path / "out")
        assert incidents_of(tmp_path / "out") == expected.incidents
        assert record["rejected"] == REJECTED
        assert (record["read"], record["superseded"]) == (expected.read, expected.superseded)
        assert record["warnings"] == dict(expected.warnings)
        for file in record["files"]:
            assert file["name"].startswith(str(source))
            assert file["rows_counted"] == file["rows_read"]
        assert sum(file["rows_counted"] for file in record["files"]) == len(ROWS)
        wanted = expected.answers()
        for answer, rows in answers_of(tmp_path / "out").items():
            assert all(
                all(map(same, got, row_wanted)) for got, row_wanted in zip(rows, wanted[answer], strict=True)
            )
        texts = {reason: text for reason, _, text in raw_rejects_of(tmp_path / "out")}
        assert len(texts) == 3
        if "json" in name or name.endswith("parquet"):
            assert {key.lower(): each for key, each in json.loads(texts["bad_id"]).items()}["id"] == "x"
        elif ".tsv" in name:
            assert texts["bad_id"].split("\t")[:2] == ["x", "HX100001"]
            assert '\t"a;b\tc,d"\t' in texts["bad_id"]
        elif name == "semicolons.csv":
            assert ';"a;b\tc,d";' in texts["bad_id"]

    @pytest.mark.parametrize("what", REFUSED)
    def test_refuses_a_format_in_a_sentence_of_its_own(self, what: str, tmp_path: Path) -> None:
        make, said = REFUSED[what]
        source = tmp_path / "in.csv"
        source.write_bytes(make())
        with pytest.raises(InputError) as caught:
            self.run(source, tmp_path / "out")
        assert str(caught.value).startswith(str(source))
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
        assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]

    def test_a_folder_of_formats_and_other_files(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        others(tmp_path)
        record = self.run(tmp_path, tmp_path / "out")
        assert (record["read"], record["incidents"], record["superseded"]) == (7, 7, 0)
        assert sorted(file["rows_counted"] for file in record["files"]) == [2, 2, 3]
        (line,) = [warning["text"] for warning in record["input_warnings"]]
        assert line.startswith(f"{tmp_path / 'd.txt'}: passed over")
        assert line in caplog.messages
        # the next night: the output lies in SOURCE
        again = self.run(tmp_path, tmp_path / "out")
        assert again["read"] == 7
        assert f"{tmp_path / 'out'}: passed over, it is the output of a run" in [
            warning["text"] for warning in again["input_warnings"]
        ]

    def test_an_outputs_incidents_keep_their_shift(self, tmp_path: Path) -> None:
        source = write(tmp_path / "in.csv", ROWS)
        self.run(source, tmp_path / "first", shift_years=2)
        record = self.run(tmp_path / "first" / "incidents", tmp_path / "second", shift_years=3)
        assert record["read"] == record["incidents"] == 3 + 1
        first, second = incidents_of(tmp_path / "first"), incidents_of(tmp_path / "second")
        # which field could not be read is not told again
        at = COLUMNS.index("unreadable")
        assert {key: each[:at] for key, each in first.items()} == {
            key: each[:at] for key, each in second.items()
        }

    def test_standard_input(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = expect([write(tmp_path / "twin.csv", ROWS)])
        for number, name in enumerate(("crimes.json", "crimes.csv.xz")):
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FORMATS[name]())))
            out = tmp_path / str(number)
            record = self.run("-", out)
            assert incidents_of(out) == expected.incidents
            (file,) = record["files"]
            assert (file["name"], file["rows_counted"], file["rows_read"]) == ("standard input", 8, 8)
            assert record["source"] == "-"
            (tmp_path / name).write_bytes(FORMATS[name]())
            assert [each for each in check_output(out, str(tmp_path / name)) if each.problem] == []
