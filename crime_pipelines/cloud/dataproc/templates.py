"""Requests to Dataproc: an architecture's workflow template, and the same as a serverless batch."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final

from google.cloud import dataproc_v1 as dataproc

from crime_pipelines import __version__
from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.allowed_sources import PATTERN as PATTERN_SOURCE
from crime_pipelines.cloud.dataproc import cluster as shape
from crime_pipelines.cloud.dataproc import driver_libraries as libraries
from crime_pipelines.cloud.dataproc.submission import (
    PATTERN_AS_OF,
    PATTERN_SHIFT_YEARS,
    Submission,
)
from crime_pipelines.cloud.layouts import PATTERN as PATTERN_LAYOUT
from crime_pipelines.cloud.settings import ARCHITECTURES, Settings
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.periods.as_of import LATEST

STEP: Final = "incidents"
RUN_LABEL: Final = "run-id"
LABELS: Final = {"application": "crime-pipelines"}
#: The job file of each architecture.
JOB_FILES: Final = {1: "job_parquet.py", 2: "job_bigquery.py"}
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
#: What stands in a template where a parameter goes.
_PLACES: Final = {
    "INPUT": "gs://input",
    "RUN_ID": "run-id",
    "SHIFT_YEARS": "0",
    "AS_OF": LATEST,
    "LAYOUT": CHICAGO.name,
}


def code_uri(settings: Settings, name: str) -> str:
    """Return the URI of a file of the code.

    Args:
        settings: the settings.
        name: its name in the code bucket.

    Returns:
        A ``gs://`` URI.
    """
    return f"gs://{settings.code_bucket}/{name}"


def package_name() -> str:
    """Return the package's name in the code bucket: the wheel, named as an archive that Spark knows."""
    return f"wheels/crime_pipelines-{__version__}-py3-none-any.zip"


def libraries_name() -> str:
    """Return the driver's libraries' name in the code bucket."""
    return f"wheels/crime_pipelines-{__version__}-driver-libraries.zip"


def workflow_template(settings: Settings) -> dataproc.WorkflowTemplate:
    """Return the workflow template of the settings' architecture.

    Args:
        settings: the settings.

    Returns:
        One PySpark job on a cluster that Dataproc makes for it and deletes when it ends, however it ends.
    """
    return dataproc.WorkflowTemplate(
        id=settings.template,
        labels=_labels(settings, _PLACES["RUN_ID"]),
        placement=dataproc.WorkflowTemplatePlacement(managed_cluster=_cluster(settings)),
        jobs=[
            dataproc.OrderedJob(
                step_id=STEP,
                pyspark_job=dataproc.PySparkJob(
                    main_python_file_uri=_job_file(settings),
                    args=_arguments(settings, _PLACES),
                    python_file_uris=[code_uri(settings, package_name())],
                    properties=_properties(settings),
                ),
            )
        ],
        parameters=_parameters(settings),
        dag_timeout=timedelta(seconds=shape.WORKFLOW_SECONDS),
        encryption_config=dataproc.WorkflowTemplate.EncryptionConfig(kms_key=settings.kms_key)
        if settings.kms_key
        else None,
    )


def as_json(settings: Settings) -> str:
    """Return the workflow templates of both architectures as Dataproc's REST API writes them.

    Args:
        settings: the settings.

    Returns:
        A JSON list.
    """
    templates = [workflow_template(settings.for_architecture(each)) for each in ARCHITECTURES]
    written = [
        json.loads(dataproc.WorkflowTemplate.to_json(template, always_print_fields_with_no_presence=False))
        for template in templates
    ]
    return json.dumps(written, indent=2, sort_keys=True)


def batch(settings: Settings, submission: Submission) -> dataproc.Batch:
    """Return a run as a serverless batch.

    Args:
        settings: the settings.
        submission: what the run is to do.

    Returns:
        The batch.
    """
    properties = {
        name: value for name, value in _properties(settings).items() if name not in shape.CLUSTER_ONLY
    }
    return dataproc.Batch(
        labels=_labels(settings, submission.run_id),
        pyspark_batch=dataproc.PySparkBatch(
            main_python_file_uri=_job_file(settings),
            args=_arguments(settings, submission.parameters()),
            python_file_uris=[code_uri(settings, package_name())],
        ),
        runtime_config=dataproc.RuntimeConfig(
            version=shape.RUNTIME_VERSION, properties={**properties, **shape.BATCH_PROPERTIES}
        ),
        environment_config=dataproc.EnvironmentConfig(
            execution_config=dataproc.ExecutionConfig(
                service_account=settings.dataproc_account,
                **({"subnetwork_uri": settings.dataproc_subnetwork} if settings.dataproc_subnetwork else {}),
                kms_key=settings.kms_key,
                staging_bucket=settings.staging_bucket,
                ttl=timedelta(seconds=shape.WORKFLOW_SECONDS),
            )
        ),
    )


def _cluster(settings: Settings) -> dataproc.ManagedCluster:
    machines = shape.shape_of(settings.dataproc_shape)
    config = dataproc.ClusterConfig(
        config_bucket=settings.staging_bucket,
        temp_bucket=settings.staging_bucket,
        gce_cluster_config=dataproc.GceClusterConfig(
            subnetwork_uri=settings.dataproc_subnetwork,
            internal_ip_only=True,
            service_account=settings.dataproc_account,
            service_account_scopes=[_SCOPE],
            metadata={"enable-oslogin": "true", "block-project-ssh-keys": "true"},
            shielded_instance_config=dataproc.ShieldedInstanceConfig(
                enable_secure_boot=True, enable_vtpm=True, enable_integrity_monitoring=True
            ),
        ),
        master_config=_machines(1, machines.master_machine, machines.master_disk_gb),
        worker_config=_machines(machines.workers, machines.worker_machine, machines.worker_disk_gb)
        if machines.workers
        else None,
        software_config=dataproc.SoftwareConfig(
            image_version=shape.IMAGE_VERSION, properties={} if machines.workers else shape.NO_WORKERS
        ),
        lifecycle_config=dataproc.LifecycleConfig(
            idle_delete_ttl=timedelta(seconds=shape.IDLE_SECONDS),
            auto_delete_ttl=timedelta(seconds=shape.LIFETIME_SECONDS),
        ),
    )
    if settings.dataproc_autoscaling and machines.workers:
        policy = (
            f"projects/{settings.project}/locations/{settings.region}"
            f"/autoscalingPolicies/{settings.dataproc_autoscaling}"
        )
        config.autoscaling_config = dataproc.AutoscalingConfig(policy_uri=policy)
    if settings.kms_key:
        config.encryption_config = dataproc.EncryptionConfig(kms_key=settings.kms_key)
    # Its labels are those of the template, which Dataproc hands down.
    return dataproc.ManagedCluster(cluster_name=f"crime-{settings.architecture}", config=config)


def _machines(number: int, machine: str, disk_gb: int) -> dataproc.InstanceGroupConfig:
    return dataproc.InstanceGroupConfig(
        num_instances=number,
        machine_type_uri=machine,
        disk_config=dataproc.DiskConfig(boot_disk_type=shape.DISK_TYPE, boot_disk_size_gb=disk_gb),
    )


def _labels(settings: Settings, run_id: str) -> dict[str, str]:
    return {**LABELS, "architecture": str(settings.architecture), RUN_LABEL: run_id}


def _job_file(settings: Settings) -> str:
    return code_uri(settings, f"jobs/{JOB_FILES[settings.architecture]}")


def _properties(settings: Settings) -> dict[str, str]:
    return {**shape.SPARK_PROPERTIES, libraries.PROPERTY: code_uri(settings, libraries_name())}


def _arguments(settings: Settings, values: dict[str, str]) -> list[str]:
    """Return the job's command line; the first five options are the parameters (docs/architecture.md)."""
    options = {
        "--input": values["INPUT"],
        "--run-id": values["RUN_ID"],
        "--shift-years": values["SHIFT_YEARS"],
        "--as-of": values["AS_OF"],
        "--layout": values["LAYOUT"],
    }
    if settings.architecture == 1:
        options |= {"--output": f"gs://{settings.lake_bucket}/runs", "--topic": settings.finished_topic}
    else:
        options |= {
            "--dataset": settings.dataset,
            "--answers-dataset": settings.answers_dataset,
            "--topic": settings.answers_topic,
        }
    options["--project"] = settings.project
    return [text for option in options.items() for text in option]


def _parameters(settings: Settings) -> list[dataproc.TemplateParameter]:
    arguments = _arguments(settings, _PLACES)

    def parameter(
        name: str, option: str, pattern: str, description: str, *more: str
    ) -> dataproc.TemplateParameter:
        at = arguments.index(option) + 1
        return dataproc.TemplateParameter(
            name=name,
            fields=[f"jobs['{STEP}'].pysparkJob.args[{at}]", *more],
            description=description,
            validation=dataproc.ParameterValidation(regex=dataproc.RegexValidation(regexes=[pattern])),
        )

    return [
        parameter("INPUT", "--input", PATTERN_SOURCE, "What to read: a gs:// URI of a file, folder or glob."),
        parameter(
            "RUN_ID",
            "--run-id",
            run_ids.PATTERN,
            "The run's name; also the label by which its job and cluster are found.",
            f"labels['{RUN_LABEL}']",
        ),
        parameter(
            "SHIFT_YEARS", "--shift-years", PATTERN_SHIFT_YEARS, "Calendar years to move every date by."
        ),
        parameter("AS_OF", "--as-of", PATTERN_AS_OF, f"Day of the answers; {LATEST}: end of the data."),
        parameter(
            "LAYOUT",
            "--layout",
            PATTERN_LAYOUT,
            "The department's layout: a name, or the gs:// URI of a .toml file.",
        ),
    ]
