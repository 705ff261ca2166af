"""Wake-ups: due timers are claimed by locking their instance, fired one transaction each, retried with back-off."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased

from service import engine, history
from service.db import UtcDateTime
from service.db.by_hand import Rows
from service.errors import Conflict, NotFound
from service.processes import schedules
from service.processes.advance import advance, lock
from service.processes.at_hand import at_hand
from service.processes.calendars import store
from service.processes.incidents import close_incident, open_incident
from service.processes.models import FIRED, RUNNING, SUSPENDED, WAITING, Incident, Instance, Schedule, Timer
from service.processes.operations import notify
from service.processes.recording import Input, record
from service.processes.recount import recount
from service.rights import SYSTEM, Actor, require
from service.workdays import Calendar

MAX_ATTEMPTS = 5
TIMER_FAILED = "timer_failed"
"""The kind of the note that a wake-up failed and when it is tried again."""
FIRST_WAIT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Share:
    """One worker's part of the cases: those whose number leaves ``place`` when it is divided by ``of`` workers.

    A custom, no lock: whoever fires a timer of another's part does no harm, and who dies leaves nothing behind.
    """

    place: int = 0
    of: int = 1

    def holds(self, case: UUID) -> bool:
        """Whether the case with this id is of the part."""
        return case.int % self.of == self.place


ALL = Share()
HELPED = 10
"""So few timers a worker takes at once of the parts of others, when its own has none that are due."""


def due_timers(session: Session, *, now: datetime, limit: int = 100, share: Share = ALL) -> list[UUID]:
    """Ids of waiting timers of running instances that are due and not given up, the oldest first.

    Those of ``share``; where it has none among the oldest, ``HELPED`` of the others' from the far end, which their own
    worker reaches last. One statement.
    """
    found = session.execute(
        select(Timer.id, Timer.instance_id)
        .join(Instance, Instance.id == Timer.instance_id)
        .where(
            Timer.status == WAITING,
            Timer.due_at <= now,
            Timer.attempts < MAX_ATTEMPTS,
            Instance.status == RUNNING,
        )
        .order_by(Timer.due_at, Timer.id)
        .limit(limit * share.of)
    ).all()
    own = [timer for timer, case in found if share.holds(case)]
    if own:
        return own[:limit]
    last = max(0, len(found) - share.place * HELPED)
    others = found[max(0, last - HELPED) : last] or found[:HELPED]
    return [timer for timer, _ in others]


def fire(session: Session, *, timer_id: UUID, now: datetime) -> bool:
    """Fires a due timer. False when another worker holds its instance, or it is no longer due.

    The instance is locked before the timer, as every command does, so workers and people never wait in a ring.
    """
    instance = _LOCKED_BY_TIMER.first(session, {"timer": timer_id})
    found = _WITH_LATER.beside(session, {"timer": timer_id, "now": now}) if instance is not None else None
    if instance is None or found is None:
        return False
    at_hand(session, instance)
    timer, (overtaken,) = found
    if timer.status != WAITING or timer.due_at > now:
        return False
    timer.status = FIRED
    said: dict[str, object] = {
        "timer": str(timer.id),
        "event": timer.event,
        "name": timer.name,
        "process": timer.process,
    }
    if overtaken:
        said["overtaken"] = True
    advance(
        session,
        instance,
        Input("timer_fired", said, str(timer.task_id) if timer.task_id else None),
        lambda program, context: engine.fire_timer(program.program, instance.state, str(timer_id), context),
        actor=SYSTEM,
        now=now,
    )
    return True


_LOCKED_BY_TIMER = Rows(
    Instance,
    lambda cases: cases.where(
        Instance.id == select(Timer.instance_id).where(Timer.id == bindparam("timer")).scalar_subquery(),
        Instance.status == RUNNING,
    ).with_for_update(of=Instance, skip_locked=True),
    fresh=True,
)
_LATER = aliased(Timer)
# A timer, and whether the moment of a later one of the same task has passed, too: the task was done meanwhile and taken
# back, or nobody was at work here.
_WITH_LATER = Rows(
    Timer,
    lambda timers: timers.add_columns(
        exists().where(
            _LATER.task_id == Timer.task_id,
            _LATER.status.in_((WAITING, FIRED)),
            _LATER.fire_at > Timer.fire_at,
            _LATER.fire_at <= bindparam("now", type_=UtcDateTime),
        )
    ).where(Timer.id == bindparam("timer")),
    fresh=True,
)


def failed(session: Session, *, timer_id: UUID, error: str, now: datetime) -> None:
    """A wake-up failed (its transaction is gone): later again, after ``MAX_ATTEMPTS`` an incident that people see.

    Two workers that failed at the same wake-up count once. The instance is locked first, as every command does.
    """
    instance = lock(session, session.get_one(Timer, timer_id).instance_id)
    timer = session.get_one(Timer, timer_id, populate_existing=True)
    if timer.status != WAITING or timer.due_at > now:
        return
    timer.attempts += 1
    timer.due_at = now + FIRST_WAIT * 2 ** (timer.attempts - 1)
    said = {"timer": str(timer.id), "attempts": timer.attempts, "due_at": timer.due_at.isoformat()}
    record(session, instance, kind=TIMER_FAILED, actor=SYSTEM, now=now, data=said)
    if timer.attempts >= MAX_ATTEMPTS:
        open_incident(
            session,
            kind="timer",
            instance_id=timer.instance_id,
            timer_id=timer.id,
            message=f"定时「{timer.name}」连续 {timer.attempts} 次执行失败：{error}",
            now=now,
        )
        notify(session, instance, "incident", actor=SYSTEM, now=now, role="admin", text=f"定时「{timer.name}」执行失败")
    session.flush()


def open_incidents(session: Session, *, less: Collection[str] = ()) -> list[Incident]:
    """Incidents that nobody has resolved, ``less`` those of some kinds, the newest first."""
    wanted = select(Incident).where(Incident.resolved_at.is_(None), Incident.kind.not_in(less))
    return list(session.scalars(wanted.order_by(Incident.happened_at.desc())))


def count_open_incidents(session: Session, kind: str | None = None) -> int:
    """How many incidents (of a ``kind``) wait for a person; one statement."""
    query = select(func.count()).select_from(Incident).where(Incident.resolved_at.is_(None))
    return session.scalar(query if kind is None else query.where(Incident.kind == kind)) or 0


def retry(session: Session, *, incident_id: UUID, actor: Actor, now: datetime) -> Incident:
    """Resolves an incident by trying again at once (the retry button). Raises NotFound, Conflict, NotAllowed."""
    require(actor, "retry_incidents")
    incident = session.get(Incident, incident_id)
    if incident is None:
        raise NotFound("没有这个异常记录")
    if incident.resolved_at is not None:
        raise Conflict("该异常已经处理过")
    if incident.instance_id is not None:
        case = lock(session, incident.instance_id)
        told = {"what": incident.message}
        told |= {"timer": str(incident.timer_id)} if incident.timer_id is not None else {}
        record(session, case, kind="incident_retried", actor=actor, now=now, data=told)
    close_incident(session, incident, actor=actor, now=now)
    if incident.timer_id is not None:
        timer = session.get_one(Timer, incident.timer_id)
        timer.attempts, timer.due_at = 0, now
    for schedule in session.scalars(select(Schedule).where(Schedule.incident_id == incident.id).with_for_update()):
        schedule.attempts, schedule.next_at, schedule.incident_id = 0, now, None
        schedules.journal(session, schedule, schedules.RETRIED, actor=actor, now=now)
    if incident.event_id is not None:
        history.revive(session, event_id=incident.event_id, now=now)
    session.flush()
    return incident


def put_in_force(session: Session, *, calendar: Calendar, source: str, actor: Actor, now: datetime) -> None:
    """Puts ``calendar`` in force: all that is counted from now on is counted with it. ``source`` names the notice."""
    version = store(session, calendar, source=source, by=actor.username, now=now)
    history.append(
        session,
        stream="calendar",
        kind="calendar_loaded",
        actor=actor.username,
        on_behalf_of=actor.on_behalf_of,
        at=now,
        data={"digest": version.digest, "source": source},
    )


def open_cases(session: Session, *, after: UUID | None = None, limit: int | None = None) -> list[UUID]:
    """The ids of the cases that have not ended, in their order, those behind ``after``."""
    query = select(Instance.id).where(Instance.status.in_((RUNNING, SUSPENDED))).order_by(Instance.id)
    query = query if after is None else query.where(Instance.id > after)
    return list(session.scalars(query if limit is None else query.limit(limit)))


def count_open_cases(session: Session) -> int:
    """How many cases have not ended."""
    return session.scalar(select(func.count()).where(Instance.status.in_((RUNNING, SUSPENDED)))) or 0


def load_calendar(session: Session, *, calendar: Calendar, source: str, actor: Actor, now: datetime) -> int:
    """Puts ``calendar`` in force and recomputes what is unanswered; gives how many instances changed (CLOCK)."""
    put_in_force(session, calendar=calendar, source=source, actor=actor, now=now)
    return recompute(session, calendar=calendar, source=source, actor=actor, now=now)


def recompute(session: Session, *, calendar: Calendar, source: str, actor: Actor, now: datetime) -> int:
    """Counts the due dates and timers of all that is unanswered anew; gives how many instances changed (CLOCK).

    Each changed instance gets an event with old and new dates. Doing it again changes nothing, except in a case that
    began with the old calendar while the new one was loaded.
    """
    return sum(
        recount(session, lock(session, one), calendar=calendar, source=source, actor=actor, now=now)
        for one in open_cases(session)
    )
