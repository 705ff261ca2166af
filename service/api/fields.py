"""The kinds of values that calls take and give, strict in what they take, with messages for staff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from service import clock
from service.clock import FIRST_DAY, LAST_DAY
from service.spelling import half_width, tidy, unusable

__all__ = [
    "Body",
    "Choice",
    "Count",
    "Day",
    "Flag",
    "Form",
    "Id",
    "List",
    "Moment",
    "Nested",
    "Nothing",
    "Problem",
    "Query",
    "Said",
    "Schema",
    "Text",
    "Value",
    "Whole",
]


def _words(**messages: str) -> Any:  # marshmallow types the messages of fields and of schemas differently
    return {"required": "必填，请填写", "null": "不能为空（null）", "validator_failed": "内容不符合要求", **messages}


class Schema(ma.Schema):
    """The shape of an answer, or of a part of one. Later versions may add to it."""

    class Meta:
        unknown = ma.EXCLUDE

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """The value that a field answers; a row that knows how to tell it is asked once, not looked into."""
        told = getattr(type(obj), "told", None)
        return super().get_attribute(obj, attr, default) if told is None or "." in attr else told(obj, attr, default)

    def _serialize(self, obj: Any, *, many: bool = False) -> Any:
        """As the library does it, without asking each field anew how it is called, where its value stands, and whether
        that is of the kind that an answer holds as it is."""
        if many:
            return super()._serialize(obj, many=many)
        known, tell, answer = _known(obj), self._asked(obj), {}
        for key, name, said, field, plain, write in self._plan:
            value = ma.missing
            if name:
                value = known[name] if name in known else tell(obj, name, ma.missing)
            if value is ma.missing:
                value = field.serialize(key, obj, self.get_attribute)
            elif type(value) not in plain:
                value = write(value, key, obj)
            if value is not ma.missing:
                answer[said] = value
        return answer

    def _asked(self, obj: Any) -> Callable[[Any, str, Any], Any]:
        """How a value of ``obj`` is asked for."""
        kind = type(obj)
        told: Callable[[Any, str, Any], Any] | None = getattr(kind, "told", None)
        if told is not None:
            return told
        return self.get_attribute if hasattr(kind, "__getitem__") else getattr

    @cached_property
    def _plan(self) -> list[tuple[str, str, str, Any, frozenset[type], Any]]:
        """Of each field: its key, where its value stands ('': the field itself knows), how an answer calls it, itself,
        the kinds of values that stand in an answer as they are, and how it writes others."""
        plan = []
        for key, field in self.dump_fields.items():
            name, kind = field.attribute or key, type(field)
            plain = kind.get_value is ma.fields.Field.get_value and kind.serialize is ma.fields.Field.serialize
            own = not field._CHECK_ATTRIBUTE  # noqa: SLF001 - the library's mark of a field that makes its value itself
            stands = name if plain and not own and "." not in name else ""
            write = field._serialize  # noqa: SLF001 - what the library's own loop comes to
            said = key if field.data_key is None else field.data_key
            plan.append((key, stands, said, field, _AS_IT_IS.get(kind._serialize, _NONE), write))  # noqa: SLF001
        return plan


_NONE: frozenset[type] = frozenset({type(None)})
_AS_IT_IS: Mapping[Any, frozenset[type]] = {
    fields.Field._serialize: frozenset({type(None), bool, int, float, str, dict, list}),  # noqa: SLF001
    fields.String._serialize: frozenset({type(None), str}),  # noqa: SLF001
    fields.Integer._serialize: frozenset({type(None), int}),  # noqa: SLF001
}
"""How fields write a value → the kinds of which they write it as it is. None is written as it is by all of them."""
_NOTHING: Mapping[str, Any] = {}


def _known(obj: Any) -> Mapping[str, Any]:
    """The values of ``obj`` that need no asking, by name."""
    if type(obj) is dict:
        return obj
    known = getattr(type(obj), "known", None)
    return known(obj) if known is not None else _NOTHING


class Body(ma.Schema):
    """The body of a call; unknown fields are refused."""

    class Meta:
        unknown = ma.RAISE

    error_messages = _words(unknown="没有这个字段，请删去", type="应为 JSON 对象")


class Nothing(Body):
    """No fields: the body may be left out."""


class Query(Body):
    """The query string of a list. An empty value is the same as none."""

    error_messages = _words(unknown="没有这个查询参数，请删去", type="查询参数有误")

    @ma.pre_load
    def drop_empty(self, data: Any, **_: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value != ""}


def _plain(value: str) -> None:
    if fault := unusable(value, allowed="\n\r\t"):
        raise ma.ValidationError(fault)


class Text(fields.String):
    """Text without control characters, at most ``longest`` characters; tidied like what people type on pages."""

    default_error_messages = _words(invalid="应为文字", invalid_utf8="应为文字")

    def __init__(self, *, longest: int = 200, **arguments: Any) -> None:
        super().__init__(validate=[validate.Length(max=longest, error=f"不能超过 {longest} 个字"), _plain], **arguments)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> str:
        return tidy(super()._deserialize(value, attr, data, **more))


class Said(fields.String):
    """Text of an answer, as long as it is."""


class Choice(fields.String):
    """One of ``choices``."""

    default_error_messages = _words(invalid="应为文字", invalid_utf8="应为文字")

    def __init__(self, *choices: str, **arguments: Any) -> None:
        super().__init__(validate=validate.OneOf(choices, error="可用：" + "、".join(choices)), **arguments)


class Whole(fields.Integer):
    """A whole number from ``low`` to ``high``; in JSON a number, never text or true."""

    default_error_messages = _words(invalid="应为整数", too_large="数字过大")

    def __init__(self, *, low: int | None = None, high: int | None = None, **arguments: Any) -> None:
        limits = None
        if low is not None and high is not None:
            limits = validate.Range(low, high, error=f"应在 {low} 到 {high} 之间")
        super().__init__(validate=limits, strict=True, **arguments)


class Count(Whole):
    """A whole number of a query string, where all is text."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> int:
        if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 12:
            value = int(value)
        return super()._deserialize(value, attr, data, **more)


class Flag(fields.Boolean):
    """Yes or no; in a query string or a form ``true`` or ``false``."""

    default_error_messages = _words(invalid="应为 true 或 false")


class Day(fields.Date):
    """A calendar day, ``2026-01-31``."""

    default_error_messages = _words(
        invalid="日期请写成 2026-01-31 的格式", format="日期无法表示", beyond="日期应在 1900 年至 8999 年之间"
    )

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> Any:
        given = half_width(value) if isinstance(value, str) else value
        day: date = super()._deserialize(given, attr, data, **more)
        if not FIRST_DAY <= day <= LAST_DAY:
            raise self.make_error("beyond")
        return day

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **more: Any) -> str | None:
        return None if value is None else value.isoformat()


class Id(fields.UUID):
    """The id of a record."""

    default_error_messages = _words(invalid_uuid="不是有效的编号")


class Form(fields.Dict):
    """The values of a form, by field; the form's own schema says more."""

    default_error_messages = _words(invalid="应为 JSON 对象，按表单的字段填写")


class Value(fields.Raw):
    """A value of a form, of whatever kind."""


class Nested(fields.Nested):
    """An object within an object."""


class List(fields.List[Any]):
    """Several of the same kind."""

    default_error_messages = _words(invalid="应为列表")


class Moment(fields.DateTime):
    """A moment, given in the time of Shanghai with its offset: ``2026-09-16T09:00:00+08:00``."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **more: Any) -> str | None:
        return None if value is None else clock.local(value).isoformat()


class ErrorItem(Schema):
    """One thing wrong: ``path`` is the JSON pointer of a field (``/data/reason``), a header, or a place in a file."""

    path = Said(required=True)
    message = Said(required=True)


class Problem(Schema):
    """A failure (RFC 9457). ``type`` is one of a few fixed words; ``detail`` says in Chinese what to do."""

    type = Said(required=True)
    title = Said(required=True)
    status = Whole(required=True)
    detail = Said(required=True)
    errors = List(Nested(ErrorItem), required=True)
    request_id = Said(required=True, allow_none=True)
