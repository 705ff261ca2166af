"""The actions of ``liaison_change``: what an ended post leaves behind goes to a successor (O4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from service import contacts, liaisons
from service.actions.parameters import day_of, text_of, today_of
from service.errors import Finding, Invalid
from service.ids import as_id
from service.liaisons.models import Link
from service.liaisons.queries import links_left
from service.people.queries import get_leader
from service.processes.calendars import current
from service.processes.instances import running_of_leader
from service.processes.models import Instance
from service.processes.rules import NEED, numbered
from service.processes.wiring import Action, ActionCall
from service.talents.queries import find_talent

SETTLED = "settled"


def talents_to_hand_over(told: Mapping[str, Any], _day: date) -> Select[str]:
    """The ids of the talents whose links an ended post leaves, for the step that hands them over (``x-among``)."""
    post = as_id(str(told.get("leader_id") or ""))
    return links_left(post).order_by(None).with_only_columns(Link.talent_id)


def _open_handover(session: Session, call: ActionCall) -> dict[str, Any]:
    """The matters to hand over: the links that the Talent Office holds, open needs, interviews of the year.

    ``within``: working days after the post's end in which it should be done, as the diagram says (O4 [A]).
    """
    leader = get_leader(session, text_of(call, "leader_id"))
    held = session.scalars(links_left(leader.id)).all()
    open_needs = running_of_leader(session, NEED, leader.id)
    ended = leader.ends_on or today_of(call)
    pairs = contacts.interview_counts(session, year=ended.year, on=ended, leader_id=leader.id)
    interviews = {pair.talent.id: pair.count for pair in pairs}
    names = [
        link.talent.name + (f"（本年已访谈 {interviews[link.talent_id]} 次）" if link.talent_id in interviews else "")
        for link in held
    ]
    lines = [
        ["待移交的联系对象", "、".join(names) or "没有"],
        ["在办的需求", f"{len(open_needs)} 件"],
        ["任职结束日期", ended.isoformat()],
    ]
    if isinstance(within := call.parameters.get("within"), int):
        last = current(session).add(ended, within).due
        lines.append(["接任日期", f"应不晚于 {last.isoformat()}（任职结束后 {within} 个工作日内）"])
    return {
        "title": f"联系关系调整：{leader.person.name}（{leader.post}）",
        "klass": leader.klass,
        "unit": leader.unit_code,
        "ended_on": ended.isoformat(),
        "lines": lines,
        "cases": [[str(need.id), _said(session, need)] for need in open_needs],
    }


def _said(session: Session, need: Instance) -> str:
    talent = find_talent(session, need.talent_id) if need.talent_id else None
    whose = f"（{talent.name}）" if talent is not None else ""
    return f"{numbered(need.number, NEED)} {need.title or '尚未登记'}{whose}"


def _hand_over(session: Session, call: ActionCall) -> int:
    """Hands the named talents (none named: all) to the successor; gives how many links are still to hand over.

    ``decision`` ``settled``: nothing is, because each link was handed over or ended on its own page. Raises Invalid
    where that is not so, and where there is nothing to hand over: nothing is reported as done that was not (O4).
    """
    leader = get_leader(session, text_of(call, "leader_id"))
    links = session.scalars(links_left(leader.id)).all()
    if call.parameters.get("decision") == SETTLED:
        if links:
            left = "、".join(link.talent.name for link in links)
            raise Invalid("还有待移交的联系关系", [Finding("/data/decision", f"还没有移交或结束：{left}，请先移交")])
        return 0
    chosen = call.parameters.get("talents")
    wanted = set(chosen) if isinstance(chosen, list) and chosen else None
    mine = [link for link in links if wanted is None or link.talent_id in wanted]
    if wanted is not None and (strangers := wanted - {link.talent_id for link in links}):
        names = [found.name for one in sorted(strangers) if (found := find_talent(session, one)) is not None]
        said = f"不须移交：{'、'.join(names) or '所选人才'}，请删去"
        raise Invalid("有的人才不在待移交之列", [Finding("/data/talents", said)])
    if not mine:
        way = "请选择“已另行移交或结束”" if "decision" in call.parameters else "请由区人才办终止本事项，并写明去向"
        said = f"{leader.person.name}的联系关系都已另行移交或结束，没有可移交的；{way}"
        path = "/data/decision" if "decision" in call.parameters else "/data/successor_id"
        raise Invalid("没有待移交的联系关系", [Finding(path, said)])
    note = call.parameters.get("note")
    for link in mine:
        liaisons.hand_over(
            session,
            link_id=link.id,
            successor_id=text_of(call, "successor_id"),
            starts_on=day_of(call, "starts_on"),
            note=str(note) if note else None,
            tell=False,  # the step that files the handover tells the Talent Office
            actor=call.actor,
            now=call.now,
        )
    return len(session.scalars(links_left(leader.id)).all())


ACTIONS = (
    Action(
        "open_handover",
        "列出待交接的联系关系",
        ("leader_id",),
        _open_handover,
        ("within",),
        sample={"title": "联系关系调整", "klass": "B", "unit": "edu", "ended_on": "2026-03-01", "lines": []},
        does=(
            "列出结束任职的领导留下的联系对象、在办的需求、应在哪天前接任（`within` 个工作日内）；结果供移交表单使用"
        ),
    ),
    Action(
        "hand_over",
        "移交联系关系",
        ("leader_id", "successor_id", "starts_on"),
        _hand_over,
        ("talents", "note", "decision"),
        sample=0,
        does=(
            "把 `talents`（不写就是全部）的联系关系移交给 `successor_id`；"
            "`decision` 为 `'settled'` 表示已另行处理完。结果是还有几个没有移交"
        ),
    ),
)
