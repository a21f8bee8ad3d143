"""Prerequisites of a first run in a project, checked before it, with a remedy for each that is lacking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.cloud.dataproc import cluster
from crime_pipelines.cloud.dataproc.google_rest import GoogleRest, NotSeenError

if TYPE_CHECKING:
    from crime_pipelines.cloud.settings import Settings

#: APIs that a run uses.
APIS: Final = ("bigquery", "bigquerystorage", "compute", "dataproc", "logging", "pubsub", "storage")
#: Images of clusters that are supported; what Google says of its versions, 2026-11.
IMAGES: Final = re.compile(r"2\.[123](\.[0-9]{1,3})?-(debian12|ubuntu22|rocky9|ml-ubuntu22)")
_AGENT: Final = "service-{number}@dataproc-accounts.iam.gserviceaccount.com"
_AGENT_ROLE: Final = "roles/dataproc.serviceAgent"
#: Service agents that encrypt with the key of disks and staging.
_ENCRYPTING: Final = (
    "service-{number}@compute-system.iam.gserviceaccount.com",
    "service-{number}@dataproc-accounts.iam.gserviceaccount.com",
    "service-{number}@gs-project-accounts.iam.gserviceaccount.com",
)
_ENCRYPTER: Final = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
_VCPUS: Final = re.compile(r"(?P<family>[a-z][a-z0-9]*)-[a-z]+-(?P<vcpus>[0-9]+)")


class Health(Enum):
    """The outcome of a check."""

    WELL = "ok"
    LACKING = "lacking"
    NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        health: whether what was looked at is there.
        what: what was looked at, and how it stands.
        remedy: what to do; empty where nothing is to be done.
    """

    health: Health
    what: str
    remedy: str = ""


def examine(settings: Settings, google: GoogleRest) -> Iterator[Finding]:
    """Check a project for what a first run needs.

    Args:
        settings: the settings.
        google: Google's APIs.

    Yields:
        The findings, one for each check. What can't be seen is a finding as well.
    """
    checks = (_image, _apis, _agent, _quotas, _subnetwork, _key)
    number: str | None = None
    try:
        project = google.ask("cloudresourcemanager", f"v3/projects/{settings.project}")
        number = project["name"].rpartition("/")[2]
    except NotSeenError as error:
        yield Finding(
            Health.NOT_SEEN,
            f"project {settings.project}: {error}",
            "name a project that exists, and sign in: gcloud auth application-default login",
        )
    for check in checks:
        try:
            yield from check(settings, google, number)
        except NotSeenError as error:
            yield Finding(
                Health.NOT_SEEN, f"{check.__name__.strip('_')}: {error}", "look by hand, or ask an owner"
            )


def _image(settings: Settings, google: GoogleRest, number: str | None) -> Iterator[Finding]:
    version = cluster.IMAGE_VERSION
    known = IMAGES.fullmatch(version) is not None
    yield _finding(
        known,
        f"image {version}",
        "no longer supported: set IMAGE_VERSION in crime_pipelines/cloud/dataproc/cluster.py",
    )


def _apis(settings: Settings, google: GoogleRest, number: str | None) -> Iterator[Finding]:
    names = [f"{api}.googleapis.com" for api in (*APIS, *(["cloudkms"] if settings.kms_key else []))]
    query = "&".join(f"names=projects/{settings.project}/services/{name}" for name in names)
    found = google.ask("serviceusage", f"v1/projects/{settings.project}/services:batchGet?{query}")
    states = {each["name"].rpartition("/")[2]: each.get("state") for each in found.get("services", [])}
    off = [name for name in names if states.get(name) != "ENABLED"]
    yield _finding(
        not off,
        f"APIs: {', '.join(off)} not enabled" if off else f"APIs: all {len(names)} enabled",
        f"gcloud services enable {' '.join(off)} --project {settings.project}",
    )


def _agent(settings: Settings, google: GoogleRest, number: str | None) -> Iterator[Finding]:
    if number is None:
        return
    policy = google.ask("cloudresourcemanager", f"v3/projects/{settings.project}:getIamPolicy", {})
    agent = f"serviceAccount:{_AGENT.format(number=number)}"
    yield _finding(
        agent in _members(policy, _AGENT_ROLE),
        f"Dataproc's service agent with {_AGENT_ROLE}",
        "gcloud beta services identity create --service dataproc.googleapis.com "
        f"--project {settings.project}; gcloud projects add-iam-policy-binding {settings.project} "
        f"--member {agent} --role {_AGENT_ROLE}",
    )


def _quotas(settings: Settings, google: GoogleRest, number: str | None) -> Iterator[Finding]:
    everywhere = google.ask("compute", f"compute/v1/projects/{settings.project}")
    here = google.ask("compute", f"compute/v1/projects/{settings.project}/regions/{settings.region}")
    free = {
        quota["metric"]: quota["limit"] - quota.get("usage", 0)
        for quota in (*everywhere.get("quotas", []), *here.get("quotas", []))
    }
    for metric, needed in demand(settings.dataproc_shape).items():
        if metric in free:
            yield _finding(
                free[metric] >= needed,
                f"quota {metric} in {settings.region}: {needed:g} needed, {free[metric]:g} free",
                "ask for more in the console (IAM, Quotas), delete what is not used, or take another shape: "
                f"CRIME_DATAPROC_SHAPE, one of {', '.join(cluster.SHAPES)}; `cluster_shape` in Terraform",
            )


def _subnetwork(settings: Settings, google: GoogleRest, number: str | None) -> Iterator[Finding]:
    name = settings.dataproc_subnetwork.rpartition("/")[2] or "default"
    path = f"compute/v1/projects/{settings.project}/regions/{settings.region}/subnetworks/{name}"
    try:
        found = google.ask("compute", path)
    except NotSeenError as error:
        if ": 404" not in str(error):
            raise
        yield Finding(
            Health.LACKING,
            f"subnetwork {name}: not in {settings.region}",
            "set CRIME_DATAPROC_SUBNETWORK to one that is there, or apply Terraform, which makes one",
        )
        return
    yield _finding(
        bool(found.get("privateIpGoogleAccess")),
        f"subnetwork {name} with Private Google Access, as clusters have no external addresses",
        f"gcloud compute networks subnets update {name} --region {settings.region} "
        f"--enable-private-ip-google-access --project {settings.project}",
    )


def _key(settings: Settings, google: GoogleRest, number: str | None) -> Iterator[Finding]:
    if not settings.kms_key or number is None:
        return
    members = _members(google.ask("cloudkms", f"v1/{settings.kms_key}:getIamPolicy"), _ENCRYPTER)
    for agent in _ENCRYPTING:
        member = f"serviceAccount:{agent.format(number=number)}"
        yield _finding(
            member in members,
            f"key {settings.kms_key.rpartition('/')[2]} for {member.partition(':')[2]}",
            f"gcloud kms keys add-iam-policy-binding {settings.kms_key} --member {member} "
            f"--role {_ENCRYPTER}",
        )


def demand(shape: str) -> dict[str, float]:
    """Return what a run's cluster asks for at first, by the metric of its quota.

    >>> [demand(shape)["CPUS_ALL_REGIONS"] for shape in ("standard", "small", "single")]
    [20.0, 10.0, 4.0]

    Args:
        shape: the name of its shape.

    Returns:
        vCPUs, and GB of disks.
    """
    machines = cluster.shape_of(shape)
    needed: dict[str, float] = {"CPUS_ALL_REGIONS": 0.0, "SSD_TOTAL_GB": 0.0}
    for machine, disk_gb, number in (
        (machines.master_machine, machines.master_disk_gb, 1),
        (machines.worker_machine, machines.worker_disk_gb, machines.workers),
    ):
        if not number:
            continue
        found = _VCPUS.fullmatch(machine)
        if found is None:
            raise ValueError(f"{machine}: says nothing of its vCPUs")
        # E2 and N1 machines count as CPUS, every other family has a quota of its own.
        family = found["family"].upper()
        metric = "CPUS" if family in ("E2", "N1") else f"{family}_CPUS"
        vcpus = float(found["vcpus"]) * number
        needed[metric] = needed.get(metric, 0.0) + vcpus
        needed["CPUS_ALL_REGIONS"] += vcpus
        needed["SSD_TOTAL_GB"] += disk_gb * number
    return needed


def _members(policy: Mapping[str, Any], role: str) -> set[str]:
    bindings = [each for each in policy.get("bindings", []) if each.get("role") == role]
    return {member for each in bindings for member in each.get("members", [])}


def _finding(is_well: bool, what: str, remedy: str) -> Finding:
    return Finding(Health.WELL, what) if is_well else Finding(Health.LACKING, what, remedy)
