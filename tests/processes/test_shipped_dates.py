"""Every date that a shipped form asks for: one far past or far to come is told at the field, in the form's words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from service.processes.dated import DateRule, broken_rules, rules_of
from service.processes.form_dates import FIRST_DATE, YEARS_AHEAD
from service.processes.forms import Form, load_form
from service.processes.terms import STEP, TODAY
from service.workdays import Calendar

ROOT = Path(__file__).parents[2]
DAY = date(2026, 9, 16)
LATELY = DAY - timedelta(days=5)
CALENDAR = Calendar.from_config()


def dated_fields() -> Iterator[tuple[str, Form, str]]:
    for path in sorted(ROOT.glob("forms/*/*.json")):
        if not path.name.endswith(".ui.json"):
            form = load_form(path.stem, path.read_bytes(), None)
            names = [name for name, schema in form.fields.items() if schema.get("format") == "date"]
            yield from ((f"{path.parent.name}/{path.stem}/{name}", form, name) for name in names)


FIELDS = list(dated_fields())


def told(form: Form, name: str, day: date) -> list[str]:
    """The findings at the field where it is ``day`` and everything else happened a few days ago."""
    rules = rules_of(form.schema)
    named = {one for rule in rules for one in rule.names} - {name}
    known = {one: DAY if one == TODAY else LATELY for one in named}
    data = {one: day.isoformat() for one in named if not one.startswith(STEP) and one != TODAY}
    data = {one: LATELY.isoformat() for one in data} | {name: day.isoformat()}
    said = [message for rule, message in broken_rules(form, data, known) if rule.field == name]
    form_says = form.fields[name]
    if (day > DAY and form_says.get("x-date") == "past") or (day <= DAY and form_says.get("x-date") == "future"):
        said.append("x-date")
    within = form_says.get("x-within-working-days")
    if within and day > CALENDAR.add(DAY, within).due:
        said.append("x-within-working-days")
    return said


def test_every_form_with_dates_is_looked_at() -> None:
    assert len(FIELDS) >= 19


@pytest.mark.parametrize(("form", "name"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS])
def test_a_day_far_past_or_far_to_come_is_told_at_its_field(form: Form, name: str) -> None:
    far = DAY.replace(year=DAY.year + YEARS_AHEAD, month=1)
    assert told(form, name, FIRST_DATE), "far past"
    assert told(form, name, far), "far to come"
    if not any(rule.refuse for rule in rules_of(form.schema) if rule.field == name):
        assert told(form, name, LATELY) == [] or form.fields[name].get("x-date") == "future"


def test_what_is_said_of_a_date_names_the_field() -> None:
    for where, form, name in FIELDS:
        title = str(form.fields[name]["title"])
        rules: list[DateRule] = [rule for rule in rules_of(form.schema) if rule.field == name]
        assert all(title.removesuffix("至") in rule.message for rule in rules), where
