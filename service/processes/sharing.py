"""Talk about a case beside its steps, and showing it to others: remarks (沟通) and copies (抄送)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from service import history, ids
from service.auth.queries import actor_of, usable_name
from service.auth.rules import normal_name
from service.errors import Conflict, Finding, Invalid, NotAllowed, NotFound
from service.processes import visibility
from service.processes.commands import as_uuid, locked_instance
from service.processes.free_text import optional_text, required_text
from service.processes.models import CopyTo, Instance, UserTask
from service.processes.operations import NOBODY, notify
from service.processes.recording import record
from service.processes.rules import NO_CASE, NO_TASK
from service.processes.visibility import known_only
from service.processes.wiring import wiring
from service.rights import TALENT_OFFICE, Actor


@known_only
def comment(
    session: Session,
    *,
    instance_id: UUID | str,
    text: str,
    actor: Actor,
    now: datetime,
    task_id: UUID | str | None = None,
    mention: Sequence[str] = (),
) -> history.Happened:
    """沟通: a remark on a case; ``@user`` in it notifies that user. For whoever sees the case, but not to audit it.

    The accounts of ``mention`` are added as if they had been written; the limit of the text does not count them.
    """
    found = visibility.visible_instance(session, as_uuid(instance_id, NO_CASE), actor)
    visibility.require_voice(session, found, actor)
    instance = locked_instance(session, found.id)
    said = " ".join([required_text(text, "text", "意见"), *(f"@{name}" for name in mention)])
    mentioned = _mentioned(session, said)
    data: dict[str, object] = {"text": said, "mentions": mentioned}
    task = None
    if task_id is not None:
        task = session.get(UserTask, as_uuid(task_id, NO_TASK))
        if task is None or task.instance_id != instance.id or not visibility.sees_task(session, task, actor):
            raise NotFound(NO_TASK)
        data |= {"step": task.task, "name": task.name}
    event = record(
        session, instance, kind="commented", actor=actor, now=now, task=str(task.id) if task else None, data=data
    )
    if mentioned:
        notify(session, instance, "mentioned", actor=actor, now=now, task=task, usernames=mentioned, text=said)
    return event


@known_only
def copy(
    session: Session, *, instance_id: UUID | str, to: list[str], actor: Actor, now: datetime, note: str = ""
) -> list[CopyTo]:
    """抄送: shows a case to others (user names) for information, until it is withdrawn.

    For who has or had a part in the case. To accounts in use that hold a role today and may know of the case's talent.
    """
    shown = visibility.visible_instance(session, as_uuid(instance_id, NO_CASE), actor)
    visibility.require_handling(session, shown, actor)
    instance = locked_instance(session, shown.id)
    if not 1 <= len(to) <= 50:
        raise Invalid("请选择抄送对象", [Finding("/to", "请选择 1 至 50 位抄送对象")])
    said = optional_text(note, "note", "抄送说明", longest=500)
    names = _readers(session, instance, to)
    known = {row.username: row for row in session.scalars(select(CopyTo).where(CopyTo.instance_id == instance.id))}
    rows = []
    for name in names:
        row = known.get(name)
        if row is None:
            row = CopyTo(id=ids.new(), instance_id=instance.id, username=name, sent_by=actor.username, sent_at=now)
            session.add(row)
        rows.append(row)
    record(session, instance, kind="copied", actor=actor, now=now, data={"to": sorted(names), "note": said})
    fresh = sorted(set(names) - set(known))
    if fresh:
        notify(session, instance, "copied", actor=actor, now=now, usernames=fresh, text=said)
    session.flush()
    return rows


@known_only
def withdraw_copy(session: Session, *, instance_id: UUID | str, username: str, actor: Actor, now: datetime) -> None:
    """撤回抄送: from now on ``username`` sees the case by other rights only. For its sender and the Talent Office.

    Raises Conflict where the case is not copied to that user (any longer).
    """
    shown = visibility.visible_instance(session, as_uuid(instance_id, NO_CASE), actor)
    instance = locked_instance(session, shown.id)
    mine = (CopyTo.instance_id == instance.id) & (CopyTo.username == normal_name(username))
    row = session.scalar(select(CopyTo).where(mine))
    if row is None:
        raise Conflict("本事项没有抄送给该人员，或已经撤回，请刷新后查看")
    if not may_withdraw_copy(row, actor):
        raise NotAllowed("只有抄送人和区人才办可以撤回抄送")
    session.delete(row)
    record(session, instance, kind="copy_withdrawn", actor=actor, now=now, data={"to": [row.username]})
    session.flush()


def may_withdraw_copy(row: CopyTo, actor: Actor) -> bool:
    """Whether ``withdraw_copy`` is for the actor: who sent it, and the Talent Office."""
    return row.sent_by == actor.username or actor.has_role(TALENT_OFFICE)


def has_unread_copy(session: Session, instance_id: UUID, actor: Actor) -> bool:
    """Whether the case was copied to the actor, who has not opened it yet; one statement."""
    mine = (CopyTo.instance_id == instance_id) & (CopyTo.username == actor.username)
    return session.scalar(select(exists().where(mine, CopyTo.read_at.is_(None)))) or False


def mark_copy_read(session: Session, *, instance_id: UUID, actor: Actor, now: datetime) -> None:
    """Notes, once, that the actor has opened a case that was copied to them."""
    instance = locked_instance(session, instance_id)
    row = session.scalar(select(CopyTo).where(CopyTo.instance_id == instance.id, CopyTo.username == actor.username))
    if row is not None and row.read_at is None:
        row.read_at = now
        record(session, instance, kind="copy_read", actor=actor, now=now, data={})
        session.flush()


def note_printed(
    session: Session,
    *,
    instance_id: UUID,
    paper: str,
    name: str,
    sha256: str,
    at: int | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Notes that a paper of a case was printed: which (its template), its file's name and SHA-256, and the entry of the
    journal as of which it stood (None: as the case stands)."""
    instance = locked_instance(session, instance_id)
    data = {"paper": paper, "name": name, "sha256": sha256, "as_of": at}
    record(session, instance, kind="printed", actor=actor, now=now, data=data)
    session.flush()


def _mentioned(session: Session, text: str) -> list[str]:
    """The accounts that ``text`` names as ``@user``; between Chinese characters nobody puts a blank around it.

    A person who may not see the case when the notice is delivered is told nothing.
    """
    names = sorted(set(_MENTION.findall(text)))[:20]
    found = (usable_name(session, name) or usable_name(session, name.rstrip("._-")) for name in names)
    return sorted({name for name in found if name is not None})


_MENTION = re.compile(r"(?<![A-Za-z0-9._-])@([A-Za-z][A-Za-z0-9._-]*)")


def _readers(session: Session, instance: Instance, to: list[str]) -> list[str]:
    """The accounts that ``to`` names, each once. Raises Invalid at each that the case may not be copied to."""
    found = [usable_name(session, name) for name in to]
    names = list(dict.fromkeys(name for name in found if name is not None))
    actors = {name: actor_of(session, name) for name in names}
    plan, wrong = wiring(session), []
    for position, name in enumerate(found):
        if name is None:
            wrong.append(Finding(f"/to/{position}", NOBODY))
        elif not actors[name].roles:
            wrong.append(Finding(f"/to/{position}", f"{actors[name].name} 目前没有任何角色，不能抄送，请选择其他人员"))
        elif instance.talent_id and not plan.shown(session, "talents", instance.talent_id, actors[name]):
            wrong.append(Finding(f"/to/{position}", f"{actors[name].name} 不能查看这位人才的信息，不能抄送"))
    if wrong:
        raise Invalid("抄送对象有误", wrong)
    return names


def received(session: Session, instance_ids: Collection[UUID], actor: Actor) -> dict[UUID, CopyTo]:
    """Case → the copy of it that the actor got; one statement."""
    query = select(CopyTo).where(CopyTo.username == actor.username, CopyTo.instance_id.in_(instance_ids))
    return {copy.instance_id: copy for copy in session.scalars(query)}
