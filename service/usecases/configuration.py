"""The settings and the organization as the service starts with them, journaled where they differ from the last time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service import history
from service.config import Organization, Settings
from service.config.editable import CHANGED, ORGANIZATION, STREAM
from service.config.secrets import DIGEST, is_secret, shown
from service.history import last_of
from service.history.records import record
from service.rights import Actor

SETTINGS = "settings_loaded"
LONGEST = 500

Values = dict[str, Any]


def note_configuration(
    session: Session, settings: Settings, organization: Organization, *, actor: Actor, now: datetime
) -> bool:
    """Journals the settings, and the organization, each if it differs from the last time; gives whether one was."""
    history.lock(session, STREAM)
    key = settings.secret_key.encode()
    noted = False
    told = _values(settings, key)
    before = _unread(_with_pages(session, _last(session, SETTINGS)), key)
    if before != told:
        data = {"values": told, "changes": _changes(before, told)}
        record(session, STREAM, SETTINGS, data, actor=actor, now=now)
        noted = True
    told = _values(organization, key)
    before = _last(session, ORGANIZATION)
    if before != told:
        data = {"values": told, "changes": _changes(before, told)}
        record(session, STREAM, ORGANIZATION, data, actor=actor, now=now)
        noted = True
    return noted


def differing(before: Settings, after: Settings, secret_key: str) -> Values:
    """The values of settings that differ, as the journal names them; None for one that is no longer there."""
    key = secret_key.encode()
    return {name: pair[1] for name, pair in _changes(_values(before, key), _values(after, key)).items()}


def _with_pages(session: Session, before: Values | None) -> Values | None:
    """The settings as the journal knows them since the last start: changes by pages are no changes of the next one."""
    if before is None:
        return None
    last = last_of(session, STREAM, SETTINGS)
    for event in history.stream_events(session, STREAM, last.seq if last is not None else 0):
        if event.kind == CHANGED:
            before |= event.data["values"]
    return {name: value for name, value in before.items() if value is not None}


def _unread(before: Values | None, key: bytes) -> Values | None:
    """The values with each secret as its digest: entries of before may hold one as it was."""
    if before is None:
        return None
    return {name: value if shown(name, value) == value else _digest(value, key) for name, value in before.items()}


def _last(session: Session, kind: str) -> Values | None:
    """The values that the last entry of a kind tells; None where there is none, or it tells no values."""
    found = last_of(session, STREAM, kind)
    values = found.data.get("values") if found is not None else None
    return dict(values) if isinstance(values, Mapping) else None


def _changes(before: Values | None, after: Values) -> dict[str, list[Any]]:
    """The values that differ; none the first time."""
    if before is None:
        return {}
    names = sorted(before.keys() | after.keys())
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def by_name(settings: Settings) -> dict[str, Any]:
    """The settings by their names as the journal has them."""
    return dict(_flat("", settings))


def _values(told: object, key: bytes) -> Values:
    return {name: _plain(name, value, key) for name, value in _flat("", told)}


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            if one.name == "outranked":  # where settings come from, not what they are
                continue
            yield from _flat(f"{name}.{one.name}".lstrip("."), getattr(value, one.name))
    elif isinstance(value, Mapping):
        for each, inner in sorted(value.items(), key=lambda pair: str(pair[0])):
            yield from _flat(f"{name}.{each}".lstrip("."), inner)
    else:
        yield name, value


def _plain(name: str, value: Any, key: bytes) -> Any:
    if value in (None, "", (), [], frozenset()):
        return ""
    if is_secret(name) and isinstance(value, str | list | tuple):
        return _digest(value, key)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return "、".join(sorted(map(str, value)) if isinstance(value, set | frozenset) else map(str, value))[:LONGEST]
    return str(value)[:LONGEST]


def _digest(value: object, key: bytes) -> str:
    """In place of a secret: says that it changed, and nothing else."""
    return f"{DIGEST}{hmac.new(key, str(value).encode(), hashlib.sha256).hexdigest()[:8]}）"
