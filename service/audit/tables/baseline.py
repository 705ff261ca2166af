"""Rows as found at an upgrade: what earlier events did not tell of them is written down once, and folded then on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from service.db import Base
from service.history.folding import BASELINE, LIVE, Digest, Event, Held, Rows


def take_baseline(rows: Rows, event: Event, held: Mapping[type[Base], Held]) -> None:
    """Adds what was found of a row to what earlier events told of it, or the row where they told nothing."""
    model = _models()[event.data["table"]]
    found = {name: _value(value) for name, value in event.data["row"].items()}
    by = event.data["by"]
    for row in rows.of(model):
        if all(name in row and _plain(row[name]) == value for name, value in by.items()):
            row.update(found)
            return
    rule = held.get(model)
    key = rule.key({**by, **found}) if rule is not None and rule.key is not None else (BASELINE, event.seq)
    rows.put(model, key, by, found)


def _value(value: Any) -> Any:
    if value == {"live": True}:
        return LIVE
    return Digest(**value) if isinstance(value, dict) and set(value) in ({"sha256"}, {"sha256", "salt"}) else value


def _plain(value: Any) -> Any:
    """As the journal keeps it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value


@cache
def _models() -> dict[str, type[Base]]:
    return {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
