"""Incidents: opened by what failed, closed by people or when the reason is gone; each has a journal of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import ids
from service.history import confirmed
from service.history.records import record
from service.processes.models import Incident
from service.rights import SYSTEM, Actor

OPENED, CLOSED, CLOCK = confirmed.OPENED, confirmed.CLOSED, confirmed.CLOCK
LONGEST = 2000
WORDS: Mapping[str, str] = {
    CLOCK: "服务器时钟跳变",
    "calendar": "工作日历重算",
    "daily": "每日工作",
    "mail": "发信",
    "notice": "提醒",
    "schedule": "定时开始",
    "standstill": "事项停住",
    "timer": "定时失败",
    "unmanned": "步骤无人办理",
    "verify": "核验发现不符",
}
"""Kind of incident → how people call it."""


def stream_of(incident_id: UUID) -> str:
    """The journal stream of an incident."""
    return f"incident:{incident_id}"


def open_incident(
    session: Session,
    *,
    kind: str,
    message: str,
    now: datetime,
    instance_id: UUID | None = None,
    timer_id: UUID | None = None,
    event_id: int | None = None,
) -> Incident:
    """Something failed that people must look at; ``message`` is cut to ``LONGEST`` characters."""
    told = {"kind": kind, "instance_id": instance_id, "timer_id": timer_id, "event_id": event_id}
    incident = Incident(id=ids.new(), message=message[:LONGEST], happened_at=now, **told)
    session.add(incident)
    said = {**told, "message": incident.message}
    record(session, stream_of(incident.id), OPENED, said, actor=SYSTEM, now=now)
    return incident


def incidents_of(session: Session, kind: str, case: UUID | None = None) -> list[Incident]:
    """The incidents of a kind (about a ``case``) that wait for a person; one statement."""
    wanted = select(Incident).where(Incident.kind == kind, Incident.resolved_at.is_(None))
    return list(session.scalars(wanted if case is None else wanted.where(Incident.instance_id == case)))


def close_incident(session: Session, incident: Incident, *, actor: Actor, now: datetime) -> None:
    """The incident is over: tried again by ``actor``, or its reason is gone (the system)."""
    incident.resolved_at, incident.resolved_by = now, actor.username
    record(session, stream_of(incident.id), CLOSED, {}, actor=actor, now=now)
