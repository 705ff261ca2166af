"""Links of leaders and talents in the demonstration's year: rosters, a handover, held links, a newcomer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, ids, liaisons
from service.auth import actor_of
from service.demonstration import cast
from service.demonstration.cast import HELD, LEAVER, NEWCOMER, SUCCESSOR
from service.demonstration.organization import SPACE, derived
from service.demonstration.plan import Pair, Plan, PlannedAct, add_leader, do, office, post_of, set_service_team
from service.processes import commands
from service.processes.models import Instance
from service.usecases.posts import end_post


def planned(plan: Plan) -> Iterator[PlannedAct]:
    """Rosters, handovers, and what waits for a service team."""
    yield from _rosters(plan)
    yield from _handovers(plan)
    yield from _newcomer(plan)


def _rosters(plan: Plan) -> Iterator[PlannedAct]:
    """The roster of class A by the Talent Office, those of class B by each unit, filed with the Talent Office."""
    year = plan.days[0].year
    scopes = [("A", "office"), *((unit, f"liaison-{unit}") for unit in cast.MEMBER_UNITS)]
    for place, (scope, who) in enumerate(scopes):
        case = ids.derive(SPACE, f"roster:{plan.seed}:{scope}")
        items = [
            {
                "leader_id": str(derived("leader", pair.post.key)),
                "talent_id": pair.talent.id,
                "reason": _reason(plan, pair),
                "note": "主管领域和研究方向一致" if pair.post.klass == "B" else None,
            }
            for pair in plan.pairs
            if (pair.post.klass == "A") == (scope == "A") and (scope == "A" or pair.post.unit == scope)
        ]
        suffix = "a" if scope == "A" else "b"
        number = f"演示名单〔{year}〕{place + 1}号"
        hour = 9.2 + place / 4
        yield PlannedAct(plan.at(2, hour), partial(_draft, scope=scope, who=who, items=items, case=case))
        begin = "start_district_list" if scope == "A" else "start_unit_list"
        yield PlannedAct(plan.at(2, hour + 0.1), partial(do, case=case, step=begin, who=who, data={}))
        yield PlannedAct(plan.at(3, hour), partial(do, case=case, step=f"draft_{suffix}", who=who, data={}))
        told = {"decision": "decide", "document_no": number, "decided_on": plan.days[4].isoformat()}
        yield PlannedAct(plan.at(4, hour), partial(do, case=case, step=f"decide_{suffix}", who=who, data=told))
        if scope != "A":
            filed = {"filed_on": plan.days[5].isoformat()}
            yield PlannedAct(plan.at(5, hour), partial(do, case=case, step="file_list", who="office", data=filed))


def _reason(plan: Plan, pair: Pair) -> str:
    if pair.post.klass == "B":
        return "related"
    return plan.chance.choice(("portfolio", "stationed", "platform", "known"))


def _handovers(plan: Plan) -> Iterator[PlannedAct]:
    """A post of class B that ended with a handover; one of class A whose links the Talent Office still holds."""
    gone = plan.ends[LEAVER]
    yield PlannedAct(plan.at(gone + 1, 9.5), partial(_end, key=LEAVER, ends_on=plan.days[gone]))
    yield PlannedAct(plan.at(plan.begins[SUCCESSOR], 9.5), partial(_take_post, key=SUCCESSOR))
    taken = gone + 6
    told = {
        "decision": "hand_over",
        "successor_id": str(derived("leader", SUCCESSOR)),
        "starts_on": plan.days[taken].isoformat(),
        "note": "联系对象情况和在办事项已当面交接。",
    }
    yield PlannedAct(plan.at(taken, 9.5), partial(_hand_over, step="plan_b", who="liaison-edu", data=told))
    filed = {"filed_on": plan.days[taken + 1].isoformat()}
    yield PlannedAct(plan.at(taken + 1, 10), partial(_hand_over, step="file_handover", who="office", data=filed))
    successor = post_of(SUCCESSOR)
    moved = [pair for pair in plan.pairs if pair.post.key == LEAVER]
    plan.pairs += [Pair(successor, pair.talent, taken, plan.last) for pair in moved]
    gone = plan.ends[HELD]
    yield PlannedAct(plan.at(gone + 1, 9.5), partial(_end, key=HELD, ends_on=plan.days[gone]))


def _newcomer(plan: Plan) -> Iterator[PlannedAct]:
    """A new leader of class B has no service team yet: what is proposed waits, and so does the unit's next list."""
    yield PlannedAct(plan.at(plan.begins[NEWCOMER], 9.5), partial(_take_post, key=NEWCOMER, team=False))
    for place, who in enumerate(plan.others[2:4]):
        yield PlannedAct(
            plan.at(plan.last - 10, 10 + place), partial(_propose, key=NEWCOMER, talent=who.id, unit="finance")
        )
    # of the open-ended group, not approved: waits too
    yield PlannedAct(
        plan.at(plan.last - 9, 11), partial(_propose, key="b-police-2", talent=plan.others[0].id, unit="police")
    )


def _draft(session: Session, *, scope: str, who: str, items: Sequence[Mapping[str, Any]], case: UUID) -> None:
    actor = actor_of(session, who)
    liaisons.draft_roster(session, scope=scope, items=items, note="年度名单（演示）", actor=actor, now=clock.now())
    commands.start(session, process="roster", data={}, actor=actor, now=clock.now(), instance_id=case)


def _end(session: Session, *, key: str, ends_on: date) -> None:
    end_post(session, leader_id=derived("leader", key), ends_on=ends_on, actor=office(session), now=clock.now())


def _hand_over(session: Session, *, step: str, who: str, data: Mapping[str, Any]) -> None:
    """Somebody completes a step of the handover that the end of the post has opened."""
    mine = select(Instance.id).where(
        Instance.process == "liaison_change", Instance.leader_id == str(derived("leader", LEAVER))
    )
    do(session, case=session.scalars(mine).one(), step=step, who=who, data=data)


def _take_post(session: Session, *, key: str, team: bool = True) -> None:
    """A new leader of class B; the name is that of nobody else here."""
    name = {SUCCESSOR: "第五知秋", NEWCOMER: "第五观海"}[key]
    add_leader(session, post_of(key), name, clock.today())
    if team:
        set_service_team(session, post=post_of(key))


def _propose(session: Session, *, key: str, talent: str, unit: str) -> None:
    liaisons.propose_link(
        session,
        leader_id=derived("leader", key),
        talent_id=talent,
        reason="related",
        note="研究方向与分管业务相关",
        starts_on=clock.today(),
        actor=actor_of(session, f"liaison-{unit}"),
        now=clock.now(),
    )
