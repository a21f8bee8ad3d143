"""The surge rule raises as many false alarms as it says, and no more."""

import numpy as np
import pytest

from crime_pipelines.domain.surges import FEWEST_WEEKS, LEVEL, WEEKS, chance_of, is_surge


@pytest.mark.parametrize("weeks", [FEWEST_WEEKS, WEEKS])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3, 1.0, 3.0])
def test_false_alarms_at_a_steady_rate(rate: float, weeks: int) -> None:
    generator = np.random.default_rng(7)
    hours = 400_000
    totals = generator.poisson(rate * weeks, hours)
    counts = generator.poisson(rate, hours)
    alarms = 0
    for total, count in {*zip(totals.tolist(), counts.tolist(), strict=True)}:
        if is_surge(count, [total, *[0] * (weeks - 1)]):
            alarms += int(np.sum((totals == total) & (counts == count)))
    # six standard deviations of what chance makes of the level
    assert alarms / hours <= LEVEL + 6 * (LEVEL / hours) ** 0.5


def test_a_burst_is_a_surge_and_a_usual_hour_is_none() -> None:
    assert is_surge(9, [1, 0, 2, 1, 1, 0, 1, 1])
    assert not is_surge(3, [1, 0, 2, 1, 1, 0, 1, 1])
    assert not is_surge(50, [1, 1, 1]), "three weeks make nothing usual"


def test_more_incidents_are_less_likely() -> None:
    past = [2, 1, 0, 3, 2, 2, 1, 1]
    chances = [chance_of(number, past) for number in range(12)]
    assert chances[0] == 1.0
    assert chances == sorted(chances, reverse=True)
    assert sum(chances[1:]) == pytest.approx(12.5 / 8, abs=1e-3), "the chances add up to the mean"
