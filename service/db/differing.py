"""Two values of a column told apart in words: what must stand there, and what stands there.

Days, moments, numbers, yes or no, codes and sign-in names are told as they are. Of what people typed, and of documents,
the length and the place of the difference are told alone: a finding is kept and read where its content may not be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Date, LargeBinary, String, Uuid

from service import clock
from service.db.base import Base, UtcDateTime
from service.db.raw_rows import Row, Shape, shape
from service.errors import DAMAGE
from service.fields.columns import OPEN, VALUES, column_words

NOTHING, YES, NO = "空", "是", "否"
THERE: Mapping[str, str] = {"must": "有这条记录", "have": "没有这条记录"}
"""Of a row that is missing."""
NOT_THERE: Mapping[str, str] = {"must": "没有这条记录", "have": "有这条记录"}
"""Of a row of which no event tells."""
LONGEST, MOST = 60, 5


def apart(known: Shape, column: str, must: Any, have: Any) -> dict[str, str]:
    """``must`` and ``have`` in words, both given in the form in which the database keeps them."""
    told = _words(known, column, must), _words(known, column, have)
    if None in told:
        told = _content(must, have)
    return {"must": str(told[0]), "have": str(told[1])}


def parts_told(named: Sequence[str]) -> dict[str, str]:
    """The words for a document in which the ``named`` parts differ."""
    listed = "、".join(named[:MOST])
    return {"must": "日志里的内容", "have": f"{len(named)} 项不同：{listed}{'…' if len(named) > MOST else ''}"}


def apart_in(session: Any, model: type[Base], column: str, must: Mapping[str, Any], have: Row) -> dict[str, str]:
    """The same of a row; ``must`` has values of Python."""
    known = shape(session, model)
    return apart(known, column, known.form(column, must[column]), have[column])


def _words(known: Shape, column: str, value: Any) -> str | None:
    """None for content."""
    if value is None:
        return NOTHING
    kind = known.columns[column].type
    if isinstance(kind, JSON | LargeBinary):
        return None
    if isinstance(kind, String):
        if column not in OPEN:
            return None
        return f"“{VALUES.get(str(value), str(value))[:LONGEST]}”"
    try:
        return _plain(kind, known.plain(column, value))
    except DAMAGE:  # a text that is no such value: SQLite keeps it all the same
        return f"读不出的“{str(value)[:LONGEST]}”"


def _plain(kind: Any, value: Any) -> str:
    if isinstance(kind, UtcDateTime):
        moment = clock.local(datetime.fromisoformat(str(value)))
        return f"{clock.written(moment.date())}{moment:%H:%M:%S.%f}".rstrip("0").rstrip(".")
    if isinstance(kind, Date):
        return clock.written(datetime.fromisoformat(str(value)).date())
    if isinstance(kind, Boolean) and value in (0, 1):
        return YES if value else NO
    return f"标识 {str(value)[:8]}…" if isinstance(kind, Uuid) else str(value)[:LONGEST]


def _content(must: Any, have: Any) -> tuple[str, str]:
    if must is None or have is None:
        return _long(must), _long(have)
    if (other := _other_parts(must, have)) is not None:
        told = parts_told([column_words(one) for one in other])
        return told["must"], told["have"]
    left, right = str(must), str(have)
    place = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    return _long(left), f"{len(right)} 个字，从第 {place + 1} 个字起不同"


def _long(value: Any) -> str:
    return NOTHING if value is None else f"{len(str(value))} 个字的内容"


def _other_parts(must: Any, have: Any) -> list[str] | None:
    """The names of the parts in which two documents differ; None where these are no documents."""
    try:
        left, right = json.loads(must), json.loads(have)
    except DAMAGE:
        return None
    if not isinstance(left, dict) or not isinstance(right, dict):
        return None
    return [name for name in sorted({*left, *right}) if left.get(name) != right.get(name)] or None
