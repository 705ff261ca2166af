"""Cases that belong together: 关联, both know each other; 并案, one is handled within another and ends with its result.

A case that was joined to another rests as a suspended one does: nothing is due in it, nobody is late in it. When the
other ends, it ends in the same way; until then it can be taken out again (拆出) and goes on from where it stood, its
dates later by the working days that it rested.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.errors import Conflict, Finding, Invalid
from service.processes import access, halting, visibility
from service.processes.advance import lock
from service.processes.case_link import HOLDS, INTO, LINKED, CaseLink
from service.processes.commands import as_uuid, require_running
from service.processes.free_text import optional_text, required_text
from service.processes.linking import JOIN, LET_OUT, LINK, PART, TAKE_IN, UNLINK
from service.processes.links import into_of, links_of
from service.processes.models import RUNNING, SUSPENDED, Instance
from service.processes.recording import record
from service.processes.rules import NO_CASE
from service.processes.visibility import known_only
from service.rights import Actor


@known_only
def link(
    session: Session, *, instance_id: UUID | str, other_id: UUID | str, note: str = "", actor: Actor, now: datetime
) -> Instance:
    """关联: two cases know each other. For who has a part in the one and sees the other.

    Raises NotFound for a case that the actor may not see, NotAllowed, Conflict where they know each other already.
    """
    one, other = _two(session, instance_id, other_id, actor)
    visibility.require_handling(session, one, actor)
    said = optional_text(note, "note", "关联说明", longest=500)
    if _rows(session, one.id, other.id):
        raise Conflict("这两件事项已经关联或并案，请刷新后查看")
    for mine, its in ((one, other), (other, one)):
        _add(session, mine, its, LINKED, said, actor, now)
        _note(session, mine, LINK, {"other": str(its.id), "note": said}, actor, now)
    return one


@known_only
def unlink(session: Session, *, instance_id: UUID | str, other_id: UUID | str, actor: Actor, now: datetime) -> Instance:
    """解除关联: for who has a part in the one and sees the other. Raises Conflict where they are not linked."""
    one, other = _two(session, instance_id, other_id, actor)
    visibility.require_handling(session, one, actor)
    if [row.kind for row in _rows(session, one.id, other.id)] != [LINKED]:
        raise Conflict("这两件事项没有关联，或已经解除，请刷新后查看")
    _drop(session, one, other)
    for mine, its in ((one, other), (other, one)):
        _note(session, mine, UNLINK, {"other": str(its.id)}, actor, now)
    return one


@known_only
def join(
    session: Session, *, instance_id: UUID | str, other_id: UUID | str, reason: str, actor: Actor, now: datetime
) -> Instance:
    """并案: the case is handled within ``other_id`` from now on. For the Talent Office; both must run.

    Neither may be of several units' own reports, and none is handled within one that is itself handled elsewhere.
    Raises NotFound, NotAllowed, Conflict, Invalid.
    """
    access.require_manage(actor)
    one, main = _two(session, instance_id, other_id, actor, main_first=True)
    text = required_text(reason, "reason", "并案理由", longest=500)
    _require_joinable(session, one, main)
    if _rows(session, one.id, main.id):
        _drop(session, one, main)
        for mine, its in ((one, main), (main, one)):
            _note(session, mine, UNLINK, {"other": str(its.id)}, actor, now)
    _add(session, one, main, INTO, text, actor, now)
    _add(session, main, one, HOLDS, text, actor, now)
    _note(session, one, JOIN, {"other": str(main.id), "note": text}, actor, now)
    _note(session, main, TAKE_IN, {"other": str(one.id), "note": text}, actor, now)
    why = f"并案办理：{text}"
    return halting.suspend(session, instance_id=one.id, reason=why, due=halting.SHIFT, actor=actor, now=now)


@known_only
def part(session: Session, *, instance_id: UUID | str, reason: str, actor: Actor, now: datetime) -> Instance:
    """拆出: a case that was joined to another goes on by itself, from where it stood. For the Talent Office.

    Raises Conflict where it is not joined to any, or has ended with it.
    """
    access.require_manage(actor)
    found = into_of(session, [as_uuid(instance_id, NO_CASE)])
    main_id = next(iter(found.values()), None)
    if main_id is None:
        raise Conflict("本事项没有并入别的事项，或已经拆出，请刷新后查看")
    main, one = lock(session, main_id), lock(session, next(iter(found)))
    text = required_text(reason, "reason", "拆出理由", longest=500)
    if one.status != SUSPENDED:
        raise Conflict("本事项已随主办的事项办结，不能拆出")
    _drop(session, one, main)
    _note(session, one, PART, {"other": str(main.id), "reason": text}, actor, now)
    _note(session, main, LET_OUT, {"other": str(one.id), "reason": text}, actor, now)
    return halting.resume(session, instance_id=one.id, reason=f"拆出另行办理：{text}", actor=actor, now=now)


def _two(
    session: Session, instance_id: UUID | str, other_id: UUID | str, actor: Actor, *, main_first: bool = False
) -> tuple[Instance, Instance]:
    """Both cases, locked: the main one first, as whoever ends it does, else in the order of their ids.

    Raises NotFound where the actor may not see either of them, Invalid where they are one.
    """
    keys = [as_uuid(instance_id, NO_CASE), as_uuid(other_id, NO_CASE)]
    for key in keys:
        visibility.visible_instance(session, key, actor)
    if keys[0] == keys[1]:
        raise Invalid("不能与本事项自己关联", [Finding("/other", "请选择另一件事项")])
    order = [keys[1], keys[0]] if main_first else sorted(keys)
    held = {key: lock(session, key) for key in order}
    return held[keys[0]], held[keys[1]]


def _require_joinable(session: Session, one: Instance, main: Instance) -> None:
    for case in (one, main):
        if visibility.is_round(case) or case.process != one.process:
            raise Conflict("只有同一种流程的事项可以并案")
    require_running(one)
    if main.status != RUNNING:
        raise Conflict("要并入的事项不在办理中，不能并案；请选择正在办理的事项")
    kinds = {row.kind for row in links_of(session, [one.id])}
    if HOLDS in kinds:
        raise Conflict("已有事项并入本事项，本事项不能再并入别的事项；请先拆出")


def _rows(session: Session, one: UUID, other: UUID) -> list[CaseLink]:
    query = select(CaseLink).where(CaseLink.instance_id == one, CaseLink.other_id == other)
    return list(session.scalars(query))


def _add(session: Session, mine: Instance, its: Instance, kind: str, note: str, actor: Actor, now: datetime) -> None:
    row = CaseLink(instance_id=mine.id, other_id=its.id, kind=kind, note=note, made_by=actor.username, made_at=now)
    session.add(row)


def _drop(session: Session, one: Instance, other: Instance) -> None:
    pairs = ((one.id, other.id), (other.id, one.id))
    for mine, its in pairs:
        session.execute(delete(CaseLink).where(CaseLink.instance_id == mine, CaseLink.other_id == its))


def _note(
    session: Session, instance: Instance, kind: str, data: dict[str, object], actor: Actor, now: datetime
) -> None:
    record(session, instance, kind=kind, actor=actor, now=now, data=data)
    session.flush()
