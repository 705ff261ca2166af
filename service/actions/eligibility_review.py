"""The actions of ``eligibility_review``: who no longer may be served is looked at by a person, once (S1, S2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from service import liaisons, talents
from service.actions.parameters import text_of, today_of
from service.processes.wiring import Action, ActionCall


def _eligibility_facts(session: Session, call: ActionCall) -> dict[str, Any]:
    """Why the talent may no longer be served, and by whom it is: what the Talent Office decides on."""
    talent, today = talents.get_talent(session, text_of(call, "talent_id")), today_of(call)
    leaders = liaisons.leaders_of(session, [talent.id], today)[talent.id]
    names = [f"{leader.person.name}（{leader.post}）" for leader in leaders]
    reasons = talents.eligibility(talent, today)
    return {
        "title": f"资格复核：{talent.name}",
        "lines": [
            ["工作单位", talent.employer],
            ["不符合条件的原因", "；".join(reasons) or "目前符合条件"],
            ["联系领导", "、".join(names) or "没有联系领导"],
        ],
    }


ACTIONS = (
    Action(
        "eligibility_facts",
        "列出资格复核的原因",
        ("talent_id",),
        _eligibility_facts,
        sample={"title": "资格复核：张三", "lines": []},
        does="列出人才不再符合联系条件的原因和联系领导；结果是标题和显示在表单前的几行",
    ),
)
