"""The Dataproc jobs (PySpark). Imported as `crime_pipelines.spark`; needs the extra `spark`."""
