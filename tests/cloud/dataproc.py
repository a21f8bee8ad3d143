"""Dataproc's gRPC interface over the library's own messages; what runs ends when a test says so."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import grpc
from google.cloud import dataproc_v1 as dataproc
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from google.rpc import code_pb2, status_pb2

WORKFLOW_LABEL = "goog-dataproc-workflow-instance-id"
_FIELD = re.compile(
    r"jobs\['(?P<step>[^']+)'\]\.pysparkJob\.args\[(?P<at>\d+)\]|labels\['(?P<label>[^']+)'\]"
)
_FILTER = re.compile(r"labels\.(?P<name>[a-z-]+) = (?P<value>\S+)")
_Node = dataproc.WorkflowNode.NodeState


class Workflow:
    """A workflow, with what became of its cluster."""

    def __init__(self, name: str, request_id: str, template: dataproc.WorkflowTemplate) -> None:
        self.name, self.request_id, self.template = name, request_id, template
        self.metadata = dataproc.WorkflowMetadata(
            template=template.name,
            state=dataproc.WorkflowMetadata.State.RUNNING,
            cluster_name=f"{template.placement.managed_cluster.cluster_name}-abc",
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

    def run(self) -> None:
        self.metadata.create_cluster.done = True
        self.metadata.graph.nodes[0].state = _Node.RUNNING
        self.metadata.graph.nodes[0].job_id = "job-1"

    def end(self, node: _Node, code: int = 0, message: str = "") -> None:
        """The job ends, one way or the other, and with it the managed cluster."""
        self.metadata.graph.nodes[0].state = node
        self.metadata.delete_cluster.done = True
        self.cluster_gone = True
        self.metadata.state = dataproc.WorkflowMetadata.State.DONE
        self.error = status_pb2.Status(code=code, message=message) if code else None
        self.done = True

    @property
    def labels(self) -> dict[str, str]:
        return {**self.template.labels, WORKFLOW_LABEL: self.name.rpartition("/")[2]}

    def operation(self) -> operations_pb2.Operation:
        operation = operations_pb2.Operation(name=self.name, done=self.done)
        operation.metadata.Pack(dataproc.WorkflowMetadata.pb(self.metadata))
        if self.error:
            operation.error.CopyFrom(self.error)
        elif self.done:
            operation.response.Pack(empty_pb2.Empty())
        return operation


class DataprocStandIn:
    """What the clients speak to."""

    def __init__(self) -> None:
        self.templates: dict[str, dataproc.WorkflowTemplate] = {}
        self.workflows: dict[str, Workflow] = {}
        self.batches: dict[str, dataproc.Batch] = {}
        self.requests: list[str] = []
        #: Called at the beginning of each instantiation.
        self.before: Callable[[], None] = lambda: None
        #: Called at each look at an operation.
        self.at_look: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def _workflow_template(self, name: str, context: grpc.ServicerContext) -> dataproc.WorkflowTemplate:
        if name not in self.templates:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Not found: {name}")
        return self.templates[name]

    def get_template(self, request: Any, context: grpc.ServicerContext) -> dataproc.WorkflowTemplate:
        return self._workflow_template(request.name, context)

    def create_template(self, request: Any, context: grpc.ServicerContext) -> dataproc.WorkflowTemplate:
        template = request.template
        template.name, template.version = f"{request.parent}/workflowTemplates/{template.id}", 1
        self.templates[template.name] = template
        return template

    def update_template(self, request: Any, context: grpc.ServicerContext) -> dataproc.WorkflowTemplate:
        there = self._workflow_template(request.template.name, context)
        if there.version != request.template.version:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "version mismatch")
        request.template.version += 1
        self.templates[there.name] = request.template
        return request.template

    def instantiate(self, request: Any, context: grpc.ServicerContext) -> operations_pb2.Operation:
        template = self._workflow_template(request.name, context)
        self.requests.append(request.request_id)
        self.before()
        problem = _mismatch(template, dict(request.parameters))
        if problem:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, problem)
        with self._lock:
            for workflow in self.workflows.values():
                if workflow.request_id == request.request_id and not workflow.done:
                    context.abort(grpc.StatusCode.ALREADY_EXISTS, "a workflow runs under this request_id")
            place = request.name.partition("/workflowTemplates/")[0]
            name = f"{place}/operations/{uuid.uuid4()}"
            filled = _filled(template, dict(request.parameters))
            self.workflows[name] = Workflow(name, request.request_id, filled)
        return self.workflows[name].operation()

    def list_jobs(self, request: Any, context: grpc.ServicerContext) -> dataproc.ListJobsResponse:
        jobs = [
            dataproc.Job(labels=each.labels)
            for each in self._matching(request.filter)
            if each.metadata.graph.nodes[0].job_id
        ]
        return dataproc.ListJobsResponse(jobs=jobs)

    def list_clusters(self, request: Any, context: grpc.ServicerContext) -> dataproc.ListClustersResponse:
        clusters = [
            dataproc.Cluster(cluster_name=each.metadata.cluster_name, labels=each.labels)
            for each in self._matching(request.filter)
            if not each.cluster_gone
        ]
        return dataproc.ListClustersResponse(clusters=clusters)

    def _matching(self, text: str) -> list[Workflow]:
        wanted = _FILTER.fullmatch(text)
        assert wanted, text
        return [
            each for each in self.workflows.values() if each.labels.get(wanted["name"]) == wanted["value"]
        ]

    def create_batch(self, request: Any, context: grpc.ServicerContext) -> operations_pb2.Operation:
        name = f"{request.parent}/batches/{request.batch_id}"
        if name in self.batches:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"Already exists: {name}")
        batch = request.batch
        region = request.parent.replace("/locations/", "/regions/")
        batch.name, batch.operation = name, f"{region}/operations/{uuid.uuid4()}"
        batch.state, batch.create_time = dataproc.Batch.State.RUNNING, datetime.now(UTC)
        self.batches[name] = batch
        return self._batch_operation(batch)

    def get_batch(self, request: Any, context: grpc.ServicerContext) -> dataproc.Batch:
        return self.batches[request.name]

    def list_batches(self, request: Any, context: grpc.ServicerContext) -> dataproc.ListBatchesResponse:
        wanted = _FILTER.fullmatch(request.filter)
        assert wanted, request.filter
        return dataproc.ListBatchesResponse(
            batches=[
                each for each in self.batches.values() if each.labels.get(wanted["name"]) == wanted["value"]
            ]
        )

    def _batch_operation(self, batch: dataproc.Batch) -> operations_pb2.Operation:
        operation = operations_pb2.Operation(name=batch.operation)
        metadata = dataproc.BatchOperationMetadata(batch=batch.name)
        operation.metadata.Pack(dataproc.BatchOperationMetadata.pb(metadata))
        return operation

    def get_operation(self, request: Any, context: grpc.ServicerContext) -> operations_pb2.Operation:
        self.at_look()
        if request.name in self.workflows:
            return self.workflows[request.name].operation()
        for batch in self.batches.values():
            if batch.operation == request.name:
                return self._batch_operation(batch)
        context.abort(grpc.StatusCode.NOT_FOUND, f"Not found: {request.name}")
        raise AssertionError

    def cancel_operation(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        if request.name in self.workflows:
            self.workflows[request.name].end(_Node.FAILED, code_pb2.CANCELLED, "cancelled by request")
        for batch in self.batches.values():
            if batch.operation == request.name:
                batch.state = dataproc.Batch.State.CANCELLED
        return empty_pb2.Empty()


def _mismatch(template: dataproc.WorkflowTemplate, values: dict[str, str]) -> str:
    if set(values) != {each.name for each in template.parameters}:
        return f"parameters {sorted(values)} are not those of the template"
    for each in template.parameters:
        if not any(re.fullmatch(regex, values[each.name]) for regex in each.validation.regex.regexes):
            return f"{each.name}: {values[each.name]!r} does not match"
    return ""


def _filled(template: dataproc.WorkflowTemplate, values: dict[str, str]) -> dataproc.WorkflowTemplate:
    filled = dataproc.WorkflowTemplate(template)
    for parameter in template.parameters:
        for path in parameter.fields:
            field = _FIELD.fullmatch(path)
            assert field, path
            if field["label"]:
                assert field["label"] in filled.labels
                filled.labels[field["label"]] = values[parameter.name]
            else:
                (job,) = [job for job in filled.jobs if job.step_id == field["step"]]
                job.pyspark_job.args[int(field["at"])] = values[parameter.name]
    return filled


def _handlers(stand_in: DataprocStandIn) -> Iterator[grpc.GenericRpcHandler]:
    def method(call: Any, request: Any) -> grpc.RpcMethodHandler:
        read = getattr(request, "FromString", None) or request.deserialize

        def write(answer: Any) -> bytes:
            own = getattr(answer, "SerializeToString", None)
            return bytes(own()) if own else bytes(type(answer).serialize(answer))

        return grpc.unary_unary_rpc_method_handler(call, read, write)

    services = {
        "google.cloud.dataproc.v1.WorkflowTemplateService": {
            "GetWorkflowTemplate": (stand_in.get_template, dataproc.GetWorkflowTemplateRequest),
            "CreateWorkflowTemplate": (stand_in.create_template, dataproc.CreateWorkflowTemplateRequest),
            "UpdateWorkflowTemplate": (stand_in.update_template, dataproc.UpdateWorkflowTemplateRequest),
            "InstantiateWorkflowTemplate": (
                stand_in.instantiate,
                dataproc.InstantiateWorkflowTemplateRequest,
            ),
        },
        "google.cloud.dataproc.v1.JobController": {
            "ListJobs": (stand_in.list_jobs, dataproc.ListJobsRequest)
        },
        "google.cloud.dataproc.v1.ClusterController": {
            "ListClusters": (stand_in.list_clusters, dataproc.ListClustersRequest)
        },
        "google.cloud.dataproc.v1.BatchController": {
            "CreateBatch": (stand_in.create_batch, dataproc.CreateBatchRequest),
            "GetBatch": (stand_in.get_batch, dataproc.GetBatchRequest),
            "ListBatches": (stand_in.list_batches, dataproc.ListBatchesRequest),
        },
        "google.longrunning.Operations": {
            "GetOperation": (stand_in.get_operation, operations_pb2.GetOperationRequest),
            "CancelOperation": (stand_in.cancel_operation, operations_pb2.CancelOperationRequest),
        },
    }
    for service, methods in services.items():
        yield grpc.method_handlers_generic_handler(
            service, {name: method(call, request) for name, (call, request) in methods.items()}
        )


@contextmanager
def dataproc_stand_in() -> Iterator[tuple[DataprocStandIn, str]]:
    """A stand-in and the endpoint by which the settings name it."""
    stand_in = DataprocStandIn()
    server = grpc.server(ThreadPoolExecutor(32), handlers=list(_handlers(stand_in)))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield stand_in, f"http://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
