"""A function deployed as Terraform says takes what Pub/Sub pushes: no event's headers, the message alone.

Cloud Run functions without a trigger are told that they are HTTP functions; the framework goes by the
decorator.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from tests.cloud.processes import served
from tests.terraform.plans import Plan


def test_a_pushed_message_reaches_the_function(everything: Plan, tmp_path: Path) -> None:
    function = everything.one("google_cloudfunctions2_function", name="crime-start-processing").values
    environment = {
        **function["service_config"][0]["environment_variables"],
        # nothing is asked of either, but clients are made
        "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
        "CRIME_DATAPROC_ENDPOINT": "http://127.0.0.1:1",
    }
    entry_point = function["build_config"][0]["entry_point"]
    with served(entry_point, "http", environment, tmp_path) as deployed:
        for attributes, data, said in (
            (
                {"eventType": "OBJECT_DELETE", "bucketId": "b", "objectId": "o"},
                b"",
                "passed over: the event is",
            ),
            ({}, b"not one of ours", "given up: "),
        ):
            message = {
                "attributes": attributes,
                "data": base64.b64encode(data).decode(),
                "messageId": "1",
                "message_id": "1",
                "publishTime": "2026-01-01T00:00:00Z",
                "publish_time": "2026-01-01T00:00:00Z",
            }
            body = {
                "message": message,
                "subscription": "projects/a-project/subscriptions/crime-start-processing",
            }
            status, answer = deployed.post(
                json.dumps(body).encode(),
                {"Content-Type": "application/json", "User-Agent": "CloudPubSub-Google"},
            )
            assert status in {200, 204}, answer
            entries = [json.loads(line) for line in deployed.log().splitlines() if line.startswith("{")]
            assert [each for each in entries if each["message"].startswith(said)], deployed.log()
            assert all("event_id" in each for each in entries if "passed over" in each["message"])
