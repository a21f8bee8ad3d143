"""Plans of the whole configuration, as `terraform test -json -verbose` writes them down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TERRAFORM = ROOT / "terraform"
#: Where `make test-terraform` says that the plans are.
VARIABLE = "CRIME_TERRAFORM_PLANS"
#: The runs of terraform/tests/plans.tftest.hcl that plan everything.
WHOLE = ("architecture_1", "architecture_2", "everything")


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
