"""A workflow template or batch held against what Dataproc's API and Terraform's provider take.

The rules are those of Google's reference of the API (2026-11) and of the provider's source; none was tried on
Google Cloud.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from google.cloud import dataproc_v1 as dataproc

from crime_pipelines.cloud.dataproc.doctor import IMAGES
from crime_pipelines.localcloud.dataproc.template_parameters import filled

#: Serverless runtimes that are supported: 1.2 and 2.2 ended in 2026-09.
RUNTIMES: Final = re.compile(r"(2\.3|3\.0)(\.[0-9]{1,3})?")
#: Bytes of a job's command line: what Linux takes for one.
LONGEST_COMMAND: Final = 100_000
_ID: Final = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{1,48}[A-Za-z0-9]")
_CLUSTER: Final = re.compile("[a-z][a-z0-9-]{0,33}[a-z0-9]")
_PARAMETER: Final = re.compile("[A-Z][A-Z0-9_]{0,39}")
_LABEL_KEY: Final = re.compile("[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE: Final = re.compile("[a-z0-9_-]{0,63}")
_BATCH_ID: Final = re.compile("[a-z0-9-]{4,63}")
_REGION: Final = re.compile("[a-z]+-[a-z]+[0-9]{1,2}")
_ZONE: Final = re.compile("(?:.*/zones/)?(?P<region>[a-z]+-[a-z]+[0-9]{1,2})-[a-z]")
_SUBNETWORK: Final = re.compile("(?:.*/regions/(?P<region>[^/]+)/subnetworks/)?[a-z][a-z0-9-]{0,62}")
_MOST_LABELS: Final = 32
_ZERO_WORKERS: Final = "dataproc:dataproc.allow.zero.workers"


def template_problem(template: dataproc.WorkflowTemplate, parent: str) -> str:
    """Find what is wrong with a workflow template.

    Args:
        template: the template.
        parent: the region that it is for, ``projects/P/regions/R``.

    Returns:
        What is wrong; empty if nothing is.
    """
    return next(_template_problems(template, parent.rpartition("/")[2]), "")


def batch_problem(batch: dataproc.Batch, batch_id: str, parent: str) -> str:
    """Find what is wrong with a serverless batch.

    Args:
        batch: the batch.
        batch_id: its id.
        parent: the location that it is for, ``projects/P/locations/R``.

    Returns:
        What is wrong; empty if nothing is.
    """
    return next(_batch_problems(batch, batch_id, parent.rpartition("/")[2]), "")


def _template_problems(template: dataproc.WorkflowTemplate, region: str) -> Iterator[str]:
    if not _ID.fullmatch(template.id or template.name.rpartition("/")[2]):
        yield f"template id {template.id!r} is not of 3 to 50 letters, digits, hyphens and underscores"
    yield from _label_problems(template.labels)
    steps = [job.step_id for job in template.jobs]
    if not steps or len(set(steps)) < len(steps) or not all(map(_ID.fullmatch, steps)):
        yield f"step ids {steps} are not one or more, different, of 3 to 50 characters each"
    for job in template.jobs:
        yield from _command_problems(job.pyspark_job, f"jobs['{job.step_id}'].pysparkJob")
    yield from _parameter_problems(template)
    if "managed_cluster" in template.placement:
        yield from _cluster_problems(template.placement.managed_cluster, region)


def _command_problems(job: Any, where: str) -> Iterator[str]:
    for name in ("args", "python_file_uris", "jar_file_uris", "file_uris", "archive_uris"):
        if "" in getattr(job, name):
            yield f"{where}.{name} holds an empty string, which Terraform's provider drops: the rest moves up"
    if not job.main_python_file_uri:
        yield f"{where} names no main file"
    size = sum(len(each.encode()) for each in job.args)
    if size > LONGEST_COMMAND:
        yield f"{where}.args has {size:,} bytes; {LONGEST_COMMAND:,} are allowed"


def _parameter_problems(template: dataproc.WorkflowTemplate) -> Iterator[str]:
    taken: dict[str, str] = {}
    for parameter in template.parameters:
        if not _PARAMETER.fullmatch(parameter.name):
            yield f"parameter {parameter.name!r} is not of up to 40 capitals, digits and underscores"
        if not parameter.fields:
            yield f"parameter {parameter.name} names no field"
        for path in parameter.fields:
            if path in taken:
                yield f"parameters {taken[path]} and {parameter.name} both fill {path}"
            taken[path] = parameter.name
    try:
        filled(template, {parameter.name: "x" for parameter in template.parameters})
    except (IndexError, ValueError) as error:
        yield f"a parameter's path leads nowhere ({error})"


def _cluster_problems(cluster: dataproc.ManagedCluster, region: str) -> Iterator[str]:
    if not _CLUSTER.fullmatch(cluster.cluster_name):
        yield f"cluster name {cluster.cluster_name!r} is not of 2 to 35 small letters, digits and hyphens"
    yield from _label_problems(cluster.labels)
    config = cluster.config
    image = config.software_config.image_version
    if not IMAGES.fullmatch(image):
        yield f"image version {image!r} is not known or no longer supported"
    place = config.gce_cluster_config
    yield from _place_problems(place.zone_uri, place.subnetwork_uri, region)
    for what, group in (("master", config.master_config), ("worker", config.worker_config)):
        if group.num_instances and not group.machine_type_uri:
            yield f"the {what} names no machine type"
    workers = config.worker_config.num_instances
    if workers == 1:
        yield "a cluster has no workers (single node) or two and more"
    if not workers and dict(config.software_config.properties).get(_ZERO_WORKERS) != "true":
        yield f"a cluster without workers needs the property {_ZERO_WORKERS}"
    if not workers and config.autoscaling_config.policy_uri:
        yield "a cluster without workers takes no autoscaling policy"


def _batch_problems(batch: dataproc.Batch, batch_id: str, region: str) -> Iterator[str]:
    if not _BATCH_ID.fullmatch(batch_id):
        yield f"batch id {batch_id!r} is not of 4 to 63 small letters, digits and hyphens"
    yield from _label_problems(batch.labels)
    yield from _command_problems(batch.pyspark_batch, "pysparkBatch")
    version = batch.runtime_config.version
    if not RUNTIMES.fullmatch(version):
        yield f"runtime version {version!r} is not known or no longer supported"
    other = [name for name in batch.runtime_config.properties if name.startswith("spark.yarn.")]
    if other:
        yield f"a batch does not take the properties {', '.join(other)}"
    yield from _place_problems("", batch.environment_config.execution_config.subnetwork_uri, region)


def _place_problems(zone: str, subnetwork: str, region: str) -> Iterator[str]:
    if not _REGION.fullmatch(region):
        yield f"{region!r} is no region"
    found = _ZONE.fullmatch(zone)
    if zone and (not found or found["region"] != region):
        yield f"zone {zone!r} is no zone of {region}"
    there = _SUBNETWORK.fullmatch(subnetwork)
    if subnetwork and (not there or there["region"] not in (None, region)):
        yield f"subnetwork {subnetwork!r} is none of {region}"


def _label_problems(labels: Any) -> Iterator[str]:
    if len(labels) > _MOST_LABELS:
        yield f"{len(labels)} labels; {_MOST_LABELS} are allowed"
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            yield f"label {key}={value!r} is not of small letters, digits, hyphens and underscores"
