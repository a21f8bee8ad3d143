"""Metrics made from logs match what the code logs; alerts and the dashboard draw on metrics that exist."""

from __future__ import annotations

import ast
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import crime_pipelines
from crime_pipelines.support.logs import CloudFormatter
from tests.terraform.plans import Plan

FUNCTIONS = Path(crime_pipelines.__file__).parent / "cloud" / "functions"
LEVELS = {"info": "INFO", "warning": "WARNING", "error": "ERROR", "exception": "ERROR"}
RANKS = ["DEFAULT", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


@dataclass(frozen=True)
class Call:
    """A call that logs: what it says, how badly, and the names of the fields that it adds."""

    place: str
    message: str
    severity: str
    fields: frozenset[str]

    def entry(self) -> dict[str, Any]:
        """The entry as Cloud Logging gets it, from the code's own formatter."""
        record = logging.LogRecord(
            "name", getattr(logging, self.severity), self.place, 1, self.message, (), None
        )
        for field in self.fields:
            setattr(record, field, 7)
        written = CloudFormatter("%(message)s", timestamp="time").format(record)
        found: dict[str, Any] = json.loads(written)
        return found


def calls() -> Iterator[Call]:
    """Every call of a function's code that logs; a message that is chosen between two is two calls."""
    for path in sorted(FUNCTIONS.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        spread, constants = _dictionaries(tree), _constants(tree)
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "_log"
            ):
                fields = _fields(node, spread)
                for message in _messages(node.args[0], constants):
                    yield Call(f"{path.name}:{node.lineno}", message, LEVELS[node.func.attr], fields)


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """The values that a module gives its own names once, at its top."""
    return {
        node.target.id: node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None
    }


def _messages(node: ast.expr, constants: dict[str, ast.expr]) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*_messages(node.body, constants), *_messages(node.orelse, constants)]
    if isinstance(node, ast.Name):
        node = constants[node.id]
    assert isinstance(node, ast.Constant), "a message that no filter can be held against"
    assert isinstance(node.value, str)
    return [node.value.replace("%s", "something")]


def _fields(call: ast.Call, spread: dict[str, frozenset[str]]) -> frozenset[str]:
    found: set[str] = set()
    for keyword in call.keywords:
        if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if isinstance(key, ast.Constant):
                    found.add(str(key.value))
                elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
                    found |= spread[value.func.id]
    return frozenset(found)


def _dictionaries(tree: ast.Module) -> dict[str, frozenset[str]]:
    """What functions return that an entry's fields are made of: the names that stand in their one tuple."""
    return {
        node.name: frozenset(
            str(name.value)
            for each in ast.walk(node)
            if isinstance(each, ast.Assign)
            and isinstance(each.targets[0], ast.Name)
            and each.targets[0].id == "names"
            and isinstance(each.value, ast.Tuple)
            for name in each.value.elts
            if isinstance(name, ast.Constant)
        )
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


TERM = re.compile(r'\s*([A-Za-z_.]+)\s*(=~|>=|=)\s*("(?:[^"\\]|\\.)*"|[A-Z]+)\s*(?:AND\b|$)')


def matches(log_filter: str, entry: dict[str, Any]) -> bool:
    """Whether an entry of a function passes a filter: terms joined by AND, as Cloud Logging reads them."""
    place = {"resource.type": "cloud_run_revision", "resource.labels.service_name": "crime-some-function"}
    at = 0
    while at < len(log_filter):
        term = TERM.match(log_filter, at)
        assert term, f"no reader for {log_filter[at:]!r}"
        at = term.end()
        name, operator, text = term.groups()
        wanted = json.loads(text) if text.startswith('"') else text
        found = (
            place.get(name)
            if name.startswith("resource.")
            else entry.get("severity" if name == "severity" else name.removeprefix("jsonPayload."))
        )
        if operator == ">=":
            passed = RANKS.index(str(found)) >= RANKS.index(wanted)
        elif operator == "=~":
            passed = found is not None and re.search(wanted, str(found)) is not None
        else:
            passed = found == wanted
        if not passed:
            return False
    return True


def test_every_metric_is_fed_by_what_the_functions_log(everything: Plan) -> None:
    logged = list(calls())
    assert len(logged) > 8
    metrics = everything.of("google_logging_metric")
    assert metrics
    for metric in metrics:
        name, values = metric.values["name"], metric.values
        feeding = [call for call in logged if matches(values["filter"], call.entry())]
        assert feeding, f"{name}: nothing that is logged passes {values['filter']}"
        extractor = values["value_extractor"]
        if extractor:
            field = re.fullmatch(r"EXTRACT\(jsonPayload\.(\w+)\)", extractor)[1]  # type: ignore[index]
            for call in feeding:
                assert isinstance(call.entry().get(field), int), f"{name}: {call.place} logs no {field}"
        assert (values["metric_descriptor"][0]["value_type"] == "DISTRIBUTION") == bool(extractor)


def test_every_error_that_a_function_logs_raises_an_alarm(everything: Plan) -> None:
    watched = str(everything.one("google_monitoring_alert_policy", display_name="crime: a run failed").values)
    filters = [
        each.values["filter"]
        for each in everything.of("google_logging_metric")
        if f"user/{each.values['name']}" in watched
    ]
    for call in calls():
        if call.severity == "ERROR":
            assert any(matches(each, call.entry()) for each in filters), f"{call.place}: {call.message}"


@pytest.mark.parametrize(
    "kind", ["google_monitoring_alert_policy", "google_monitoring_dashboard", "google_monitoring_slo"]
)
def test_what_is_watched_exists(plan: Plan, kind: str) -> None:
    made = {each.values["name"] for each in plan.of("google_logging_metric")}
    text = json.dumps([each.values for each in plan.of(kind)])
    asked = set(re.findall(r"logging\.googleapis\.com/user/(\w+)", text))
    asked |= {name.removesuffix("_sum") for name in re.findall(r"logging_googleapis_com:user_(\w+)", text)}
    assert asked
    assert asked <= made
    subscriptions = {each.values["name"] for each in plan.of("google_pubsub_subscription")}
    for listed in re.findall(r"subscription_id=one_of\(([^)]*)\)", text.replace("\\", "")):
        assert set(re.findall(r'"([^"]+)"', listed)) <= subscriptions


def test_every_subscription_is_watched(plan: Plan) -> None:
    text = json.dumps([each.values for each in plan.of("google_monitoring_alert_policy")])
    for each in plan.of("google_pubsub_subscription"):
        # for whoever wants to hear of surges, at their pace
        if each.values["name"] != f"{plan.topic('surges')}-kept":
            assert f'\\"{each.values["name"]}\\"' in text, each.values["name"]


def test_the_dashboard_is_one(everything: Plan) -> None:
    (dashboard,) = everything.of("google_monitoring_dashboard")
    layout = json.loads(dashboard.values["dashboard_json"])["mosaicLayout"]
    titles = [tile["widget"]["title"] for tile in layout["tiles"]]
    for wanted in (
        "Rows read", "Rows rejected", "Lag of the live feed", "Backlog: messages", "Dead letters",
        "Job duration on Dataproc", "What it costs",
    ):  # fmt: skip
        assert wanted in titles
    taken = set()
    for tile in layout["tiles"]:
        assert tile["xPos"] + tile["width"] <= layout["columns"]
        for x in range(tile["xPos"], tile["xPos"] + tile["width"]):
            for y in range(tile["yPos"], tile["yPos"] + tile["height"]):
                assert (x, y) not in taken
                taken.add((x, y))
        for part in tile["widget"].get("xyChart", {}).get("dataSets", []):
            assert len(part["timeSeriesQuery"]) == 1  # the API takes one kind of query
