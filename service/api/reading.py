"""The reading of requests: strictly, and with findings that name the place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request, request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from service.canonical import normalized
from service.errors import Finding, Invalid

DEEPEST = 32
"""Levels of a JSON body; forms have three or four."""


class Parser(FlaskParser):
    """Reads requests strictly: UTF-8 JSON objects of modest depth, that a database can keep; nothing unknown."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"json": None, "query": None}  # noqa: RUF012 - webargs' own form

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        content = req.get_data()
        if not content:
            return {}
        if req.mimetype != "application/json":
            raise UnsupportedMediaType
        try:
            value = json.loads(content.decode(), parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise BadRequest from error
        if content.count(b"{") + content.count(b"[") > DEEPEST:
            _require_shallow(value)
        return normalized(value)

    def handle_error(self, error: ma.ValidationError, req: Request, schema: ma.Schema, **_: Any) -> NoReturn:
        messages = error.messages if isinstance(error.messages, dict) else {}
        findings = [finding for place in messages.values() for finding in _findings(place, "")]
        raise Invalid(f"请求有 {len(findings)} 处需要修改", findings)


PARSER = Parser()


def sent(body: ma.Schema) -> Any:
    """The body of this request by its schema. Raises Invalid."""
    try:
        return body.load(PARSER.load_json(request, body))
    except ma.ValidationError as error:
        PARSER.handle_error(ma.ValidationError({"json": error.messages}), request, body)


def _findings(messages: Any, path: str) -> Iterator[Finding]:
    """marshmallow's nested messages as findings with JSON pointers."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _findings(inner, path if name == "_schema" else f"{path}/{name}")
    else:
        yield Finding(path or "/", "；".join(str(message) for message in messages))


def _require_shallow(value: Any, level: int = 0) -> None:
    if level > DEEPEST:
        raise Invalid("内容嵌套过深", [Finding("/", f"最多 {DEEPEST} 层，请精简后重新提交")])
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _require_shallow(inner, level + 1)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
