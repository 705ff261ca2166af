"""Versions of records: an answer carries its record's as ``ETag``, a change names in ``If-Match`` which one it read."""

from __future__ import annotations

import re
from typing import Any

from flask import request

from service.errors import Finding, Invalid
from service.history import Edits, version_of
from service.http.context import db

HEADER = "If-Match"
_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')

IF_MATCH = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "The `ETag` with which the record was read. 409 names what has changed since, and by whom; "
    "without it the change is made whatever was changed meanwhile.",
    "schema": {"type": "string", "maxLength": 20},
}


Tagged = tuple[Any, dict[str, str]]
"""An answer and its headers."""


def tagged(answer: Any, edits: Edits) -> Tagged:
    """An answer with the version of its record as ``ETag``."""
    return answer, {"ETag": f'"{version_of(db(), edits)}"'}


def seen() -> int | None:
    """The version that the caller read; ``None`` where none is named, or ``*``. Raises ``Invalid`` for a bad one."""
    given = request.headers.get(HEADER, "*").strip()
    if given == "*":
        return None
    found = _TAG.fullmatch(given)
    if found is None:
        message = '应为读取该记录时 ETag 响应头的值，例如 "7"'
        raise Invalid(f"{HEADER} 请求头有误", [Finding(HEADER, message)])
    return int(found[1])
