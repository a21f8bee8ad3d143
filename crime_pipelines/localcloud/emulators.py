"""The stores of the local cloud: Cloud Storage, Pub/Sub and BigQuery, each as a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from crime_pipelines.cache import cache_folder
from crime_pipelines.clients import BIGQUERY_EMULATOR, PUBSUB_EMULATOR, STORAGE_EMULATOR
from crime_pipelines.localcloud import needs
from crime_pipelines.localcloud.processes import HOST, Server, end_all, free_port
from crime_pipelines.localcloud.tls import TRUST_PASSWORD, make_certificate
from crime_pipelines.settings import Settings

_BIGQUERY_SERVER: Final = Path(__file__).with_name("bigquery_server.py")
#: What stands for a token where nobody asks for one.
_TOKEN: Final = "local"  # noqa: S105


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
        ports = [free_port() for _ in range(4)]
        self._storage, self._pubsub, self._rest, self._grpc = (f"{HOST}:{port}" for port in ports)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which Google's client libraries find them."""
        return {
            STORAGE_EMULATOR: f"http://{self._storage}",
            PUBSUB_EMULATOR: self._pubsub,
            BIGQUERY_EMULATOR: f"http://{self._rest}",
        }

    @property
    def endpoints(self) -> dict[str, str]:
        """Where each answers, for people."""
        return {
            "Cloud Storage": f"http://{self._storage}",
            "Pub/Sub": self._pubsub,
            "BigQuery": f"http://{self._rest}",
            "BigQuery storage (gRPC, TLS)": self._grpc,
        }

    def spark_properties(self) -> dict[str, str]:
        """The properties by which Google's connectors for Spark find them; their jars apart."""
        trust = self._folder / "trust.p12"
        return {
            "spark.driver.defaultJavaOptions": f'-Djavax.net.ssl.trustStore="{trust}" '
            f"-Djavax.net.ssl.trustStorePassword={TRUST_PASSWORD} -Djavax.net.ssl.trustStoreType=PKCS12",
            "spark.hadoop.fs.gs.impl": "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFileSystem",
            "spark.hadoop.fs.AbstractFileSystem.gs.impl": "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFS",
            "spark.hadoop.fs.gs.storage.root.url": f"http://{self._storage}/",
            "spark.hadoop.google.cloud.auth.service.account.enable": "false",
            "spark.hadoop.google.cloud.auth.null.enable": "true",
            "spark.datasource.bigquery.bigQueryHttpEndpoint": f"http://{self._rest}",
            "spark.datasource.bigquery.bigQueryStorageGrpcEndpoint": self._grpc,
            "spark.datasource.bigquery.gcpAccessToken": _TOKEN,
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

    def _start(self) -> None:
        logs, objects = self._folder / "logs", self._folder / "gs"
        logs.mkdir(parents=True, exist_ok=True)
        objects.mkdir(exist_ok=True)
        java, pubsub_jar = needs.java(), needs.pubsub_emulator().resolve()
        storage, python = needs.storage_server(), needs.bigquery_emulator(self._told)
        certificate = make_certificate(self._folder)
        self._told("starting Cloud Storage, Pub/Sub and BigQuery")

        def start(name: str, log: str, *command: str | Path, **environment: str) -> Server:
            # What does not fit into DuckDB's memory goes where the server runs.
            self.servers.append(Server(name, command, logs / f"{log}.log", environment, self._folder))
            return self.servers[-1]

        pubsub = start(
            "the Pub/Sub emulator",
            "pubsub",
            *(java, "-jar", pubsub_jar, f"--host={HOST}", f"--port={_port(self._pubsub)}"),
        )
        warehouse = start(
            "the BigQuery emulator",
            "bigquery",
            *(python, _BIGQUERY_SERVER, certificate.certificate, certificate.key),
            *("--rest-port", _port(self._rest), "--grpc-port", _port(self._grpc)),
            *("--project", self._settings.project),
            # DuckDB installs its extensions below the home folder: not below the user's.
            HOME=str(cache_folder()),
            BQEMU_GCS_LOCAL_ROOT=str(objects),
            BQEMU_QUERY_CACHE_TTL_SECONDS="0",
            BQEMU_LOG_LEVEL="warning",
        )
        pubsub.answers(self._pubsub)
        # It connects to Pub/Sub as it starts.
        lake = start(
            "fake-gcs-server",
            "storage",
            *(storage, "-backend", "filesystem", "-filesystem-root", objects),
            *("-scheme", "http", "-host", HOST, "-port", _port(self._storage)),
            *("-external-url", f"http://{self._storage}", "-public-host", self._storage),
            *("-location", self._settings.region.upper()),
            *("-event.bucket", self._settings.landing_bucket, "-event.list", "finalize"),
            *("-event.pubsub-project-id", self._settings.project),
            *("-event.pubsub-topic", self._settings.files_topic),
            **{PUBSUB_EMULATOR: self._pubsub},
        )
        lake.answers(f"http://{self._storage}/storage/v1/b?project={self._settings.project}")
        warehouse.answers(f"http://{self._rest}/bigquery/v2/projects/{self._settings.project}/datasets")
        warehouse.answers(self._grpc)


def _port(address: str) -> str:
    return address.rpartition(":")[2]
