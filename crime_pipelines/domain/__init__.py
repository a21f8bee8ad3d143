"""The rules, in the standard library alone: what an incident is and what counts as what.

Each rule has two faces in one place, a Python function and a SQL expression built from the same
constants. No engine writes a rule again.
"""
