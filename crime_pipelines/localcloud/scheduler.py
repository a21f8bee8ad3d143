"""Cloud Scheduler's part: ticks, and looks after the run that is under way.

usage: python -m crime_pipelines.localcloud.scheduler SECONDS LOOK_SECONDS, 0 for never
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from crime_pipelines.cloud.clients import publish
from crime_pipelines.cloud.settings import Settings


def tick(settings: Settings) -> str:
    """Tell that it is time to read all that has landed.

    Args:
        settings: the settings.

    Returns:
        The message's id.
    """
    return publish(settings, settings.files_topic, {"scheduled": True})


def look(settings: Settings) -> str:
    """Tell that it is time to look after the run that is under way.

    Args:
        settings: the settings.

    Returns:
        The message's id.
    """
    return publish(settings, settings.files_topic, {"look": True})


def main() -> None:
    """Tick and look until this process is ended."""
    settings = Settings.from_environment()
    threads = [
        threading.Thread(target=_repeat, args=(call, settings, seconds))
        for call, seconds in ((tick, float(sys.argv[1])), (look, float(sys.argv[2])))
        if seconds
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()  # Pub/Sub's library starts threads of its own, which it can't once the main one is over


def _repeat(call: Callable[[Settings], str], settings: Settings, seconds: float) -> None:
    pause = threading.Event()
    while not pause.wait(seconds):
        call(settings)


if __name__ == "__main__":
    main()
