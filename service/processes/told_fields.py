"""The values of a form as people read them: id, title, value and words of each field. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from service import clock
from service.processes.forms import Form

NameOf = Callable[[str, str], str]
"""The name of a picked record: its kind (``x-ref``), its key."""

DayWords = Callable[[str], str]
"""An ISO date as people read it."""


def told(form: Form, data: Mapping[str, Any], name_of: NameOf, day: DayWords | None = None) -> Iterator[dict[str, Any]]:
    """The fields of the form that ``data`` fill in, in the form's order: ``id``, ``title``, ``value``, ``words``.

    ``day`` writes days otherwise than paper has them, as a page does.
    """
    order = [name for name in form.ui_schema.get("ui:order", ()) if name in form.fields]
    for name in [*order, *(name for name in form.fields if name not in order)]:
        if data.get(name) not in (None, "", []):
            schema = field_in(form, name, data)
            title = str(schema.get("title") or name)
            yield {"id": name, "title": title, "value": data[name], "words": words(schema, data[name], name_of, day)}


def field_in(form: Form, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a field; one that several branches define is read in the branch that ``data`` takes."""
    for branch in form.schema.get("allOf", ()):
        then = branch.get("then", {}).get("properties", {})
        if name in then and _holds(branch.get("if", {}), data):
            return dict(then[name])
    return form.fields[name]


def _holds(condition: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Whether a branch's plain condition (a constant for each named field) is met."""
    tests = condition.get("properties", {})
    return bool(tests) and all(
        data.get(name) == test["const"] if "const" in test else data.get(name) in test.get("enum", ())
        for name, test in tests.items()
    )


def words(schema: Mapping[str, Any], value: Any, name_of: NameOf, day: DayWords | None = None) -> str:
    """A value as people read it: the title of a choice, the name of a record, 是 or 否, 2026年9月16日.

    ``day`` writes days otherwise, as a page does.
    """
    if isinstance(value, list):
        items = schema.get("items")
        return "、".join(words(items if isinstance(items, Mapping) else {}, one, name_of, day) for one in value)
    for option in schema.get("oneOf", ()):
        if isinstance(option, Mapping) and option.get("const") == value and "title" in option:
            return str(option["title"])
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str) and schema.get("x-ref"):
        return name_of(str(schema["x-ref"]), value)
    if isinstance(value, str) and schema.get("format") == "date":
        return (day or day_words)(value)
    return "" if value is None else str(value)


def page_day(text: str) -> str:
    """A date as a page writes it, 2026-10-13（周二）; a text that is none stays as it is."""
    try:
        return clock.written(date.fromisoformat(text))
    except ValueError:
        return text


def day_words(text: str) -> str:
    """A date as it stands on paper; a text that is none stays as it is."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return text
    return f"{day.year}年{day.month}月{day.day}日"
