"""Starts the batch from a flex template; a worker has to unpickle nothing of it."""

import sys

from crime_pipelines.beam import job

if __name__ == "__main__":
    sys.exit(job.main())
