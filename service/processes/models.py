"""The tables of definitions, instances and what is projected from their journals.

Everything but definitions can be rebuilt from the journal: instances' states, user tasks, timers.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Json, UtcDateTime
from service.db.by_hand import write_by_hand
from service.processes.register_models import BigId
from service.processes.register_models import CalendarVersion as CalendarVersion
from service.processes.register_models import CopyTo as CopyTo
from service.processes.register_models import Counter as Counter

RUNNING, SUSPENDED, COMPLETED, TERMINATED = "running", "suspended", "completed", "terminated"
OPEN, DONE, CANCELLED = "open", "completed", "cancelled"
WAITING, FIRED = "waiting", "fired"
AS_ENTERED = 1
"""The revision of a task that has not changed since it was entered: it was never done before, nor claimed."""
RUN_ANSWERED, RUN_HANDED_BACK, RUN_RETURNED, RUN_CANCELLED = "answered", "handed_back", "returned", "cancelled"
RUN_MOVED, RUN_SUSPENDED = "moved", "suspended"
_INTERIM = text("task = 'confirm_interim'")


def _only(rows: str) -> dict[str, Any]:
    """Makes an index that has but these rows."""
    return {"sqlite_where": text(rows), "postgresql_where": text(rows)}


class Definition(Base):
    """Version ``version`` of process ``key``: the bundle with this digest, which an older version may have too.

    ``note`` says why it was deployed, ``approved_by`` who was the second person, where one is asked for. ``prints`` is
    the digest of the templates of the house that its cases print with; None where they print with none. ``restores``
    is the earlier version whose content it is once more; ``walk`` how its content stood with the walk (走查) when it
    was published from a draft (``usecases.walks``).
    """

    __tablename__ = "definition"
    __table_args__ = (UniqueConstraint("key", "version"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(200))
    deployed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deployed_by: Mapped[str] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(Text)
    approved_by: Mapped[str | None] = mapped_column(String(64))
    prints: Mapped[str | None] = mapped_column(String(64))
    restores: Mapped[int | None]
    walk: Mapped[str | None] = mapped_column(String(16))


class DefinitionPicture(Base):
    """A newer drawing of a version: the bundle with ``digest`` says the same and is only laid out otherwise.

    Cases run, and are replayed, on the version's own digest; the picture with the highest ``number`` is shown.
    """

    __tablename__ = "definition_picture"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    deployed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deployed_by: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)


class DefinitionFile(Base):
    """One file of a bundle, by the bundle's digest."""

    __tablename__ = "definition_file"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


_GOING, _UNTITLED = text("until_on IS NULL AND void_on IS NULL"), text("title = ''")
_SUSPENDED = text("status = 'suspended'")
_PLACE, _AGAIN = ("instance_id", "process", "task", "scope"), text("round > 1")
_VISIT = (*_PLACE, "entered_seq", "completed_seq", "status", "due_on")


class Instance(Base):
    """One run of a process. ``state`` is the engine's, without spec; ``data`` the latest of what forms said."""

    __tablename__ = "instance"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'suspended', 'completed', 'terminated')", name="status"),
        Index("ix_instance_process_status", "process", "status"),
        Index("ix_instance_process_started_at", "process", "started_at"),
        Index("ix_instance_suspended", "id", sqlite_where=_SUSPENDED, postgresql_where=_SUSPENDED),
        Index("ix_instance_untitled", "id", sqlite_where=_UNTITLED, postgresql_where=_UNTITLED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    process: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64), index=True)
    status: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str | None] = mapped_column(String(16))
    number: Mapped[str | None] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(Text)
    search_key: Mapped[str] = mapped_column(Text)
    talent_id: Mapped[str | None] = mapped_column(String(32), index=True)
    leader_id: Mapped[str | None] = mapped_column(String(64), index=True)
    initiator: Mapped[str] = mapped_column(String(64), index=True)
    initiator_unit: Mapped[str | None] = mapped_column(String(32), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end: Mapped[str | None] = mapped_column(String(64))
    end_name: Mapped[str | None] = mapped_column(String(100))
    urges: Mapped[int] = mapped_column(default=0)
    lying: Mapped[bool | None] = mapped_column(default=False, index=True)
    """Whether a part of it lies for ever, whatever else goes on (``engine.lying``). None between an upgrade's change of
    the schema and ``backfill.fill_lying``."""
    about_id: Mapped[str | None] = mapped_column(String(64), index=True)
    """The id of the case or brief that the case is about (批示); forms say it (``rules.ABOUT_RECORD``)."""
    # Last, because SQLite reads a row from its beginning: whoever filters cases must not read through their states.
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    frame: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(Text)


class UserTask(Base):
    """A step that a person must do, or did. Lateness is frozen when it is done (CLOCK)."""

    __tablename__ = "user_task"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'completed', 'cancelled')", name="status"),
        # With the status in it, SQLite, which counts no values, looks for a case's open tasks not among all open ones.
        Index("ix_user_task_instance_id_status", "instance_id", "status"),
        Index("ix_user_task_interim", "instance_id", "scope", sqlite_where=_INTERIM, postgresql_where=_INTERIM),
        # The cases of a unit (in every ledger that a unit sees) are found without reading a task.
        Index("ix_user_task_unit_role_instance_id", "unit", "role", "instance_id"),
        # The board counts all open tasks without reading one.
        Index(
            "ix_user_task_board",
            *("status", "unit", "role", "process", "stage", "due_on", "warn_on", "paused"),
            **_only("status = 'open'"),
        ),
        # Whose open tasks are, how many, how late, is told without reading one; SQLite wants their status in it.
        Index(
            "ix_user_task_pool",
            *("role", "unit", "leader_id", "person_key"),
            *("due_on", "warn_on", "paused", "assignee", "entered_at", "id", "status"),
            **_only("status = 'open'"),
        ),
        # The board begins with what is most urgent, and reads as many of all open tasks as it shows.
        Index(
            "ix_user_task_due",
            *("status", "due_on", "entered_at", "task", "id"),
            **_only("status = 'open'"),
        ),
        # Few of all steps came up again in their case: these are found first, then how their place was done before.
        Index("ix_user_task_again", *_PLACE, sqlite_where=_AGAIN, postgresql_where=_AGAIN),
        Index("ix_user_task_place", *_VISIT),
        # The first task of a slot, and the last one of its unit, are found without reading all rounds between.
        Index(
            "ix_user_task_slot",
            *("instance_id", "scope", "entered_seq"),
            **_only("scope != ''"),
        ),
        # 已办 reads as many rows as it shows, however many somebody has done.
        Index("ix_user_task_completed_by_status_completed_at_id", "completed_by", "status", "completed_at", "id"),
        Index("ix_user_task_asked_due_on", "asked_due_on", **_only("asked_due_on IS NOT NULL")),
        # Few tasks are claimed.
        Index("ix_user_task_assignee", "assignee", **_only("assignee IS NOT NULL")),
        # Few tasks are one person's: what is theirs is found without reading all others.
        Index("ix_user_task_person_key", "person_key", **_only("person_key IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"))
    process: Mapped[str] = mapped_column(String(64))
    task: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    scope: Mapped[str] = mapped_column(String(36))
    stage: Mapped[str | None] = mapped_column(String(16))
    role: Mapped[str | None] = mapped_column(String(32))
    unit: Mapped[str | None] = mapped_column(String(32))
    leader_id: Mapped[UUID | None]
    """The leader's post whose holder alone takes the task (``candidates`` = ``leader:…``); a leader's id of people."""
    person_key: Mapped[str | None] = mapped_column(String(64))
    """The one person among the holders of its role who takes the task (``candidates`` = ``person:…``), by the key of
    ``auth.holders``."""
    slot: Mapped[str | None] = mapped_column(String(32))
    assignee: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(default=1)
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_seq: Mapped[int]
    round: Mapped[int] = mapped_column(server_default="1", default=1)
    """How often the step had come up in its slot by then, this time included (``rounds``)."""
    due_on: Mapped[date | None] = mapped_column(Date)
    first_due_on: Mapped[date | None] = mapped_column(Date)
    """The date that it first had; ``due_on`` is the one that holds (延期, 顺延, 阶段反馈, a notice)."""
    asked_due_on: Mapped[date | None] = mapped_column(Date)
    """The later date that its unit has asked for and nobody has decided on (延期)."""
    warn_on: Mapped[date | None] = mapped_column(Date)
    due_provisional: Mapped[bool]
    due_basis: Mapped[str | None] = mapped_column(String(200))
    due_explanation: Mapped[dict[str, Any]] = mapped_column(Json)
    kept: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The words of an earlier version by which the date stays counted, where the case was migrated since."""
    paused: Mapped[bool]
    urges: Mapped[int] = mapped_column(default=0)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_seq: Mapped[int | None]
    completed_by: Mapped[str | None] = mapped_column(String(64))
    on_behalf_of: Mapped[str | None] = mapped_column(String(64))
    late_days: Mapped[int | None]
    submitted: Mapped[dict[str, Any] | None] = mapped_column(Json)

    instance: Mapped[Instance] = relationship(lazy="raise")


IS_OPEN = UserTask.status == literal_column(f"'{OPEN}'")
"""As a literal: a database looks into an index of open tasks only where it reads their status in the statement."""


class ClockRun(Base):
    """A stretch of days in which a task's clock ran against one due date: what lateness as of any day is told by.

    ``until_on`` is the day on which it stopped, ``ended`` how: the task was answered, handed back, returned or
    cancelled; or its date moved, or the case was suspended. From ``void_on`` on the run counts no more: the step was
    taken back, the date moved, the suspended case went on. Days are those of the office.
    """

    __tablename__ = "clock_run"
    __table_args__ = (
        CheckConstraint(
            "ended IN ('answered', 'handed_back', 'returned', 'cancelled', 'moved', 'suspended')", name="ended"
        ),
        # How a case stands is asked at each step: however often it went round, its runs that are not due are not read.
        Index("ix_clock_run_instance_id_due_on", "instance_id", "due_on"),
        Index("ix_clock_run_units", "role", "instance_id", "unit", "due_on", "from_on", "until_on", "ended", "void_on"),
        Index("ix_clock_run_task_id", "task_id"),
        Index("ix_clock_run_going", "role", "unit", "due_on", sqlite_where=_GOING, postgresql_where=_GOING),
        # Few of all runs are late: these alone are looked through for the late cases, none of them read.
        Index(
            "ix_clock_run_late",
            *("role", "instance_id", "due_on", "from_on", "until_on", "void_on"),
            **_only("until_on IS NULL OR due_on < until_on"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("user_task.id"))
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"))
    role: Mapped[str | None] = mapped_column(String(32))
    unit: Mapped[str | None] = mapped_column(String(32))
    due_on: Mapped[date] = mapped_column(Date)
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    ended: Mapped[str | None] = mapped_column(String(16))
    void_on: Mapped[date | None] = mapped_column(Date)


class CaseSpan(Base):
    """A stretch of days at whose ends all that lists and papers show of a case was the same: how it stood on any day.

    From ``from_on`` on, before ``until_on`` (``None``: still so). ``category``, ``town``, ``outcome``, ``lead_unit``
    and ``assisting_units`` (with commas) are what forms said; all else is as in ``Instance``. Days are those of the
    office.
    """

    __tablename__ = "case_span"
    __table_args__ = (Index("ix_case_span_instance_id", "instance_id", "from_on"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"))
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    status: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str | None] = mapped_column(String(16))
    number: Mapped[str | None] = mapped_column(String(64))
    talent_id: Mapped[str | None] = mapped_column(String(32))
    leader_id: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end: Mapped[str | None] = mapped_column(String(64))
    end_name: Mapped[str | None] = mapped_column(String(100))
    urges: Mapped[int]
    category: Mapped[str | None] = mapped_column(Text)
    town: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    lead_unit: Mapped[str | None] = mapped_column(Text)
    assisting_units: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    search_key: Mapped[str] = mapped_column(Text)


class CaseText(Base):
    """A stretch of days over which the words by which a case is found stayed the same: its number, matter and text.

    From ``from_on`` on, before ``until_on`` (``None``: still so). ``words`` are as search compares them, set apart by
    spaces (``texts``). An index of their grams is kept by the database itself (adr/0050).
    """

    __tablename__ = "case_text"
    __table_args__ = (Index("ix_case_text_instance_id", "instance_id", "from_on"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"))
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    words: Mapped[str] = mapped_column(Text)


class Timer(Base):
    """A wake-up. ``due_at`` is ``fire_at``, or later after a failure; the worker looks at waiting rows that are due."""

    __tablename__ = "timer"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'fired', 'cancelled')", name="status"),
        Index("ix_timer_status_due_at", "status", "due_at"),
        Index("ix_timer_instance_id_status", "instance_id", "status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"))
    task_id: Mapped[UUID | None]
    process: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    fire_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)


class Schedule(Base):
    """When a timer start event of a process's newest version starts its next instance.

    ``occurrence`` counts the starts of the repeating interval from 0; the next moment is computed from the interval's
    first by calendar arithmetic, so a month stays a month. ``next_at`` is later after a failure and ``None`` when the
    interval is over; ``incident_id`` is set once the service has given up.
    """

    __tablename__ = "schedule"

    process: Mapped[str] = mapped_column(String(64), primary_key=True)
    event: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    cycle: Mapped[str] = mapped_column(String(200))
    occurrence: Mapped[int]
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    last_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_instance_id: Mapped[UUID | None]
    attempts: Mapped[int] = mapped_column(default=0)
    incident_id: Mapped[UUID | None]


class Incident(Base):
    """Something that failed and that people must look at; ``resolved_at`` closes it."""

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_resolved_at", "resolved_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    instance_id: Mapped[UUID | None] = mapped_column(ForeignKey("instance.id"), index=True)
    timer_id: Mapped[UUID | None] = mapped_column(index=True)
    event_id: Mapped[int | None] = mapped_column(BigId, index=True)
    message: Mapped[str] = mapped_column(Text)
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str | None] = mapped_column(String(64))


for _model in (Instance, UserTask, Timer):
    write_by_hand(_model)
