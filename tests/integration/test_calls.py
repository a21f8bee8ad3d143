"""The service accounts' calls: a fresh recording of each demonstration equals the one that is committed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from crime_pipelines.cloud.clients import publish, storage_client, warehouse_client
from crime_pipelines.cloud.functions.surges import SURGES_PUBLISHED
from crime_pipelines.localcloud.calls.record import Call, as_csv, from_csv
from crime_pipelines.localcloud.cloud import LocalCloud
from crime_pipelines.localcloud.pubsub_watch import watching
from tests.cloud.local import make_topic, needs_local_cloud
from tests.cloud.surge import DAYS, incidents
from tests.integration.test_demo import call
from tests.integration.test_feed_poll import rows_of, serving

COMMITTED = Path(__file__).parents[2] / "terraform" / "permissions"
#: Names another folder, for `make calls` to write the recordings to.
WRITE = "CRIME_PIPELINES_WRITE_CALLS"
POLL = (
    "from crime_pipelines.cloud.functions.feed import on_tick; "
    "from crime_pipelines.cloud.settings import Settings; "
    "on_tick(Settings.from_environment())"
)


def assert_recorded(record: str, calls: list[Call]) -> None:
    """Recorded anew, the calls are the committed ones; or, where asked for, write them."""
    folder = os.environ.get(WRITE)
    if folder:
        (Path(folder) / f"{record}.csv").write_text(as_csv(calls), encoding="utf-8")
        return
    assert calls == from_csv((COMMITTED / f"{record}.csv").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("record", "architecture", "rows"),
    [("architecture-1", "1", 3_000), ("architecture-2", "2", 3_000), ("streaming", "streaming", 500)],
)
def test_a_demonstration_calls_what_is_recorded(
    tmp_path: Path, record: str, architecture: str, rows: int
) -> None:
    needs_local_cloud()
    file = tmp_path / "calls.csv"
    done = call(
        *("--architecture", architecture, "--rows", str(rows)),
        *("--out", str(tmp_path / "out"), "--calls", str(file)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert_recorded(record, from_csv(file.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_so_do_the_feed_the_watch_for_surges_and_who_asks_over_http(tmp_path: Path) -> None:
    needs_local_cloud()
    with LocalCloud(tmp_path / "cloud", 1, with_code=False) as cloud, serving(rows_of(range(5))) as api:
        settings = cloud.settings
        for topic in (settings.feed_topic, settings.dead_letters_topic):
            make_topic(settings, topic)
        feed = {**os.environ, **cloud.environment_of("feed"), "CRIME_FEED_URL": api.url}
        for day in (
            1,
            2,
        ):  # a lone surrogate fits into no message; the second time, the watermark is replaced
            api.rows.append(
                {":updated_at": f"2024-03-0{day}T00:00:00Z", ":id": f"row-x{day}", "id": "\ud800"}
            )
            subprocess.run([sys.executable, "-c", POLL], env=feed, check=True)
        with watching(cloud) as watch:
            # the second time, the note of what was published is replaced
            for run_id, days in (("first", (0, DAYS)), ("second", (DAYS + 1, DAYS + 2))):
                with closing(warehouse_client(settings)) as warehouse:
                    warehouse.query_and_wait(incidents(settings, *days, surge=(8, days[1] - 1)))
                publish(settings, settings.answers_topic, {"run_id": run_id})
                entry, *_ = watch.until(partial(watch.logged, "watch_surges", SURGES_PUBLISHED, run_id))
                assert entry["surges"] == 1
        landed = storage_client(cloud.settings).bucket(cloud.settings.landing_bucket)
        landed.blob("asked/for.csv").upload_from_string("id\n1\n")
        wanted = {"source": f"gs://{landed.name}/asked/", "run_id": "asked-for"}
        request = urllib.request.Request(
            cloud.function_urls["start_processing_http"], json.dumps(wanted).encode(), method="POST"
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 202
        calls = [each for each in cloud.calls if each.account in ("feed", "start-http", "surges")]
    assert_recorded("others", calls)
