"""Dataproc's services, over the client library's own messages."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import grpc
from google.cloud import dataproc_v1 as dataproc
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from google.rpc import code_pb2

from crime_pipelines.localcloud.calls.accounts import ACCOUNT_HEADER, account_of
from crime_pipelines.localcloud.calls.record import Calls
from crime_pipelines.localcloud.dataproc.checks import batch_problem, template_problem
from crime_pipelines.localcloud.dataproc.runs import BatchRun, Workflow
from crime_pipelines.localcloud.dataproc.template_parameters import filled, mismatch
from crime_pipelines.localcloud.processes import HOST

_FILTER: Final = re.compile(r"labels\.(?P<name>[a-z-]+) = (?P<value>\S+)")
_THREADS: Final = 32
_Node: Final[Any] = dataproc.WorkflowNode.NodeState
_State: Final[Any] = dataproc.Batch.State


class Endpoint:
    """The endpoint that clients speak to: it keeps templates, workflows and batches, and runs them."""

    def __init__(self, calls: Calls | None = None) -> None:
        """Nothing is known at first, and nothing runs what is asked for.

        Args:
            calls: where is recorded in whose name runs are started; nowhere unless given.
        """
        self._calls = calls
        self.templates: dict[str, dataproc.WorkflowTemplate] = {}
        self.workflows: dict[str, Workflow] = {}
        self.batch_runs: dict[str, BatchRun] = {}
        #: The ids of all requests to start a workflow, repeated ones too.
        self.requests: list[str] = []
        #: Has a workflow or a batch run that was asked for.
        self.launch: Callable[[Workflow | BatchRun], None] = lambda run: None
        #: Ends one that is to be cancelled.
        self.stop: Callable[[Workflow | BatchRun], None] = _stop_at_once
        #: Called at the beginning of each instantiation.
        self.before: Callable[[], None] = lambda: None
        #: Called at each look at an operation.
        self.at_look: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    @property
    def batches(self) -> dict[str, dataproc.Batch]:
        """The batches by name."""
        return {name: run.batch for name, run in self.batch_runs.items()}

    def _workflow_template(self, name: str, context: grpc.ServicerContext) -> dataproc.WorkflowTemplate:
        if name not in self.templates:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Not found: {name}")
        return self.templates[name]

    def get_template(self, request: Any, context: grpc.ServicerContext) -> dataproc.WorkflowTemplate:
        """GetWorkflowTemplate."""
        return self._workflow_template(request.name, context)

    def create_template(self, request: Any, context: grpc.ServicerContext) -> dataproc.WorkflowTemplate:
        """CreateWorkflowTemplate."""
        template: dataproc.WorkflowTemplate = request.template
        _refuse(template_problem(template, request.parent), context)
        template.name, template.version = f"{request.parent}/workflowTemplates/{template.id}", 1
        self.templates[template.name] = template
        return template

    def update_template(self, request: Any, context: grpc.ServicerContext) -> dataproc.WorkflowTemplate:
        """UpdateWorkflowTemplate, which takes the current version only."""
        there = self._workflow_template(request.template.name, context)
        if there.version != request.template.version:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "version mismatch")
        place = request.template.name.partition("/workflowTemplates/")[0]
        _refuse(template_problem(request.template, place), context)
        request.template.version += 1
        self.templates[there.name] = request.template
        return self.templates[there.name]

    def instantiate(self, request: Any, context: grpc.ServicerContext) -> operations_pb2.Operation:
        """InstantiateWorkflowTemplate; while a workflow runs under a request's id, no second one starts."""
        template = self._workflow_template(request.name, context)
        self.requests.append(request.request_id)
        self.before()
        _refuse(mismatch(template, dict(request.parameters)), context)
        with self._lock:
            for each in self.workflows.values():
                if each.request_id == request.request_id and not each.done:
                    context.abort(grpc.StatusCode.ALREADY_EXISTS, "a workflow runs under this request_id")
            place = request.name.partition("/workflowTemplates/")[0]
            name = f"{place}/operations/{uuid.uuid4()}"
            workflow = Workflow(name, request.request_id, filled(template, dict(request.parameters)))
            self.workflows[name] = workflow
        self._note_acting(workflow.account, context)
        self.launch(workflow)
        return workflow.operation()

    def list_jobs(self, request: Any, context: grpc.ServicerContext) -> dataproc.ListJobsResponse:
        """ListJobs, by a label."""
        return dataproc.ListJobsResponse(
            jobs=[
                dataproc.Job(labels=each.labels, reference=dataproc.JobReference(job_id=node.job_id))
                for each in self._matching(request.filter, context)
                for node in each.metadata.graph.nodes
                if node.job_id
            ]
        )

    def list_clusters(self, request: Any, context: grpc.ServicerContext) -> dataproc.ListClustersResponse:
        """ListClusters, by a label: those that are there."""
        return dataproc.ListClustersResponse(
            clusters=[
                dataproc.Cluster(cluster_name=each.metadata.cluster_name, labels=each.labels)
                for each in self._matching(request.filter, context)
                if not each.cluster_gone
            ]
        )

    def _matching(self, text: str, context: grpc.ServicerContext) -> list[Workflow]:
        name, value = _wanted(text, context)
        return [each for each in list(self.workflows.values()) if each.labels.get(name) == value]

    def create_batch(self, request: Any, context: grpc.ServicerContext) -> operations_pb2.Operation:
        """CreateBatch."""
        _refuse(batch_problem(request.batch, request.batch_id, request.parent), context)
        name = f"{request.parent}/batches/{request.batch_id}"
        region = request.parent.replace("/locations/", "/regions/")
        with self._lock:
            if name in self.batch_runs:
                context.abort(grpc.StatusCode.ALREADY_EXISTS, f"Already exists: {name}")
            run = BatchRun(name, f"{region}/operations/{uuid.uuid4()}", request.batch)
            self.batch_runs[name] = run
        self._note_acting(run.account, context)
        self.launch(run)
        return run.operation()

    def _note_acting(self, account: str, context: grpc.ServicerContext) -> None:
        """Record in whose name the caller has something run."""
        caller = str(dict(context.invocation_metadata()).get(ACCOUNT_HEADER, ""))
        if self._calls is not None and account:
            self._calls.note(caller, "iam.serviceAccounts.actAs", f"account/{account_of(account)}")

    def get_batch(self, request: Any, context: grpc.ServicerContext) -> dataproc.Batch:
        """GetBatch."""
        if request.name not in self.batch_runs:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Not found: {request.name}")
        return self.batch_runs[request.name].batch

    def list_batches(self, request: Any, context: grpc.ServicerContext) -> dataproc.ListBatchesResponse:
        """ListBatches, by a label."""
        name, value = _wanted(request.filter, context)
        found = [each for each in self.batches.values() if each.labels.get(name) == value]
        return dataproc.ListBatchesResponse(batches=found)

    def _run(self, operation: str, context: grpc.ServicerContext) -> Workflow | BatchRun:
        if operation in self.workflows:
            return self.workflows[operation]
        for each in list(self.batch_runs.values()):
            if each.batch.operation == operation:
                return each
        context.abort(grpc.StatusCode.NOT_FOUND, f"Not found: {operation}")
        raise KeyError(operation)  # never: abort raises

    def get_operation(self, request: Any, context: grpc.ServicerContext) -> operations_pb2.Operation:
        """GetOperation."""
        self.at_look()
        return self._run(request.name, context).operation()

    def cancel_operation(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """CancelOperation: the job ends, and its cluster is deleted."""
        self.stop(self._run(request.name, context))
        return empty_pb2.Empty()


def _refuse(problem: str, context: grpc.ServicerContext) -> None:
    if problem:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, problem)


def _stop_at_once(run: Workflow | BatchRun) -> None:
    if isinstance(run, Workflow):
        run.end(_Node.FAILED, code_pb2.CANCELLED, "cancelled by request")
    else:
        run.end(_State.CANCELLED)


def _wanted(text: str, context: grpc.ServicerContext) -> tuple[str, str]:
    found = _FILTER.fullmatch(text)
    if not found:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"the filter {text!r} is not known here")
        raise ValueError(text)  # never: abort raises
    return found["name"], found["value"]


def _handlers(endpoint: Endpoint) -> Iterator[grpc.GenericRpcHandler]:
    def method(call: Any, request: Any) -> grpc.RpcMethodHandler:
        read = getattr(request, "FromString", None) or request.deserialize

        def write(answer: Any) -> bytes:
            own = getattr(answer, "SerializeToString", None)
            return bytes(own()) if own else bytes(type(answer).serialize(answer))

        return grpc.unary_unary_rpc_method_handler(call, read, write)

    services: dict[str, dict[str, tuple[Any, Any]]] = {
        "google.cloud.dataproc.v1.WorkflowTemplateService": {
            "GetWorkflowTemplate": (endpoint.get_template, dataproc.GetWorkflowTemplateRequest),
            "CreateWorkflowTemplate": (endpoint.create_template, dataproc.CreateWorkflowTemplateRequest),
            "UpdateWorkflowTemplate": (endpoint.update_template, dataproc.UpdateWorkflowTemplateRequest),
            "InstantiateWorkflowTemplate": (
                endpoint.instantiate,
                dataproc.InstantiateWorkflowTemplateRequest,
            ),
        },
        "google.cloud.dataproc.v1.JobController": {
            "ListJobs": (endpoint.list_jobs, dataproc.ListJobsRequest)
        },
        "google.cloud.dataproc.v1.ClusterController": {
            "ListClusters": (endpoint.list_clusters, dataproc.ListClustersRequest)
        },
        "google.cloud.dataproc.v1.BatchController": {
            "CreateBatch": (endpoint.create_batch, dataproc.CreateBatchRequest),
            "GetBatch": (endpoint.get_batch, dataproc.GetBatchRequest),
            "ListBatches": (endpoint.list_batches, dataproc.ListBatchesRequest),
        },
        "google.longrunning.Operations": {
            "GetOperation": (endpoint.get_operation, operations_pb2.GetOperationRequest),
            "CancelOperation": (endpoint.cancel_operation, operations_pb2.CancelOperationRequest),
        },
    }
    for service, methods in services.items():
        yield grpc.method_handlers_generic_handler(
            service, {name: method(call, request) for name, (call, request) in methods.items()}
        )


@contextmanager
def serving(endpoint: Endpoint, address: str = "") -> Iterator[str]:
    """Serve an endpoint.

    Args:
        endpoint: the endpoint.
        address: ``unix:`` and the path of its socket; a free port of this machine unless given.

    Yields:
        Where, as the settings name it.
    """
    server = grpc.server(ThreadPoolExecutor(_THREADS), handlers=list(_handlers(endpoint)))
    port = server.add_insecure_port(address or f"{HOST}:0")
    server.start()
    try:
        yield address or f"http://{HOST}:{port}"
    finally:
        server.stop(None).wait()
