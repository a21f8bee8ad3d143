"""States of attempts at a run, read from Dataproc's workflows and serverless batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal

from google.cloud import dataproc_v1 as dataproc

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation

_CANCELLED: Final = 1  # google.rpc.Code
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NodeState = dataproc.WorkflowNode.NodeState
_BatchState = dataproc.Batch.State


class State(Enum):
    """The state of an attempt."""

    PENDING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self not in (State.PENDING, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a run.

    Attributes:
        kind: on what it runs.
        operation: the name of its operation, by which it is looked up and cancelled.
        state: how far it is.
        detail: what is going on, or went wrong, in one line.
        place: the cluster or the batch.
        started: when it began.
        had_job: whether a job of it has begun; not where its cluster could not be made.
    """

    kind: Literal["workflow", "batch"]
    operation: str
    state: State
    detail: str
    place: str
    started: datetime
    had_job: bool = True


def of_workflow(operation: Operation) -> Attempt:
    """Read the state of a workflow.

    Args:
        operation: its operation, as Dataproc gives it.

    Returns:
        The attempt.
    """
    metadata = dataproc.WorkflowMetadata.deserialize(operation.metadata.value)
    state, detail = _ended(operation, metadata) if operation.done else _under_way(metadata)
    return Attempt(
        "workflow",
        operation.name,
        state,
        _one_line(detail),
        metadata.cluster_name,
        _moment(metadata.start_time),
        any(node.job_id for node in metadata.graph.nodes),
    )


def of_batch(batch: dataproc.Batch) -> Attempt:
    """Read the state of a batch.

    Args:
        batch: the batch, as Dataproc gives it.

    Returns:
        The attempt.
    """
    states = {
        _BatchState.SUCCEEDED: State.DONE,
        _BatchState.FAILED: State.FAILED,
        _BatchState.CANCELLED: State.CANCELLED,
        _BatchState.RUNNING: State.RUNNING,
        _BatchState.CANCELLING: State.RUNNING,
    }
    state = states.get(batch.state, State.PENDING)
    detail = batch.state_message or f"the batch is {batch.state.name.lower()}"
    return Attempt(
        "batch",
        batch.operation,
        state,
        _one_line(detail),
        batch.name.rpartition("/")[2],
        _moment(batch.create_time),
    )


def _under_way(metadata: dataproc.WorkflowMetadata) -> tuple[State, str]:
    cluster = metadata.cluster_name or "the cluster"
    if metadata.state in (dataproc.WorkflowMetadata.State.UNKNOWN, dataproc.WorkflowMetadata.State.PENDING):
        return State.PENDING, "the workflow waits"
    if not metadata.create_cluster.done:
        return State.RUNNING, f"{cluster} is being made"
    nodes = metadata.graph.nodes
    running = [node for node in nodes if node.state == _NodeState.RUNNING]
    if running:
        return State.RUNNING, f"{running[0].job_id or running[0].step_id} runs on {cluster}"
    if nodes and all(node.state in (_NodeState.COMPLETED, _NodeState.FAILED) for node in nodes):
        return State.RUNNING, f"{cluster} is being deleted"
    return State.RUNNING, f"{cluster} is ready, the job waits"


def _ended(operation: Operation, metadata: dataproc.WorkflowMetadata) -> tuple[State, str]:
    broken = [node for node in metadata.graph.nodes if node.state == _NodeState.FAILED]
    if operation.HasField("error"):
        if operation.error.code == _CANCELLED:
            return State.CANCELLED, operation.error.message or "the workflow was cancelled"
        why = operation.error.message
        return State.FAILED, why or (broken[0].error if broken else "") or "Dataproc gives no reason"
    if broken:
        return State.FAILED, broken[0].error or f"job {broken[0].job_id} failed"
    if metadata.create_cluster.error:
        return State.FAILED, metadata.create_cluster.error
    gone = " and the cluster is gone" if metadata.delete_cluster.done else ""
    return State.DONE, f"the job is done{gone}"


def _moment(stamp: object) -> datetime:
    # The library gives a datetime of its own, or None where there is none yet.
    return datetime.fromtimestamp(stamp.timestamp(), UTC) if isinstance(stamp, datetime) else _EPOCH


def _one_line(text: str) -> str:
    return " ".join(text.split())
