"""Reading what a page sends, and answering it: JSON for the script of the page, a redirect without script."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from datetime import date
from typing import Any, TypeVar

from flask import flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.audit.replay.steps import NO_STEP
from service.clock import FIRST_DAY, LAST_DAY
from service.errors import Finding, Invalid, NotFound
from service.fields import DATE, Fields
from service.spelling import half_width
from service.web.context import wants_json

T = TypeVar("T")
PER_PAGE = 50


def sent() -> dict[str, Any]:
    """The fields that were sent, as JSON or by a plain form. Raises ``Invalid`` where the JSON is none.

    So it does at a field with half a character, which only a program sends: no database keeps one.
    """
    if not request.is_json:
        fields: dict[str, Any] = {}
        for name, values in request.form.lists():
            fields[name.removesuffix("[]")] = values if name.endswith("[]") else values[-1]
        return fields
    try:
        found = request.get_json(silent=True)
    except RecursionError:  # a page of brackets
        found = None
    if not isinstance(found, dict):
        raise Invalid("提交的内容无法识别", [Finding("", "请刷新页面后重新提交")])
    for name, value in found.items():
        for one in value if isinstance(value, list) else [value]:
            _refuse_halves(name, one)
    return found


def _refuse_halves(name: str, value: Any) -> None:
    try:
        if isinstance(value, str):
            value.encode()
    except UnicodeEncodeError as error:
        message = f"第 {error.start + 1} 个字是不完整的字符，请删去该处后重新输入"
        raise Invalid(message, [Finding(f"/{name}", message)]) from None


def text(fields: dict[str, Any], name: str) -> str:
    """A text among the sent fields; empty where it is missing or no text."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def listed(fields: Mapping[str, Any], name: str) -> list[str]:
    """The texts among the sent fields that stand under ``name``, one or several; empty ones are left out."""
    value = fields.get(name)
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one]


def whole(fields: dict[str, Any], name: str) -> int:
    """A whole number of at most four digits among the sent fields; 0 where there is none."""
    value = text(fields, name)
    return int(value) if value.isdecimal() and len(value) <= 4 else 0


def day(fields: dict[str, Any], name: str, label: str) -> date:
    """The day in a field of a sent form. Raises ``Invalid`` at that field where it is none."""
    try:
        return typed_day(text(fields, name))
    except ValueError:
        message = f"请填写{label}，例如 {clock.today().isoformat()}"
        raise Invalid(message, [Finding(f"/{name}", message)]) from None


def given(fields: Fields) -> dict[str, Any]:
    """The values sent in ``fields``, by name: days, and the text of all others; ``day`` says what it raises."""
    found = sent()
    days = {one.name: day(found, one.name, one.label) for one in fields if one.kind == DATE}
    return {**{one.name: text(found, one.name) for one in fields}, **days}


def typed_day(given: str) -> date:
    """The day that somebody typed; raises ``ValueError`` for what is none, or lies beyond all that is reckoned with."""
    found = date.fromisoformat(half_width(given))
    if not FIRST_DAY <= found <= LAST_DAY:
        raise ValueError(f"a day beyond all reckoning: {found}")
    return found


def asked_whole(name: str, among: Container[int]) -> int | None:
    """The number that the address names; one that is none of ``among`` is passed over."""
    given = half_width(argument(name) or "")
    found = int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else None
    return found if found is not None and found in among else None


def asked_day(name: str) -> date | None:
    """The day that the address names; one that is none is passed over."""
    try:
        return typed_day(argument(name) or "")
    except ValueError:
        return None


def done(message: str, address: str) -> ResponseReturnValue:
    """It is done: says so on the next page, which is at ``address``."""
    flash(message)
    return going_to(address)


def going_to(address: str) -> ResponseReturnValue:
    """On to ``address``: the script of the page goes there by itself, a browser without script is sent."""
    return jsonify(location=address) if wants_json() else redirect(address)


def here(**changes: Any) -> str:
    """The present address with some of its query changed; ``None`` takes one out."""
    query = {name: values if len(values) > 1 else values[0] for name, values in request.args.lists()}
    query = {name: value for name, value in {**query, **changes}.items() if value not in (None, "")}
    return url_for(str(request.endpoint), **{**(request.view_args or {}), **query})


def argument(name: str, longest: int = 100) -> str | None:
    """A text of the query, trimmed; None where it is empty."""
    return request.args.get(name, "").strip()[:longest] or None


def asked_step() -> int | None:
    """The number of the journal's entry (``at``) at which a replay shall stand; None where the address names none.

    Raises NotFound for what is no number: whoever follows a wrongly copied address is shown no other step.
    """
    given = argument("at")
    if given is None:
        return None
    if not re.fullmatch("[0-9]{1,9}", given):
        raise NotFound(NO_STEP)
    return int(given)


def offset() -> int:
    """Where the asked-for page of a list begins."""
    return max(0, min(request.args.get("offset", 0, type=int), 1_000_000))
