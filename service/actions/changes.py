"""The actions of ``change_report``: reports of change bring the registry up to date (R8 R9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import liaisons, talents
from service.actions.reading import day_of, entitled, text_of, today_of
from service.auth import Account
from service.auth.queries import is_usable
from service.engine import EngineFailure
from service.engine.expressions import as_date
from service.liaisons.models import Link
from service.people.models import Leader
from service.processes.calendars import current, days_late
from service.processes.wiring import Action, ActionCall

WITHIN = 10
"""Working days after a change, for definitions deployed before a diagram could say them [A] (R9)."""
CHANGES: Mapping[str, str] = {
    "job_change": "工作变动",
    "post_change": "职务调整",
    "award": "重大奖励",
    "punishment": "重大处分",
    "other": "其他",
}


def _change_facts(session: Session, call: ActionCall) -> dict[str, Any]:
    """What the report is called, and how many working days late it was made; lateness is kept, never blocks."""
    talent = talents.get_talent(session, text_of(call, "talent_id"))
    kind = CHANGES.get(str(call.parameters.get("change_type")), "其他")
    happened = day_of(call, "event_date")
    reported = as_date(call.data.get("reported_on")) or today_of(call)
    calendar = current(session)
    within = call.parameters.get("within") or WITHIN
    late = days_late(calendar, calendar.add(happened, within).due, reported)
    punctual = f"事项发生后 {within} 个工作日内" if not late else f"迟报 {late} 个工作日"
    names = [f"{leader.person.name}（{leader.post}）" for leader in _serving(session, talent.id, happened, call)]
    return {
        "title": f"重大事项报告：{talent.name}（{kind}）",
        "late_days": late,
        "lines": [["报告时效", punctual], ["联系领导", "、".join(names) or "没有联系领导"]],
    }


def _talent_leaders(session: Session, call: ActionCall) -> list[dict[str, Any]]:
    """The leaders who serve the talent, each once; ``signed_up`` where the leader uses this system."""
    found: dict[UUID, dict[str, Any]] = {}
    for leader in _serving(session, text_of(call, "talent_id"), day_of(call, "on"), call):
        accounts = session.scalars(select(Account).where(Account.person_id == leader.person_id))
        signed_up = any(is_usable(account) for account in accounts)
        found.setdefault(
            leader.person_id,
            {
                "leader_id": str(leader.id),
                "name": leader.person.name,
                "signed_up": signed_up,
                "unit": leader.unit_code,
            },
        )
    return list(found.values())


def _serving(session: Session, talent_id: str, day: date, call: ActionCall) -> Sequence[Leader]:
    today = liaisons.leaders_of(session, [talent_id], today_of(call))[talent_id]
    return today or liaisons.leaders_of(session, [talent_id], day)[talent_id]


def _update_talent(session: Session, call: ActionCall) -> list[str]:
    """Brings what the Talent Office agreed to into the registry; gives the fields that the report names.

    ``confirm``: the file then counts as checked today (R4).
    """
    wanted = call.parameters.get("changes")
    if not isinstance(wanted, Mapping):
        raise EngineFailure("更新人才信息时没有给出要更新的项")
    changes = {name: value for name, value in wanted.items() if value not in (None, "")}
    if isinstance(changes.get("works_until"), str):
        changes["works_until"] = as_date(changes["works_until"])
    talent_id, source = text_of(call, "talent_id"), str(call.parameters.get("source") or "")
    actor = entitled(call.actor, "edit_talents")
    if changes:
        talents.update_talent(
            session, talent_id=talent_id, changes=changes, source=source[:200], actor=actor, now=call.now
        )
    if call.parameters.get("confirm"):
        talents.confirm_talent(session, talent_id=talent_id, on=today_of(call), actor=actor, now=call.now)
    return sorted(changes)


def _review_eligibility(session: Session, call: ActionCall) -> int:
    """Ends the links of a talent whom nobody serves any longer, because a person decided so (S2)."""
    day, reason = day_of(call, "on"), text_of(call, "reason")
    query = select(Link).where(Link.talent_id == text_of(call, "talent_id"), Link.ends_on.is_(None)).order_by(Link.id)
    ended = 0
    for link in list(session.scalars(query)):
        actor = entitled(call.actor, "manage_links_a" if link.leader.klass == "A" else "manage_links_b")
        liaisons.end_link(session, link_id=link.id, ends_on=day, reason=reason, actor=actor, now=call.now)
        ended += 1
    return ended


ACTIONS = (
    Action(
        "change_facts",
        "登记重大事项",
        ("talent_id", "change_type", "event_date"),
        _change_facts,
        ("within",),
        sample={"title": "重大事项报告：张三（工作变动）", "late_days": 0, "lines": []},
    ),
    Action(
        "talent_leaders",
        "列出联系领导",
        ("talent_id", "on"),
        _talent_leaders,
        sample=[{"leader_id": "a", "name": "张三", "signed_up": True, "unit": "edu"}],
    ),
    Action(
        "update_talent",
        "更新人才信息",
        ("talent_id", "changes", "source"),
        _update_talent,
        ("confirm",),
        sample=["post"],
    ),
    Action("review_eligibility", "终止联系关系", ("talent_id", "on", "reason"), _review_eligibility, sample=1),
)
