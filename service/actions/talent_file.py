"""The changes of a step to a talent's file: read from the diagram, told to who decides, written with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service.actions.parameters import list_of
from service.engine.expressions import as_date
from service.fields import CHANGE, DATE, NOTHING, Field, names
from service.people.queries import unit_names
from service.processes.wiring import ActionCall, wiring
from service.talents.fields import FIELDS, IDENTITY, TELLING
from service.talents.models import Talent
from service.talents.queries import duplicates

TOLD = {one.name: one for one in FIELDS if one.private != IDENTITY and one.only != CHANGE}
"""The fields of a file that a step may change, in the order in which people read them."""


def wanted_changes(call: ActionCall) -> dict[str, Any]:
    """The fields that ``changes`` fills in and ``clear`` empties, as the registry takes it.

    A field that is left out stays as it is.
    """
    given = call.parameters.get("changes")
    changes = {name: value_of(name, value) for name, value in dict(given or {}).items() if value not in (None, "")}
    for name in list_of(call, "clear"):
        changes.setdefault(name, None)
    return changes


def value_of(name: str, value: Any) -> Any:
    """The registry's form of a field's value from a form or an expression: dates are no texts there."""
    if name in TOLD and TOLD[name].kind == DATE and isinstance(value, str):
        return as_date(value)
    return value


def differences(session: Session, talent: Talent, changes: Mapping[str, Any]) -> list[list[str]]:
    """[field, "old → new"] of what ``changes`` would make different, for who fills in and who decides."""
    found = []
    for name, one in TOLD.items():
        if name in changes and changes[name] != (old := getattr(talent, name)):
            found.append([one.label, f"{_text(session, one, old)} → {_text(session, one, changes[name])}"])
    return found


def alike(session: Session, talent: Talent, changes: Mapping[str, Any]) -> list[list[str]]:
    """A line for who decides where ``changes`` make the talent like others in the registry.

    How many and why, not who: whoever reports the change may have no right to see them.
    """
    if set(names(TELLING)).isdisjoint(changes):
        return []
    told = {name: changes.get(name, getattr(talent, name)) for name in names(TELLING)}
    found = duplicates(
        session, **{**told, "name": told["name"] or "", "employer": told["employer"] or ""}, except_id=talent.id
    )
    if not found:
        return []
    why = "；".join(dict.fromkeys(one.why for one in found))
    return [["疑似重复", f"人才信息库中另有 {len(found)} 人（{why}），审核时请先核对不是同一人"]]


def _text(session: Session, one: Field, value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return value.isoformat()
    if one.pick == "units":
        return unit_names(session, [str(value)]).get(str(value), str(value))
    if one.among == "towns":
        return wiring(session).towns.get(str(value), str(value))
    return one.choices.get(value, str(value))
