"""Workflows run: a cluster is made, its jobs run on local Spark, the cluster goes, however they end."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import dataproc_v1 as dataproc
from google.cloud.storage import Blob, Client
from google.rpc import code_pb2

from crime_pipelines.cloud.clients import STORAGE_EMULATOR, storage_client
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.localcloud import prerequisites as needs
from crime_pipelines.localcloud.dataproc import lost_worker
from crime_pipelines.localcloud.dataproc.runs import BatchRun, Job, Workflow
from crime_pipelines.localcloud.faults import FILE as FAULTS
from crime_pipelines.localcloud.faults import Fault, Faults
from crime_pipelines.localcloud.jars import JARS, fetched
from crime_pipelines.localcloud.processes import HOST, Server
from crime_pipelines.support.cores import usable_cores

#: What happened, a JSON object a line: in the endpoint's folder.
JOURNAL: Final = "journal.jsonl"
_NO_QUOTA: Final = (
    "Multiple validation errors: - Insufficient 'CPUS_ALL_REGIONS' quota. Requested 20.0, available 12.0."
)
#: Jobs that may run at the same time on one machine; the others wait for their turn.
_AT_ONCE: Final = 2
_LOOK_SECONDS: Final = 0.1
_DRIVER_MEMORY: Final = "2g"
#: What a job asks of a cluster of many machines, cut down to this one.
_SMALL: Final = {"spark.sql.shuffle.partitions": "8"}
_SAYS_WHY: Final = re.compile(r"(?:[\w.]*(?:Error|Exception)|Error): .*")
_Node: Final[Any] = dataproc.WorkflowNode.NodeState
_State: Final[Any] = dataproc.Batch.State
_log = logging.getLogger(__name__)


class End(Enum):
    """The end of a job."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed out"


class Driver:
    """Has workflows and batches run, each in a thread of its own."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        connections: Mapping[str, Mapping[str, Mapping[str, str]]],
        faults: Faults | None = None,
    ) -> None:
        """Nothing runs yet.

        Args:
            folder: where clusters, logs and the journal are.
            settings: the settings, for what is fetched from Cloud Storage.
            connections: by the address of the account that a job runs as, the ``properties`` of Spark's that
                it gets, as an image of Dataproc brings them, and the ``environment`` by which it finds the
                cloud; a job's own properties go before them. Under the empty text, those of jobs that name no
                account.
            faults: faults to come; in a file of the folder unless given.
        """
        self._folder, self._settings, self._connections = folder, settings, connections
        self._turns = threading.Semaphore(_AT_ONCE)
        self._threads: list[tuple[threading.Thread, threading.Event]] = []
        self._writing = threading.Lock()
        self.faults = faults or Faults(folder / FAULTS)
        for each in ("clusters", "logs"):
            (folder / each).mkdir(parents=True, exist_ok=True)

    def launch(self, run: Workflow | BatchRun) -> None:
        """Have something run.

        Args:
            run: what.
        """
        drive = self._drive_workflow if isinstance(run, Workflow) else self._drive_batch
        thread = threading.Thread(target=drive, args=(run,), name="run")
        self._threads.append((thread, run.cancelled))
        thread.start()

    @staticmethod
    def stop(run: Workflow | BatchRun) -> None:
        """Ask for the end of something that runs.

        Args:
            run: what.
        """
        run.cancelled.set()

    def close(self) -> None:
        """End all that runs, and wait until it has."""
        for _, cancelled in self._threads:
            cancelled.set()
        for thread, _ in self._threads:
            thread.join()

    def _note(self, event: str, **fields: object) -> None:
        line = json.dumps({"at": datetime.now(UTC).isoformat(), "event": event, **fields})
        with self._writing, (self._folder / JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(line + "\n")

    def _drive_workflow(self, workflow: Workflow) -> None:
        cluster = workflow.metadata.cluster_name
        limit = workflow.template.dag_timeout
        deadline = time.monotonic() + limit.total_seconds() if limit else None
        node, code, why = _Node.COMPLETED, 0, ""
        with self._turns:
            if self.faults.take(Fault.QUOTA):
                self._note("cluster refused", cluster=cluster, why=_NO_QUOTA)
                workflow.refuse_cluster(_NO_QUOTA)
                workflow.end(_Node.BLOCKED, code_pb2.FAILED_PRECONDITION, _NO_QUOTA)
                return
            place = self._folder / "clusters" / cluster
            place.mkdir()
            self._note("cluster created", cluster=cluster, labels=workflow.labels)
            try:
                for at, job in enumerate(workflow.jobs()):
                    workflow.run(job.job_id, at)
                    end, why = self._run(job, place, workflow.cancelled, deadline)
                    node, code = _outcome(end)
                    workflow.job_over(node, why, at)
                    if end is not End.DONE:
                        break
            except Exception as error:  # whatever happens, the cluster goes
                _log.exception("the workflow broke")
                node, code, why = _Node.FAILED, code_pb2.INTERNAL, str(error)
            finally:
                shutil.rmtree(place, ignore_errors=True)
                self._note("cluster deleted", cluster=cluster)
                workflow.end(node, code, why)

    def _drive_batch(self, run: BatchRun) -> None:
        states = {End.DONE: _State.SUCCEEDED, End.CANCELLED: _State.CANCELLED}
        state, why = _State.FAILED, ""
        with self._turns:
            job = run.job()
            place = self._folder / "clusters" / job.job_id
            place.mkdir()
            try:
                end, why = self._run(job, place, run.cancelled, None)
                state = states.get(end, _State.FAILED)
            except Exception as error:  # whatever happens, the batch ends
                _log.exception("the batch broke")
                why = str(error)
            finally:
                shutil.rmtree(place, ignore_errors=True)
                run.end(state, why)

    def _run(
        self, job: Job, place: Path, cancelled: threading.Event, deadline: float | None
    ) -> tuple[End, str]:
        """Run a job with `spark-submit` in a cluster's folder."""
        self._note("job submitted", job=job.job_id, main=job.main, arguments=job.arguments)
        log = self._folder / "logs" / f"{job.job_id}.log"
        try:
            loses_worker = self.faults.take(Fault.WORKER)
            master = lost_worker.MASTER if loses_worker else f"local[{usable_cores()}]"
            command = self._command(job, place, master)
        except (GoogleAPICallError, OSError) as error:
            return self._over(job, End.FAILED, f"{job.job_id}: its files can't be fetched: {error}")
        except KeyError:
            return self._over(job, End.FAILED, f"{job.job_id}: there is no service account {job.account}")
        home = needs.spark_home()
        environment = {
            **self._connections[job.account]["environment"],
            "SPARK_HOME": str(lost_worker.home_within(place, home) if loses_worker else home),
            "JAVA_HOME": str(needs.java_home()),
            "SPARK_LOCAL_IP": HOST,
            "PYSPARK_PYTHON": sys.executable,
        }
        server = Server(job.job_id, command, log, environment, place)
        try:
            while server.wait(_LOOK_SECONDS) is None:
                if loses_worker and lost_worker.kill_executor(place, server.pid):
                    loses_worker = False
                    self._note("worker lost", job=job.job_id)
                if cancelled.is_set():
                    return self._over(job, End.CANCELLED, "cancelled by request")
                if deadline is not None and time.monotonic() > deadline:
                    return self._over(job, End.TIMED_OUT, "the workflow took longer than its dag_timeout")
        finally:
            server.end()
        if server.ended == 0:
            return self._over(job, End.DONE, "")
        return self._over(job, End.FAILED, f"{job.job_id} ended with exit code {server.ended}: {_why(log)}")

    def _over(self, job: Job, end: End, why: str) -> tuple[End, str]:
        self._note("job over", job=job.job_id, end=end.value, why=why)
        return end, why

    def _command(self, job: Job, place: Path, master: str) -> list[str]:
        with closing(self._storage(job.account)) as storage:
            main = _copied(storage, job.main, place)
            packages = [str(_copied(storage, uri, place)) for uri in job.python_files]
            own_jars = [str(_copied(storage, uri, place)) for uri in job.jars]
        jars = [*(str(fetched(jar)) for jar in JARS), *own_jars]
        properties = {
            "spark.ui.enabled": "false",
            "spark.log.level": "WARN",
            "spark.local.dir": str(place / "local"),
            "spark.sql.warehouse.dir": str(place / "warehouse"),
            **self._connections[job.account]["properties"],
            **job.properties,
            **_SMALL,
        }
        # Every user of this machine sees a command line; the properties hold the run's token.
        file = place / "spark.properties"
        file.touch(mode=0o600)
        file.write_text("".join(_property(*pair) for pair in properties.items()), encoding="utf-8")
        return [
            str(needs.spark_home() / "bin" / "spark-submit"),
            *("--master", master, "--driver-memory", _DRIVER_MEMORY),
            *("--name", job.job_id, "--jars", ",".join(jars)),
            *(("--py-files", ",".join(packages)) if packages else ()),
            *("--properties-file", str(file)),
            str(main),
            *job.arguments,
        ]

    def _storage(self, account: str) -> Client:
        """Return Cloud Storage as an account reaches it."""
        return storage_client(self._settings, self._connections[account]["environment"][STORAGE_EMULATOR])


def _copied(storage: Client, uri: str, place: Path) -> Path:
    """Copy a file of a job to its cluster."""
    blob = Blob.from_uri(uri, client=storage)
    target = place / Path(blob.name).name
    blob.download_to_filename(str(target))
    return target


def _property(name: str, value: str) -> str:
    """Return a line of a file of Java's properties."""
    return f"{name}={value}\n".replace("\\", "\\\\")


def _outcome(end: End) -> tuple[Any, int]:
    return {
        End.DONE: (_Node.COMPLETED, 0),
        End.FAILED: (_Node.FAILED, code_pb2.UNKNOWN),
        End.CANCELLED: (_Node.FAILED, code_pb2.CANCELLED),
        End.TIMED_OUT: (_Node.FAILED, code_pb2.DEADLINE_EXCEEDED),
    }[end]


def _why(log: Path) -> str:
    """Find the line of a job's log that says what went wrong: the last that names an error."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    named = [line for line in lines if _SAYS_WHY.fullmatch(line)]
    return (named or [line for line in lines if line] or ["it said nothing"])[-1]
