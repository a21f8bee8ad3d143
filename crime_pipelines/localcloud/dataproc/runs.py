"""Running workflows and serverless batches, and their states."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from google.cloud import dataproc_v1 as dataproc
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from google.rpc import status_pb2

#: The label by which Dataproc marks the clusters and jobs of a workflow; its operation is called the same.
WORKFLOW_LABEL: Final = "goog-dataproc-workflow-instance-id"
_Node: Final[Any] = dataproc.WorkflowNode.NodeState
_State: Final[Any] = dataproc.Batch.State
_Over: Final[Any] = dataproc.WorkflowMetadata.State.DONE


@dataclass(frozen=True, slots=True)
class Job:
    """A PySpark job as submitted.

    Attributes:
        job_id: what it is called.
        main: the URI of its main file.
        arguments: its command line.
        python_files: URIs of what it imports.
        jars: URIs of jars.
        properties: its Spark properties.
        account: the address of the service account that it runs as; empty for Dataproc's default.
    """

    job_id: str
    main: str
    arguments: tuple[str, ...]
    python_files: tuple[str, ...]
    jars: tuple[str, ...]
    properties: dict[str, str]
    account: str = ""


class Workflow:
    """A workflow, with what became of its cluster."""

    def __init__(self, name: str, request_id: str, template: dataproc.WorkflowTemplate) -> None:
        """Accept a workflow that has been asked for.

        Args:
            name: its operation's name.
            request_id: the request's id.
            template: its template, filled in.
        """
        self.name, self.request_id, self.template = name, request_id, template
        self.metadata = dataproc.WorkflowMetadata(
            template=template.name,
            state=dataproc.WorkflowMetadata.State.RUNNING,
            cluster_name=f"{template.placement.managed_cluster.cluster_name}-{uuid.uuid4().hex[:12]}",
            start_time=datetime.now(UTC),
            graph=dataproc.WorkflowGraph(
                nodes=[
                    dataproc.WorkflowNode(step_id=job.step_id, state=_Node.BLOCKED) for job in template.jobs
                ]
            ),
        )
        self.error: status_pb2.Status | None = None
        self.done = False
        self.cluster_gone = False
        self.cancelled = threading.Event()

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its cluster and its jobs."""
        return {**self.template.labels, WORKFLOW_LABEL: self.name.rpartition("/")[2]}

    @property
    def account(self) -> str:
        """The address of the service account that its cluster runs as."""
        return str(self.template.placement.managed_cluster.config.gce_cluster_config.service_account)

    def jobs(self) -> list[Job]:
        """Its jobs, in order."""
        tail = uuid.uuid4().hex[:12]
        return [
            Job(
                f"{each.step_id}-{tail}",
                each.pyspark_job.main_python_file_uri,
                tuple(each.pyspark_job.args),
                tuple(each.pyspark_job.python_file_uris),
                tuple(each.pyspark_job.jar_file_uris),
                dict(each.pyspark_job.properties),
                self.account,
            )
            for each in self.template.jobs
        ]

    def run(self, job_id: str = "job-1", at: int = 0) -> None:
        """Its cluster is there, and a job begins.

        Args:
            job_id: the job's id.
            at: which of its jobs.
        """
        self.metadata.create_cluster.done = True
        self.metadata.graph.nodes[at].state = _Node.RUNNING
        self.metadata.graph.nodes[at].job_id = job_id

    def refuse_cluster(self, message: str) -> None:
        """Note that its cluster can't be made: no job of it ever begins.

        Args:
            message: why.
        """
        self.metadata.create_cluster.error = message

    def job_over(self, node: Any, error: str = "", at: int = 0) -> None:
        """Note that a job has ended; the cluster is still there.

        Args:
            node: how, a `WorkflowNode.NodeState`.
            error: what went wrong.
            at: which of its jobs.
        """
        self.metadata.graph.nodes[at].state = node
        self.metadata.graph.nodes[at].error = error

    def end(self, node: Any, code: int = 0, message: str = "") -> None:
        """Note that the job has ended, one way or the other, and that the managed cluster is gone.

        Args:
            node: how the last job ended, a `WorkflowNode.NodeState`.
            code: the operation's error; 0 for none.
            message: what went wrong.
        """
        if self.done:
            return
        self.metadata.graph.nodes[-1].state = node
        self.metadata.delete_cluster.done = True
        self.cluster_gone = True
        self.metadata.state = _Over
        self.metadata.end_time = datetime.now(UTC)
        self.error = status_pb2.Status(code=code, message=message) if code else None
        self.done = True

    def operation(self) -> operations_pb2.Operation:
        """Return its state as Dataproc reports it."""
        operation = operations_pb2.Operation(name=self.name, done=self.done)
        operation.metadata.Pack(dataproc.WorkflowMetadata.pb(self.metadata))
        if self.error:
            operation.error.CopyFrom(self.error)
        elif self.done:
            operation.response.Pack(empty_pb2.Empty())
        return operation


class BatchRun:
    """A serverless batch."""

    def __init__(self, name: str, operation: str, batch: dataproc.Batch) -> None:
        """Accept a batch that has been asked for.

        Args:
            name: its name.
            operation: its operation's name.
            batch: what was asked for.
        """
        self.batch = batch
        batch.name, batch.operation = name, operation
        batch.state, batch.create_time = _State.RUNNING, datetime.now(UTC)
        self.cancelled = threading.Event()

    @property
    def account(self) -> str:
        """The address of the service account that it runs as."""
        return str(self.batch.environment_config.execution_config.service_account)

    def job(self) -> Job:
        """Its job."""
        job = self.batch.pyspark_batch
        return Job(
            self.batch.name.rpartition("/")[2],
            job.main_python_file_uri,
            tuple(job.args),
            tuple(job.python_file_uris),
            tuple(job.jar_file_uris),
            dict(self.batch.runtime_config.properties),
            self.account,
        )

    @property
    def done(self) -> bool:
        """Tell whether it is over."""
        return self.batch.state in (_State.SUCCEEDED, _State.FAILED, _State.CANCELLED)

    def end(self, state: Any, message: str = "") -> None:
        """Note that it is over.

        Args:
            state: how, a `Batch.State`.
            message: what went wrong.
        """
        if not self.done:
            self.batch.state, self.batch.state_message = state, message

    def operation(self) -> operations_pb2.Operation:
        """Return its state as Dataproc reports it."""
        operation = operations_pb2.Operation(name=self.batch.operation, done=self.done)
        metadata = dataproc.BatchOperationMetadata(batch=self.batch.name)
        operation.metadata.Pack(dataproc.BatchOperationMetadata.pb(metadata))
        if self.batch.state == _State.SUCCEEDED:
            operation.response.Pack(dataproc.Batch.pb(self.batch))
        elif self.done:
            operation.error.CopyFrom(status_pb2.Status(code=2, message=self.batch.state_message))
        return operation
