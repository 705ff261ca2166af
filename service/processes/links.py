"""The cases that belong to a case, whoever asks: which of them a reader may know of is asked where they are shown."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from service.errors import Conflict
from service.processes.case_link import HOLDS, INTO, CaseLink
from service.processes.models import Instance


def links_of(session: Session, instance_ids: Collection[UUID]) -> list[CaseLink]:
    """The links of cases, in the order in which they were made; one statement."""
    query = select(CaseLink).where(CaseLink.instance_id.in_(instance_ids))
    return list(session.scalars(query.order_by(CaseLink.made_at, CaseLink.other_id))) if instance_ids else []


def into_of(session: Session, instance_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Case → the one within which it is handled (并案); one statement."""
    query = select(CaseLink.instance_id, CaseLink.other_id).where(
        CaseLink.instance_id.in_(instance_ids), CaseLink.kind == INTO
    )
    return {row.instance_id: row.other_id for row in session.execute(query)} if instance_ids else {}


def require_apart(session: Session, instance: Instance) -> None:
    """Raises Conflict where the case is handled within another."""
    if into_of(session, [instance.id]):
        raise Conflict("本事项已并入别的事项办理，不能单独恢复；需要另行办理的，请先拆出")


def require_alone(session: Session, instance: Instance) -> None:
    """Raises Conflict where cases have ended with this one: what ended it is not undone behind their backs."""
    ended = (CaseLink.instance_id == instance.id) & (CaseLink.kind == HOLDS)
    with_it = select(exists().where(ended, Instance.id == CaseLink.other_id, Instance.ended_at == instance.ended_at))
    if instance.ended_at is not None and session.scalar(with_it):
        raise Conflict("并入本事项的需求已随之办结，不能撤回；需要继续办理的，请重新登记并与本事项关联")
