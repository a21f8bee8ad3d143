"""Starts the streaming pipeline from a flex template; a worker has to unpickle nothing of it."""

import sys

from crime_pipelines.beam.streaming import stream

if __name__ == "__main__":
    sys.exit(stream.main())
