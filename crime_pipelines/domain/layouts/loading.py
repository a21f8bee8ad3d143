"""Layouts as TOML files, read and validated."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from crime_pipelines.domain.fields import FIELD, FIELDS, Kind, normal_heading
from crime_pipelines.domain.layouts.area_table import Folder, NamedAreas, read_areas
from crime_pipelines.domain.layouts.forms import Fixed, Form, Lookup, Moment, Plain
from crime_pipelines.domain.layouts.model import FieldMapping, Heading, Layout, LayoutError, Names
from crime_pipelines.domain.layouts.personal import is_personal
from crime_pipelines.domain.text import fold

#: Needed fields that a department's data may lack.
MAY_BE_ABSENT: Final = ("primary_type", "location_description", "arrest", "community_area")
#: Behind the beginning of a text in a look-up.
ANYTHING: Final = "*"
ORDERS: Final = {"month first": False, "day first": True}
TIMES: Final = {"clock": False, "hours and minutes": True}
LABEL: Final = "label"
_KEYS: Final = (
    *("like", "title", "department", "source", "detect", "absent"),
    *("areas", "fields", "types", "locations"),
)
_LOOKED_UP: Final = (Kind.PRIMARY_TYPE, Kind.LOCATION, Kind.FLAG, Kind.AREA, Kind.TEXT)


def read_layout(folder: Folder, file: str, origin: str = "") -> Layout:
    """Read a layout.

    Args:
        folder: the folder of its TOML file; a table of areas that it names lies beside it.
        file: the name of its TOML file.
        origin: the file as the user named it; empty for a bundled layout.

    Returns:
        The layout.

    Raises:
        LayoutError: it can't be read, or is no layout.
    """
    try:
        found = tomllib.loads(folder.joinpath(file).read_text(encoding="utf-8-sig"))
        return layout_of(found, file.removesuffix(".toml"), folder, origin)
    except OSError as error:
        raise LayoutError(f"{origin or file}: can't be read ({error.strerror or error})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LayoutError(f"{origin or file}: is no TOML file ({error})") from error
    except LayoutError as error:
        raise LayoutError(f"{origin or file}: {error}") from error


def layout_of(found: Mapping[str, Any], name: str, folder: Folder, origin: str = "") -> Layout:
    """Make a layout of a TOML file's content.

    Args:
        found: the content.
        name: the layout's name.
        folder: where a table of areas lies that it names.
        origin: as for `read_layout`.

    Returns:
        The layout.

    Raises:
        LayoutError: it is no layout.
    """
    _refuse_others(found, _KEYS, "")
    base = _base(found["like"]) if "like" in found else None
    absent = _texts(found.get("absent", sorted(base.absent) if base else []), "absent")
    for each in absent:
        if each not in MAY_BE_ABSENT:
            raise LayoutError(f"absent: {each!r} can't be; of needed fields {_or(MAY_BE_ABSENT)} may be")
    areas = read_areas(found.get("areas", []), folder)
    if base and "areas" not in found:
        areas = NamedAreas(base.areas, ())
    fields = _table(found.get("fields", {} if base else None), "fields")
    _refuse_others(fields, tuple(FIELD), "fields.")
    mappings = {
        **({name: each for name, each in base.mappings.items() if name not in absent} if base else {}),
        **{key: _mapping(key, value, areas) for key, value in fields.items()},
    }
    for field in FIELDS:
        if field.name in mappings and field.name in absent:
            raise LayoutError(f"fields.{field.name}: is named under 'absent' too; leave one of them out")
        if field.needed and field.name not in mappings and field.name not in absent:
            hint = ", or name it under 'absent' if the data lack it" if field.name in MAY_BE_ABSENT else ""
            raise LayoutError(f"fields.{field.name}: is missing; say which column holds it{hint}")
    if "community_area" in mappings and not areas.areas.all:
        raise LayoutError("areas: there are none; list them, or name 'community_area' under 'absent'")
    return Layout(
        name=name,
        department=_text(found.get("department", base.department if base else name), "department"),
        title=_text(found.get("title", base.title if base else name), "title"),
        mappings=mappings,
        areas=areas.areas,
        types=base.types if base and "types" not in found else _names(found.get("types", {}), "types"),
        locations=(
            base.locations
            if base and "locations" not in found
            else _names(found.get("locations", {}), "locations")
        ),
        absent=frozenset(absent),
        is_detected=_flag(found.get("detect", True), "detect"),
        origin=origin,
    )


def _base(name: Any) -> Layout:
    folder = files("crime_pipelines").joinpath("layouts")
    file = f"{_text(name, 'like')}.toml"
    if not re.fullmatch("[a-z_]+[.]toml", file) or not folder.joinpath(file).is_file():
        raise LayoutError(f"like: {name!r} is no bundled layout; 'crime-pipelines layout list' shows them")
    return read_layout(folder, file)


def _mapping(name: str, value: Any, areas: NamedAreas) -> FieldMapping:
    where, kind = f"fields.{name}", FIELD[name].kind
    if isinstance(value, str | list):
        value = {"heading": value}
    value = _table(value, where)
    if "value" in value:
        _refuse_others(value, ("value",), f"{where}.")
        return FieldMapping(Fixed(_text(value["value"], f"{where}.value")), ())
    if kind is Kind.DATETIME and value.keys() & {"date", "time", "order", "zone", "times"}:
        return _moment(value, where)
    _refuse_others(value, ("heading", "further", "first", "lookup", "otherwise"), f"{where}.")
    form: Form = Plain()
    if "lookup" in value or "otherwise" in value:
        if kind not in _LOOKED_UP:
            raise LayoutError(f"{where}.lookup: a field of kind {kind} takes none")
        form = _lookup(value, where)
    elif kind is Kind.AREA and areas.spellings:
        form = Lookup(areas.spellings)
    return FieldMapping(form, (_heading(value, "heading", where),))


def _moment(value: Mapping[str, Any], where: str) -> FieldMapping:
    _refuse_others(
        value, ("heading", "date", "time", "times", "order", "zone", "further", "first"), f"{where}."
    )
    if ("date" in value) != ("time" in value) or ("heading" in value) == ("date" in value):
        raise LayoutError(f"{where}: give 'heading', or 'date' and 'time' where these are two columns")
    has_time = "time" in value
    if "times" in value and not has_time:
        raise LayoutError(f"{where}.times: says how 'time' is written, which is not there")
    order = _choice(value.get("order"), ORDERS, f"{where}.order")
    zone = _choice(value.get("zone"), {LABEL: True}, f"{where}.zone")
    times = _choice(value.get("times"), TIMES, f"{where}.times")
    headings = [_heading(value, "date" if has_time else "heading", where)]
    if has_time:
        headings.append(Heading(_headings(value["time"], f"{where}.time")))
    return FieldMapping(Moment(order, bool(zone), has_time, bool(times)), tuple(headings))


def _heading(value: Mapping[str, Any], key: str, where: str) -> Heading:
    if key not in value:
        raise LayoutError(f"{where}: give 'heading', the column that holds it, or 'value'")
    further = value.get("further", [])
    return Heading(
        _headings(value[key], f"{where}.{key}"),
        _headings(further, f"{where}.further") if further else (),
        _flag(value.get("first", False), f"{where}.first"),
    )


def _headings(value: Any, where: str) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else _texts(value, where)
    for name in names or ("",):
        if not normal_heading(name):
            raise LayoutError(f"{where}: is empty; give the column's heading")
        if is_personal(name):
            raise LayoutError(f"{where}: {name!r} is a column about a person, which is never read")
    return names


def _lookup(value: Mapping[str, Any], where: str) -> Lookup:
    entries: dict[str, str] = {}
    beginnings: dict[str, str] = {}
    for stands_for, texts in _table(value.get("lookup", {}), f"{where}.lookup").items():
        for text in _texts(texts, f"{where}.lookup.{stands_for!r}"):
            is_beginning = text.endswith(ANYTHING)
            folded = fold(text.removesuffix(ANYTHING))
            found = beginnings if is_beginning else entries
            if folded is None:
                raise LayoutError(f"{where}.lookup.{stands_for!r}: {text!r} is no text")
            if found.setdefault(folded, stands_for) != stands_for:
                raise LayoutError(f"{where}.lookup: {text!r} stands for {found[folded]!r} and {stands_for!r}")
    otherwise = value.get("otherwise")
    if otherwise is not None:
        otherwise = _text(otherwise, f"{where}.otherwise")
    return Lookup(tuple(entries.items()), tuple(beginnings.items()), otherwise)


def _names(value: Any, where: str) -> Names:
    value = _table(value, where)
    _refuse_others(value, ("renamings", "known"), f"{where}.")
    renamings: dict[str, str] = {}
    for old, new in _table(value.get("renamings", {}), f"{where}.renamings").items():
        folded, into = fold(old), fold(_text(new, f"{where}.renamings.{old!r}"))
        if folded is None or into is None:
            raise LayoutError(f"{where}.renamings.{old!r}: give the old name and the new one")
        renamings[folded] = into
    for old, new in renamings.items():
        if new in renamings:
            raise LayoutError(f"{where}.renamings.{old!r}: its new name {new!r} is renamed itself")
    known = _texts(value.get("known", []), f"{where}.known")
    for name in known:
        if fold(name) != name or name in renamings:
            raise LayoutError(f"{where}.known: {name!r} is no name in its normal form")
    return Names(renamings, known)


def _refuse_others(found: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in found:
        if key not in known:
            raise LayoutError(f"{where}{key}: is not known; {where or 'a layout '}takes {_or(known)}")


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise LayoutError(f"{where}: is missing, or no table")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise LayoutError(f"{where}: {value!r} is no text; put it in quotes")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise LayoutError(f'{where}: {value!r} is no list of texts, such as ["A", "B"]')
    return tuple(_text(each, where) for each in value)


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise LayoutError(f"{where}: {value!r} is neither true nor false")
    return value


def _choice(value: Any, choices: Mapping[str, bool], where: str) -> bool | None:
    if value is None:
        return None
    if value not in choices:
        raise LayoutError(f"{where}: {value!r} is not known; choose {_or(tuple(choices))}")
    return choices[value]


def _or(names: Sequence[str]) -> str:
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
