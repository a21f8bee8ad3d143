"""Cloud Scheduler's part: a tick now and then. Run with `python -m` and the seconds between two ticks."""

from __future__ import annotations

import sys
import threading

from crime_pipelines.clients import publish
from crime_pipelines.settings import Settings


def tick(settings: Settings) -> str:
    """Tell that it is time to read all that has landed.

    Args:
        settings: the settings.

    Returns:
        The message's id.
    """
    return publish(settings, settings.files_topic, {"scheduled": True})


def main() -> None:
    """Tick until this process is ended."""
    seconds, pause = float(sys.argv[1]), threading.Event()
    settings = Settings.from_environment()
    while not pause.wait(seconds):
        tick(settings)


if __name__ == "__main__":
    main()
