"""Run a program whose port nobody else can reach; its doors are Unix sockets in a folder of its user's.

usage: python cell.py [--in SOCKET PORT] [--out PORT SOCKET] ... -- PROGRAM [ARGUMENT ...]

Programs that know TCP alone and check nobody get a network of their own, where Linux lets users make one.
SOCKET leads in to the program's PORT, PORT out to a socket of someone else's. Elsewhere the program listens
on a PORT of this machine, for all its users, and reaches others by theirs. It imports the standard library
alone.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from pathlib import Path

_HOST = "127.0.0.1"
_CHUNK = 1 << 18
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # Linux, linux/sched.h
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1  # linux/sockios.h, linux/if.h
_PR_SET_PDEATHSIG = 1


def isolate() -> bool:
    """Move this process into a network of its own.

    Returns:
        False where the system does not let it.
    """
    if sys.platform != "linux":
        return False
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NET) != 0:
        return False
    # Files keep their owner only if the user is known in there.
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        flags = struct.unpack("16sh", fcntl.ioctl(control, _GET_FLAGS, struct.pack("16sh", b"lo", 0)))[1]
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh", b"lo", flags | _UP))
    return True


def tie(parent: int) -> None:
    """End with the parent; becoming another user has undone it.

    Args:
        parent: the parent's process id.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(1)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, until it ends."""
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def run(ways_in: list[tuple[str, int]], ways_out: list[tuple[int, str]], command: list[str]) -> int:
    """Open the doors and run the program.

    Args:
        ways_in: sockets, and the ports that they lead to.
        ways_out: ports, and the sockets that they lead to.
        command: the program and its arguments.

    Returns:
        Its exit code.
    """
    # the event loop does not keep a task alive: one that waits, its client gone, would be collected
    kept: set[asyncio.Task[None] | None] = set()

    async def joined(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int | None, path: str | None
    ) -> None:
        task = asyncio.current_task()
        kept.add(task)
        try:
            await between(reader, writer, port, path)
        finally:
            kept.discard(task)

    async def between(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int | None, path: str | None
    ) -> None:
        try:
            there = await (
                asyncio.open_unix_connection(path) if path else asyncio.open_connection(_HOST, port)
            )
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
        writer.close()
        there[1].close()

    for path, port in ways_in:
        await asyncio.start_unix_server(lambda r, w, port=port: joined(r, w, port, None), path)  # type: ignore[misc]
    for port, path in ways_out:
        await asyncio.start_server(lambda r, w, path=path: joined(r, w, None, path), _HOST, port)  # type: ignore[misc]
    program = await asyncio.create_subprocess_exec(*command)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, program.terminate)
    return await program.wait()


def main() -> None:
    """Run the program in a cell, and end with its exit code."""
    ways_in: list[tuple[str, int]] = []
    ways_out: list[tuple[int, str]] = []
    arguments = sys.argv[1:]
    while arguments[0] != "--":
        way, one, other, *arguments = arguments
        if way == "--in":
            ways_in.append((one, int(other)))
        else:
            ways_out.append((int(one), other))
    parent = os.getppid()
    if isolate():
        tie(parent)
    else:
        print("no network of its own here: other users of this machine can reach the port", file=sys.stderr)  # noqa: T201
        ways_out = []
    sys.exit(asyncio.run(run(ways_in, ways_out, arguments[1:])))


if __name__ == "__main__":
    main()
