"""Dataproc's gRPC interface on this machine: a job runs on local Spark, on a cluster that goes with it.

No emulator of Dataproc exists. This one serves what docs/architecture.md lists, over the library's own
messages. A cluster is a folder and the processes that run in it.
"""
