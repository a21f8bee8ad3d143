"""The front door: `crime-pipelines`."""
