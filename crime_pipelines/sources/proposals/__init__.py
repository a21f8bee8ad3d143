"""Layouts for files of departments that have none yet: proposed, tried and written."""
