"""The permission model: who needed what in the local cloud, against what the plans grant."""

from __future__ import annotations

from pathlib import Path

import pytest

from crime_pipelines.localcloud.calls import accounts, rpc, storage, warehouse
from crime_pipelines.localcloud.calls.record import Call, Calls, as_csv, from_csv, pattern_of, recorded
from tests.terraform import permissions
from tests.terraform.permissions import RECORDS, Grant
from tests.terraform.plans import Plan

ROLES = {"viewer": frozenset({"storage.objects.get", "storage.objects.list"}), "idle": frozenset({"x.y"})}
ONLY_MARKS = (
    'resource.type == "storage.googleapis.com/Bucket" || '
    'resource.name.startsWith("projects/_/buckets/a-project-crime-lake/objects/markers/")'
)


def test_the_report_is_well(plans: dict[str, Plan]) -> None:
    """No call without a grant; no grant, and no permission of a role of ours, unused without a reason."""
    text, well = permissions.report(plans)
    assert well, text


def test_no_reason_outlives_what_it_explains(everything: Plan) -> None:
    granted, called = permissions.grants(everything), permissions.every_call()
    idle = permissions.unused(called, granted, permissions.roles_of(everything))
    spare = permissions.unused_permissions(called, granted, permissions.own_roles(everything))
    why, why_permissions = permissions.reasons()
    assert set(why) == {(each.account, each.role, each.resource) for each in idle}
    assert set(why_permissions) == set(spare)
    assert all(len(reason) > 20 for reason in (*why.values(), *why_permissions.values()))


def test_the_table_of_roles_has_what_is_granted_and_nothing_else(everything: Plan) -> None:
    own = permissions.own_roles(everything)
    granted = {each.role for each in permissions.grants(everything)} - set(own)
    assert granted == set(permissions.roles_of(everything)) - set(own)


@pytest.mark.parametrize("account", ["load", "job-2", "stream"])
def test_who_adds_rows_to_the_warehouse_can_drop_none_of_its_tables(everything: Plan, account: str) -> None:
    roles = permissions.roles_of(everything)
    for table in ("table/crime/incident_versions", "table/crime_answers/crime_trend"):
        dropping = Call(account, "bigquery.tables.delete", table)
        assert permissions.missing([dropping], permissions.grants(everything), roles) == [dropping]


def test_every_record_has_the_accounts_that_it_is_about() -> None:
    found = {record: {call.account for call in permissions.calls(record)} for record in RECORDS}
    assert {"start", "job-1", "load", "charts", "surges"} <= found["architecture-1"]
    assert {"start", "job-2", "charts", "surges"} <= found["architecture-2"]
    assert {"stream", "charts", "surges"} <= found["streaming"]
    assert {"feed", "start-http", "surges"} <= found["others"]
    every = permissions.every_call()
    assert every == sorted(every)
    assert not [call for call in every if call.permission.startswith("unknown")]


def test_a_plan_without_a_stream_is_spared_the_calls_of_what_it_does_not_deploy_alone(
    plans: dict[str, Plan],
) -> None:
    granted = {name: {each.account for each in permissions.grants(plan)} for name, plan in plans.items()}
    for record, names in RECORDS.items():
        for name in set(names) - {permissions.EVERYTHING}:
            spared = set(permissions.calls(record)) - set(permissions.made_in(name, record))
            assert {call.account for call in spared} == {"push", "surges"}
            assert "surges" not in granted[name]
            assert {call.resource for call in spared if call.account == "push"} == {"function/watch-surges"}


def test_a_call_without_a_grant_is_found_and_so_is_a_grant_without_a_call() -> None:
    reads = Call("load", "storage.objects.get", "bucket/lake/runs/*/manifest.json")
    writes = reads._replace(permission="storage.objects.create")
    elsewhere = reads._replace(resource="bucket/lake-2/runs")
    other = reads._replace(account="charts")
    lake, idle = Grant("load", "viewer", "bucket/lake"), Grant("load", "idle", "project")
    called = [reads, writes, elsewhere, other]
    assert permissions.missing(called, [lake, idle], ROLES) == [writes, elsewhere, other]
    assert permissions.unused(called, [lake, idle], ROLES) == [idle]
    own = {"viewer": ROLES["viewer"]}
    assert permissions.unused_permissions(called, [lake], own) == [("viewer", "storage.objects.list")]


@pytest.mark.parametrize(
    ("resource", "is_covered"),
    [
        ("bucket/lake", True),
        ("bucket/lake/markers/*/*.json", True),
        ("bucket/lake/runs/*/markers/*.json", False),
        ("bucket/lake/markers.json", False),
        ("bucket/landing/markers/*", False),
    ],
)
def test_conditions_are_held_against_the_object(resource: str, is_covered: bool) -> None:
    call = Call("start", "storage.objects.get", resource)
    granted = Grant("start", "viewer", "project", ONLY_MARKS)
    assert granted.covers(call, ROLES) == is_covered


def test_a_dataset_covers_its_own_tables_alone() -> None:
    roles = {"reader": frozenset({"bigquery.tables.getData"})}
    granted = Grant("load", "reader", "dataset/crime")
    for resource, is_covered in (
        ("table/crime/incidents", True),
        ("dataset/crime", True),
        ("table/crime_answers/crime_trend", False),
    ):
        assert granted.covers(Call("load", "bigquery.tables.getData", resource), roles) == is_covered


@pytest.mark.parametrize(
    ("method", "path", "begin", "needed"),
    [
        ("GET", "/storage/v1/b/lake/o?prefix=runs", b"", [("storage.objects.list", "lake", "")]),
        ("GET", "/storage/v1/b/lake/o/a%2Fb?alt=media", b"", [("storage.objects.get", "lake", "a/b")]),
        ("GET", "/download/storage/v1/b/lake/o/a", b"", [("storage.objects.get", "lake", "a")]),
        ("DELETE", "/storage/v1/b/lake/o/a", b"", [("storage.objects.delete", "lake", "a")]),
        ("GET", "/storage/v1/b/lake", b"", [("storage.buckets.get", "lake", "")]),
        (
            "POST",
            "/upload/storage/v1/b/lake/o?uploadType=multipart",
            b'--x\r\n\r\n{"name": "a/\\"b"}',
            [("storage.objects.create", "lake", 'a/"b')],
        ),
        (
            "POST",
            "/upload/storage/v1/b/lake/o?uploadType=resumable&name=a%2Fb",
            b"",
            [("storage.objects.create", "lake", "a/b")],
        ),
        ("PUT", "/upload/storage/v1/b/lake/o?uploadType=resumable&upload_id=7", b"", []),
        (
            "POST",
            "/storage/v1/b/lake/o/a/rewriteTo/b/reports/o/c",
            b"",
            [("storage.objects.get", "lake", "a"), ("storage.objects.create", "reports", "c")],
        ),
        (
            "POST",
            "/batch/storage/v1",
            b"--x\r\n\r\nDELETE /storage/v1/b/lake/o/a HTTP/1.1\r\n--x\r\n\r\nGET https://h/storage/v1/b/lake/o/b\r\n",
            [("storage.objects.delete", "lake", "a"), ("storage.objects.get", "lake", "b")],
        ),
        (
            "GET",
            "/storage/v1/projects/p/hmacKeys",
            b"",
            [("unknown: GET /storage/*/projects/p/hmacKeys", "", "")],
        ),
    ],
)
def test_requests_to_cloud_storage(
    method: str, path: str, begin: bytes, needed: list[tuple[str, str, str]]
) -> None:
    assert list(storage.needed(method, path, begin)) == needed


def test_an_upload_that_wants_no_object_there_replaces_none() -> None:
    assert storage.may_replace("/upload/storage/v1/b/lake/o?uploadType=media")
    assert not storage.may_replace("/upload/storage/v1/b/lake/o?ifGenerationMatch=0&uploadType=media")


@pytest.mark.parametrize(
    ("method", "path", "body", "needed"),
    [
        ("GET", "datasets/crime/tables/runs", {}, [("bigquery.tables.get", "table/crime/runs")]),
        ("DELETE", "datasets/crime/tables/runs", {}, [("bigquery.tables.delete", "table/crime/runs")]),
        ("POST", "datasets/crime/tables", {}, [("bigquery.tables.create", "dataset/crime")]),
        (
            "POST",
            "datasets/crime/tables/runs/insertAll",
            {},
            [("bigquery.tables.updateData", "table/crime/runs")],
        ),
        ("GET", "datasets/crime/tables/runs/data", {}, [("bigquery.tables.getData", "table/crime/runs")]),
        ("GET", "datasets/crime", {}, [("bigquery.datasets.get", "dataset/crime")]),
        ("GET", "queries/job-1", {}, [("bigquery.jobs.create", "project")]),
        (
            "POST",
            "jobs",
            {"configuration": {"load": {"destinationTable": {"datasetId": "d", "tableId": "staging_x_1"}}}},
            [
                ("bigquery.jobs.create", "project"),
                ("bigquery.tables.create", "dataset/d"),
                ("bigquery.tables.updateData", "table/d/staging_*"),
            ],
        ),
        ("GET", "models", {}, [("unknown: GET /bigquery/v2/projects/p/models", "project")]),
    ],
)
def test_requests_to_bigquery(
    method: str, path: str, body: dict[str, object], needed: list[tuple[str, str]]
) -> None:
    assert list(warehouse.needed(method, f"/bigquery/v2/projects/p/{path}", body)) == needed


@pytest.mark.parametrize(
    ("sql", "tables", "needed"),
    [
        ("SELECT 1 FROM crime.a", ["a"], ["getData a"]),
        ("INSERT INTO crime.a (x) SELECT x FROM crime.b", ["a", "b"], ["updateData a", "getData b"]),
        (
            "INSERT INTO crime.a (x) SELECT x FROM crime.a",
            ["a", "a"],
            ["updateData a", "updateData a", "getData a"],
        ),
        ("DELETE FROM crime.a WHERE x = 1", ["a"], ["updateData a", "getData a"]),
        (
            "MERGE `p`.crime.a AS t USING crime.b AS s ON FALSE WHEN NOT MATCHED THEN INSERT (x) VALUES (x)",
            ["a", "b"],
            ["updateData a", "getData a", "getData b"],
        ),
        ("no statement at all (", ["a"], ["getData a"]),
    ],
)
def test_statements(sql: str, tables: list[str], needed: list[str]) -> None:
    found = warehouse.of_statement(sql, [f"p.crime.{table}" for table in tables])
    short = [f"{name.rpartition('.')[2]} {on.rpartition('/')[2]}" for name, on in found]
    assert short == needed


def test_calls_over_grpc() -> None:
    publisher = pytest.importorskip("google.pubsub_v1.types")
    request = publisher.PublishRequest.serialize(
        publisher.PublishRequest(topic="projects/p/topics/t" + "t" * 200)
    )
    assert list(rpc.needed("/google.pubsub.v1.Publisher/Publish", request)) == [
        ("pubsub.topics.publish", "topic/t" + "t" * 200)
    ]
    # a later message of a stream of acknowledgements
    later = publisher.StreamingPullRequest.serialize(publisher.StreamingPullRequest(ack_ids=["1"]))
    assert list(rpc.needed("/google.pubsub.v1.Subscriber/StreamingPull", later)) == []
    assert list(rpc.needed("/google.cloud.dataproc.v1.JobController/DeleteJob", b"")) == [
        ("unknown: /google.cloud.dataproc.v1.JobController/DeleteJob", "project")
    ]


def test_a_token_tells_whose_it_is() -> None:
    callers = accounts.accounts_by_token("0a" * 16)
    assert len(callers) == len(accounts.ACCOUNTS) + 1
    for account in ("", *accounts.ACCOUNTS):
        assert accounts.caller(accounts.token_of("0a" * 16, account), callers) == account
        assert accounts.caller(accounts.token_of("0b" * 16, account), callers) is None
    assert accounts.caller("", callers) is None
    assert accounts.account_of(accounts.email("job-1", "p")) == "job-1"
    assert accounts.account_of("someone@example.org") == accounts.account_of("job-1") == ""


def test_the_record_has_each_call_once_and_none_of_the_users(tmp_path: Path) -> None:
    one, other = Calls(tmp_path / "calls"), Calls(tmp_path / "calls")
    for calls in (one, other, one):
        calls.note("load", "b", "on")
        calls.note("", "a", "on")
    other.note("charts", "a", "on")
    found = recorded(tmp_path / "calls")
    assert found == [Call("charts", "a", "on"), Call("load", "b", "on")]
    assert from_csv(as_csv(found)) == found
    assert recorded(tmp_path / "none") == []


def test_names_that_differ_from_run_to_run_are_one() -> None:
    for name, pattern in (
        ("markers/x-csv-0a1b/17.json", "markers/*/*.json"),
        ("runs/x-0a1b/attempts/2026-c7/incidents/_temporary/0/y.parquet", "runs/*/attempts/*/*"),
        ("runs/x-0a1b/manifest.json", "runs/*/manifest.json"),
        ("latest/charts/late_night_map.svg", "latest/charts/*"),
    ):
        assert pattern_of(name) == pattern
