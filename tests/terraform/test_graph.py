"""The order of an apply: every resource comes after the API that it needs."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from tests.terraform.plans import LACKING, PLANS

_EDGE = re.compile(r'\s*"([^"]+)" -> "([^"]+)"')
_NODE = re.compile(r'\s*"([^"]+)" \[')


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """Each resource with those that it depends on, as `terraform graph` gives them."""
    path = PLANS.parent / "cycles" / "prod-both-true.log.dot"
    if not path.exists():
        reason = LACKING.read_text(encoding="utf-8") if LACKING.exists() else "make check-terraform makes it"
        pytest.skip(reason)
    edges: dict[str, set[str]] = defaultdict(set)
    for line in path.read_text(encoding="utf-8").splitlines():
        if edge := _EDGE.match(line):
            edges[edge[1]].add(edge[2])
        elif node := _NODE.match(line):
            edges[node[1]] |= set()
    return edges


def after(graph: dict[str, set[str]], resource: str) -> set[str]:
    """All that a resource comes after."""
    found: set[str] = set()
    waiting = [resource]
    while waiting:
        new = graph.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def test_every_resource_comes_after_the_apis(graph: dict[str, set[str]]) -> None:
    resources = [name for name in graph if re.search(r"(^|\.)google_", name) and "module.apis." not in name]
    assert len(resources) > 50
    early = [
        name for name in resources if "module.apis.google_project_service.rest" not in after(graph, name)
    ]
    assert early == []


def test_service_agents_have_their_roles_before_anything_works_through_them(
    graph: dict[str, set[str]],
) -> None:
    roles = "module.security.google_project_iam_member.service_agents"
    assert roles in graph
    for resource in (
        "module.functions.google_cloudfunctions2_function.this",
        "module.scheduler.google_cloud_scheduler_job.tick",
        "module.dataproc.google_dataproc_workflow_template.this",
    ):
        assert resource in graph
        assert roles in after(graph, resource), resource
