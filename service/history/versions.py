"""The version of a record that somebody edits, so that a later save undoes no earlier one in silence.

A record's version is the number of the last event that changed it. A page or a caller keeps the version that was read
and sends it along; a command that finds a later one refuses with what has changed since, and by whom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service.clock import local
from service.errors import Conflict, Finding
from service.history.models import HistoryEvent, of_kinds

_Key = TypeVar("_Key")


def pairs(data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Field → (old, new) of an event that says ``[old, new]`` of each; others tell nothing of fields."""
    return {name: (value[0], value[1]) for name, value in data.items() if isinstance(value, list) and len(value) == 2}


@dataclass(frozen=True, slots=True)
class Edits:
    """The events that change a record: those of ``kinds`` in ``stream``.

    A stream may hold several records, as a person's holds the posts: ``about`` is then the id that an event's data have
    under ``key``.
    ``changes`` reads field → (old, new) out of an event's data.
    """

    stream: str
    kinds: tuple[str, ...]
    about: str | None = None
    key: str = "id"
    changes: Callable[[Mapping[str, Any]], dict[str, tuple[Any, Any]]] = pairs


@dataclass(frozen=True, slots=True)
class Later:
    """The change of a field after it was read: ``was`` → ``now`` (JSON values), last changed ``by`` whom and when."""

    field: str
    was: Any
    now: Any
    by: str
    at: datetime


class Stale(Conflict):
    """The record was changed after it was read. ``version`` is the present one, ``later`` what changed, by field."""

    def __init__(self, version: int, later: Mapping[str, Later]) -> None:
        findings = [Finding(f"/{one.field}", _said(one)) for one in later.values()]
        super().__init__("此记录在您填写期间已被他人修改，没有保存。请核对他人的修改后再次提交。", findings)
        self.version, self.later = version, later


def version_of(session: Session, edits: Edits) -> int:
    """The present version of a record; 0 where nothing is known of it. One statement."""
    return session.scalar(_changing(edits, func.max(HistoryEvent.seq))) or 0


def versions_of(session: Session, edits: Mapping[_Key, Edits]) -> dict[_Key, int]:
    """The present versions of records of one kind, as ``version_of`` of each. One statement, however many they are."""
    if not edits:
        return {}
    one = next(iter(edits.values()))
    about = HistoryEvent.data[one.key].as_string()
    streams = {each.stream for each in edits.values()}
    query = select(HistoryEvent.stream, about, func.max(HistoryEvent.seq)).where(
        HistoryEvent.stream.in_(streams), of_kinds(*one.kinds)
    )
    found = {(stream, key): seq for stream, key, seq in session.execute(query.group_by(HistoryEvent.stream, about))}
    return {key: found.get((each.stream, each.about), 0) for key, each in edits.items()}


def require_version(session: Session, edits: Edits, seen: int | None) -> None:
    """Raises ``Stale`` where the record changed after the version ``seen``; ``None`` asks nothing.

    The caller holds the lock of the record's row, so that nobody changes it between this and the save.
    """
    if seen is None:
        return
    after = _changing(edits, HistoryEvent).where(HistoryEvent.seq > seen).order_by(HistoryEvent.seq)
    events = session.scalars(after).all()
    later: dict[str, Later] = {}
    for event in events:
        for field, (was, now) in edits.changes(event.data).items():
            first = later[field].was if field in later else was
            later[field] = Later(field, first, now, event.actor, event.at)
    differing = {name: one for name, one in later.items() if one.was != one.now}
    if differing:
        raise Stale(events[-1].seq, differing)


def _changing(edits: Edits, wanted: Any) -> Select[Any]:
    found = select(wanted).where(HistoryEvent.stream == edits.stream, of_kinds(*edits.kinds))
    if edits.about is not None:
        found = found.where(HistoryEvent.data[edits.key].as_string() == edits.about)
    return found


def _said(one: Later) -> str:
    when = f"{local(one.at):%Y-%m-%d %H:%M}"
    return f"已由 {one.by} 于 {when} 从“{_shown(one.was)}”改为“{_shown(one.now)}”，请重新读取后再改"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "空"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_shown(one) for one in value)
    if isinstance(value, dict):
        return str(value.get("name") or value.get("id") or "")
    return str(value)
