"""The local cloud's Dataproc, where a workflow ends when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crime_pipelines.localcloud.dataproc.endpoint import Endpoint as DataprocStandIn
from crime_pipelines.localcloud.dataproc.endpoint import serving
from crime_pipelines.localcloud.dataproc.runs import WORKFLOW_LABEL

__all__ = ["WORKFLOW_LABEL", "DataprocStandIn", "dataproc_stand_in"]


@contextmanager
def dataproc_stand_in() -> Iterator[tuple[DataprocStandIn, str]]:
    """A stand-in and the endpoint by which the settings name it."""
    endpoint = DataprocStandIn()
    with serving(endpoint) as url:
        yield endpoint, url
