"""The BigQuery emulator, made to take what Google's own Spark connector sends. Runs in the emulator's Python.

usage: python bigquery_server.py CERTIFICATE KEY SOCKET ACCESS CALLS [option of `bqemulator start` ...]

ACCESS is the file of access rules (`bigquery/access.py`), whether or not it exists, CALLS the file that the
service accounts' calls are recorded in. `bigquery/install.py` makes the emulator as strict as BigQuery
documents itself to be, and has it take what the connector sends to the Storage Write API: a DATETIME packed
into 64 bits, and streams that are named in a connection's first request alone. The connector speaks TLS to
that API and nothing else; the emulator offers none.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import grpc.aio
import uvicorn

_TOKEN_VARIABLE = "CRIME_PIPELINES_GUARD_TOKEN"  # noqa: S105 - the variable's name; of guard.names
_ANY_LENGTH = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_EXTENSIONS = ("avro", "icu", "spatial")


def install_extensions() -> None:
    """Put DuckDB's extensions from their packages to where the emulator looks for them."""
    with duckdb.connect() as connection:
        for name in _EXTENSIONS:
            package = import_module(f"duckdb_extension_{name}")
            folder = Path(package.__path__[0], "extensions", f"v{duckdb.__version__}")
            connection.execute(f"INSTALL '{next(folder.glob('*.duckdb_extension'))}'")


class Locked(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Lets in who brings a token of the run, as clients of Google's do, and records who calls what."""

    def __init__(self, token: str, calls: Path) -> None:
        """Remember the token, and the accounts' own."""
        package = "crime_pipelines.localcloud.calls"
        self._callers = import_module(f"{package}.accounts")
        self._needed = import_module(f"{package}.rpc").needed
        self._calls = import_module(f"{package}.record").Calls(calls)
        self._accounts = self._callers.accounts_by_token(token)

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        """Refuse a call without a token."""
        given = str(dict(details.invocation_metadata).get("authorization", ""))
        account = self._callers.caller(given.removeprefix("Bearer "), self._accounts)
        if account is not None:
            handler = await continuation(details)
            return handler and self._recording(handler, str(details.method), account)

        async def refuse(request: Any, context: Any) -> None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the call lacks the token of this run")

        handler = await continuation(details)
        kinds = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }
        return handler and kinds[handler.request_streaming, handler.response_streaming](refuse)

    def _recording(self, handler: Any, method: str, account: str) -> Any:
        read = handler.request_deserializer

        def seen(message: bytes) -> Any:
            for permission, resource in self._needed(method, message):
                self._calls.note(account, permission, resource)
            return read(message) if read else message

        return handler._replace(request_deserializer=seen)


def listen_on(path: str) -> None:
    """Have the REST interface listen on a socket.

    Args:
        path: the socket's path.
    """
    own = uvicorn.Config.__init__

    def made(self: Any, app: Any, *, host: str, port: int, **options: Any) -> None:
        own(self, app, uds=path, **options)

    vars(uvicorn)["Config"] = type("Config", (uvicorn.Config,), {"__init__": made})


def offer_tls(certificate: bytes, key: bytes, lock: Locked) -> None:
    """Have every gRPC server of this process listen with TLS, and ask for a token.

    Args:
        certificate: the certificate, PEM.
        key: its key, PEM.
        lock: who asks for it.
    """
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    make = grpc.aio.server

    def server(*arguments: Any, **options: Any) -> Any:
        others = options.pop("interceptors", None) or ()
        # AppendRows itself refuses a message that is too long.
        made = make(*arguments, interceptors=[lock, *others], **{**options, "options": _ANY_LENGTH})
        made.add_insecure_port = lambda address: made.add_secure_port(address, credentials)
        return made

    grpc.aio.server = server


def main() -> None:
    """Start the emulator."""
    certificate, key, path, access, calls, *options = sys.argv[1:]
    listen_on(path)
    install_extensions()
    # This package lies beside other versions of the emulator's own libraries: those come first.
    sys.path.append(str(Path(__file__).parents[2]))
    token = os.environ[_TOKEN_VARIABLE]
    offer_tls(Path(certificate).read_bytes(), Path(key).read_bytes(), Locked(token, Path(calls)))
    install = import_module("crime_pipelines.localcloud.bigquery.install").install
    install(Path(access), Path(calls), token)
    import_module("bqemulator.cli").main(["start", *options])


if __name__ == "__main__":
    main()
