"""A `run.json` of another hand is read as a run's record or refused in one line, never with a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crime_pipelines
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.output.reader import read_output
from crime_pipelines.output.record import FILE, recorded
from crime_pipelines.report.charts.geojson import read_boundaries
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.extras import Extras
from crime_pipelines.report.page import page_text

ODD = [
    None, True, -1, 0, 10**30, 1.5, "", "x", "2021-01-01", "0001-01-01 00:00:00", "9999-12-31 23:59:59",
    "2021-01-01T00:00:00+00:00", [], {}, [1], {"a": 1}, {"a": []}, float("nan"), 5000,
]  # fmt: skip


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    made = crime_pipelines.generate(folder / "in.csv", 300, defects=0.05)
    return crime_pipelines.run(made.path, folder / "out").out


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inside = (
        value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    )
    for key, below in inside:
        yield from _paths(below, (*path, key))


def _with(record: dict[str, Any], path: tuple[Any, ...], value: Any) -> str:
    changed = copy.deepcopy(record)
    target: Any = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return json.dumps(changed)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_record_is_a_record_or_refused_in_one_line(
    data: st.DataObject, out: Path, tmp_path: Path
) -> None:
    written = json.loads((out / FILE).read_text(encoding="utf-8"))
    path = data.draw(st.sampled_from([each for each in _paths(written) if each[0] != "files_written"]))
    (tmp_path / FILE).write_text(_with(written, path, data.draw(st.sampled_from(ODD))), encoding="utf-8")
    said = ""
    try:
        assert Facts.of(recorded(tmp_path)).quality("at_noon") is not None
    except InputError as error:
        said = str(error)
    assert "\n" not in said
    assert not said or said.startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("as_of",), "9999-12-31 23:59:59"), (("shift_years",), 5000), (("data_quality",), {}),
        (("covered_period",), None), (("warnings",), {"a": 1}), (("data_quality", "at_noon"), -1),
        (("versions",), {"<b>": "x"}), (("files",), []), (("incidents",), 0),
    ],
)  # fmt: skip
def test_a_report_comes_of_it_or_one_line(path: tuple[str, ...], value: Any, out: Path) -> None:
    text = (out / FILE).read_text(encoding="utf-8")
    (out / FILE).write_text(_with(json.loads(text), path, value), encoding="utf-8")
    said = ""
    try:
        output = read_output(out)
        said = page_text(output.record, output.answers, Extras(output.beside, None))[:9]
    except PipelineError as error:
        said = str(error)
    finally:
        (out / FILE).write_text(text, encoding="utf-8")
    assert "\n" not in said


@pytest.mark.parametrize("text", ["[]", "1", "", "{}", "[" * 100_000, "\0", '{"a": NaN}'])
def test_what_is_no_record_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="can't be read") as caught:
        recorded(tmp_path)
    assert "\n" not in str(caught.value)


_NESTED = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "feature",
    [
        '{"properties": [1], "geometry": "x"}', '{"properties": {"area": "1"}, "geometry": []}', "1",
        f'{{"properties": {{"area": 1}}, "geometry": {{"type": "Polygon", "coordinates": {_NESTED}}}}}',
        '{"properties": {"area": [1]}, "geometry": {}}', '{"properties": {"area": "1"}}',
        '{"properties": {"area": 1}, "geometry": {"type": "Polygon", "coordinates": [[[1e308, 1], [2, 3]]]}}',
        '{"properties": {"area": 1}, "geometry": {"type": "Polygon", "coordinates": [[[1], [2]]]}}',
        '{"properties": {"area": 1}, "geometry": {"type": "GeometryCollection", "geometries": 1}}',
        f'{{"properties": {{"area": {10**400}}}, "geometry": {{}}}}',
    ],
)  # fmt: skip
def test_odd_boundaries_are_refused_in_one_line(feature: str, tmp_path: Path) -> None:
    path = tmp_path / "areas.geojson"
    path.write_text(f'{{"features": [{feature}]}}', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_boundaries(path, CHICAGO.areas)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
