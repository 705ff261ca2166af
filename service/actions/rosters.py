"""The actions of ``roster``: lists are checked, decided, filed (Q2 Q4)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import liaisons, talents
from service.actions.reading import day_of, text_of, today_of
from service.actions.rounds import taken, under_way
from service.errors import Finding, Invalid
from service.liaisons.models import Roster
from service.people.models import Leader, Unit
from service.processes.wiring import Action, ActionCall

OFFICE_UNIT = "talent_office"
"""In a list of units it stands for the list of class A, which is the Talent Office's (Q2)."""


def _roster_units(session: Session, call: ActionCall) -> list[str]:
    """Whose lists a round makes: by hand the starter's own, by the calendar that of class A and every member unit's.

    The calendar leaves out lists that are being made already; raises Invalid where somebody starts a second one of
    the same list by hand.
    """
    roles, unit = call.parameters.get("roles") or [], call.parameters.get("unit")
    others = taken(session, call)
    if roles:
        own = OFFICE_UNIT if OFFICE_UNIT in roles else unit
        if own in others:
            raise Invalid("没有发起", [Finding("/data/note", under_way(others[str(own)]))])
        return [str(own)] if own else []
    query = select(Unit.code).where(Unit.is_member_unit, Unit.active).order_by(Unit.pinyin, Unit.code)
    return [one for one in (OFFICE_UNIT, *session.scalars(query)) if one not in others]


def _check_roster(session: Session, call: ActionCall) -> dict[str, Any]:
    """What somebody should look at before the list is decided: eligibility, numbers, reasons (S1, Q1, Q3). Warns."""
    roster = _draft(session, call)
    today, lines = today_of(call), []
    roster.instance_id = call.instance.id
    served: dict[UUID, int] = {}
    leaders: dict[UUID, Leader] = {}
    for item in roster.items:
        served[item.leader_id] = served.get(item.leader_id, 0) + 1
        leaders[item.leader_id] = item.leader
        lines += [["资格", f"{item.talent.name}：{why}"] for why in talents.eligibility(item.talent, today)]
    for leader_id, count in served.items():
        leader = leaders[leader_id]
        required = liaisons.QUOTAS[leader.klass]
        if count < required:
            lines.append(["数量", f"{leader.person.name}：列入 {count} 人，不足 {required} 人"])
    return {"lines": [["名单", f"第 {roster.version} 版，{len(roster.items)} 条"], *lines]}


def _decide_roster(session: Session, call: ActionCall) -> str:
    roster = liaisons.decide_roster(
        session,
        roster_id=_draft(session, call).id,
        document_no=text_of(call, "document_no"),
        decided_on=day_of(call, "decided_on"),
        actor=call.actor,
        now=call.now,
    )
    return str(roster.id)


def _file_roster(session: Session, call: ActionCall) -> bool:
    liaisons.file_roster(
        session, roster_id=text_of(call, "roster_id"), on=day_of(call, "on"), actor=call.actor, now=call.now
    )
    return True


def _draft(session: Session, call: ActionCall) -> Roster:
    unit = text_of(call, "unit")
    scope = "A" if unit == OFFICE_UNIT else unit
    found = session.scalar(select(Roster).where(Roster.scope == scope, Roster.status == "draft"))
    if found is None:
        raise Invalid("还没有起草名单", [Finding("/data/note", "请先在“名单”页面起草名单，再提交本步骤")])
    return found


ACTIONS = (
    Action("roster_units", "列出名单单位", ("roles",), _roster_units, ("unit",), sample=["edu"]),
    Action("check_roster", "检查名单", ("unit",), _check_roster, sample={"lines": []}),
    Action("decide_roster", "名单生效", ("unit", "document_no", "decided_on"), _decide_roster, sample="a"),
    Action("file_roster", "名单备案", ("roster_id", "on"), _file_roster, sample=True),
)
