"""A function of the local cloud, served on a Unix socket.

usage: python -m crime_pipelines.localcloud.guard.function SOURCE TARGET SIGNATURE SOCKET
"""

from __future__ import annotations

import sys

from functions_framework import create_app
from functions_framework._http import create_server


def main() -> None:
    """Serve the function with functions-framework, as Cloud Run functions do, but on no port."""
    source, target, signature, path = sys.argv[1:]
    # It joins host and port by a colon, which gives Gunicorn's name for a socket.
    app = create_app(target, source, signature)  # type: ignore[no-untyped-call]
    create_server(app, debug=False).run("unix", path)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
