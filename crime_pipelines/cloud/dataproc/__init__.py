"""Dataproc: its workflow templates and batches, and the runs started with them."""
