"""Our own loop over the fields of an answer gives what the library's gives, whatever the answer is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import marshmallow as ma
from hypothesis import given
from hypothesis import strategies as st

from service.api.fields import Choice, Day, Flag, Form, Id, List, Moment, Nested, Said, Schema, Value, Whole
from service.api.records import Row


class Part(Schema):
    """A part of an answer, told by another name than it is read by."""

    code = Said(attribute="unit")
    days = Whole()


class Answer(Schema):
    """A field of each kind."""

    said = Said()
    told = Said(data_key="from", attribute="told_by")
    flag = Flag()
    whole = Whole()
    choice = Choice("red", "green")
    day = Day()
    moment = Moment()
    id = Id()
    value = Value()
    form = Form()
    part = Nested(Part)
    parts = List(Nested(Part))
    deep = Said(attribute="form.unit")
    preset = Said(dump_default="none")
    items = List(Said())


class LibraryPart(Part):
    """The same, written by the library."""

    _serialize = ma.Schema._serialize


class LibraryAnswer(Answer):
    """The same, written by the library."""

    _serialize = ma.Schema._serialize
    part = Nested(LibraryPart)
    parts = List(Nested(LibraryPart))


@dataclass(frozen=True, slots=True)
class Slotted:
    """A part without a dictionary of its own."""

    unit: str
    days: int


class Record:
    """A row, whose class knows more than it holds itself."""

    whole = 7

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    @property
    def flag(self) -> bool:
        return True


_TEXT = st.text(max_size=3)
_PARTS = st.one_of(
    st.none(),
    st.builds(Slotted, _TEXT, st.integers()),
    st.fixed_dictionaries({}, optional={"unit": st.none() | _TEXT, "days": st.booleans() | st.integers()}),
)
_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "said": st.none() | _TEXT | st.integers(),
        "told_by": _TEXT,
        "whole": st.none() | st.integers() | st.booleans(),
        "choice": st.none() | _TEXT,
        "day": st.none() | st.dates(),
        "moment": st.none() | st.datetimes(timezones=st.just(UTC)),
        "id": st.none() | st.uuids() | _TEXT,
        "value": st.none() | st.integers() | st.lists(_TEXT, max_size=2) | st.just(datetime(2026, 9, 16, tzinfo=UTC)),
        "form": st.none() | st.fixed_dictionaries({}, optional={"unit": _TEXT, "post": _TEXT}),
        "part": _PARTS,
        "parts": st.none() | st.lists(_PARTS, max_size=3),
        "preset": st.none() | _TEXT,
        "items": st.none() | st.lists(st.none() | _TEXT, max_size=3),
    },
)


@given(first=_VALUES, second=_VALUES, more=_VALUES)
def test_an_answer_is_written_as_the_library_writes_it(
    first: dict[str, Any], second: dict[str, Any], more: dict[str, Any]
) -> None:
    record, other = Record(first), Record(second)
    for made in (record, Row(record), Row(record, other, **more), Row(**more), Row(Row(record, **more), other)):
        assert _told(Answer(), made) == _told(LibraryAnswer(), made)
    for made in (more, MappingProxyType(more)):
        assert _told(Answer(), made) == _told(LibraryAnswer(), made)


def _told(schema: ma.Schema, made: Any) -> str:
    """The answer with the kinds of its values, for 1 is equal to true; or why there is none."""
    try:
        return repr(schema.dump(made))
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        return type(error).__name__
