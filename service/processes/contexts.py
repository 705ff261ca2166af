"""The part of the world that an advance may use, out of what is recorded with its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Any
from uuid import UUID

from service import engine, ids
from service.processes.calendars import DayFunctions
from service.workdays import Calendar

_NOTHING: Mapping[str, Mapping[str, Any]] = {}


def context_of(
    instance_id: UUID,
    seq: int,
    days: DayFunctions,
    action: Callable[[engine.Call], Any],
    opening: time,
    rules: int = engine.RULES,
    *,
    instances: int | None = None,
    kept: Mapping[str, Mapping[str, Any]] = _NOTHING,
    in_memory: bool = False,
    live: bool = False,
) -> engine.Context:
    """The engine's context of the input with sequence number ``seq``: ids come from instance and number alone.

    ``rules`` are those of the input (engine.RULES); the others as in ``engine.Context``.
    """
    return engine.Context(
        now=days.now,
        seed=ids.derive(instance_id, str(seq)),
        functions=days.table(),
        action=action,
        opening=opening,
        rules=rules,
        instances=instances,
        kept=kept,
        in_memory=in_memory,
        live=live,
    )


def as_of(calendar: Calendar, context: engine.Context) -> Callable[[datetime], engine.Context]:
    """The context as of a past moment, counting with ``calendar``: for what was armed then and is computed anew."""

    def then(moment: datetime) -> engine.Context:
        return replace(context, now=moment, functions=DayFunctions(calendar, moment).table())

    return then
