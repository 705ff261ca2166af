"""审计查询: a call for each question of the auditors, made from its declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from service.api.calls import Calls
from service.api.fields import Choice, Day, Moment, Query, Said, Schema, Text, Whole
from service.api.records import Pages, paged
from service.api.shapes import page_of
from service.audit.questions import QUESTIONS, Asked, Column, Filter, Question
from service.audit.questions import declared as kinds
from service.http.context import actor, db, wired

calls = Calls("audit", "The auditors' questions: who did what, who looked, what changed")


def _asked(one: Filter) -> ma.fields.Field[Any]:
    if one.kind == kinds.DAY:
        return Day(required=one.required)
    if one.kind == kinds.CHOICE:
        return Choice(*one.choices, required=one.required)
    return Text(longest=kinds.LONGEST, required=one.required, metadata={"description": one.label})


def _answered(one: Column) -> ma.fields.Field[Any]:
    shape = {kinds.MOMENT: Moment, kinds.DAY: Day, kinds.NUMBER: Whole}.get(one.kind, Said)
    made: ma.fields.Field[Any] = shape(required=True, allow_none=True, metadata={"description": one.title})
    return made


def _name(question: Question) -> str:
    return "".join(part.title() for part in question.name.split("-"))


def _register(question: Question) -> None:
    filters: dict[str, Any] = {one.name: _asked(one) for one in question.filters}
    query: type[Query] = type(f"{_name(question)}Question", (Pages,), {"__doc__": question.purpose, **filters})
    columns: dict[str, Any] = {one.name: _answered(one) for one in question.columns}
    item: type[Schema] = type(f"{_name(question)}Answer", (Schema,), {"__doc__": question.title, **columns})

    def ask(query: dict[str, Any]) -> Mapping[str, Any]:
        limit, offset = query.pop("limit"), query.pop("offset")
        given = {name: value for name, value in query.items() if value is not None}
        found = question.find(Asked(db(), actor(), wired().organization, question.checked(given), limit, offset))
        return paged(found, lambda row: {one.name: row.get(one.name) for one in question.columns})

    ask.__name__ = question.name.replace("-", "_")
    ask.__doc__ = f"{question.title}: {question.purpose}."
    answer = page_of(item, f"{_name(question)}Answers")
    calls.get(f"/audit/{question.name}", answer=answer, query=query, right=question.right)(ask)


for _one in QUESTIONS:
    _register(_one)
