"""A unit's own matters: what it solves by itself is logged, followed and visible, not dispatched (R6, R7).

The journal of each is ``matter:<id>``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, ids
from service.contacts.access import acting_for_unit
from service.contacts.fields import MATTER, PROGRESS, SOLUTION
from service.contacts.models import Matter, MatterProgress
from service.contacts.queries import visible_matters
from service.db.failures import conflicts
from service.errors import Conflict, NotFound
from service.fields import Checks, held, picked, take
from service.history.records import record
from service.ids import as_id
from service.people.queries import find_unit
from service.rights import Actor
from service.talents.queries import find_talent


def record_matter(
    session: Session,
    *,
    unit_code: str,
    talent_id: str,
    title: str,
    description: str,
    raised_on: date,
    result: str | None = None,
    solved_on: date | None = None,
    matter_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Matter:
    """A matter of a talent that ``unit_code`` takes care of by itself; with ``result`` it is solved at once.

    Raises ``NotAllowed``, ``Invalid``.
    """
    entering = acting_for_unit(session, actor, "record_matters", unit_code, now)
    checks = Checks()
    unit, talent = find_unit(session, unit_code), find_talent(session, talent_id)
    if unit is None:
        checks.refuse("/unit_code", "没有这个单位，请从单位名录中选择")
    if talent is None:
        checks.refuse("/talent_id", "人才信息库中没有这位人才，请从名单中选择")
    today = clock.local(now).date()
    if raised_on > today:
        checks.refuse("/raised_on", "提出日期不能晚于今天")
    given = {"title": title, "description": description, "raised_on": raised_on}
    matter = Matter(
        id=matter_id or ids.new(),
        unit=unit,
        talent=talent,
        **take(picked(MATTER, *given), given, checks),
        entered_by=entering.username,
        entered_at=now,
    )
    matter.result, matter.solved_on = _solution(checks, result, solved_on, raised_on, today)
    checks.done()
    session.add(matter)
    with conflicts("该事项已经登记过，请刷新后查看"):
        session.flush()
    data = {"id": matter.id, **held(matter, MATTER)}
    record(session, f"matter:{matter.id}", "matter_recorded", data, actor=entering, now=now)
    return matter


def follow_matter(
    session: Session, *, matter_id: UUID | str, text: str, done_on: date, actor: Actor, now: datetime
) -> Matter:
    """Says what was done about a matter on ``done_on`` (全程跟进, R7). Raises ``Conflict`` where it is solved."""
    matter = _locked(session, matter_id, actor)
    entering = acting_for_unit(session, actor, "record_matters", matter.unit_code, now)
    _refuse_solved(matter)
    checks = Checks()
    said = take(PROGRESS, {"text": text, "done_on": done_on}, checks)
    if done_on < matter.raised_on:
        checks.refuse("/done_on", f"进展日期不能早于提出日期 {matter.raised_on.isoformat()}")
    elif done_on > clock.local(now).date():
        checks.refuse("/done_on", "进展日期不能晚于今天")
    checks.done()
    step = MatterProgress(
        matter_id=matter.id,
        position=len(matter.progress) + 1,
        **said,
        entered_by=entering.username,
        entered_at=now,
    )
    matter.progress.append(step)
    session.flush()
    record(session, f"matter:{matter.id}", "matter_followed", said, actor=entering, now=now)
    return matter


def solve_matter(
    session: Session, *, matter_id: UUID | str, result: str, solved_on: date, actor: Actor, now: datetime
) -> Matter:
    """Says how a matter was solved and when. Raises ``Conflict`` where it is solved already."""
    matter = _locked(session, matter_id, actor)
    entering = acting_for_unit(session, actor, "record_matters", matter.unit_code, now)
    _refuse_solved(matter)
    checks = Checks()
    take(SOLUTION, {"result": result, "solved_on": solved_on}, checks)
    checks.done()
    found = _solution(checks, result, solved_on, matter.raised_on, clock.local(now).date())
    checks.done()
    matter.result, matter.solved_on = found
    session.flush()
    record(session, f"matter:{matter.id}", "matter_solved", held(matter, SOLUTION), actor=entering, now=now)
    return matter


def _locked(session: Session, matter_id: UUID | str, actor: Actor) -> Matter:
    """The matter, for who may see it: to all others it is as unknown as one that is not there."""
    key = as_id(matter_id)
    query = select(Matter).where(Matter.id == key, visible_matters(session, actor)).with_for_update(of=Matter)
    matter = session.scalar(query.execution_options(populate_existing=True)) if key is not None else None
    if matter is None:
        raise NotFound("没有这个事项，或您无权查看")
    return matter


def _refuse_solved(matter: Matter) -> None:
    if matter.solved_on is not None:
        raise Conflict(f"该事项已于 {matter.solved_on.isoformat()} 办结")


def _solution(
    checks: Checks, result: str | None, solved_on: date | None, raised_on: date, today: date
) -> tuple[str | None, date | None]:
    said: Any = take(picked(MATTER, "result"), {"result": result}, checks)["result"]
    if said is None:
        if solved_on is not None:
            checks.refuse("/result", "填写了办结日期，请同时填写办理结果")
        return None, None
    day = solved_on or today
    if day < raised_on:
        checks.refuse("/solved_on", "办结日期不能早于提出日期")
    elif day > today:
        checks.refuse("/solved_on", "办结日期不能晚于今天")
    return said, day
