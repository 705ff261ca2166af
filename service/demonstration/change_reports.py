"""The registry in the demonstration's year: an approval, and reports of change (R8 R9), one late, two who leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, ids, talents
from service.auth import actor_of
from service.demonstration.cast import EMPLOYERS
from service.demonstration.organization import SPACE
from service.demonstration.plan import Plan, PlannedAct, Served, do, office
from service.processes import commands
from service.processes.advance import open_tasks

KNOWN = {"note": "已知悉，请继续做好联系服务。"}


@dataclass(frozen=True, slots=True)
class Report:
    """A report of change: of whom, by which unit's officer, after how many working days, and what comes of it."""

    key: str
    talent: Served
    by: str
    told: Mapping[str, Any] = field(default_factory=dict)
    after: int = 4
    leader: str | None = None
    """The account of the leader who acknowledges it; without one it is presented on paper."""
    eligibility: Mapping[str, Any] = field(default_factory=dict)
    """The Talent Office's decision on who leaves; without it that still waits."""


def planned(plan: Plan) -> Iterator[PlannedAct]:
    """Four reports from the first word to the registry, and what the Talent Office does without one."""
    approved, left = plan.others[1], plan.others[5]
    yield PlannedAct(plan.at(12), partial(_approve, talent=approved.id))
    gone = {"in_district": False, "works_until": plan.days[plan.last - 30]}
    update = partial(_update, talent=left.id, changes=gone, source="区人才办走访核实：已离区")
    yield PlannedAct(plan.at(plan.last - 28), update)
    for report, day in _reports(plan):
        yield from _reported(plan, report, day)


def _reports(plan: Plan) -> Iterator[tuple[Report, int]]:
    """Each with the working day of what it reports."""
    first = {pair.post.key: pair.talent for pair in reversed(plan.pairs)}
    award = {"change_type": "award", "description": "获区突出贡献人才表彰（演示）。"}
    yield Report("award", plan.pairs[2].talent, _answers_for(plan.pairs[2].talent), award), 86
    promoted = {"change_type": "post_change", "description": "所在单位聘任新职务（演示）。", "new_post": "首席科学家"}
    yield Report("late", first["leader"], "district_office", promoted, after=16, leader="leader"), plan.last - 70
    away = {"change_type": "job_change", "leaves_district": True, "new_employer": "外区某研究院（演示）"}
    ended = {"decision": "end", "reason": "已离开本区，不再符合联系条件。"}
    moved = {**away, "description": "调往外区工作（演示）。"}
    yield Report("left", first["b-sci-3"], "sci", moved, eligibility=ended), plan.last - 60
    yield Report("leaving", first["b-health-3"], "health", moved), plan.last - 14


def _reported(plan: Plan, report: Report, day: int) -> Iterator[PlannedAct]:
    case = ids.derive(SPACE, f"change:{plan.seed}:{report.key}")
    who, told = f"liaison-{report.by}", day + report.after
    said = {
        **report.told,
        "talent_id": report.talent.id,
        "event_date": plan.days[day].isoformat(),
        "reported_on": plan.days[told].isoformat(),
    }
    step = partial(do, case=case)
    yield PlannedAct(plan.at(told, 9.7), partial(_begin, case=case, who=who))
    yield PlannedAct(plan.at(told, 9.8), partial(step, step="report_for_employer", who=who, data=said))
    if report.leader is not None:
        known = partial(step, step="acknowledge_change", who=report.leader, data=KNOWN)
    else:
        shown = {"presented_on": plan.days[told + 1].isoformat()}
        known = partial(_present, case=case, data=shown)
    yield PlannedAct(plan.at(told + 1, 11), known)
    yield PlannedAct(plan.at(told + 1, 15), partial(step, step="acknowledge_report", who="office", data={}))
    agreed = {"decision": "approve"}
    yield PlannedAct(plan.at(told + 3, 10.5), partial(step, step="review_change", who="office", data=agreed))
    if report.eligibility:
        ends_on: date = plan.days[told + 8]
        data = {**report.eligibility, "ends_on": ends_on.isoformat()}
        yield PlannedAct(plan.at(told + 8, 14.5), partial(step, step="review_eligibility", who="office", data=data))


def _answers_for(talent: Served) -> str:
    """The unit that answers for the talent's employer."""
    return next(one.unit for one in EMPLOYERS if one.name == talent.employer)


def _begin(session: Session, *, case: UUID, who: str) -> None:
    commands.start(
        session, process="change_report", data={}, actor=actor_of(session, who), now=clock.now(), instance_id=case
    )


def _present(session: Session, *, case: UUID, data: Mapping[str, Any]) -> None:
    """Each leader who does not use the system is shown the report by the own office's officer."""
    for row in [row for row in open_tasks(session, case) if row.task == "present_change"]:
        commands.complete(
            session, task_id=row.id, data=data, actor=actor_of(session, f"liaison-{row.unit}"), now=clock.now()
        )


def _approve(session: Session, *, talent: str) -> None:
    talents.approve_type(session, talent_id=talent, approved_on=clock.today(), actor=office(session), now=clock.now())


def _update(session: Session, *, talent: str, changes: Mapping[str, object], source: str) -> None:
    talents.update_talent(
        session, talent_id=talent, changes=changes, source=source, actor=office(session), now=clock.now()
    )
