"""Fixtures of the tests of the cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from crime_pipelines.localcloud.emulators import Emulators


@pytest.fixture(scope="session")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """Cloud Storage, Pub/Sub and BigQuery for all files of this process; starting them takes seconds."""
    pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")
    from tests.cloud.local import started

    with started(tmp_path_factory.mktemp("stores")) as made:
        yield made


@pytest.fixture(scope="module")
def cloud(emulators: Emulators) -> Iterator[Emulators]:
    """The shared stores, found by every client while a file's tests run; take `fresh_settings` for them."""
    from tests.cloud.local import found

    with found(emulators):
        yield emulators
