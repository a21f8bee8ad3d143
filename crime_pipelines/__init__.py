"""Batch and stream pipelines over a police department's incident file, on Google Cloud and on a laptop."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("crime-pipelines")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
