"""Every query has a limit of bytes billed, whoever sends it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.bigquery", reason="needs the extra gcp: make dev")

from crime_pipelines.cloud.clients import warehouse_client
from crime_pipelines.cloud.settings import Settings

ROOT = Path(__file__).parents[2]


def test_the_client_of_the_warehouse_limits_its_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:1")
    client = warehouse_client(Settings("p", maximum_bytes_billed=12_345))
    assert client.default_query_job_config.maximum_bytes_billed == 12_345


def test_no_other_client_of_bigquery_is_made() -> None:
    made = [
        str(path.relative_to(ROOT))
        for folder in ("crime_pipelines", "spark", "beam")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if re.search(
            r"\bbigquery\.Client\(|from google\.cloud\.bigquery import .*\bClient\b", path.read_text()
        )
        and "TYPE_CHECKING" not in path.read_text()
    ]
    assert made == []
