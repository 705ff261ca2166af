"""The question in the address of a list, as the list's filter."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from flask import flash

from service.audit.questions.places import ASKED
from service.fields import Condition, conditions
from service.ids import as_id
from service.web.answers import argument, asked_day, asked_whole

T = TypeVar("T")
SHOWN = 20
"""Characters of a wrong value that are repeated."""


def asked(kind_of_filter: type[T], **known: Any) -> T:
    """The filter that the address asks for; what it names and nobody knows is passed over, of days and numbers the page
    says so.

    ``known`` are conditions that the page decides itself.
    """
    found = {one.name: _value(one) for one in conditions(kind_of_filter) if one.name not in known and not one.internal}
    return kind_of_filter(**{name: value for name, value in found.items() if value is not None}, **known)


def _value(one: Condition) -> Any:
    given = argument(one.page)
    if given is None:
        return None
    if one.kind is bool:
        return {"yes": True, "no": False}.get(given) if one.optional else given == "yes"
    if one.kind in (int, date):
        found = asked_whole(one.page, one.choices) if one.kind is int else asked_day(one.page)
        if found is None and given.strip():
            wanted = "日期" if one.kind is date else "可选的数字"
            flash(f"“{ASKED[one.page]}”写的“{given[:SHOWN]}”不是{wanted}，没有按它筛选", "warning")
        return found
    if one.kind is UUID:
        return as_id(given)
    return given if not one.choices or one.strict or given in one.choices else None
