"""The machines that a run gets, and how long they may live: the one place where they are chosen."""

from __future__ import annotations

from typing import Final

#: Spark 3.5, Java 11, Python 3.11, with the connectors to Cloud Storage and BigQuery.
IMAGE_VERSION: Final = "2.3-debian12"
#: The serverless runtime with the same Spark.
RUNTIME_VERSION: Final = "2.3"

MASTER_MACHINE: Final = "n2-standard-4"
WORKER_MACHINE: Final = "n2-standard-8"
#: The least that Dataproc gives a cluster with workers; the autoscaling policy adds more.
WORKERS: Final = 2
DISK_TYPE: Final = "pd-balanced"
MASTER_DISK_GB: Final = 100
WORKER_DISK_GB: Final = 200

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
