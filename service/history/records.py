"""How a command on a record enters the journal, and what it owes to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service.history.journal import append
from service.history.notices import NOTICE, Goal, Notice
from service.history.telling import Happened
from service.rights import LEADER, Actor


def record(
    session: Session,
    stream: str,
    kind: str,
    data: Mapping[str, object],
    *,
    actor: Actor,
    now: datetime,
    task: UUID | None = None,
) -> Happened:
    """Appends what ``actor`` did to ``stream`` (``task``: to what was handed in with that step); dates and ids in
    ``data`` become text. Gives the entry."""
    return append(
        session,
        stream=stream,
        kind=kind,
        actor=actor.username,
        on_behalf_of=actor.on_behalf_of,
        at=now,
        task=str(task) if task is not None else None,
        data=as_json(data),
    )


def owe_notice(
    session: Session,
    stream: str,
    template: str,
    *,
    title: str,
    text: str,
    role: str | None = None,
    unit: str | None = None,
    leader: UUID | None = None,
    usernames: Iterable[str] | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Owes people word of a record: the journal is the outbox, the worker delivers after commit, in office hours.

    ``stream`` is the record's (``brief:<id>``, ``talent:<id>`` …): the inbox leads to its page. ``template`` is one of
    ``config.notifications.KINDS``, filled in with ``title`` and ``text``. To the accounts of ``usernames``, or to who
    holds the post ``leader`` (its id), or to all who hold ``role`` (of ``unit``), as of the day of delivery.
    """
    names = None if usernames is None else tuple(sorted(usernames))
    to = Goal(names, role, unit) if leader is None else Goal(names, role or LEADER, unit, str(leader))
    record(session, stream, NOTICE, Notice(template, to, title=title, text=text).data(), actor=actor, now=now)


def as_json(data: Mapping[str, object]) -> dict[str, object]:
    """``data`` with its dates and ids as text, as the journal keeps it."""
    return {key: _json(value) for key, value in data.items()}


def difference(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """The changes of an update: field → ``[old, new]``; fields that stay are left out."""
    return {key: [_json(before[key]), _json(after[key])] for key in after if before[key] != after[key]}


def _json(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
