from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crime_pipelines.support.logs import log_fields, set_up_logs

_log = logging.getLogger("crime_pipelines.somewhere")


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    talkative = {
        name: logging.getLogger(name).level for name in ("google", "urllib3", "gcsfs", "fsspec", "asyncio")
    }
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in talkative.items():
        logging.getLogger(name).setLevel(before)


def entries(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_entries_are_as_cloud_logging_reads_them(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("json")
    _log.info(
        "read %d rows\nof a file", 7, extra={"rows": 7, "path": Path("a.csv"), "at": datetime(2016, 3, 1)}
    )
    (entry,) = entries(capsys)
    assert entry["severity"] == "INFO"
    assert entry["message"] == "read 7 rows\nof a file"
    assert (entry["rows"], entry["path"]) == (7, "a.csv")
    moment = datetime.fromisoformat(entry["time"])  # RFC 3339: with an offset
    assert moment.utcoffset() == timedelta()
    place = entry["logging.googleapis.com/sourceLocation"]
    assert set(place) == {"file", "line", "function"}
    assert place["file"] == __file__
    assert place["line"].isdigit()  # int64 is a string in JSON
    assert place["function"] == "test_entries_are_as_cloud_logging_reads_them"


@pytest.mark.parametrize("level", ["INFO", "WARNING", "ERROR", "CRITICAL"])
def test_levels_are_cloud_loggings_severities(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("json")
    _log.debug("not worth an entry")
    _log.log(logging.getLevelName(level), "said")
    assert [(each["severity"], each["message"]) for each in entries(capsys)] == [(level, "said")]


def test_an_exception_is_where_error_reporting_looks_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("json")
    try:
        raise ValueError("broken")
    except ValueError:
        _log.exception("can't")
    (entry,) = entries(capsys)
    assert entry["severity"] == "ERROR"
    assert entry["stack_trace"].startswith("Traceback (most recent call last):")
    assert entry["stack_trace"].endswith("ValueError: broken")
    assert "exc_info" not in entry


def test_fields_stand_in_every_entry_inside_and_in_none_outside(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("json")
    with log_fields(run_id="run-1", event_id="e"):
        _log.info("one")
        with log_fields(event_id="f"):
            logging.getLogger("elsewhere").info("two")
        _log.info("three", extra={"run_id": "its own"})
    with pytest.raises(KeyError), log_fields(run_id="run-2"):
        raise KeyError
    _log.info("four")
    assert [(each["message"], each.get("run_id"), each.get("event_id")) for each in entries(capsys)] == [
        ("one", "run-1", "e"), ("two", "run-1", "f"), ("three", "its own", "e"), ("four", None, None),
    ]  # fmt: skip


def test_people_get_a_line_for_warnings_and_worse(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("text")
    with log_fields(run_id="run-1"):
        _log.info("unseen")
        _log.warning("seen")
    assert capsys.readouterr().err == "WARNING: seen\n"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_libraries_do_not_repeat_what_we_say(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(log_format)
    for name in ("google.auth", "urllib3.connectionpool", "gcsfs.retry"):
        logging.getLogger(name).error("at length")
    assert capsys.readouterr().err == ""


def test_setting_up_again_says_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("text")
    set_up_logs("json")
    _log.error("once")
    assert [each["message"] for each in entries(capsys)] == ["once"]
