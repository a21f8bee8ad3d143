"""The machines that a run gets, and how long they may live: the one place where they are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crime_pipelines.errors import InputError

#: Spark 3.5, Java 11, Python 3.11, with the connectors to Cloud Storage and BigQuery.
IMAGE_VERSION: Final = "2.3-debian12"
#: The serverless runtime with the same Spark.
RUNTIME_VERSION: Final = "2.3"

DISK_TYPE: Final = "pd-balanced"
#: A cluster without workers has to say that it is meant.
NO_WORKERS: Final = {"dataproc:dataproc.allow.zero.workers": "true"}


@dataclass(frozen=True, slots=True)
class Shape:
    """The machines of a cluster.

    Attributes:
        master_machine: the master's machine type.
        master_disk_gb: its disk, in GB.
        worker_machine: the workers' machine type.
        worker_disk_gb: the disk of each, in GB.
        workers: how many there are at first: none, or the two that Dataproc gives a cluster with workers at
            least. Only a cluster with workers grows, by its autoscaling policy.
    """

    master_machine: str
    master_disk_gb: int
    worker_machine: str = ""
    worker_disk_gb: int = 0
    workers: int = 0


#: By name. New projects often have quotas for 12 vCPU and 250 GB: `small` and `single` keep below.
SHAPES: Final = {
    "standard": Shape("n2-standard-4", 100, "n2-standard-8", 200, 2),
    "small": Shape("n2-standard-2", 50, "n2-standard-4", 50, 2),
    "single": Shape("n2-standard-4", 100),
}

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
#: A workflow that takes longer than this hangs: it is ended, and its cluster deleted.
WORKFLOW_SECONDS: Final = 6 * _HOUR
#: The second net, should the workflow's own end get lost: a cluster without a job, and any cluster at all.
IDLE_SECONDS: Final = 15 * _MINUTE
LIFETIME_SECONDS: Final = 8 * _HOUR

#: What holds for clusters and batches alike. What a session needs anywhere, the job sets itself.
SPARK_PROPERTIES: Final = {
    "spark.sql.adaptive.enabled": "true",
    # Few large partitions of the input: fewer, larger files in the lake, less time spent on starting tasks.
    "spark.sql.files.maxPartitionBytes": "256m",
    # Adaptive execution makes few of these where the data are small.
    "spark.sql.shuffle.partitions": "400",
    "spark.sql.session.timeZone": "UTC",
    "spark.dynamicAllocation.enabled": "true",
    # A second attempt comes from the run's own retry, under an attempt of its own, or not at all.
    "spark.yarn.maxAppAttempts": "1",
    # A machine that autoscaling takes away, or that dies, costs a task and not the job.
    "spark.task.maxFailures": "8",
}
#: Not for batches, which refuse what they don't know.
CLUSTER_ONLY: Final = frozenset({"spark.yarn.maxAppAttempts"})
BATCH_PROPERTIES: Final = {
    "spark.dynamicAllocation.initialExecutors": "2",
    "spark.dynamicAllocation.maxExecutors": "100",
}


def shape_of(name: str) -> Shape:
    """Return a shape.

    Args:
        name: its name.

    Returns:
        The shape.

    Raises:
        InputError: there is none of that name.
    """
    if name not in SHAPES:
        raise InputError(f"CRIME_DATAPROC_SHAPE={name}: unknown shape; choose one of {', '.join(SHAPES)}")
    return SHAPES[name]
