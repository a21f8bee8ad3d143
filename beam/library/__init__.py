"""The PTransforms for pipelines of one's own; import them from `crime_pipelines.beam`."""
