"""The actions of ``liaison_change``: what an ended post leaves behind goes to a successor (O4)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import contacts, liaisons
from service.actions.reading import day_of, text_of, today_of
from service.errors import Finding, Invalid
from service.liaisons.models import Link
from service.people.queries import get_leader
from service.processes.models import RUNNING, Instance
from service.processes.wiring import Action, ActionCall


def _open_handover(session: Session, call: ActionCall) -> dict[str, Any]:
    """What there is to hand over: the links that the Talent Office holds, open needs, interviews of the year."""
    leader = get_leader(session, text_of(call, "leader_id"))
    held = _to_hand_over(session, leader.id)
    needs = session.scalar(
        select(func.count()).where(
            Instance.process == "request", Instance.leader_id == str(leader.id), Instance.status == RUNNING
        )
    )
    ended = leader.ends_on or today_of(call)
    pairs = contacts.interview_counts(session, year=ended.year, on=ended, leader_id=leader.id)
    interviews = {pair.talent.id: pair.count for pair in pairs}
    names = [
        link.talent.name + (f"（本年已访谈 {interviews[link.talent_id]} 次）" if link.talent_id in interviews else "")
        for link in held
    ]
    return {
        "title": f"联系关系调整：{leader.person.name}（{leader.post}）",
        "klass": leader.klass,
        "unit": leader.unit_code,
        "ended_on": ended.isoformat(),
        "lines": [
            ["待移交的联系对象", "、".join(names) or "没有"],
            ["办理中的需求", f"{needs or 0} 件"],
            ["任职结束日期", ended.isoformat()],
        ],
    }


def _hand_over(session: Session, call: ActionCall) -> int:
    """Hands the named talents (none named: all) to the successor; gives how many links are still to hand over."""
    leader = get_leader(session, text_of(call, "leader_id"))
    chosen = call.parameters.get("talents")
    wanted = set(chosen) if isinstance(chosen, list) and chosen else None
    links = _to_hand_over(session, leader.id)
    mine = [link for link in links if wanted is None or link.talent_id in wanted]
    if wanted is not None and (strangers := wanted - {link.talent_id for link in links}):
        raise Invalid(
            "有的人才不在待移交之列", [Finding("/data/talents", f"不须移交：{'、'.join(sorted(strangers))}，请删去")]
        )
    note = call.parameters.get("note")
    for link in mine:
        liaisons.hand_over(
            session,
            link_id=link.id,
            successor_id=text_of(call, "successor_id"),
            starts_on=day_of(call, "starts_on"),
            note=str(note) if note else None,
            actor=call.actor,
            now=call.now,
        )
    return len(_to_hand_over(session, leader.id))


def _to_hand_over(session: Session, leader_id: UUID) -> list[Link]:
    query = select(Link).where(Link.leader_id == leader_id, Link.ends_on.is_(None), Link.status.in_(("active", "held")))
    return list(session.scalars(query.order_by(Link.starts_on, Link.id)))


ACTIONS = (
    Action(
        "open_handover",
        "列出待交接的联系关系",
        ("leader_id",),
        _open_handover,
        sample={"title": "联系关系调整", "klass": "B", "unit": "edu", "ended_on": "2026-03-01", "lines": []},
    ),
    Action(
        "hand_over",
        "移交联系关系",
        ("leader_id", "successor_id", "starts_on"),
        _hand_over,
        ("talents", "note"),
        sample=0,
    ),
)
