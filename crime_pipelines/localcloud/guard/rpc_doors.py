"""The doors to the stand-ins that speak gRPC: a socket for each service account.

Whoever calls by ``FOLDER/PART.ACCOUNT.sock`` is that account. Messages pass as they are. BigQuery's storage
interfaces have a door for the user too: behind it they ask for a token over TLS, as Google's do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import grpc
import grpc.aio

from crime_pipelines.localcloud.calls import rpc
from crime_pipelines.localcloud.calls.accounts import ACCOUNT_HEADER, ACCOUNTS, token_of
from crime_pipelines.localcloud.calls.record import Calls

PARTS: Final = ("dataproc", "pubsub")
STORAGE: Final = "bigquery-storage"
#: Large messages are for the stand-in to refuse.
_OPTIONS: Final = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
#: Of a connection, not of a call.
_RESERVED: Final = ("grpc-", ":", "user-agent", "content-type", "te")


def socket_of(folder: Path, part: str, account: str = "") -> Path:
    """Return the socket of a part.

    Args:
        folder: the folder of the sockets.
        part: the part.
        account: the account that calls by it; the user unless given.

    Returns:
        The socket's path.
    """
    return folder / (f"{part}.{account}.sock" if account else f"{part}.sock")


class _Door(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Passes an account's calls on to one stand-in, whatever their method, with metadata that says whose."""

    def __init__(
        self, channel: grpc.aio.Channel, account: str, calls: Calls, metadata: tuple[str, str]
    ) -> None:
        self._channel, self._account, self._calls, self._metadata = channel, account, calls, metadata

    def service(self, handler_call_details: Any) -> Any:
        method = str(handler_call_details.method)

        # On the wire, a call of one message is a stream of one.
        async def handle(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
            metadata = [
                (key, value)
                for key, value in context.invocation_metadata() or ()
                if not key.startswith(_RESERVED)
            ]
            left = context.time_remaining()
            call = self._channel.stream_stream(method)(
                self._seen(method, requests),
                metadata=[*metadata, self._metadata],
                timeout=left if left is not None and left < _LONGEST else None,
            )
            context.add_done_callback(lambda _: call.cancel())
            try:
                async for answer in call:
                    yield answer
            except grpc.aio.AioRpcError as error:
                trailing = tuple(error.trailing_metadata() or ())
                await context.abort(error.code(), error.details() or "", trailing)

        return grpc.stream_stream_rpc_method_handler(handle)

    async def _seen(self, method: str, requests: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for request in requests:
            for permission, resource in rpc.needed(method, request):
                self._calls.note(self._account, permission, resource)
            yield request


#: A call without a limit of time has one of centuries here.
_LONGEST: Final = 1e8


class Storage(NamedTuple):
    """BigQuery's storage interfaces.

    Attributes:
        address: where they listen, ``HOST:PORT``.
        certificate: the file of their certificate.
        token: the run's token.
    """

    address: str
    certificate: Path
    token: str


async def open_doors(folder: Path, calls: Calls, storage: Storage) -> Callable[[], Any]:
    """Serve every account's sockets.

    Args:
        folder: the folder of the sockets.
        calls: where the calls are recorded.
        storage: BigQuery's storage interfaces.

    Returns:
        What closes them; to be awaited.
    """
    channels = {
        part: grpc.aio.insecure_channel(f"unix:{socket_of(folder, part)}", options=_OPTIONS) for part in PARTS
    }
    trust = grpc.ssl_channel_credentials(storage.certificate.read_bytes())
    channels[STORAGE] = grpc.aio.secure_channel(storage.address, trust, options=_OPTIONS)
    doors = [(part, account, (ACCOUNT_HEADER, account)) for part in PARTS for account in ACCOUNTS]
    doors += [
        (STORAGE, account, ("authorization", f"Bearer {token_of(storage.token, account)}"))
        for account in ("", *ACCOUNTS)
    ]
    servers = []
    for part, account, metadata in doors:
        door = _Door(channels[part], account, calls, metadata)
        server = grpc.aio.server(handlers=[door], options=_OPTIONS)
        server.add_insecure_port(f"unix:{socket_of(folder, part, account)}")
        await server.start()
        servers.append(server)

    async def close() -> None:
        for server in servers:
            await server.stop(None)
        for channel in channels.values():
            with suppress(grpc.aio.AioRpcError):
                await channel.close()

    return close
