"""The actions of ``interview_check``: pairs short of interviews are reminded, then asked why (F2)."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from service import contacts
from service.actions.parameters import list_of, text_of, today_of, whole_of
from service.processes.operations import notify
from service.processes.wiring import Action, ActionCall


def _short_pairs(session: Session, call: ActionCall) -> list[str]:
    """The member units with pairs of class B that have fewer interviews this year than asked for."""
    return sorted(_short(session, call))


def _remind_interviews(session: Session, call: ActionCall) -> int:
    """Tells each unit's liaison whom its leaders have yet to interview; only a reminder, nothing is blocked."""
    short = _short(session, call)
    for unit in list_of(call, "units"):
        pairs = short.get(unit, [])
        text = "、".join(
            f"{pair.leader.person.name}—{pair.talent.name}（{pair.count}/{pair.required}）" for pair in pairs
        )
        if text:
            notify(
                session,
                call.instance,
                "reminder",
                actor=call.actor,
                now=call.now,
                role="liaison",
                unit=unit,
                text=f"本年访谈尚不足：{text}"[:1000],
            )
    return len(short)


def _keep_reasons(session: Session, call: ActionCall) -> int:
    """Keeps the unit's reason with each pair that is short and has none yet."""
    unit, year = text_of(call, "unit"), whole_of(call, "year")
    known = contacts.pairs_explained(session, year)
    kept = 0
    for pair in _short(session, call).get(unit, []):
        if (pair.leader.id, pair.talent.id) not in known:
            contacts.give_missed_reason(
                session,
                leader_id=pair.leader.id,
                talent_id=pair.talent.id,
                year=year,
                reason=text_of(call, "reason"),
                actor=call.actor,
                now=call.now,
            )
            kept += 1
    return kept


def _short(session: Session, call: ActionCall) -> dict[str, list[contacts.PairCount]]:
    year = whole_of(call, "year")
    found: dict[str, list[contacts.PairCount]] = {}
    for pair in contacts.interview_counts(session, year=year, on=min(today_of(call), date(year, 12, 31))):
        if pair.short and pair.leader.unit_code:
            found.setdefault(pair.leader.unit_code, []).append(pair)
    return found


ACTIONS = (
    Action(
        "short_pairs",
        "列出访谈不足的单位",
        ("year",),
        _short_pairs,
        sample=["edu"],
        does="列出联系领导当年访谈次数不足的成员单位",
    ),
    Action(
        "remind_interviews",
        "提醒访谈",
        ("units", "year"),
        _remind_interviews,
        sample=1,
        does="提醒各单位的联络员还有谁没有访谈够；只提醒，不阻止。结果是不足的单位数",
    ),
    Action(
        "keep_reasons",
        "记录未完成原因",
        ("unit", "year", "reason"),
        _keep_reasons,
        sample=1,
        does="把单位说明的原因记在还没有原因的每一对“领导—人才”上；结果是记了几对",
    ),
)
