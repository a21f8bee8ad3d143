"""The endpoint as a process: python -m crime_pipelines.localcloud.dataproc ADDRESS FOLDER CONNECTIONS CALLS.

CONNECTIONS is a JSON file with the Spark properties and the variables that a job of each account gets, by the
account's address; CALLS the file that accounts' calls are recorded in. The settings come from the
environment.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from crime_pipelines.cloud.clients import SOCKET
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.localcloud.calls.record import Calls
from crime_pipelines.localcloud.dataproc.endpoint import Endpoint, serving
from crime_pipelines.localcloud.dataproc.job_runner import Driver
from crime_pipelines.localcloud.faults import FILE, Faults
from crime_pipelines.support.logs import set_up_logs


def main() -> None:
    """Serve until asked to end; what runs then is ended, and its clusters deleted."""
    address, folder, connections, calls = sys.argv[1:]
    set_up_logs("json")
    over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGTERM, end)
    driver = Driver(
        Path(folder),
        Settings.from_environment(),
        json.loads(Path(connections).read_text(encoding="utf-8")),
        Faults(Path(address.removeprefix(SOCKET)).with_name(FILE)),
    )
    endpoint = Endpoint(Calls(Path(calls)))
    endpoint.launch, endpoint.stop = driver.launch, driver.stop
    with serving(endpoint, address):
        over.wait()
        driver.close()


if __name__ == "__main__":
    main()
