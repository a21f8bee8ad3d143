"""The accuracy of past forecasts, and the command that prints it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from crime_pipelines import generate, run
from crime_pipelines.cli.main import cli
from crime_pipelines.questions import ANALYSES, Answer
from crime_pipelines.questions.accuracy import accuracy
from crime_pipelines.questions.model import Row


def month(
    name: str | None, error: float | None, naive: float, inside: float | None, scope: str = "type"
) -> Row:
    return (scope, name, None, None, 1, 50.0, *[None] * 4, 10, error, naive, inside, inside, None)


def test_of_each_series_and_of_all() -> None:
    rows = {
        "monthly_forecasts": [
            month("THEFT", 0.1, 0.2, 0.9),
            month("THEFT", 0.3, 0.2, None),
            month("ARSON", 0.2, 0.8, 0.7),
            month("GAMBLING", None, 0.5, None),
        ]
    }
    analyses = {each.name: Answer(each, rows.get(each.name, [])) for each in ANALYSES}
    (found,) = accuracy(analyses)
    assert (found.what, found.series, found.forecasts) == ("types of crime, 1 to 12 months ahead", 2, 30)
    assert (found.error, found.naive_error) == pytest.approx((0.2, 0.4))
    assert found.ratio == pytest.approx((1.0 + 0.25) / 2)
    assert found.inside_80 == pytest.approx(0.8)


def test_backtest_of_a_file_and_of_an_output(tmp_path: Path) -> None:
    made = generate(tmp_path / "crimes.csv", 20_000, years=5)
    run(made.path, tmp_path / "out", shift_years=0, analyses=False)
    assert not (tmp_path / "out" / "analysis").exists()
    outputs = [CliRunner().invoke(cli, ["backtest", str(path)]) for path in (made.path, tmp_path / "out")]
    assert [each.exit_code for each in outputs] == [0, 0]
    tables = [each.stdout[each.stdout.index("Forecasts of") :] for each in outputs]
    assert tables[0] == tables[1]
    assert "all incidents, 1 to 12 months ahead" in tables[0]


def test_nothing_to_test_is_said(tmp_path: Path) -> None:
    made = generate(tmp_path / "crimes.csv", 300, years=1)
    said = CliRunner().invoke(cli, ["backtest", str(made.path)])
    assert said.exit_code == 0
    assert "nothing to test; no forecast: fewer than 24 complete months" in said.stdout
