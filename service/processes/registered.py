"""Needs by who registered them, in which time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import Session

from service import clock
from service.db.lists import Page, page_of_ids
from service.db.stretches import first_moment
from service.processes.models import Instance
from service.processes.queries import instances_by_id
from service.processes.rules import NEED
from service.processes.visibility import visible_clause
from service.rights import Actor


def registered(
    session: Session,
    actor: Actor,
    by: Iterable[tuple[str, datetime, datetime | None]],
    since: date | None = None,
    until: date | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Page[Instance]:
    """The needs that the actor may see and that one of ``by`` registered, the newest first: three statements.

    ``by`` are accounts, each from one moment to another (None: until now); the period is that of the registration.
    """
    ways = [
        and_(
            Instance.initiator == username,
            Instance.started_at >= begins,
            *([Instance.started_at < ends] if ends is not None else []),
        )
        for username, begins, ends in by
    ]
    query = select(Instance.id).where(Instance.process == NEED, or_(false(), *ways), visible_clause(session, actor))
    if since is not None:
        query = query.where(Instance.started_at >= first_moment(since))
    if until is not None:
        query = query.where(Instance.started_at < clock.end_of(until))
    newest = query.order_by(Instance.started_at.desc(), Instance.id.desc())
    found = page_of_ids(session, newest, limit=limit, offset=offset)
    rows = instances_by_id(session, found.items)
    return Page(tuple(rows[one] for one in found.items), found.total, found.limit, found.offset, found.more)
