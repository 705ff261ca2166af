"""Outcomes of the opinions of a contact: answered, noted, or made a need. The journal is that of the contact."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.contacts import rules
from service.contacts.access import acting_on_leader, visible
from service.contacts.edits import opinion_edits
from service.contacts.fields import ANSWER
from service.contacts.models import Contact, Opinion
from service.errors import Conflict, NotFound
from service.fields import Checks, held, take
from service.history import require_version
from service.history.records import record
from service.ids import as_id
from service.rights import Actor


def answer_opinion(
    session: Session,
    *,
    opinion_id: UUID | str,
    status: str,
    answer: str | None = None,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Opinion:
    """Says what became of an opinion that needs no case: ``answered`` with the ``answer``, or ``noted`` (R2).

    Raises ``Stale`` where somebody said otherwise since ``version`` was read.
    """
    opinion, contact = _locked_opinion(session, opinion_id, actor)
    entering = acting_on_leader(session, actor, "record_contacts", contact.leader, now)
    checks = Checks()
    said: dict[str, Any] = take(ANSWER, {"status": status, "answer": answer}, checks)
    if said["status"] == rules.ANSWERED and said["answer"] is None:
        checks.refuse("/answer", "答复内容不能为空")
    checks.done()
    if opinion.status == rules.NEED:
        raise Conflict("该意见建议已转为需求，处理结果见需求台账")
    require_version(session, opinion_edits(opinion), version)
    before = held(opinion, ANSWER)
    opinion.status, opinion.answer, opinion.updated_at = said["status"], said["answer"], now
    session.flush()
    data = {"opinion_id": opinion.id, **said, "before": before}
    record(session, f"contact:{contact.id}", "opinion_answered", data, actor=entering, now=now)
    return opinion


def link_opinion(
    session: Session, *, opinion_id: UUID | str, instance_id: UUID, actor: Actor, now: datetime
) -> Opinion:
    """Notes that an opinion has become the need ``instance_id`` (C2). Raises ``Conflict`` where it is another's."""
    opinion, contact = _locked_opinion(session, opinion_id, actor)
    entering = acting_on_leader(session, actor, "record_contacts", contact.leader, now)
    if opinion.instance_id == instance_id:
        return opinion
    if opinion.instance_id is not None:
        raise Conflict("该意见建议已转为另一件需求，请勿重复登记")
    if contact.withdrawn_at is not None:
        raise Conflict("该意见建议所在的联系记录已撤回，不能转为需求")
    opinion.status, opinion.instance_id, opinion.updated_at = rules.NEED, instance_id, now
    session.flush()
    data = {"opinion_id": opinion.id, "instance_id": instance_id}
    record(session, f"contact:{contact.id}", "opinion_linked", data, actor=entering, now=now)
    return opinion


def _locked_opinion(session: Session, opinion_id: UUID | str, actor: Actor) -> tuple[Opinion, Contact]:
    """The opinion with its contact, for who may see it: to all others it is as unknown as one that is not there."""
    key = as_id(opinion_id)
    seen = select(Contact.id).where(visible(session, actor))
    query = select(Opinion).where(Opinion.id == key, Opinion.contact_id.in_(seen)).with_for_update(of=Opinion)
    found = session.scalar(query.execution_options(populate_existing=True)) if key is not None else None
    contact = session.get(Contact, found.contact_id) if found is not None else None
    if found is None or contact is None:
        raise NotFound("没有这条意见建议，或您无权查看")
    return found, contact
