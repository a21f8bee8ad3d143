from __future__ import annotations

import pytest

from tests.terraform.plans import LACKING, PLANS, WHOLE, Plan, changed_since, read


@pytest.fixture(scope="session")
def plans() -> dict[str, Plan]:
    if not PLANS.is_file():
        if LACKING.is_file():
            pytest.skip(LACKING.read_text(encoding="utf-8").strip())
        pytest.skip("no Terraform plans here: make check-terraform")
    if changed := changed_since(PLANS):
        pytest.skip(f"the Terraform plans are older than {changed[0]}: make check-terraform")
    return read(PLANS)


@pytest.fixture(params=WHOLE)
def plan(plans: dict[str, Plan], request: pytest.FixtureRequest) -> Plan:
    return plans[request.param]


@pytest.fixture
def everything(plans: dict[str, Plan]) -> Plan:
    return plans["everything"]
