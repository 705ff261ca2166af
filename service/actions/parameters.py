"""How an action reads what its diagram gave it, and as whom it acts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from service import clock
from service.engine import EngineFailure
from service.engine.expressions import as_date
from service.processes.wiring import ActionCall, RehearsedCall
from service.rights import SYSTEM, Actor, may


def entitled(actor: Actor, right: str, unit: str | None = None) -> Actor:
    """The actor: the person of the step where the right is theirs, else the service, by the diagram's order."""
    return actor if may(actor, right, unit=unit) else SYSTEM


def by_hand(call: ActionCall) -> bool:
    """Whether a person started the case, and not the calendar."""
    return not call.data.get("scheduled")


def today_of(call: ActionCall | RehearsedCall) -> date:
    return clock.local(call.now).date()


def text_of(call: ActionCall | RehearsedCall, name: str) -> str:
    value = call.parameters.get(name)
    if not isinstance(value, str) or not value:
        raise EngineFailure(f"动作没有得到 {name}，请检查流程图")
    return value


def day_of(call: ActionCall, name: str) -> date:
    day = as_date(call.parameters.get(name))
    if day is None:
        raise EngineFailure(f"动作没有得到日期 {name}，请检查流程图")
    return day


def whole_of(call: ActionCall, name: str) -> int:
    value = call.parameters.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise EngineFailure(f"动作没有得到 {name}，请检查流程图")
    return value


def list_of(call: ActionCall, name: str) -> Collection[str]:
    value = call.parameters.get(name)
    return [str(one) for one in value] if isinstance(value, list) else []
