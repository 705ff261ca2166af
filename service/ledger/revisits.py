"""Cases that could not be solved within the policy (W13), by policy; looked at again when that policy changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from service import clock, history, ids
from service.access_log import note_shown
from service.errors import Conflict, Finding, Invalid, NotFound
from service.fields import Checks, take
from service.history.notices import NOTICE
from service.history.records import owe_notice, record
from service.ledger.fields import CHANGE, POLICY_CHANGED, REVISIT, REVISITED
from service.ledger.models import PolicyChange, Revisit
from service.processes.calendars import current
from service.processes.filters import CaseFilter, case_clauses
from service.processes.models import Instance
from service.processes.rules import NEED
from service.rights import SYSTEM, TALENT_OFFICE, Actor, require
from service.spelling import plain

LIMITED = "policy_limited"
"""The outcome of a need that no policy covers."""
RIGHT = "operate_cases"
MOST = 500
"""Changes that are listed."""
WORKING_DAYS = 20
"""The term in which each case of a changed policy is looked at again: this system's own, of no document."""
TERM = f"重新研判的期限：标记后 {WORKING_DAYS} 个工作日（本系统默认，非文件规定）；逾期仍有未研判的，提醒区人才办一次。"
"""The explanation beside the dates."""

_ENDINGS = "。，；、,;. "
"""Marks that a typed sentence may end with, before the one that follows it."""


@dataclass(frozen=True, slots=True)
class Limited:
    """The cases that one policy limits, as the feedback named it; ``none`` named is a policy too."""

    policy: str
    cases: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A policy marked changed, with each of its cases and what came of looking at it again; ``due_on``: by when each
    is to be looked at, ``due_provisional`` (暂定) where the notice of a year on the way is not known yet."""

    change: PolicyChange
    rows: Sequence[tuple[Revisit, Instance]]
    due_on: date
    due_provisional: bool = False

    @property
    def open(self) -> int:
        """Those at which nobody has looked yet."""
        return sum(one.result is None for one, _ in self.rows)

    @property
    def late(self) -> bool:
        """Whether cases are left though the day has passed."""
        return self.open > 0 and self.due_on < clock.today()


def limited(session: Session) -> list[Limited]:
    """The policies that limit cases, those with most cases first; two statements."""
    groups: dict[str, tuple[str, list[Any]]] = {}
    for row in session.execute(_limited(case_clauses(session, CaseFilter(outcome=LIMITED)))):
        said = (row.reference or "").strip()
        groups.setdefault(plain(said), (said, []))[1].append(row)
        note_shown(f"instance:{row.id}", *([f"talent:{row.talent_id}"] if row.talent_id else []))
    found = [Limited(said or "（没有写明）", cases) for said, cases in groups.values()]
    return sorted(found, key=lambda one: (-len(one.cases), one.policy))


def changes(session: Session) -> list[Change]:
    """The policies marked changed, the newest first, with their cases; three statements."""
    newest = select(PolicyChange).order_by(PolicyChange.marked_at.desc()).limit(MOST)
    return _told(session, session.scalars(newest).all())


def _told(session: Session, marked: Sequence[PolicyChange]) -> list[Change]:
    rows = session.execute(
        select(Revisit, Instance)
        .join(Instance, Instance.id == Revisit.instance_id)
        .where(Revisit.change_id.in_([one.id for one in marked]))
        .order_by(Revisit.result.is_not(None), Instance.number, Instance.id)
    ).all()
    of: dict[UUID, list[tuple[Revisit, Instance]]] = {}
    for revisit, instance in rows:
        of.setdefault(revisit.change_id, []).append((revisit, instance))
    calendar = current(session)
    found = []
    for one in marked:
        due = calendar.add(clock.local(one.marked_at).date(), WORKING_DAYS)
        found.append(Change(one, of.get(one.id, ()), due.due, due.provisional))
    return found


def change_of(session: Session, change_id: UUID) -> Change:
    """One of them. Raises NotFound. Three statements, however many there are."""
    found = session.get(PolicyChange, change_id)
    if found is None:
        raise NotFound("没有这条政策变化")
    return _told(session, [found])[0]


def remind(session: Session, *, now: datetime) -> int:
    """Tells the Talent Office, once, of each changed policy whose term has passed while cases wait; how many."""
    today, told = clock.local(now).date(), 0
    for one in changes(session):
        if not one.open or one.due_on >= today:
            continue
        stream = f"policy:{one.change.id}"
        history.lock(session, stream)
        if any(
            event.kind == NOTICE and clock.local(event.at).date() > one.due_on
            for event in history.stream_events(session, stream)
        ):
            continue
        text = f"应于 {clock.written(one.due_on)} 前重新研判，还有 {one.open} 件没有研判，请逐件研判并记录结果。"
        said: dict[str, Any] = {"title": one.change.policy, "text": text, "role": TALENT_OFFICE}
        owe_notice(session, stream, "policy_changed", **said, actor=SYSTEM, now=now)
        told += 1
    return told


def mark_changed(session: Session, *, values: Mapping[str, object], actor: Actor, now: datetime) -> PolicyChange:
    """Marks a policy changed: each case that it limits, by the reference in its feedback, is to be looked at again.

    The Talent Office is told. Raises NotAllowed, Invalid, also where no case names such a policy.
    """
    require(actor, RIGHT)
    checks = Checks()
    said = take(CHANGE, values, checks)
    checks.done()
    key = plain(str(said["policy"]))
    # told by the cases themselves: what is written may not rest on what is kept for lists
    itself = [Instance.process == NEED, Instance.data["outcome"].as_string() == LIMITED]
    cases = [row.id for row in session.execute(_limited(itself)) if key and key in plain(row.reference or "")]
    if not cases:
        message = "没有因这项政策未能解决的事项，请按下表中的政策依据填写"
        raise Invalid(message, [Finding("/policy", message)])
    change = PolicyChange(id=ids.new(), policy=str(said["policy"]), key=key, told=str(said["told"]))
    change.marked_by, change.marked_at = actor.username, now
    session.add(change)
    session.flush()
    session.add_all(Revisit(change_id=change.id, instance_id=case) for case in cases)
    session.flush()
    stream = f"policy:{change.id}"
    data = {"policy": change.policy, "key": key, "told": change.told, "cases": [str(case) for case in cases]}
    record(session, stream, POLICY_CHANGED, data, actor=actor, now=now)
    text = f"{change.told.rstrip(_ENDINGS)}。有 {len(cases)} 件事项需要重新研判。"
    told: dict[str, Any] = {"title": change.policy, "text": text, "role": TALENT_OFFICE}
    owe_notice(session, stream, "policy_changed", **told, actor=actor, now=now)
    return change


def revisit(
    session: Session, *, change_id: UUID, instance_id: UUID, values: Mapping[str, object], actor: Actor, now: datetime
) -> Revisit:
    """Keeps what came of looking at a case again. Raises NotAllowed, NotFound, Invalid, Conflict (somebody has)."""
    require(actor, RIGHT)
    query = select(Revisit).where(Revisit.change_id == change_id, Revisit.instance_id == instance_id)
    found = session.scalar(query.with_for_update())
    if found is None:
        raise NotFound("没有这件需要重新研判的事项")
    if found.result is not None:
        raise Conflict("这件事项已经研判过了，请刷新页面查看")
    checks = Checks()
    said = take(REVISIT, values, checks)
    checks.done()
    found.result, found.note, found.done_by, found.done_at = str(said["result"]), str(said["note"]), actor.username, now
    session.flush()
    data = {"instance_id": str(instance_id), "result": found.result, "note": found.note}
    record(session, f"policy:{change_id}", REVISITED, data, actor=actor, now=now)
    return found


def _limited(found: Sequence[ColumnElement[bool]]) -> Select[Any]:
    reference = Instance.data["policy_reference"].as_string().label("reference")
    query = select(Instance.id, Instance.number, Instance.title, Instance.talent_id, Instance.ended_at, reference)
    return query.where(*found).order_by(Instance.started_at.desc(), Instance.id)
