"""The local cloud, put together: stores, warehouse, code, Dataproc, functions and scheduler."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from crime_pipelines.cloud import functions
from crime_pipelines.cloud.clients import publisher, storage_client, subscriber, topic_path
from crime_pipelines.cloud.dataproc.client import Dataproc
from crime_pipelines.cloud.dataproc.publish import layout_uri, publish, publish_layout
from crime_pipelines.cloud.settings import Settings, kept_subscription
from crime_pipelines.cloud.warehouse.setup import set_up
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.layouts import layout_named
from crime_pipelines.localcloud import prerequisites as needs
from crime_pipelines.localcloud.calls.accounts import FUNCTIONS, Function, email
from crime_pipelines.localcloud.calls.record import Call, recorded
from crime_pipelines.localcloud.emulators import Emulators
from crime_pipelines.localcloud.jars import JARS, fetched
from crime_pipelines.localcloud.processes import Server, end_all
from crime_pipelines.localcloud.wheel_cache import wheel

PROJECT: Final = "local-crime"
#: The topic of messages that a function could not handle, however often they came.
DEAD_LETTERS: Final = "dead-letters"
_DELIVERIES: Final = 5
#: Between two looks after the run that is under way; five minutes in the cloud.
_LOOK_SECONDS: Final = 2
_ACKNOWLEDGE_SECONDS: Final = 600
_MAIN: Final = Path(functions.__file__).with_name("main.py")


class LocalCloud:
    """A cloud on this machine. While it is entered, the clients of this process find it."""

    def __init__(
        self,
        folder: Path,
        architecture: int,
        told: Callable[[str], None] = lambda text: None,
        *,
        tick_seconds: int = 0,
        with_code: bool = True,
        layout: str = CHICAGO.name,
    ) -> None:
        """Nothing runs before it is entered.

        Args:
            folder: what it keeps on disk, and its logs; empty at first.
            architecture: 1 or 2: what a landed file starts.
            told: called with what is being done.
            tick_seconds: how often the scheduler ticks; 0 for never.
            with_code: whether to publish the package and the job files.
            layout: the department's layout: the name of a bundled one, or its TOML file on this machine.

        Raises:
            InputError: there is no such layout.
        """
        self._own_layout = Path(layout) if layout_named(layout).origin else None
        self.folder = folder
        self._told, self._tick_seconds, self._with_code = told, tick_seconds, with_code
        self._emulators = Emulators(folder, Settings(PROJECT), told)
        settings = Settings(
            PROJECT,
            architecture=architecture,
            dataproc_endpoint=f"unix:{self._emulators.socket('dataproc')}",
            dataproc_account=email(f"job-{architecture}", PROJECT),
        )
        name = layout_uri(settings, self._own_layout) if self._own_layout else layout
        self.settings = replace(settings, layout=name)
        self.servers: list[Server] = []
        self.function_urls: dict[str, str] = {}
        self._stack = ExitStack()

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which any process of the user's finds this cloud."""
        return self.environment_of("")

    def environment_of(self, account: str) -> dict[str, str]:
        """Return the variables by which a process of a service account's finds this cloud.

        Args:
            account: the account's short name; empty for the user.

        Returns:
            The variables.
        """
        dataproc = f"unix:{self._emulators.socket('dataproc', account)}"
        settings = replace(self.settings, dataproc_endpoint=dataproc)
        return {**settings.environment(), **self._emulators.environment_of(account)}

    @property
    def calls(self) -> list[Call]:
        """The service accounts' calls so far."""
        return recorded(self._emulators.calls)

    @property
    def endpoints(self) -> dict[str, str]:
        """Return the endpoints of its parts, for people."""
        return {
            **self._emulators.endpoints,
            "Dataproc (gRPC)": self.settings.dataproc_endpoint,
            **{f"function {name}": url for name, url in self.function_urls.items()},
        }

    def running(self) -> list[Server]:
        """Every process of it."""
        return [*self._emulators.servers, *self.servers]

    def __enter__(self) -> Self:
        """Start it and wait until all of it answers.

        Raises:
            MissingError: this machine lacks something; all of it is named.
            PipelineError: something does not start.
        """
        lacking = needs.missing()
        if lacking:
            raise needs.MissingError("; ".join(lacking))
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, with all that runs in it."""
        self.close()

    def close(self) -> None:
        """End it, with all that runs in it."""
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        stack.enter_context(self._emulators)
        stack.enter_context(applied(self.environment))
        # First those that work, then what they work on.
        stack.callback(lambda: end_all(reversed(self.servers)))
        self._told("starting Dataproc and the functions")
        self._start_dataproc()
        for name, function in FUNCTIONS.items():
            self._start_function(name, function)
        self._told("making buckets, topics and the warehouse")
        storage = storage_client(self.settings)
        for bucket in ("landing", "lake", "report", "code"):
            storage.create_bucket(getattr(self.settings, f"{bucket}_bucket"))
        self._make_topics()
        if self._own_layout:
            publish_layout(self.settings, storage, self._own_layout)
        set_up(self.settings)
        if self._with_code:
            built = wheel(self._told)
            publish(self.settings, storage, self._told, wheel=built, with_libraries=False)
        self._told("waiting for Dataproc and the functions")
        for server, address in zip(self.servers, self._addresses(), strict=True):
            server.answers(address)
        client = Dataproc(self.settings)
        try:
            client.put_templates()
        finally:
            client.close()
        self._subscribe_functions()
        self._start_python(
            *("the scheduler", "scheduler", "crime_pipelines.localcloud.scheduler"),
            *(str(self._tick_seconds), str(_LOOK_SECONDS)),
            account="scheduler",
        )

    def _addresses(self) -> list[str]:
        # A favicon is the framework's own answer and reaches no function.
        urls = [f"{url}favicon.ico" for url in self.function_urls.values()]
        return [self.settings.dataproc_endpoint, *urls]

    def _start_python(self, name: str, log: str, module: str, *arguments: str, account: str = "") -> None:
        command = [sys.executable, "-m", module, *arguments]
        file = self.folder / "logs" / f"{log}.log"
        self.servers.append(Server(name, command, file, self.environment_of(account)))

    def _start_dataproc(self) -> None:
        for jar in JARS:
            self._told(f"looking for {jar.name}")
            fetched(jar)
        found = {
            email(account, PROJECT) if account else "": {
                "properties": self._emulators.spark_properties(account),
                "environment": self.environment_of(account),
            }
            for account in ("", "job-1", "job-2")
        }
        connections = self.folder / "connections.json"
        connections.touch(mode=0o600)
        connections.write_text(json.dumps(found, indent=2), encoding="utf-8")
        self._start_python(
            "Dataproc's endpoint",
            "dataproc",
            "crime_pipelines.localcloud.dataproc",
            self.settings.dataproc_endpoint,
            str(self.folder / "dataproc"),
            str(connections),
            str(self._emulators.calls),
        )

    def _start_function(self, name: str, function: Function) -> None:
        self._start_python(
            *(f"the function {name}", name, "crime_pipelines.localcloud.guard.function"),
            *(str(_MAIN), name, function.signature, str(self._emulators.socket(name))),
            account=function.account,
        )
        self.function_urls[name] = f"{self._emulators.url(name)}/"

    def _make_topics(self) -> None:
        client = publisher()
        for topic in ("files", "finished", "answers", "surges"):
            client.create_topic(name=topic_path(self.settings, getattr(self.settings, f"{topic}_topic")))
        client.create_topic(name=topic_path(self.settings, DEAD_LETTERS))
        client.stop()
        self.subscribe(DEAD_LETTERS, DEAD_LETTERS)
        self.subscribe(kept_subscription(self.settings.surges_topic), self.settings.surges_topic)

    def subscribe(self, name: str, topic: str) -> str:
        """Subscribe to a topic, to pull from it.

        Args:
            name: the subscription's short name.
            topic: the topic's short name.

        Returns:
            The subscription's full name.
        """
        path = f"projects/{self.settings.project}/subscriptions/{name}"
        with subscriber() as client:
            client.create_subscription(
                request={
                    "name": path,
                    "topic": topic_path(self.settings, topic),
                    "ack_deadline_seconds": _ACKNOWLEDGE_SECONDS,
                }
            )
        return path

    def _subscribe_functions(self) -> None:
        with subscriber() as client:
            for name, function in FUNCTIONS.items():
                if function.topic is None:
                    continue
                client.create_subscription(
                    request={
                        "name": f"projects/{self.settings.project}/subscriptions/{name.replace('_', '-')}",
                        "topic": topic_path(self.settings, getattr(self.settings, function.topic)),
                        "push_config": {"push_endpoint": f"{self._emulators.url(name, 'push')}/"},
                        "ack_deadline_seconds": _ACKNOWLEDGE_SECONDS,
                        "dead_letter_policy": {
                            "dead_letter_topic": topic_path(self.settings, DEAD_LETTERS),
                            "max_delivery_attempts": _DELIVERIES,
                        },
                    }
                )


@contextmanager
def applied(environment: Mapping[str, str]) -> Iterator[None]:
    """Give this process variables, for a while.

    Args:
        environment: the variables.

    Yields:
        Nothing.
    """
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
