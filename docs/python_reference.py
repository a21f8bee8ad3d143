"""The page of the Python API, from the package's public names and their docstrings."""

from __future__ import annotations

import inspect
import re
from typing import Any

import crime_pipelines


def python_reference() -> str:
    """Return the page as Markdown."""
    parts = [
        "# Python API",
        "Everything here is imported from `crime_pipelines` and follows semantic versioning. "
        "[A notebook](../answers.ipynb) shows most of it; `examples/` in the repository are programs.",
    ]
    for name in crime_pipelines.__all__:
        value = getattr(crime_pipelines, name)
        if name == "__version__":
            continue
        parts.append(f"## {name}")
        if inspect.isclass(value):
            parts.append(_docstring(value))
            for method, found in vars(value).items():
                if not method.startswith("_") and (inspect.isfunction(found) or isinstance(found, property)):
                    shown = "" if isinstance(found, property) else _signature(found)
                    parts += [f"### {name}.{method}", shown, _docstring(found)]
        else:
            parts += [_signature(value), _docstring(value)]
    return "\n\n".join(filter(None, parts))


def _signature(function: Any) -> str:
    # annotations are quoted in the source's own words, defaults as Python writes them
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))
    text = re.sub(r"(\w+\.)+(?=[A-Z])", "", text)
    return f"```python\n{function.__name__}{text}\n```"


def _docstring(value: Any) -> str:
    """Return a docstring as Markdown: its sections as lists, its examples as code."""
    lines: list[str] = []
    section = ""
    for line in inspect.cleandoc(value.__doc__ or "").splitlines():
        if re.fullmatch(r"(Args|Returns|Raises|Attributes|Yields):", line):
            section = line[:-1]
            lines += ["", f"**{section}**", ""]
        elif section and line.startswith("    ") and not line.startswith("     "):
            named = re.match(r"    (\w+): (.*)", line)
            lines.append(
                f"- `{named[1]}`: {named[2]}" if named and section != "Returns" else f"- {line.strip()}"
            )
        elif section and line.startswith("     "):
            lines.append(f"  {line.strip()}")
        elif line.startswith((">>> ", "... ")):
            lines += [] if lines and lines[-1].startswith("    ") else [""]
            lines.append(f"    {line}")
        elif lines and lines[-1].startswith("    ") and line:
            lines.append(f"    {line}")
        else:
            lines.append(line)
    text = re.sub(r"\n- (?!`)([^\n]*)(?=\n- )", r"\n- \1", "\n".join(lines))
    return text.replace("``", "`")
