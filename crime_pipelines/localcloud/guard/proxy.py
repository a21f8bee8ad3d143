"""The one door to the stand-ins that speak HTTP.

usage: python -m crime_pipelines.localcloud.guard.proxy PORT FOLDER PROJECT CALLS STORAGE CERTIFICATE, with
the run's token in `TOKEN_VARIABLE`

``http://127.0.0.1:PORT/TOKEN/PART/...`` is passed on to the Unix socket ``FOLDER/PART.sock``. Google's client
libraries take such an address for an endpoint. A page in a browser knows no token, sends an Origin, or has
another name for this machine: each is enough to be refused. What the stand-ins say of CORS goes no further.

Each service account has a token of its own (`calls.accounts`). The permissions that its requests to Cloud
Storage and to functions need are recorded in the file CALLS; BigQuery is told who calls and records the rest.
STORAGE is the address of its storage interfaces, CERTIFICATE their certificate.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, UnixConnector, web
from yarl import URL

from crime_pipelines.localcloud.calls.accounts import accounts_by_token, caller, email
from crime_pipelines.localcloud.calls.record import Calls
from crime_pipelines.localcloud.faults import FILE, Fault, Faults
from crime_pipelines.localcloud.guard import recording
from crime_pipelines.localcloud.guard.names import OWN_SOCKET, TOKEN_HEADER, TOKEN_VARIABLE
from crime_pipelines.localcloud.guard.rpc_doors import Storage, open_doors
from crime_pipelines.localcloud.processes import HOST

_PATH: Final = re.compile(r"/(?P<token>[0-9a-f]+)/(?P<part>[a-z_]+)(?P<rest>/.*)?", re.DOTALL)
_STORAGE: Final = ("/storage/", "/upload/storage/", "/download/storage/", "/batch/storage/")
#: Parts that are no functions.
_STORES: Final = ("storage", "bigquery")
_CHUNK: Final = 1 << 18
_LONGEST_LINE: Final = 1 << 16
#: Of a connection, not of a message.
_HOP: Final = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
    )
)
#: Only browsers send them.
_OF_PAGES: Final = ("Origin", "Sec-Fetch-Site")


class Guard:
    """Passes requests on."""

    def __init__(self, port: int, folder: Path, token: str, project: str, calls: Calls) -> None:
        """Nothing is connected yet.

        Args:
            port: the port of this machine.
            folder: the folder of the sockets.
            token: the run's.
            project: the project.
            calls: where calls are recorded.
        """
        self._port, self._folder = port, folder
        self._accounts, self._project, self._calls = accounts_by_token(token), project, calls
        self._hosts = {f"{HOST}:{port}", f"localhost:{port}"}
        self._sessions: dict[str, ClientSession] = {}
        self._faults = Faults(folder / FILE)
        self._following: dict[str, asyncio.Event] = {}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass a request on, or refuse it.

        Args:
            request: the request.

        Returns:
            The stand-in's response; 403 where it may not come in, 502 where the stand-in does not answer.
        """
        token, prefix, part, path = _read(request)
        if request.headers.get("Host") not in self._hosts or any(
            name in request.headers for name in _OF_PAGES
        ):
            return web.Response(status=403, text="not from a page, and by the address that was given\n")
        account = caller(token, self._accounts)
        if account is None:
            return web.Response(status=403, text="the address lacks the token of this run\n")
        if request.method == "POST" and part not in _STORES:
            self._calls.note(account, "run.routes.invoke", f"function/{part.replace('_', '-')}")
            return await self._deliver(request, part, prefix, path)
        body = _body(request) if request.body_exists else None
        if account and part == "storage":
            seen = recording.Request(request.method, path, account, self._project)
            body = await recording.recorded(seen, body, self._calls, self._exists)
        return await self._passed_on(request, part, prefix, path, body, account)

    async def _exists(self, path: str) -> bool:
        async with self._session("storage").get(self._url(path)) as answer:
            return answer.ok

    def _url(self, path: str) -> URL:
        return URL(f"http://{HOST}:{self._port}{path}", encoded=True)

    async def _deliver(
        self, request: web.BaseRequest, part: str, prefix: str, path: str
    ) -> web.StreamResponse:
        """Pass a message on to a function, with the faults that were asked for."""
        if self._faults.take(Fault.BUSY):
            return web.Response(status=429, text="no available instance\n")
        message = b"".join([chunk async for chunk in _body(request)])
        if self._faults.take(Fault.LATE):
            following = self._following.setdefault(part, asyncio.Event())
            await following.wait()
        copy = self._discarded(request, part, path, message) if self._faults.take(Fault.TWICE) else _nothing()
        response, _ = await asyncio.gather(self._passed_on(request, part, prefix, path, message), copy)
        if part in self._following:
            self._following.pop(part).set()
        return response

    def _sent(
        self,
        request: web.BaseRequest,
        part: str,
        path: str,
        body: bytes | AsyncIterator[bytes] | None,
        account: str = "",
    ) -> AbstractAsyncContextManager[ClientResponse]:
        headers = [(name, text) for name, text in request.headers.items() if name.lower() not in _HOP]
        if account:
            headers = [each for each in headers if each[0].lower() != "authorization"]
            headers.append(("Authorization", f"Bearer {email(account, self._project)}"))
        return self._session(part).request(
            request.method,
            self._url(path),
            headers=headers,
            data=body,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
        )

    async def _discarded(self, request: web.BaseRequest, part: str, path: str, body: bytes) -> None:
        async with self._sent(request, part, path, body) as answer:
            await answer.read()

    async def _passed_on(
        self,
        request: web.BaseRequest,
        part: str,
        prefix: str,
        path: str,
        body: bytes | AsyncIterator[bytes] | None,
        account: str = "",
    ) -> web.StreamResponse:
        try:
            async with self._sent(request, part, path, body, account) as answer:
                response: web.StreamResponse = web.StreamResponse(status=answer.status, reason=answer.reason)
                for name, text in answer.headers.items():
                    if name.lower() == "location":
                        response.headers.add(name, self._within(text, prefix))
                    elif name.lower() not in _HOP and not name.lower().startswith("access-control-"):
                        response.headers.add(name, text)
                if prefix and _is_description(path, answer):
                    response = web.Response(
                        status=answer.status,
                        headers=response.headers,
                        body=self._with_links(await answer.read(), prefix),
                    )
                    response.headers.popall("Content-Length", None)
                    return response
                await response.prepare(request)
                async for chunk in answer.content.iter_chunked(_CHUNK):
                    await response.write(chunk)
                await response.write_eof()
                return response
        except ClientError as error:
            return web.Response(status=502, text=f"{part} does not answer ({error})\n")

    def _within(self, address: str, prefix: str) -> str:
        """Put the prefix into an address of a stand-in's own making."""
        own = f"http://{HOST}:{self._port}/"
        return f"{own[:-1]}{prefix}/{address.removeprefix(own)}" if address.startswith(own) else address

    def _with_links(self, description: bytes, prefix: str) -> bytes:
        """Put the prefix into the links of a description, which clients follow."""
        own = f'"http://{HOST}:{self._port}'
        return description.replace(f"{own}/".encode(), f"{own}{prefix}/".encode())

    def _session(self, part: str) -> ClientSession:
        if part not in self._sessions:
            self._sessions[part] = ClientSession(
                # A connection that is kept may be closed by the server as it is used. A POST is not sent
                # again then, and Pub/Sub takes minutes until it delivers a message anew.
                connector=UnixConnector(str(self._folder / f"{part}.sock"), limit=0, force_close=True),
                timeout=ClientTimeout(total=None),
                auto_decompress=False,
                max_line_size=_LONGEST_LINE,
                max_field_size=_LONGEST_LINE,
            )
        return self._sessions[part]

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()


def _read(request: web.BaseRequest) -> tuple[str, str, str, str]:
    """Return a request's token, what of its path comes before the stand-in's, the stand-in, and its path."""
    path = request.raw_path
    found = _PATH.fullmatch(path)
    if found:
        return found["token"], f"/{found['token']}/{found['part']}", found["part"], found["rest"] or "/"
    if TOKEN_HEADER in request.headers and path.startswith(_STORAGE):
        return request.headers[TOKEN_HEADER], "", "storage", path
    return "", "", "", path


def _is_description(path: str, answer: ClientResponse) -> bool:
    """Tell whether a response is what a stand-in says of objects, and not the content of one."""
    is_content = path.startswith("/download/") or "alt=media" in path
    return not is_content and answer.content_type == "application/json" and answer.method != "HEAD"


async def _nothing() -> None:
    """Send no copy."""


async def _body(request: web.BaseRequest) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_chunked(_CHUNK):
        yield chunk


async def serve(port: int, folder: Path, project: str, calls: Calls, storage: Storage) -> None:
    """Serve until asked to end.

    Args:
        port: the port of this machine.
        folder: the folder of the sockets.
        project: the project.
        calls: where calls are recorded.
        storage: BigQuery's storage interfaces, with the run's token.
    """
    guard = Guard(port, folder, storage.token, project, calls)
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    server = web.Server(
        guard.handle,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        auto_decompress=False,  # a packed body goes on as it came, like its length
    )
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    close_doors = await open_doors(folder, calls, storage)
    await web.UnixSite(runner, str(folder / OWN_SOCKET)).start()
    await over.wait()
    await close_doors()
    await guard.close()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(
        serve(
            int(sys.argv[1]),
            Path(sys.argv[2]),
            sys.argv[3],
            Calls(Path(sys.argv[4])),
            Storage(sys.argv[5], Path(sys.argv[6]), os.environ[TOKEN_VARIABLE]),
        )
    )
