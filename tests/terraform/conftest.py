from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.terraform.plans import VARIABLE, WHOLE, Plan, read


@pytest.fixture(scope="session")
def plans() -> dict[str, Plan]:
    place = os.environ.get(VARIABLE)
    if not place:
        pytest.skip("make test-terraform makes the plans that this reads")
    return read(Path(place))


@pytest.fixture(params=WHOLE)
def plan(plans: dict[str, Plan], request: pytest.FixtureRequest) -> Plan:
    return plans[request.param]


@pytest.fixture
def everything(plans: dict[str, Plan]) -> Plan:
    return plans["everything"]
