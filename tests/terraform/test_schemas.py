"""The messages that the parts publish are what the topics' schemas take.

Google's emulator does not know Protocol Buffers' schemas: they are compiled by protoc, and messages read by
the library whose JSON mapping Pub/Sub follows.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message_factory import GetMessages

from tests.terraform.plans import ROOT, TERRAFORM, Plan

SCHEMAS = TERRAFORM / "modules" / "pubsub" / "schemas"
TAKEN: dict[str, list[dict[str, Any]]] = {
    "finished": [
        {"run_id": "a-run", "architecture": 1, "manifest": "gs://lake/runs/a-run/manifest.json"},
        {"run_id": "a-run", "architecture": 2, "manifest": None},
    ],
    "answers": [{"run_id": "a-run"}],
}
REFUSED: dict[str, list[dict[str, Any]]] = {
    "finished": [{"run_id": 7, "architecture": 1}, {"run_id": "a-run", "surprise": True}],
    "answers": [{"run": "a-run"}],
}


def message_of(name: str, folder: Path) -> Any:
    """The one message of a schema."""
    protoc = pytest.importorskip("grpc_tools.protoc")
    compiled = folder / "compiled"
    call = ["protoc", f"--proto_path={SCHEMAS}", f"--descriptor_set_out={compiled}", f"{name}.proto"]
    assert protoc.main(call) == 0
    files = FileDescriptorSet.FromString(compiled.read_bytes())
    (message,) = GetMessages(files.file).values()
    return message


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_a_schema_takes_what_is_published_and_nothing_else(name: str, tmp_path: Path) -> None:
    message = message_of(name, tmp_path)
    for each in TAKEN[name]:
        json_format.Parse(json.dumps(each), message())
    for each in REFUSED[name]:
        with pytest.raises(json_format.ParseError):
            json_format.Parse(json.dumps(each), message())


def test_the_topics_have_them(plan: Plan) -> None:
    planned = {
        each.values["name"]: (each.values["type"], each.values["definition"])
        for each in plan.of("google_pubsub_schema")
    }
    assert planned == {
        f"{plan.prefix}-{name}": ("PROTOCOL_BUFFER", (SCHEMAS / f"{name}.proto").read_text(encoding="utf-8"))
        for name in TAKEN
    }
    for topic in ("run-finished", "answers-ready"):
        (settings,) = plan.one("google_pubsub_topic", name=plan.topic(topic)).values["schema_settings"]
        assert settings["encoding"] == "JSON"
    assert not plan.one("google_pubsub_topic", name=plan.topic("incident-files")).values["schema_settings"]


def test_the_messages_are_those_of_the_contract() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text[text.index("### Messages") :].partition("\n## ")[0]
    for topic, name in (("run-finished", "finished"), ("answers-ready", "answers")):
        said = re.search(rf"`{topic}`[^:]*: `\{{([^}}]*)\}}`", section)
        assert said, topic
        fields = re.findall(r'"(\w+)"', said[1].replace('"gs://..."', ""))
        proto = (SCHEMAS / f"{name}.proto").read_text(encoding="utf-8")
        assert re.findall(r"(\w+) = \d+;", proto) == fields
