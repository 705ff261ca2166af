"""The question in the address of a list, as the list's filter."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from flask import flash

from service.audit.questions.places import ASKED, OF_UNITS
from service.fields import Condition, conditions
from service.http.context import db
from service.ids import as_id
from service.people.queries import unit_names
from service.web.answers import argument, asked_day, asked_whole
from service.web.context import role_name

T = TypeVar("T")
SHOWN = 20
"""Characters of a wrong value that are repeated."""
FROM, TO = "since", "until"
"""The ends of the names of a period's first and last day."""


def asked(kind_of_filter: type[T], **known: Any) -> T:
    """The filter that the address asks for; a value that the list does not know, or a period that ends before it
    begins, is passed over, and the page says so.

    ``known`` are conditions that the page decides itself.
    """
    wanted = [one for one in conditions(kind_of_filter) if one.name not in known and not one.internal]
    found = {one.name: value for one in wanted if (value := _value(one)) is not None}
    for one in wanted:
        first = one.name.removesuffix(TO) + FROM
        if one.name.endswith(TO) and first in found and one.name in found and found[first] > found[one.name]:
            days = f"{found.pop(first)}”晚于最后一天“{found.pop(one.name)}"
            flash(f"第一天“{days}”，没有按这段日期筛选", "warning")
    return kind_of_filter(**found, **known)


def asked_number(name: str, among: Container[int]) -> int | None:
    """The number that the address names; one that is none of ``among`` is passed over, and the page says so."""
    found = asked_whole(name, among)
    if found is None:
        _passed_over(name, "可选的数字")
    return found


def asked_answer(name: str, word: str = "") -> bool | None:
    """The yes or no that the address gives to ``name``, which the page calls ``word``; what is neither is passed over,
    and the page says so."""
    found = {"yes": True, "no": False}.get(argument(name) or "")
    if found is None:
        _passed_over(name, "“是”或“否”", word)
    return found


def _value(one: Condition) -> Any:
    given = argument(one.page)
    if given is None:
        return None
    if one.kind is int:
        return asked_number(one.page, one.choices)
    if one.kind is bool:
        return asked_answer(one.page)
    found: Any
    if one.kind is date:
        found, wanted = asked_day(one.page), "日期"
    elif one.kind is UUID:
        found, wanted = as_id(given), "可选的记录"
    else:
        found, wanted = _chosen(one, given)
    if found is None:
        _passed_over(one.page, wanted)
    return found


def _chosen(one: Condition, given: str) -> tuple[str | None, str]:
    """The value where the list can have it, else None, and what it should have been."""
    if one.choices:
        return given if given in one.choices else None, "可选的内容"
    if one.page in OF_UNITS:
        return given if given in unit_names(db(), [given]) else None, "单位名录里的单位"
    return given if one.page != "role" or role_name(given) else None, "可选的角色"


def _passed_over(name: str, wanted: str, word: str = "") -> None:
    given = (argument(name) or "").strip()
    if given:
        flash(f"“{word or ASKED.get(name, name)}”写的“{given[:SHOWN]}”不是{wanted}，没有按它筛选", "warning")
