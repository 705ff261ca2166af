"""The rules of a form on the units of the round: to whom a slot may be handed on, and when it may be given up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.errors import Finding, Invalid
from service.people.queries import unit_names
from service.processes.forms import NEW_UNIT, OTHERS_GO_ON, Form
from service.processes.handled import LEADS, Round, Slot, round_of
from service.processes.models import Instance, UserTask
from service.processes.rules import one_line


def check_handing_on(
    session: Session, instance: Instance, task: UserTask, form: Form, data: Mapping[str, Any], today: date
) -> None:
    """Raises Invalid where a unit would have two slots of a round, or a round would lose its leading or last unit.

    No statement for a form that says nothing of units' slots.
    """
    new = [name for name, schema in form.fields.items() if schema.get(NEW_UNIT) is True and data.get(name)]
    gone = [
        name for name, schema in form.fields.items() if name in data and data[name] == schema.get(OTHERS_GO_ON, ...)
    ]
    if not new and not gone:
        return
    found = round_of(session, instance, task, today)
    findings = [
        *_unit_findings(session, form, data, new, found, task),
        *_gone_findings(session, form, gone, found, task),
    ]
    if findings:
        raise Invalid(f"表单有 {len(findings)} 处需要修改", findings)


def _unit_findings(
    session: Session, form: Form, data: Mapping[str, Any], names: list[str], found: Round, task: UserTask
) -> Iterator[Finding]:
    held = {slot.unit: slot for slot in found.slots if slot.scope != task.scope and not slot.given_up}
    known = unit_names(session, held.keys())
    for name in names:
        slot = held.get(data[name])
        if slot is None:
            continue
        part = f"（{slot.part}）" if slot.part else ""
        unit = f"{known.get(slot.unit, slot.unit)}{part}"
        said = f"{_label(form, name)}：{unit}{_standing(slot)}，一个单位一轮只办一份；请改选其他单位"
        mine = next((one for one in found.slots if one.scope == task.scope), None)
        ways = [str(title) for field in form.fields if (title := _title_of_gone(form, field))]
        if ways and mine is not None and mine.part != LEADS and slot.goes_on:
            said += f"，或选“{ways[0]}”"
        yield Finding(f"/data/{name}", said)


def _standing(slot: Slot) -> str:
    """How far the unit of a slot has come, in words."""
    row = slot.last.task
    if slot.last.is_open:
        due = f"，期限 {row.due_on}" if row.due_on is not None else ""
        return f"已在办理本事项{due}"
    if slot.last.handed_back:
        return "已退回本事项，还待改派"
    at = f"于 {clock.local(row.completed_at).date()} " if row.completed_at is not None else ""
    return f"已{at}答复本事项（{one_line(row.name)}）"


def _gone_findings(session: Session, form: Form, names: list[str], found: Round, task: UserTask) -> Iterator[Finding]:
    mine = next((one for one in found.slots if one.scope == task.scope), None)
    others = [slot for slot in found.slots if slot.scope != task.scope and slot.goes_on]
    for name in names:
        choices = form.fields[name].get("oneOf") or []
        rest = "”或“".join(
            str(one.get("title")) for one in choices if one.get("const") != form.fields[name][OTHERS_GO_ON]
        )
        if mine is not None and mine.part == LEADS:
            unit = unit_names(session, {mine.unit}).get(mine.unit, mine.unit)
            why = f"这是主办单位（{unit}）的一份，不能空缺"
        elif not others:
            why = "本轮没有其他单位在办理或已答复"
        else:
            continue
        said = f"{_label(form, name)}：{why}，不能选“{_title_of_gone(form, name)}”"
        yield Finding(f"/data/{name}", said + (f"；请选“{rest}”" if rest else "；请改选其他做法"))


def _title_of_gone(form: Form, name: str) -> str:
    """The words of the choice that gives the slot up; empty for a field that has none."""
    schema = form.fields[name]
    choices = schema.get("oneOf") or [] if OTHERS_GO_ON in schema else []
    return next((str(one.get("title")) for one in choices if one.get("const") == schema[OTHERS_GO_ON]), "")


def _label(form: Form, name: str) -> str:
    return str(form.fields[name].get("title") or name)
