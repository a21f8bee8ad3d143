"""The guard's own names; importing them needs no library."""

from __future__ import annotations

from typing import Final

TOKEN_VARIABLE: Final = "CRIME_PIPELINES_GUARD_TOKEN"  # noqa: S105 - the variable's name
#: The door for those that live in a cell, who see no port of this machine.
OWN_SOCKET: Final = "guard.sock"
#: Brings the token of Java's clients of Cloud Storage, who upload to the root of whatever address they have.
TOKEN_HEADER: Final = "X-Crime-Pipelines-Token"  # noqa: S105 - the header's name
