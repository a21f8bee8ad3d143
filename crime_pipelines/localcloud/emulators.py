"""The stores of the local cloud: Cloud Storage, Pub/Sub and BigQuery, each as a process of its own.

None listens where others of this machine, or a page in a browser, could speak to it: Storage and BigQuery
lie behind a proxy that asks for the run's token (`guard.proxy`), Pub/Sub is a socket in a folder of the
user's, and BigQuery's gRPC interface asks for the token. What knows ports alone has a cell (`guard.cell`).
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from crime_pipelines.cloud.clients import (
    BIGQUERY_EMULATOR,
    BIGQUERY_STORAGE_EMULATOR,
    PUBSUB_EMULATOR,
    STORAGE_EMULATOR,
)
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.localcloud import prerequisites as needs
from crime_pipelines.localcloud.calls.accounts import token_of
from crime_pipelines.localcloud.calls.record import FILE as CALLS
from crime_pipelines.localcloud.faults import FILE, Faults
from crime_pipelines.localcloud.guard.names import OWN_SOCKET, TOKEN_HEADER, TOKEN_VARIABLE
from crime_pipelines.localcloud.guard.rpc_doors import STORAGE, socket_of
from crime_pipelines.localcloud.processes import HOST, Server, end_all, free_port
from crime_pipelines.localcloud.tls import TRUST_PASSWORD, make_certificate
from crime_pipelines.support.cache import cache_folder

_BIGQUERY_SERVER: Final = Path(__file__).with_name("bigquery_server.py")
_CELL: Final = Path(__file__).with_name("guard") / "cell.py"
_PRIVATE: Final = 0o700


class Emulators:
    """Cloud Storage (whose landing bucket tells Pub/Sub of each object), Pub/Sub and BigQuery."""

    def __init__(self, folder: Path, settings: Settings, told: Callable[[str], None]) -> None:
        """Choose ports. Nothing runs before it is entered.

        Args:
            folder: what they keep on disk, and their logs.
            settings: the settings; the landing bucket, its topic and the project count here.
            told: called with what is being done.
        """
        self._folder, self._settings, self._told = folder.resolve(), settings, told
        self.servers: list[Server] = []
        #: Who knows it may speak to the stand-ins.
        self.token = secrets.token_hex(16)
        # Not below the folder: the name of a socket has some hundred characters at most.
        self.sockets = Path(tempfile.mkdtemp(prefix="crime-"))
        #: Faults to come, of its deliveries and of Dataproc.
        self.faults = Faults(self.sockets / FILE)
        self._port, self._grpc = free_port(), f"{HOST}:{free_port()}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which Google's client libraries find them, as the user."""
        return self.environment_of("")

    def environment_of(self, account: str) -> dict[str, str]:
        """Return the variables by which Google's client libraries find them, as a service account.

        Args:
            account: the account's short name; empty for the user.

        Returns:
            The variables.
        """
        return {
            STORAGE_EMULATOR: self.url("storage", account),
            PUBSUB_EMULATOR: f"unix:{self.socket('pubsub', account)}",
            BIGQUERY_EMULATOR: self.url("bigquery", account),
            BIGQUERY_STORAGE_EMULATOR: f"unix:{self.socket(STORAGE, account)}",
        }

    def url(self, part: str, account: str = "") -> str:
        """Return the address of a part that speaks HTTP on its socket, with the token.

        Args:
            part: its name.
            account: the account whose token it has; the user's unless given.

        Returns:
            A URL.
        """
        return f"http://{HOST}:{self._port}/{token_of(self.token, account)}/{part}"

    def socket(self, part: str, account: str = "") -> Path:
        """Return the socket of a part, by which an account calls it.

        Args:
            part: its name.
            account: the account; the user unless given.

        Returns:
            Its path.
        """
        return socket_of(self.sockets, part, account)

    @property
    def calls(self) -> Path:
        """The record of the accounts' calls."""
        return self._folder / CALLS

    @property
    def access(self) -> Path:
        """The file of rules on who reaches what in BigQuery; without it, all is within everyone's reach."""
        return self._folder / "access.json"

    @property
    def endpoints(self) -> dict[str, str]:
        """Return the endpoint of each, for people."""
        return {
            "Cloud Storage": self.url("storage"),
            "Pub/Sub": f"unix:{self.socket('pubsub')}",
            "BigQuery": self.url("bigquery"),
            "BigQuery storage (gRPC, TLS)": self._grpc,
        }

    def spark_properties(self, account: str = "") -> dict[str, str]:
        """Return the properties by which Google's connectors for Spark find them; their jars apart.

        Args:
            account: the account that the job runs as; the user unless given.

        Returns:
            The properties.
        """
        token = token_of(self.token, account)
        trust = self._folder / "trust.p12"
        java = (
            f'-Djavax.net.ssl.trustStore="{trust}" -Djavax.net.ssl.trustStorePassword={TRUST_PASSWORD} '
            "-Djavax.net.ssl.trustStoreType=PKCS12"
        )
        return {
            "spark.driver.defaultJavaOptions": java,
            "spark.executor.defaultJavaOptions": java,
            "spark.hadoop.fs.gs.impl": "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFileSystem",
            "spark.hadoop.fs.AbstractFileSystem.gs.impl": "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFS",
            "spark.hadoop.fs.gs.storage.root.url": f"http://{HOST}:{self._port}/",
            f"spark.hadoop.fs.gs.storage.http.headers.{TOKEN_HEADER}": token,
            "spark.hadoop.google.cloud.auth.service.account.enable": "false",
            "spark.hadoop.google.cloud.auth.null.enable": "true",
            "spark.datasource.bigquery.bigQueryHttpEndpoint": self.url("bigquery", account),
            "spark.datasource.bigquery.bigQueryStorageGrpcEndpoint": self._grpc,
            "spark.datasource.bigquery.gcpAccessToken": token,
            "spark.datasource.bigquery.parentProject": self._settings.project,
        }

    def __enter__(self) -> Self:
        """Start them and wait until they answer.

        Raises:
            MissingError: this machine lacks something.
            PipelineError: one does not start.
        """
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self._end()

    def _end(self) -> None:
        end_all(self.servers)
        self.servers.clear()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _start(self) -> None:
        logs, objects = self._folder / "logs", self._folder / "gs"
        logs.mkdir(parents=True, exist_ok=True)
        objects.mkdir(exist_ok=True)
        self._folder.chmod(_PRIVATE)
        java, pubsub_jar = needs.java(), needs.pubsub_emulator().resolve()
        storage, python = needs.storage_server(), needs.bigquery_emulator(self._told)
        certificate = make_certificate(self._folder)
        self._told("starting Cloud Storage, Pub/Sub and BigQuery")

        def start(name: str, log: str, *command: str | Path, **environment: str) -> Server:
            # What does not fit into DuckDB's memory goes where the server runs.
            self.servers.append(Server(name, command, logs / f"{log}.log", environment, self._folder))
            return self.servers[-1]

        guard = start(
            *("the guard", "guard", sys.executable, "-m", "crime_pipelines.localcloud.guard.proxy"),
            *(str(self._port), self.sockets, self._settings.project, self.calls),
            *(self._grpc, certificate.certificate),
            **{TOKEN_VARIABLE: self.token, "PYTHONPATH": _path_of_package()},
        )
        pubsub_port = free_port()
        pubsub = start(
            "the Pub/Sub emulator",
            "pubsub",
            # It pushes to the functions, which are behind the guard.
            *(sys.executable, "-S", "-E", _CELL, "--in", self.socket("pubsub"), str(pubsub_port)),
            *("--out", str(self._port), self.sockets / OWN_SOCKET, "--"),
            *(java, "-jar", pubsub_jar, f"--host={HOST}", f"--port={pubsub_port}"),
        )
        warehouse = start(
            "the BigQuery emulator",
            "bigquery",
            *(python, _BIGQUERY_SERVER, certificate.certificate, certificate.key),
            *(self.socket("bigquery"), self.access, self.calls),
            *("--grpc-port", self._grpc.rpartition(":")[2]),
            *("--project", self._settings.project),
            # DuckDB installs its extensions below the home folder: not below the user's.
            HOME=str(cache_folder()),
            BQEMU_GCS_LOCAL_ROOT=str(objects),
            BQEMU_QUERY_CACHE_TTL_SECONDS="0",
            BQEMU_LOG_LEVEL="warning",
            **{TOKEN_VARIABLE: self.token},
        )
        pubsub.answers(f"unix:{self.socket('pubsub')}")
        # It connects to Pub/Sub as it starts.
        storage_port = free_port()
        lake = start(
            "fake-gcs-server",
            "storage",
            *(sys.executable, "-S", "-E", _CELL, "--in", self.socket("storage"), str(storage_port)),
            *("--out", str(pubsub_port), self.socket("pubsub", "storage-agent"), "--"),
            *(storage, "-backend", "filesystem", "-filesystem-root", objects),
            *("-scheme", "http", "-host", HOST, "-port", str(storage_port)),
            # Its links lead to the guard, which puts in what is missing.
            *("-external-url", f"http://{HOST}:{self._port}", "-public-host", f"{HOST}:{self._port}"),
            *("-location", self._settings.region.upper()),
            *("-event.bucket", self._settings.landing_bucket, "-event.list", "finalize"),
            *("-event.pubsub-project-id", self._settings.project),
            *("-event.pubsub-topic", self._settings.files_topic),
            **{PUBSUB_EMULATOR: f"{HOST}:{pubsub_port}"},
        )
        guard.answers(f"unix:{self.sockets / OWN_SOCKET}")
        lake.answers(f"{self.url('storage')}/storage/v1/b?project={self._settings.project}")
        warehouse.answers(f"{self.url('bigquery')}/bigquery/v2/projects/{self._settings.project}/datasets")
        warehouse.answers(self._grpc)


def _path_of_package() -> str:
    """Return this process's import path for another: its own folder need not be the package's."""
    return os.pathsep.join(path for path in sys.path if path)
