"""The shapes of calls that follow from the tables of fields, the filters of lists and the shape of one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar, cast
from uuid import UUID

import marshmallow as ma
from marshmallow.schema import SchemaMeta

from service.api.fields import Choice, Count, Day, Flag, Id, List, Nested, Said, Schema, Text, Whole
from service.api.records import Search
from service.fields import CHOICE, DATE, FLAG, NUMBER, PICK, Condition, Field, conditions, form_of

S = TypeVar("S", bound=ma.Schema)
T = TypeVar("T")

LEAST_LONG = 200
"""How many characters a body takes at least: what is too long for a field is told by its check."""
BY_ID = frozenset({"people", "leaders"})
"""Kinds of records that have an id, where others have a code."""


def answers(fields: Iterable[Field]) -> Callable[[type[S]], type[S]]:
    """Gives the shape of an answer the ``fields`` of its record; what the class says itself counts more."""
    return lambda shape: _with(shape, {one.name: _answered(one) for one in fields})


def takes(fields: Iterable[Field], *, new: bool) -> Callable[[type[S]], type[S]]:
    """Gives the shape of a body the ``fields`` that a new record, or a change, takes; as ``answers`` does."""
    return lambda shape: _with(
        shape, {one.name: _taken(one, required=new and one.required) for one in form_of(fields, new=new)}
    )


def page_of(item: type[Schema], name: str, **more: ma.fields.Field[Any]) -> type[Schema]:
    """The shape ``name`` of a page of a list whose rows are ``item``; ``more`` is said of the whole list."""
    return type(
        name,
        (Schema,),
        {
            "__doc__": f"A page of {name.lower()}.",
            "items": List(Nested(item), required=True),
            "total": Whole(required=True),
            "more": Flag(required=True, metadata={"description": "there are more than `total`"}),
            "next": Whole(required=True, allow_none=True),
            **more,
        },
    )


def asks(kind_of_filter: type) -> Callable[[type[S]], type[S]]:
    """Gives the query string of a list the conditions of such a filter; what the class says itself counts more."""
    own = {one.name: _asked(one) for one in conditions(kind_of_filter) if not one.internal}
    return lambda shape: _with(shape, own)


def query_of(kind_of_filter: type) -> type[Search]:
    """The query string of a list that takes such a filter and nothing else."""
    return asks(kind_of_filter)(type(f"{kind_of_filter.__name__}Query", (Search,), {"__doc__": kind_of_filter.__doc__}))


def wanted(kind_of_filter: type[T], query: dict[str, Any]) -> T:
    """The filter that a query asks for, taken out of it: what is left is the page of the list."""
    known = {one.name for one in conditions(kind_of_filter)}
    return kind_of_filter(**{name: query.pop(name) for name in known & set(query)})


def _with(shape: type[S], made: Mapping[str, ma.fields.Field[Any]]) -> type[S]:
    there: Mapping[str, Any] = shape._declared_fields  # noqa: SLF001 - marshmallow has no other way to ask a class
    more: dict[str, Any] = {}
    for name, field in made.items():
        key = f"{name}_" if hasattr(ma.Schema, name) else name
        if key not in there:
            more[key] = field
    more |= {"__doc__": shape.__doc__, "__module__": shape.__module__}
    make: Any = SchemaMeta
    return cast(type[S], make(shape.__name__, (shape,), more))


def _names(one: Field) -> dict[str, Any]:
    """How a field is called where the class of a schema, or the API, calls it otherwise."""
    named: dict[str, Any] = {}
    if one.sent or hasattr(ma.Schema, one.name):
        named["data_key"] = one.sent or one.name
    if hasattr(ma.Schema, one.name):
        named["attribute"] = one.name
    return named


def _answered(one: Field) -> ma.fields.Field[Any]:
    said: dict[str, Any] = {"required": True, **_names(one)}
    if one.kind == FLAG:
        return Flag(**said)
    said["allow_none"] = not one.required
    if one.kind == DATE:
        return Day(**said)
    if one.kind == NUMBER:
        return Whole(**said)
    if one.kind == PICK and one.pick in BY_ID:
        return Id(**said)
    if one.kind == PICK and one.pick == "units":
        said["metadata"] = {"description": "code"}
    return Said(**said)


def _taken(one: Field, *, required: bool) -> ma.fields.Field[Any]:
    said: dict[str, Any] = _names(one)
    if required:
        said["required"] = True
    if one.kind == FLAG:
        return Flag(**said)
    if not one.required:
        said["allow_none"] = True
    if one.kind == DATE:
        return Day(**said)
    if one.kind == NUMBER:
        return Whole(**said)
    if one.kind == PICK and one.pick in BY_ID:
        return Id(**said)
    if one.kind == CHOICE and one.choices:
        return Choice(*one.choices, **said)
    return Text(longest=max(one.longest, LEAST_LONG), **said)


def _asked(one: Condition) -> ma.fields.Field[Any]:
    said: dict[str, Any] = {} if one.sent == one.name else {"data_key": one.sent}
    if not one.optional:
        said["load_default"] = one.default
    if one.note:
        said["metadata"] = {"description": one.note}
    if one.kind is int:
        return Count(low=min(one.choices), high=max(one.choices), **said) if one.choices else Count(**said)
    if one.choices:
        return Choice(*one.choices, **said)
    kinds: Mapping[type, Callable[..., ma.fields.Field[Any]]] = {bool: Flag, date: Day, UUID: Id}
    return kinds.get(one.kind, Text)(**said)
