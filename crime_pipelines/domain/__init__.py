"""The rules, in the standard library alone: what an incident is and what counts as what.

Each rule stands twice in one place, as a Python function and a SQL expression built from the same
constants. No engine writes a rule again.
"""
