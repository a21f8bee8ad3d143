from __future__ import annotations

import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")

from google.cloud import dataproc_v1
from setuptools import find_packages

from crime_pipelines.cloud.dataproc import driver_libraries as libraries
from crime_pipelines.cloud.dataproc.cluster import SHAPES
from crime_pipelines.cloud.dataproc.doctor import demand
from crime_pipelines.cloud.dataproc.submission import Submission
from crime_pipelines.cloud.dataproc.templates import JOB_FILES, batch, workflow_template
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.domain.periods.as_of import LATEST
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import BUNDLED
from crime_pipelines.localcloud.dataproc.checks import template_problem
from crime_pipelines.localcloud.dataproc.template_parameters import filled, mismatch

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(
    "p",
    staging_bucket="p-staging",
    dataproc_account="jobs@p.iam.gserviceaccount.com",
    dataproc_subnetwork="projects/p/regions/us-central1/subnetworks/private",
    dataproc_autoscaling="crime",
    kms_key="projects/p/locations/us-central1/keyRings/r/cryptoKeys/k",
)
BOTH = pytest.mark.parametrize("settings", [SETTINGS, SETTINGS.for_architecture(2)], ids=["1", "2"])


def as_dict(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = type(message).to_dict(message)
    return found


@BOTH
def test_the_cluster_is_made_for_the_run_and_goes_with_it(settings: Settings) -> None:
    template = workflow_template(settings)
    assert "managed_cluster" in template.placement
    assert "cluster_selector" not in template.placement
    life = template.placement.managed_cluster.config.lifecycle_config
    assert 300 <= life.idle_delete_ttl.total_seconds() <= 3600
    assert template.dag_timeout < life.auto_delete_ttl
    assert 600 <= template.dag_timeout.total_seconds() <= 86400


@BOTH
def test_the_cluster_is_private_and_encrypted(settings: Settings) -> None:
    config = workflow_template(settings).placement.managed_cluster.config
    machines = config.gce_cluster_config
    assert machines.internal_ip_only
    assert machines.subnetwork_uri == settings.dataproc_subnetwork
    assert machines.service_account == settings.dataproc_account
    shielded = machines.shielded_instance_config
    assert shielded.enable_secure_boot
    assert shielded.enable_vtpm
    assert shielded.enable_integrity_monitoring
    assert config.encryption_config.kms_key == settings.kms_key
    assert config.config_bucket == config.temp_bucket == settings.staging_bucket
    assert (
        config.autoscaling_config.policy_uri == "projects/p/locations/us-central1/autoscalingPolicies/crime"
    )
    assert config.software_config.image_version.startswith("2.3")


@pytest.mark.parametrize("shape", list(SHAPES))
def test_every_shape_is_one_that_dataproc_takes(shape: str) -> None:
    template = workflow_template(replace(SETTINGS, dataproc_shape=shape, dataproc_autoscaling="crime"))
    assert template_problem(template, "projects/p/regions/us-central1") == ""
    config = template.placement.managed_cluster.config
    assert bool(config.autoscaling_config.policy_uri) == bool(SHAPES[shape].workers)
    assert config.master_config.machine_type_uri == SHAPES[shape].master_machine


@pytest.mark.parametrize("shape", ["small", "single"])
def test_a_new_project_has_quotas_for_the_smaller_shapes(shape: str) -> None:
    needed = demand(shape)
    assert needed["CPUS_ALL_REGIONS"] <= 12
    assert needed["SSD_TOTAL_GB"] <= 250


def test_an_unknown_shape_is_one_line() -> None:
    with pytest.raises(InputError, match="CRIME_DATAPROC_SHAPE=huge: unknown shape; choose one of standard"):
        workflow_template(replace(SETTINGS, dataproc_shape="huge"))


def test_the_other_architecture_s_template_is_the_same_deployment_s() -> None:
    assert Settings("p").for_architecture(2).template == "crime-architecture-2"
    second = Settings("p", template="second-architecture-1")
    assert second.for_architecture(2).template == "second-architecture-2"
    assert Settings("p", template="mine").for_architecture(2).template == "crime-architecture-2"


@BOTH
def test_the_names_fit_dataproc(settings: Settings) -> None:
    template = workflow_template(settings)
    assert re.fullmatch("[a-z][a-z0-9-]{0,33}[a-z0-9]", template.placement.managed_cluster.cluster_name)
    assert template.id == settings.template
    for key, value in template.labels.items():
        assert re.fullmatch("[a-z][a-z0-9_-]{0,62}", key)
        assert re.fullmatch("[a-z0-9_-]{0,63}", value)


@BOTH
def test_every_parameter_reaches_its_option(settings: Settings) -> None:
    run = Submission("a-run", "gs://landing/a,b [1].csv", -5, "2021-11-11", "gs://p-crime-code/x/my.toml")
    template = workflow_template(settings)
    assert mismatch(template, run.parameters()) == ""
    run_template = filled(template, run.parameters())
    args = list(run_template.jobs[0].pyspark_job.args)
    options = dict(zip(args[::2], args[1::2], strict=True))
    assert options["--input"] == run.source
    assert options["--run-id"] == run.run_id
    assert options["--shift-years"] == "-5"
    assert options["--as-of"] == "2021-11-11"
    assert options["--layout"] == "gs://p-crime-code/x/my.toml"
    assert options["--project"] == "p"
    assert run_template.labels["run-id"] == run.run_id
    # the serverless batch has the same command line
    assert list(batch(settings, run).pyspark_batch.args) == args


@BOTH
@pytest.mark.parametrize("as_of", [LATEST, ""])
def test_a_run_without_a_day_has_no_empty_argument(settings: Settings, as_of: str) -> None:
    run = Submission("a-run", "gs://landing/x.csv", 3, as_of)
    template = workflow_template(settings)
    assert "" not in template.jobs[0].pyspark_job.args  # Terraform's provider would drop it from the list
    assert mismatch(template, run.parameters()) == ""
    args = list(filled(template, run.parameters()).jobs[0].pyspark_job.args)
    assert args[args.index("--as-of") + 1] == "latest"
    assert list(batch(settings, run).pyspark_batch.args) == args


@BOTH
def test_the_template_takes_an_empty_day_from_earlier_schedules(settings: Settings) -> None:
    values = {**Submission("a-run", "gs://landing/x.csv", 3).parameters(), "AS_OF": ""}
    assert mismatch(workflow_template(settings), values) == ""


def test_each_architecture_has_its_job_and_its_options() -> None:
    one, two = (
        workflow_template(each).jobs[0].pyspark_job for each in (SETTINGS, SETTINGS.for_architecture(2))
    )
    assert one.main_python_file_uri == "gs://p-crime-code/jobs/job_parquet.py"
    assert list(one.args)[10:] == [
        "--output",
        "gs://p-crime-lake/runs",
        "--topic",
        "run-finished",
        "--project",
        "p",
    ]
    assert two.main_python_file_uri == "gs://p-crime-code/jobs/job_bigquery.py"
    assert list(two.args)[10:] == [
        *("--dataset", "crime", "--answers-dataset", "crime_answers", "--topic", "answers-ready"),
        *("--project", "p"),
    ]
    assert set(JOB_FILES) == {1, 2}


@BOTH
def test_the_code_comes_as_dataproc_takes_it(settings: Settings) -> None:
    job = workflow_template(settings).jobs[0].pyspark_job
    assert [uri.rpartition(".")[2] for uri in job.python_file_uris] == ["zip"]
    assert job.properties[libraries.PROPERTY].startswith("gs://p-crime-code/wheels/")


@BOTH
def test_a_batch_ends_by_itself_and_has_no_cluster_properties(settings: Settings) -> None:
    made = batch(settings, Submission("a-run", "gs://landing/x.csv", 3))
    execution = made.environment_config.execution_config
    assert execution.ttl == workflow_template(settings).dag_timeout
    assert execution.subnetwork_uri == settings.dataproc_subnetwork
    assert execution.kms_key == settings.kms_key
    assert not [name for name in made.runtime_config.properties if name.startswith("spark.yarn")]
    assert made.labels["run-id"] == "a-run"


def test_what_is_not_set_is_left_to_dataproc() -> None:
    template = as_dict(workflow_template(replace(SETTINGS, kms_key="", dataproc_autoscaling="")))
    config = template["placement"]["managed_cluster"]["config"]
    assert not config.get("encryption_config")
    assert not config.get("autoscaling_config")
    assert not template.get("encryption_config")
    made = batch(Settings("p"), Submission("a-run", "gs://landing/x.csv", 3))
    assert "network" not in str(dataproc_v1.Batch.to_json(made, always_print_fields_with_no_presence=False))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"source": "/tmp/x.csv"}, "gs:// URIs only"),
        ({"source": "gs://"}, "gs:// URIs only"),
        ({"source": "gs://bucket/a\nb.csv"}, "control characters"),
        ({"source": "gs://bucket/\ud800.csv"}, "gs:// URIs only"),
        ({"source": f"gs://bucket/{'x' * 1000}"}, "longer than 1000"),
        ({"shift_years": 1001}, "at most 1000"),
        ({"as_of": "2021-02-30"}, "not a day"),
        ({"as_of": "20210203"}, "not a day"),
        ({"as_of": "Latest"}, "not a day; give YYYY-MM-DD, or latest"),
        ({"run_id": "No"}, "run id"),
        ({"layout": ""}, "neither a layout's name nor"),
        ({"layout": "/etc/mine.toml"}, "neither a layout's name nor"),
        ({"layout": "gs://bucket/../mine.toml"}, "neither a layout's name nor"),
        ({"layout": "gs://bucket/mine.csv"}, "neither a layout's name nor"),
    ],
)
def test_what_dataproc_would_refuse_is_refused_before(changes: dict[str, Any], says: str) -> None:
    good: dict[str, Any] = {"run_id": "a-run", "source": "gs://bucket/x.csv", "shift_years": 3}
    with pytest.raises(InputError, match=says):
        Submission(**{**good, **changes})


@pytest.mark.parametrize("years", [-1000, -3, 0, 3, 1000])
def test_every_shift_that_we_take_dataproc_takes(years: int) -> None:
    run = Submission("a-run", "gs://bucket/x.csv", years)
    assert mismatch(workflow_template(SETTINGS), run.parameters()) == ""


@pytest.mark.parametrize(
    "layout", [*BUNDLED, "gs://p-crime-code/layouts/mine.toml", "gs://code/a/b-1/x.y.toml"]
)
def test_every_layout_that_we_take_dataproc_takes(layout: str) -> None:
    run = Submission("a-run", "gs://bucket/x.csv", 3, layout=layout)
    assert mismatch(workflow_template(SETTINGS), run.parameters()) == ""


def test_the_wheel_ships_every_package() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    listed = find_packages(str(ROOT), include=wanted["include"])
    there = {
        ".".join(Path(folder).relative_to(ROOT).parts)
        for folder, _, files in os.walk(ROOT / "crime_pipelines", followlinks=True)
        if "__init__.py" in files
    }
    assert there == set(listed)


def test_the_drivers_libraries_are_pinned_as_they_are_checked() -> None:
    pins = dict(
        line.split()[0].split("==")
        for line in (ROOT / "requirements" / "dataproc.txt").read_text().splitlines()
        if line[:1].isalnum()
    )
    named = {
        line
        for line in (ROOT / "requirements" / "dataproc.in").read_text().splitlines()
        if line and not line.startswith("#")
    }
    assert named == set(libraries.LEAST)
    constraints = (ROOT / "requirements" / "constraints.txt").read_text()
    for name, version in pins.items():
        assert f"{name}=={version}" in constraints
    for name, least in libraries.LEAST.items():
        assert libraries._numbers(pins[name]) >= libraries._numbers(least)
    assert libraries.lacking() == []
