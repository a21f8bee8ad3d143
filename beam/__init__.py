"""The Apache Beam library. Imported as `crime_pipelines.beam`; needs the extra `beam`."""
