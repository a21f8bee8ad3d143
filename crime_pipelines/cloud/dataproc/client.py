"""Runs on Dataproc: put up templates, start, look up, wait for and cancel."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any, Final, TypeVar

import grpc
from google.api_core.exceptions import (
    AlreadyExists,
    GoogleAPICallError,
    NotFound,
    RetryError,
    ServiceUnavailable,
    TooManyRequests,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud import dataproc_v1 as dataproc
from google.longrunning.operations_pb2 import CancelOperationRequest, GetOperationRequest

from crime_pipelines.cloud.clients import PLAIN, is_plain
from crime_pipelines.cloud.dataproc.attempts import Attempt, of_batch, of_workflow
from crime_pipelines.cloud.dataproc.submission import Submission
from crime_pipelines.cloud.dataproc.templates import RUN_LABEL, batch, workflow_template
from crime_pipelines.cloud.settings import ARCHITECTURES, Settings
from crime_pipelines.errors import PipelineError

#: The label by which Dataproc marks the clusters and jobs of a workflow; its operation is called the same.
WORKFLOW_LABEL: Final = "goog-dataproc-workflow-instance-id"
POLL_SECONDS: Final = 5.0
_LONGEST_BATCH_ID: Final = 63
#: Every call may be repeated: starting is safe by its request id, updating by the template's version.
_PASSING: Final = if_exception_type(ServiceUnavailable, TooManyRequests)
_Client = TypeVar(
    "_Client",
    dataproc.WorkflowTemplateServiceClient,
    dataproc.JobControllerClient,
    dataproc.ClusterControllerClient,
    dataproc.BatchControllerClient,
)
_log = logging.getLogger(__name__)


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what Google's libraries raise into one line for a user.

    Args:
        doing: what was tried.

    Yields:
        Nothing.

    Raises:
        PipelineError: it failed.
    """
    try:
        yield
    except (GoogleAPICallError, RetryError) as error:
        cause = error.cause if isinstance(error, RetryError) else error
        raise PipelineError(f"{doing}: {getattr(cause, 'message', None) or cause}") from error
    except GoogleAuthError as error:
        raise PipelineError(f"{doing}: no credentials ({error})") from error


class Dataproc:
    """Dataproc in the settings' project and region."""

    def __init__(self, settings: Settings) -> None:
        """Connect. Nothing is sent before the first call.

        Args:
            settings: the settings. An endpoint that begins with ``http://`` is spoken to without TLS.
        """
        self._settings = settings
        self._patience: dict[str, Any] = {
            "retry": Retry(predicate=_PASSING, timeout=settings.retry_seconds),
            "timeout": float(settings.retry_seconds),
        }
        endpoint = settings.dataproc_endpoint
        channel = grpc.insecure_channel(endpoint.removeprefix(PLAIN)) if is_plain(endpoint) else None

        def connect(client: type[_Client]) -> _Client:
            if channel is None:
                return client(client_options={"api_endpoint": endpoint})
            return client(transport=client.get_transport_class("grpc")(channel=channel))

        self._templates = connect(dataproc.WorkflowTemplateServiceClient)
        self._jobs = connect(dataproc.JobControllerClient)
        self._clusters = connect(dataproc.ClusterControllerClient)
        self._batches = connect(dataproc.BatchControllerClient)

    def close(self) -> None:
        """Close the connections."""
        for client in (self._templates, self._jobs, self._clusters, self._batches):
            client.transport.close()  # type: ignore[no-untyped-call]

    @property
    def _region(self) -> str:
        return f"projects/{self._settings.project}/regions/{self._settings.region}"

    @property
    def _location(self) -> str:
        return f"projects/{self._settings.project}/locations/{self._settings.region}"

    def put_templates(self) -> list[str]:
        """Put up the workflow templates of both architectures, or bring them up to date.

        Returns:
            Their names.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: Dataproc refuses.
        """
        names = []
        for architecture in ARCHITECTURES:
            template = workflow_template(self._settings.for_architecture(architecture))
            name = f"{self._region}/workflowTemplates/{template.id}"
            try:
                there = self._templates.get_workflow_template(name=name, **self._patience)
                template.name, template.version = name, there.version
                self._templates.update_workflow_template(template=template, **self._patience)
            except NotFound:
                self._templates.create_workflow_template(
                    parent=self._region, template=template, **self._patience
                )
            names.append(name)
        return names

    def start(self, submission: Submission, request: str) -> str:
        """Start a run on a cluster of its own.

        Args:
            submission: what it is to do.
            request: the request's id; while a workflow runs under it, no second one starts.

        Returns:
            The name of the workflow's operation.

        Raises:
            google.api_core.exceptions.AlreadyExists: a workflow runs under this request.
            google.api_core.exceptions.GoogleAPICallError: Dataproc refuses.
        """
        started = self._templates.instantiate_workflow_template(
            dataproc.InstantiateWorkflowTemplateRequest(
                name=f"{self._region}/workflowTemplates/{self._settings.template}",
                request_id=request,
                parameters=submission.parameters(),
            ),
            **self._patience,
        )
        return str(started.operation.name)

    def start_batch(self, submission: Submission, request: str) -> str:
        """Start a run as a serverless batch.

        Args:
            submission: what it is to do.
            request: the request's id; the batch is made once for it.

        Returns:
            The name of the batch's operation.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: Dataproc refuses.
        """
        tail = request[:8]
        stem = submission.run_id[: _LONGEST_BATCH_ID - 1 - len(tail)].rstrip("-")
        batch_id = f"{stem}-{tail}"
        try:
            started = self._batches.create_batch(
                dataproc.CreateBatchRequest(
                    parent=self._location,
                    batch=batch(self._settings, submission),
                    batch_id=batch_id,
                    request_id=request,
                ),
                **self._patience,
            )
        except AlreadyExists:
            there = self._batches.get_batch(name=f"{self._location}/batches/{batch_id}", **self._patience)
            return str(there.operation)
        return str(started.operation.name)

    def attempt(self, operation: str) -> Attempt:
        """Return the state of an attempt.

        Args:
            operation: the name of its operation.

        Returns:
            The attempt.

        Raises:
            google.api_core.exceptions.NotFound: there is none.
        """
        found = self._templates.get_operation(GetOperationRequest(name=operation), **self._patience)
        if found.metadata.type_url.endswith(".BatchOperationMetadata"):
            metadata = dataproc.BatchOperationMetadata.deserialize(found.metadata.value)
            return of_batch(self._batches.get_batch(name=metadata.batch, **self._patience))
        return of_workflow(found)

    def attempts(self, run_id: str, known: frozenset[str] = frozenset()) -> list[Attempt]:
        """Return the attempts at a run, as far as Dataproc remembers them.

        Args:
            run_id: the run; its clusters, jobs and batches carry it as a label.
            known: names of operations that are known to belong to it.

        Returns:
            The attempts, the latest first.
        """
        by_label = f"labels.{RUN_LABEL} = {run_id}"
        where = {"project_id": self._settings.project, "region": self._settings.region, "filter": by_label}
        labels = [
            job.labels for job in self._jobs.list_jobs(dataproc.ListJobsRequest(where), **self._patience)
        ]
        labels += [
            cluster.labels
            for cluster in self._clusters.list_clusters(dataproc.ListClustersRequest(where), **self._patience)
        ]
        workflows = {each[WORKFLOW_LABEL] for each in labels if WORKFLOW_LABEL in each}
        names = {f"{self._region}/operations/{workflow}" for workflow in workflows}
        found = {}
        for each in self._batches.list_batches(
            dataproc.ListBatchesRequest(parent=self._location, filter=by_label), **self._patience
        ):
            found[each.operation] = of_batch(each)
        for name in (names | known) - set(found):
            try:
                found[name] = self.attempt(name)
            except NotFound:
                _log.info("operation is no longer known", extra={"operation": name, "run_id": run_id})
        return sorted(found.values(), key=lambda each: (each.started, each.operation), reverse=True)

    def wait(
        self, operation: str, told: Callable[[Attempt], None], poll_seconds: float = POLL_SECONDS
    ) -> Attempt:
        """Wait until an attempt is over.

        Args:
            operation: the name of its operation.
            told: called with the attempt whenever something about it has changed.
            poll_seconds: how long to wait between two looks at it.

        Returns:
            The attempt, over.
        """
        pause = Event()  # unlike time.sleep, it can be interrupted on every platform
        last: Attempt | None = None
        while True:
            attempt = self.attempt(operation)
            if attempt != last:
                told(attempt)
            if attempt.state.is_over:
                return attempt
            last = attempt
            pause.wait(poll_seconds)

    def cancel(self, attempt: Attempt) -> None:
        """Ask for the end of an attempt. Its cluster is deleted with it.

        Args:
            attempt: the attempt.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: Dataproc refuses.
        """
        self._templates.cancel_operation(CancelOperationRequest(name=attempt.operation), **self._patience)
