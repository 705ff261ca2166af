"""The actions of ``registry_review``: units confirm the files of their talents and correct what is wrong (R4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from service import talents
from service.actions.parameters import entitled, text_of, today_of
from service.actions.rounds import refuse_another, taken
from service.actions.talent_file import TOLD, alike, differences, value_of
from service.engine import EngineFailure
from service.errors import Finding, Invalid
from service.liaisons.answering import answered_by, answering_counts
from service.processes.bundles import compiled
from service.processes.operations import notify
from service.processes.wiring import Action, ActionCall
from service.rights import TALENT_OFFICE, Actor
from service.talents.queries import employer_units

CORRECTED = tuple(name for name in TOLD if name not in ("in_district", "works_from", "works_until"))
"""The fields that a unit corrects. Arrivals and departures are reported, not corrected (R9)."""
WHY_NOBODY = "主管单位未填或没有联络员，也没有联系领导"


def talents_to_check(told: Mapping[str, Any], on: date) -> Select[str]:
    """The ids of the talents whose files the slot's ``unit`` checks, among all ``units`` of its round (R4)."""
    unit, units = str(told.get("unit")), told.get("units")
    asked = [str(one) for one in units] if isinstance(units, list) else [unit]
    return answered_by(unit, on, asked)


def _review_units(session: Session, call: ActionCall) -> list[str]:
    """The units that have talents to check, each once; those that are at it in another round are left to that.

    The Talent Office hears of talents for whom no unit answers. Raises Invalid where somebody starts a second round by
    hand.
    """
    refuse_another(session, call, "/data")
    found = answering_counts(session, today_of(call))
    if nobodys := found.pop(None, 0):
        text = f"有 {nobodys} 位人才没有单位负责核对（{WHY_NOBODY}）。请补录主管单位，或由区人才办核对"
        notify(session, call.instance, "reminder", actor=call.actor, now=call.now, role=TALENT_OFFICE, text=text)
    return sorted({unit for unit in found if unit is not None} - taken(session, call).keys())


def _confirm_talents(session: Session, call: ActionCall) -> int:
    """Notes for each of the unit's talents but those to correct that the file is right as of today."""
    unit, today = text_of(call, "unit"), today_of(call)
    named = call.parameters.get("except_ids")
    left_out = set(named) if isinstance(named, list) else set[str]()
    mine = talents_to_check({**call.data, "unit": unit}, today)
    by: dict[Actor, list[str]] = {}
    for talent_id, employer_unit in employer_units(session, mine):
        if talent_id not in left_out:
            by.setdefault(entitled(call.actor, "confirm_talents", employer_unit), []).append(talent_id)
    for actor, some in by.items():
        talents.confirm_talents(session, talent_ids=some, on=today, actor=actor, now=call.now)
    return sum(map(len, by.values()))


def _talent_file(session: Session, call: ActionCall) -> dict[str, Any]:
    """The talent's name, and its ``values``, which the form begins with; an empty field is left out."""
    talent = talents.get_talent(session, text_of(call, "talent_id"))
    values = {name: _plain(getattr(talent, name)) for name in CORRECTED}
    return {"name": talent.name, "values": {name: value for name, value in values.items() if value is not None}}


def _correction_facts(session: Session, call: ActionCall) -> dict[str, Any]:
    """The form's changes to the file as it was ``before``: ``changes``, ``clear``, and ``lines`` old → new.

    A field that the form shows and that comes back empty is cleared; one that the case's version of the form does not
    know stays as it is. Raises ``Invalid`` at the form's fields where the
    registry would refuse it: what is accepted here can be approved.
    """
    talent = talents.get_talent(session, text_of(call, "talent_id"))
    before = call.parameters.get("before")
    if not isinstance(before, Mapping):
        raise EngineFailure("核对更正时没有给出原来的信息")
    asked = {
        name
        for form in compiled(session, call.instance.digest, call.instance.process).forms.values()
        for name in form.fields
    }
    said = {name: call.data.get(name) for name in CORRECTED if name in asked}
    changed = {name: value for name, value in said.items() if (value or None) != before.get(name)}
    wanted = {name: value_of(name, value) if value else None for name, value in changed.items()}
    if not wanted:
        raise Invalid(
            "没有需要更正的内容", [Finding("/data/basis", "所填内容与信息库一致；如无须更正，请改动须更正的项")]
        )
    try:
        talents.check_changes(session, talent_id=talent.id, changes=wanted, now=call.now)
    except Invalid as error:
        findings = [Finding("/data" + found.path, found.message) for found in error.findings]
        raise Invalid("更正还不能提交", findings) from error
    return {
        "changes": {name: value for name, value in changed.items() if value},
        "clear": sorted(name for name, value in changed.items() if not value),
        "lines": [
            ["更正的人才", f"{talent.name}（{talent.employer}）"],
            *differences(session, talent, wanted),
            *alike(session, talent, wanted),
        ],
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


ACTIONS = (
    Action(
        "review_units",
        "列出核对单位",
        (),
        _review_units,
        sample=["edu"],
        does="列出有人才要核对的单位；没有单位负责核对的人才，通知区人才办",
    ),
    Action(
        "confirm_talents",
        "记录核对日期",
        ("unit",),
        _confirm_talents,
        ("except_ids",),
        sample=3,
        does="把该单位的人才记为今天已核实，`except_ids`（要更正的）除外；结果是核实了几人",
    ),
    Action(
        "talent_file",
        "列出人才信息",
        ("talent_id",),
        _talent_file,
        sample={"name": "张三", "values": {"post": "院长"}},
        does="取出人才现有的信息，作为更正表单的初值；结果是姓名和各字段",
    ),
    Action(
        "correction_facts",
        "列出更正的内容",
        ("talent_id", "before"),
        _correction_facts,
        sample={"changes": {"post": "院长"}, "clear": ["phone"], "lines": []},
        does=("比较表单和原来的信息（`before`），信息库不收的当场指出；结果是改动、清空的字段、显示在审核表单前的几行"),
    ),
)
