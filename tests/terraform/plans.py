"""Plans of the whole configuration, as `terraform test -json -verbose` writes them down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parents[2]
TERRAFORM = ROOT / "terraform"
#: What `make check-terraform` makes: the plans, or else the reason why there can be none.
PLANS: Final = ROOT / "build" / "terraform" / "plans.jsonl"
LACKING: Final = PLANS.with_name("lacking")
#: The runs of terraform/tests/plans.tftest.hcl that plan everything.
WHOLE = ("architecture_1", "architecture_2", "everything", "second_deployment")


@dataclass(frozen=True)
class Resource:
    """A planned resource."""

    address: str
    type: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """A plan."""

    name: str
    resources: tuple[Resource, ...]
    outputs: dict[str, Any]

    @property
    def prefix(self) -> str:
        """What the deployment's names begin with."""
        return str(self.outputs["settings"]["CRIME_DATASET"])

    def topic(self, name: str) -> str:
        """A topic's name in this deployment."""
        return name if self.prefix == "crime" else f"{self.prefix}-{name}"

    def of(self, *types: str) -> list[Resource]:
        """The resources of the given types."""
        return [each for each in self.resources if each.type in types]

    def one(self, type_: str, **values: Any) -> Resource:
        """The one resource of a type with these values."""
        found = [
            each
            for each in self.of(type_)
            if all(each.values.get(name) == value for name, value in values.items())
        ]
        assert len(found) == 1, f"{type_} with {values}: {[each.address for each in found]}"
        return found[0]


def changed_since(plans: Path) -> list[str]:
    """The configuration's files that are newer than plans of it."""
    made = plans.stat().st_mtime
    files = [*TERRAFORM.rglob("*.tf*"), *(TERRAFORM / "declared").rglob("*")]
    return sorted(
        str(path.relative_to(ROOT))
        for path in files
        if path.is_file() and ".terraform" not in path.parts and path.stat().st_mtime > made
    )


def read(path: Path) -> dict[str, Plan]:
    """The plans by the name of their run."""
    return {plan.name: plan for plan in _plans(path) if plan.name in WHOLE}


def _plans(path: Path) -> Iterator[Plan]:
    for line in path.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        if said["type"] != "test_plan":
            continue
        plan = said["test_plan"]
        yield Plan(
            said["@testrun"],
            tuple(
                Resource(each["address"], each["type"], each["change"]["after"])
                for each in plan["resource_changes"]
                if "create" in each["change"]["actions"]
            ),
            {name: each["after"] for name, each in plan["output_changes"].items()},
        )
