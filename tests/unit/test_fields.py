"""A record says itself once: its table of fields and its model hold the same, and what a table says is complete."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import String, inspect

from service.fields import (
    CHOICE,
    DATE,
    FLAG,
    LINES,
    NUMBER,
    PICKS,
    Checks,
    Field,
    chosen,
    condition,
    conditions,
    defaults,
    form_of,
    take,
)
from service.people.fields import PERSON, POST, SUBSTITUTE, UNIT
from service.people.filters import LeaderFilter
from service.people.models import Leader, Person, Substitute, Unit
from service.talents.fields import FIELDS, TEAM_FIELDS
from service.talents.models import Talent, TalentTeam

TABLES: tuple[tuple[tuple[Field, ...], Any], ...] = (
    (UNIT, Unit),
    (PERSON, Person),
    (POST, Leader),
    (SUBSTITUTE, Substitute),
    (FIELDS, Talent),
    (TEAM_FIELDS, TalentTeam),
)


@pytest.mark.parametrize(("table", "model"), TABLES, ids=lambda one: getattr(one, "__name__", ""))
def test_each_field_has_a_column_that_holds_the_longest_of_its_values(table: tuple[Field, ...], model: Any) -> None:
    columns = inspect(model).columns
    for one in table:
        column = columns[one.name]
        if isinstance(column.type, String) and column.type.length is not None and one.kind not in (CHOICE, "pick"):
            assert column.type.length >= one.longest, one.name
        if one.required and one.only != "new":
            assert not column.nullable, one.name


@pytest.mark.parametrize(("table", "model"), TABLES, ids=lambda one: getattr(one, "__name__", ""))
def test_labels_are_words_of_people_and_meant_once(table: tuple[Field, ...], model: Any) -> None:
    labels = [label for one in table for label in (one.label, *one.also)]
    assert len(set(labels)) == len(labels)
    assert not [label for label in labels if label.isascii()]


def test_what_is_wrong_is_told_at_each_field_and_what_is_right_is_cleaned() -> None:
    checks = Checks()
    fields = (
        Field("name", "姓名", "name", required=True, longest=4),
        Field("day", "日期", DATE, required=True),
        Field("kind", "类别", CHOICE, choices={"a": "甲"}),
        Field("rank", "级别", NUMBER, choices={1: "一", 2: "二"}),
        Field("open", "公开", FLAG, default=False),
    )
    given = {"name": " 张 三 ", "day": None, "kind": "b", "rank": 3, "open": None}
    take(fields, given, checks)
    assert [finding.path for finding in checks.findings] == ["/day", "/kind", "/rank", "/open"]
    sound = Checks()
    values = take(fields, {"name": "张三", "day": date(2026, 1, 2), "kind": None, "rank": 2, "open": True}, sound)
    assert not sound.findings
    assert values == {"name": "张三", "day": date(2026, 1, 2), "kind": None, "rank": 2, "open": True}
    assert defaults(fields)["open"] is False


def test_a_kind_that_no_command_checks_by_itself_is_not_taken_in_silence() -> None:
    for kind in (LINES, PICKS, "secret"):
        with pytest.raises(KeyError):
            take([Field("x", "某项", kind)], {"x": ["a"]}, Checks())


def test_choices_of_the_organization_are_filled_in() -> None:
    [kind] = [one for one in chosen(UNIT, kinds={"bureau": "区直局"}) if one.name == "kind"]
    assert kind.options == [("bureau", "区直局")]
    assert [one.name for one in form_of(UNIT, new=False)] == ["name", "kind", "town", "is_member_unit", "active"]


def test_a_filter_tells_its_conditions_as_query_strings_name_them() -> None:
    told = {one.name: (one.kind, one.sent, one.page, one.optional) for one in conditions(LeaderFilter)}
    assert told["klass"] == (str, "class", "class", True)
    assert told["on"] == (date, "on", "on", True)
    assert told["include_former"] == (bool, "include_former", "all", False)
    assert condition("x").default == "x"
