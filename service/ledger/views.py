"""Saved views of the ledger: questions that are asked often, as tabs with how many cases each finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from service import ids
from service.errors import Conflict, NotAllowed, NotFound
from service.fields import Checks, take
from service.history.records import record
from service.ledger.fields import VIEW, VIEW_DROPPED, VIEW_SAVED
from service.ledger.models import LedgerView
from service.rights import Actor, may

MOST = 12
"""Views of one person, and views that all share."""
SHARING = "operate_cases"
"""The right to make views for everybody."""


def views_of(session: Session, actor: Actor) -> Sequence[LedgerView]:
    """The views that somebody has: those that all share, then the own ones, by name; one statement."""
    query = select(LedgerView).where(or_(LedgerView.shared, LedgerView.owner == actor.username))
    return session.scalars(query.order_by(LedgerView.shared.desc(), LedgerView.name, LedgerView.id)).all()


def save_view(session: Session, *, values: Mapping[str, object], query: str, actor: Actor, now: datetime) -> LedgerView:
    """Keeps the question ``query`` under a name; a view of that name is asked otherwise from now on.

    Raises Invalid, NotAllowed (who may not share), Conflict (too many).
    """
    checks = Checks()
    said = take(VIEW, values, checks)
    checks.done()
    name, shared = str(said["name"]), bool(said["shared"])
    if shared and not may(actor, SHARING):
        raise NotAllowed("全员共用的视图由区人才办维护，您可以保存为自己的视图")
    mine = LedgerView.shared if shared else (LedgerView.owner == actor.username) & ~LedgerView.shared
    there = session.scalars(select(LedgerView).where(mine).with_for_update()).all()
    view = next((one for one in there if one.name == name), None)
    if view is None:
        if len(there) >= MOST:
            raise Conflict(f"最多保存 {MOST} 个视图，请先删去不用的")
        view = LedgerView(id=ids.new(), owner=actor.username, shared=shared, name=name)
        session.add(view)
    view.owner, view.query, view.saved_at = actor.username, query, now
    session.flush()
    data = {"owner": view.owner, "shared": shared, "name": name, "query": query}
    record(session, f"ledger_view:{view.id}", VIEW_SAVED, data, actor=actor, now=now)
    return view


def drop_view(session: Session, *, view_id: UUID, actor: Actor, now: datetime) -> str:
    """Removes a view; gives its name. Raises NotFound, also for another's, NotAllowed."""
    view = session.get(LedgerView, view_id)
    if view is None or not (view.shared or view.owner == actor.username):
        raise NotFound("没有这个视图，可能已被删除")
    if view.shared and not may(actor, SHARING):
        raise NotAllowed("全员共用的视图由区人才办维护")
    name = view.name
    session.execute(delete(LedgerView).where(LedgerView.id == view_id))
    session.expunge(view)
    record(session, f"ledger_view:{view_id}", VIEW_DROPPED, {"name": name}, actor=actor, now=now)
    return name
