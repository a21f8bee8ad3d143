"""The permission model: what accounts called in the local cloud, held against what a plan grants them.

usage: python -m tests.terraform.permissions, which prints the report (`make permissions`)
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crime_pipelines.localcloud.calls.accounts import FUNCTIONS
from crime_pipelines.localcloud.calls.record import Call, from_csv
from tests.terraform.plans import PLANS, TERRAFORM, Plan, Resource, read

FOLDER: Final = TERRAFORM / "permissions"
#: Recorded calls, each with the plans that must grant them.
RECORDS: Final = {
    "architecture-1": ("architecture_1", "everything"),
    "architecture-2": ("architecture_2", "everything"),
    "streaming": ("everything",),
    "others": ("everything",),
}
#: The plan in which all is deployed; the others have no stream.
EVERYTHING: Final = "everything"
PROJECT: Final = "a-project"
_PREFIX: Final = "crime-"
_AGENT: Final = "gs-project-accounts.iam.gserviceaccount.com"
#: By type of grant: the kind of resource, and where its name stands.
_KINDS: Final = {
    "google_bigquery_dataset_iam_member": ("dataset", "dataset_id"),
    "google_cloud_run_v2_service_iam_member": ("function", "name"),
    "google_data_catalog_policy_tag_iam_member": ("policy-tag", ""),
    "google_project_iam_member": ("project", ""),
    "google_pubsub_subscription_iam_member": ("subscription", "subscription"),
    "google_pubsub_topic_iam_member": ("topic", "topic"),
    "google_secret_manager_secret_iam_member": ("secret", "secret_id"),
    "google_service_account_iam_member": ("account", "service_account_id"),
    "google_storage_bucket_iam_member": ("bucket", "bucket"),
}
#: The permissions of roles, by name.
Roles = Mapping[str, frozenset[str]]


@dataclass(frozen=True, order=True)
class Grant:
    """A role that an account has on a resource.

    `condition` is a condition of IAM's, empty for none.
    """

    account: str
    role: str
    resource: str
    condition: str = ""

    def covers(self, call: Call, roles: Roles) -> bool:
        """Whether it allows a call."""
        return (
            self.account == call.account
            and call.permission in roles[self.role]
            and _lies_on(call.resource, self.resource)
            and (not self.condition or holds(self.condition, call))
        )


class _Text(str):
    """A text with the methods that conditions call."""

    __slots__ = ()

    def startsWith(self, part: str) -> bool:  # noqa: N802 - CEL's name
        return self.startswith(part)

    def endsWith(self, part: str) -> bool:  # noqa: N802 - CEL's name
        return self.endswith(part)

    def extract(self, template: str) -> str:
        """What stands between the parts of a template, ``before{name}after``; empty where it does not fit."""
        before, _, rest = template.partition("{")
        _, _, after = rest.partition("}")
        _, found, left = self.partition(before)
        value, end, _ = left.partition(after) if after else (left, left, "")
        return value if found and end else ""


@dataclass(frozen=True)
class _Resource:
    name: _Text
    type: str


def holds(condition: str, call: Call) -> bool:
    """Whether a condition holds for a call: CEL, as far as our conditions use it."""
    kind, _, rest = call.resource.partition("/")
    if kind != "bucket":
        return False
    bucket, _, name = rest.partition("/")
    full = f"projects/_/buckets/{PROJECT}-{_PREFIX}{bucket}"
    resource = _Resource(
        _Text(f"{full}/objects/{name}" if name else full),
        f"storage.googleapis.com/{'Object' if name else 'Bucket'}",
    )
    expression = condition.replace("||", " or ").replace("&&", " and ")
    return bool(eval(expression, {"__builtins__": {}}, {"resource": resource}))  # our own configuration


def _lies_on(resource: str, granted: str) -> bool:
    if granted in ("project", resource):
        return True
    kind, _, name = granted.partition("/")
    return resource.startswith((f"{granted}/", f"table/{name}/" if kind == "dataset" else f"{granted}/"))


def grants(plan: Plan) -> list[Grant]:
    """The grants of a plan to accounts of ours, and to Cloud Storage's agent."""
    return sorted(
        {grant for each in plan.of(*_KINDS) if (grant := _grant(each)) is not None},
    )


def _grant(resource: Resource) -> Grant | None:
    account = _account(resource.values["member"])
    if not account:
        return None
    kind, attribute = _KINDS[resource.type]
    name = _short(resource.values[attribute]) if attribute else ""
    condition = resource.values.get("condition") or []
    role = resource.values["role"].rpartition("/")[2]
    return Grant(
        account,
        role if "/roles/" in resource.values["role"] else resource.values["role"],
        f"{kind}/{name}" if name else kind,
        condition[0]["expression"] if condition else "",
    )


def _account(member: str) -> str:
    name, _, domain = member.removeprefix("serviceAccount:").partition("@")
    if name.startswith(_PREFIX):
        return name.removeprefix(_PREFIX)
    return "storage-agent" if domain == _AGENT else ""


def _short(name: str) -> str:
    last = name.rpartition("/")[2].partition("@")[0]
    return re.sub(f"^({PROJECT}-)?{_PREFIX}", "", last)


def roles_of(plan: Plan) -> dict[str, frozenset[str]]:
    """The permissions of Google's roles, and of the plan's own."""
    table = tomllib.loads((FOLDER / "roles.toml").read_text(encoding="utf-8"))["roles"]
    return {name: frozenset(permissions) for name, permissions in {**table, **own_roles(plan)}.items()}


def calls(record: str) -> list[Call]:
    """The calls of a record."""
    return from_csv((FOLDER / f"{record}.csv").read_text(encoding="utf-8"))


def with_stream_alone(call: Call) -> bool:
    """Tell a call of, or to, a function that is deployed with a stream alone from other calls.

    The local cloud serves it whichever architecture it is set up for.
    """
    return any(
        call.account == function.account or call.resource == f"function/{name.replace('_', '-')}"
        for name, function in FUNCTIONS.items()
        if function.needs_stream
    )


def made_in(plan: str, record: str) -> list[Call]:
    """The calls of a record that are made in the deployment of a plan."""
    return [call for call in calls(record) if plan == EVERYTHING or not with_stream_alone(call)]


def missing(calls: Iterable[Call], granted: Iterable[Grant], roles: Roles) -> list[Call]:
    """The calls that no grant covers."""
    every = list(granted)
    return [call for call in calls if not any(grant.covers(call, roles) for grant in every)]


def unused(calls: Iterable[Call], granted: Iterable[Grant], roles: Roles) -> list[Grant]:
    """The grants that cover no call."""
    every = list(calls)
    return [grant for grant in granted if not any(grant.covers(call, roles) for call in every)]


def unused_permissions(
    calls: Iterable[Call], granted: Iterable[Grant], own: Mapping[str, Iterable[str]]
) -> list[tuple[str, str]]:
    """Role and permission, for permissions of our own roles that no account with the role needed."""
    holders: dict[str, set[str]] = {}
    for grant in granted:
        holders.setdefault(grant.role, set()).add(grant.account)
    needed = {(call.account, call.permission) for call in calls}
    return [
        (role, permission)
        for role, permissions in sorted(own.items())
        if role in holders
        for permission in sorted(permissions)
        if not any((account, permission) in needed for account in holders[role])
    ]


def reasons() -> tuple[dict[tuple[str, str, str], str], dict[tuple[str, str], str]]:
    """Why grants, and permissions of our own roles, are there though no record has a call that needs them."""
    found: dict[str, Any] = tomllib.loads((FOLDER / "unused.toml").read_text(encoding="utf-8"))
    return (
        {
            (account, role, resource): each["reason"]
            for each in found["grants"]
            for account in each["accounts"]
            for role in each["roles"]
            for resource in each["resources"]
        },
        {
            (each["role"], permission): each["reason"]
            for each in found["permissions"]
            for permission in each["permissions"]
        },
    )


def own_roles(plan: Plan) -> dict[str, list[str]]:
    """The plan's own roles with their permissions."""
    return {
        each.values["role_id"]: each.values["permissions"]
        for each in plan.of("google_project_iam_custom_role")
    }


def every_call() -> list[Call]:
    """The calls of all records."""
    return sorted({call for record in RECORDS for call in calls(record)})


def report(plans: Mapping[str, Plan]) -> tuple[str, bool]:
    """The report, and whether all is well: no call without a grant, nothing unused without a reason."""
    plan = plans[EVERYTHING]
    granted, roles, recorded = grants(plan), roles_of(plan), every_call()
    why, why_permissions = reasons()
    lines, well = [], True
    for record, names in RECORDS.items():
        for name in names:
            called = made_in(name, record)
            lacking = missing(called, grants(plans[name]), roles_of(plans[name]))
            well = well and not lacking
            lines.append(f"{record}: {len(called)} calls, {len(lacking)} without a grant in plan {name}")
            lines += [f"  {call.account} lacks {call.permission} on {call.resource}" for call in lacking]
    idle = unused(recorded, granted, roles)
    lines.append(f"{len(granted)} grants, {len(idle)} not used by any record:")
    for grant in idle:
        reason = why.get((grant.account, grant.role, grant.resource), "NO REASON")
        well = well and reason != "NO REASON"
        lines.append(f"  {grant.account} has {grant.role} on {grant.resource}: {reason}")
    spare = unused_permissions(recorded, granted, own_roles(plan))
    lines.append(f"{len(spare)} permissions of our own roles not used by any record:")
    for role, permission in spare:
        reason = why_permissions.get((role, permission), "NO REASON")
        well = well and reason != "NO REASON"
        lines.append(f"  {role} has {permission}: {reason}")
    return "\n".join(lines), well


def main() -> None:
    """Print the report; exit code 1 unless all is well."""
    if not PLANS.is_file():
        sys.exit(f"{PLANS}: there are no plans; make them with make check-terraform")
    text, well = report(read(PLANS))
    print(text)  # noqa: T201
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
