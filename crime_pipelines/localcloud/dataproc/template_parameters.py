"""A workflow template's parameters: held against its patterns, and filled in."""

from __future__ import annotations

import re
from typing import Final

from google.cloud import dataproc_v1 as dataproc

#: Characters of a parameter's value.
LONGEST_VALUE: Final = 1_000
_FIELD: Final = re.compile(
    r"jobs\['(?P<step>[^']+)'\]\.pysparkJob\.args\[(?P<at>\d+)\]|labels\['(?P<label>[^']+)'\]"
)


def mismatch(template: dataproc.WorkflowTemplate, values: dict[str, str]) -> str:
    """Find what is wrong with the values of a template's parameters.

    Args:
        template: the template.
        values: the values by name.

    Returns:
        What is wrong; empty if nothing is.
    """
    if set(values) != {each.name for each in template.parameters}:
        return f"parameters {sorted(values)} are not those of the template"
    for each in template.parameters:
        if len(values[each.name]) > LONGEST_VALUE:
            return f"{each.name} has {len(values[each.name]):,} characters; {LONGEST_VALUE:,} are allowed"
        if not any(re.fullmatch(regex, values[each.name]) for regex in each.validation.regex.regexes):
            return f"{each.name}: {values[each.name]!r} does not match"
    return ""


def filled(template: dataproc.WorkflowTemplate, values: dict[str, str]) -> dataproc.WorkflowTemplate:
    """Fill in a template's parameters.

    Args:
        template: the template.
        values: the values by name.

    Returns:
        A copy.

    Raises:
        ValueError: a parameter names a field that there is none of.
    """
    copy = dataproc.WorkflowTemplate(template)
    for parameter in template.parameters:
        for path in parameter.fields:
            _fill(copy, path, values[parameter.name])
    return copy


def _fill(template: dataproc.WorkflowTemplate, path: str, value: str) -> None:
    field = _FIELD.fullmatch(path)
    if not field:
        raise ValueError(f"no field {path} is known")
    if field["label"]:
        if field["label"] not in template.labels:
            raise ValueError(f"the template has no label {field['label']}")
        template.labels[field["label"]] = value
        return
    jobs = [job for job in template.jobs if job.step_id == field["step"]]
    if len(jobs) != 1:
        raise ValueError(f"the template has no step {field['step']}")
    jobs[0].pyspark_job.args[int(field["at"])] = value
