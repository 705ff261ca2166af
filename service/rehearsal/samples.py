"""Plausible answers to a form: a rehearsal need not spell out all that is required."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from service.checks.form_model import allowed_values, form_of
from service.errors import Invalid
from service.processes.forms import Form
from service.workdays import Calendar

MOST_TRIES = 20
"""Each try answers what the last one missed: a form that asks on for longer is not to be filled by guessing."""
TEXT, PHONE, MAIL = "样例", "13800000000", "sample@example.cn"
RECORD = "00000000-0000-4000-8000-000000000001"
"""Stands for a record that a form picks, where any will do."""


def filled(
    form: Form,
    given: Mapping[str, Any],
    *,
    known: Mapping[str, Any] | None = None,
    today: date,
    calendar: Calendar,
    units: Collection[str] | None = None,
) -> dict[str, Any]:
    """``given`` and, for each field that the form requires beside it, a value that it takes.

    A field that a page fills in beforehand (``x-prefill``) gets what the case knows (``known``). Given values stay
    as it is, right or wrong. Raises nothing: what is still wrong, ``Form.check`` tells.
    """
    fields, before = form_of(form.name, form.name, "", form.schema).fields, known or {}
    data = dict(given)
    for _ in range(MOST_TRIES):
        try:
            form.check(data, today=today, calendar=calendar)
        except Invalid as error:
            asked = [finding.path.removeprefix("/data/") for finding in error.findings]
        else:
            return data
        fresh = [name for name in asked if name in fields and name not in data]
        if not fresh:
            return data
        for name in fresh:
            schema = fields[name].schema
            prefilled = before.get(name) if schema.get("x-prefill") else None
            data[name] = value_of(schema, today, calendar, units) if prefilled is None else prefilled
    return data


def value_of(schema: Mapping[str, Any], today: date, calendar: Calendar, units: Collection[str] | None = None) -> Any:
    """A value that a field takes, the same for the same day."""
    if values := allowed_values(schema):
        return min(
            values, key=lambda value: (not value, str(value)) if isinstance(value, bool) else (False, str(value))
        )
    if kind := schema.get("x-ref"):
        return min(units or {"talent_office"}) if kind == "units" else RECORD
    if schema.get("format") == "date":
        within = schema.get("x-within-working-days")
        days = min(int(within), 1) if within is not None else 1
        return (calendar.add(today, days).due if schema.get("x-date") == "future" else today).isoformat()
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items")
        return [value_of(items, today, calendar, units)] if isinstance(items, dict) else []
    if kind in ("integer", "number"):
        return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    if kind == "object":
        return {}
    return text_like(schema)


def text_like(schema: Mapping[str, Any]) -> str:
    """A text that a field takes, as far as its length and the usual patterns go."""
    text = TEXT * -(-int(schema.get("minLength", 1)) // len(TEXT))
    pattern = schema.get("pattern")
    for one in (text[: int(schema.get("maxLength", len(text)))], PHONE, MAIL):
        if not isinstance(pattern, str) or _matches(pattern, one):
            return one
    return text


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False
