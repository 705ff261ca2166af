"""Rules of tasks that need no database: who may act, lights, lateness."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from service import clock, ids
from service.processes import terms
from service.rights import Actor
from service.spelling import search_key, spell

STAGES, STATUSES = terms.STAGES, terms.STATUSES
ABOUT, SLOTS = terms.ABOUT, terms.SLOTS
LEADER, UNIT, PERSON = terms.LEADER, terms.UNIT, terms.PERSON

GREEN, YELLOW, RED, GREY = "green", "yellow", "red", "grey"
WORST_FIRST = (RED, YELLOW, GREEN, GREY)
DEFAULT_WARN, USUAL_TERM = 3, 7
"""Working days before the due date at which a light turns yellow, where the diagram does not say, and the term of which
they are the share: a shorter term has fewer (W10 [A])."""

NEED = "request"
"""The process of a need (需求)."""
HANDLING = "handling"
"""Its stage in which the responsible units work at it (办理)."""
REGISTER = "record_need"
"""Its step in which the need is registered: its fields stand in the box of the need on the printed form."""

NO_CASE, NO_TASK = "没有这个事项，或您无权查看", "没有这个任务，或您无权查看"
"""The answer about a case or task that is not there, and about one hidden from the asker: the very same words."""
BY_ITSELF = "该流程由系统在有关情况发生时自动发起，不能在此发起"
NAMED = "name:"
"""The mark before the name that a diagram gives a slot; a slot without it is a unit's code."""
LONGEST_SLOT = 32

FRAME_NAMES = frozenset({"settings", "initiator", "initiator_unit", "initiator_roles", "scheduled"})
"""The names that every instance's data hold from the start, besides what people gave."""

DEFAULT_BASIS = "本系统默认，非文件规定"


def light(*, due_on: date | None, warn_on: date | None, paused: bool, today: date, late_days: int | None = None) -> str:
    """The light of a task: of an open one as of ``today``, of a finished one (``late_days`` given) as frozen."""
    if late_days is not None:
        return RED if late_days else GREEN
    if paused or due_on is None:
        return GREY
    if today > due_on:
        return RED
    return YELLOW if warn_on is not None and today >= warn_on else GREEN


def left(days: int | None, due_on: date | None = None, today: date | None = None) -> str:
    """How far a due date is, in working days from today: 还剩 N 个工作日, 今天到期, 超期 N 个工作日.

    On a day off no working day lies between the due date and today though the date has passed: the words say so, as the
    light does.
    """
    if days is None:
        return ""
    if days == 0:
        on = today or clock.today()
        if due_on is not None and due_on != on:
            return "已过到期日，未满 1 个工作日" if due_on < on else "还剩不到 1 个工作日"
        return "今天到期"
    return f"还剩 {days} 个工作日" if days > 0 else f"超期 {-days} 个工作日"


def holds(actor: Actor, role: str | None, unit: str | None) -> bool:
    """Whether the actor is a candidate: holds the task's role, for the task's unit where it has one."""
    if role is None:
        return False
    return any(
        grant.role == role and (unit is None or grant.unit is None or grant.unit == unit) for grant in actor.grants
    )


def candidate(
    properties: Mapping[str, str], lane: str | None, scopes: Mapping[str, str], names: Mapping[str, Any], value: Any
) -> tuple[str | None, str | None]:
    """(role, unit) that may take a task. ``value`` is what its ``unit:<expression>`` gave, where it has one.

    ``leader:<expression>`` leaves the unit open: the lane's role in the person of one leader. Without an expression,
    and with ``person:<expression>``, the role's scope says whose tasks it sees: all, those that its unit started
    (origin), or those of the unit that the data name (data:unit).
    """
    wanted = properties.get("candidates")
    if wanted and wanted.startswith("unit:"):
        return lane, str(value) if value is not None else None
    if wanted and wanted.startswith("leader:"):
        return lane, None
    role = lane if wanted and wanted.startswith("person:") else wanted or lane
    scope = scopes.get(role or "", "all")
    if scope == "origin":
        unit = names.get("initiator_unit")
    elif scope.startswith("data:"):
        unit = names.get(scope.removeprefix("data:"))
    else:
        unit = None
    return role, unit


def slot_of(unit: Any, name: str | None) -> str | None:
    """The key of a slot of a round: a unit's code, else ``NAMED`` and the name that the called diagram gives."""
    if isinstance(unit, str):
        return unit
    return f"{NAMED}{name}"[:LONGEST_SLOT] if name else None


NO_NUMBER, UNNUMBERED = "未编号", "无编号"
"""The words for the number that a need has not got yet, and for that which a case of another process never gets."""


def numbered(number: str | None, process: str) -> str:
    """The number of a case of a process, or the word that stands in its place."""
    return number or (NO_NUMBER if process == NEED else UNNUMBERED)


def one_line(name: object) -> str:
    """A name of a diagram as titles and lists show it: without the blanks at which its drawing breaks the line.

    Blanks between Latin words or numbers stay. The drawing and the journal keep the name as it was drawn.
    """
    return _one_line(str(name or ""))


@lru_cache(maxsize=4096)
def _one_line(name: str) -> str:
    return _BESIDE_CHINESE.sub("", " ".join(name.split()))


_BESIDE_CHINESE = re.compile(r"(?<=[\u2e80-\u9fff\uf900-\uffef]) | (?=[\u2e80-\u9fff\uf900-\uffef])")


def stage_of(stages: Iterable[str | None], *, order: Sequence[str], ended: bool, before: str | None) -> str | None:
    """The stage of a case: of its open tasks the first in ``order``; while it waits for a timer, that of ``before``."""
    known = [stage for stage in stages if stage is not None and stage in order]
    if not known:
        return None if ended else before
    return min(known, key=order.index)


ABOUT_RECORD = ("about_case", "about_brief")
"""The names under which forms say what a case is about, where it is about another record: the first that is there."""


def described(data: Mapping[str, Any], number: str | None, title: str) -> dict[str, Any]:
    """The columns of an instance by which it is found, from data and title: talent, leader, record, search key."""
    return {
        "title": title,
        "talent_id": _text(data.get("talent_id")),
        "leader_id": _id_text(data.get("leader_id")),
        "about_id": _id_text(next(filter(None, map(data.get, ABOUT_RECORD)), None)),
        "search_key": _search_key(number, title),
    }


@lru_cache(maxsize=1024)
def _search_key(number: str | None, title: str) -> str:
    """Each step of a case asks for it, and mostly for the same."""
    return search_key(number, spell(title, of_person=False, readings=1).keys)


def merged(
    data: Mapping[str, Any],
    scope: str,
    slot: str | None,
    fields: Mapping[str, Any],
    drop: frozenset[str],
    own: frozenset[str],
) -> dict[str, Any]:
    """``data`` with the latest of each field; a slot's fields stay apart, under ``slots`` by the slot's scope.

    Beside a slot's fields stands whose slot it is: its ``unit``, or the ``name`` that its diagram gives it. A field of
    the step's ``own`` covers nothing that another form said.
    """
    fields, drop = {name: value for name, value in fields.items() if name not in own}, drop - own
    if slot is None:
        return {**{name: value for name, value in data.items() if name not in drop}, **fields}
    slots = dict(data.get("slots", {}))
    before = {name: value for name, value in slots.get(scope, {}).items() if name not in drop}
    whose = {"name": slot.removeprefix(NAMED)} if slot.startswith(NAMED) else {"unit": slot}
    slots[scope] = {**before, **whose, **fields}
    return {**data, "slots": slots}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _id_text(value: Any) -> str | None:
    """An id in the one form that it is looked for by: who types it may use capitals or leave out the dashes."""
    try:
        return str(ids.read(value)) if isinstance(value, str) else None
    except ValueError:
        return _text(value)
