"""The tables of definitions, instances and what is projected from their journals.

Everything but definitions can be rebuilt from the journal: instances' states, user tasks, timers.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Json, UtcDateTime

RUNNING, SUSPENDED, COMPLETED, TERMINATED = "running", "suspended", "completed", "terminated"
OPEN, DONE, CANCELLED = "open", "completed", "cancelled"
WAITING, FIRED = "waiting", "fired"
RUN_ANSWERED, RUN_HANDED_BACK, RUN_RETURNED, RUN_CANCELLED = "answered", "handed_back", "returned", "cancelled"
RUN_MOVED, RUN_SUSPENDED = "moved", "suspended"

BigId = BigInteger().with_variant(Integer(), "sqlite")


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


class Instance(Base):
    """One run of a process. ``state`` is the engine's, without spec; ``data`` the latest of what forms said."""

    __tablename__ = "instance"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'suspended', 'completed', 'terminated')", name="status"),
        Index("ix_instance_process_status", "process", "status"),
        Index("ix_instance_process_started_at", "process", "started_at"),
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
        Index("ix_user_task_status_role_unit", "status", "role", "unit"),
        Index("ix_user_task_status_due_on", "status", "due_on"),
        # The cases of a unit (in every ledger that a unit sees) are found without reading a task.
        Index("ix_user_task_unit_role_instance_id", "unit", "role", "instance_id"),
        # 已办 reads as many rows as it shows, however many somebody has done.
        Index("ix_user_task_completed_by_status_completed_at_id", "completed_by", "status", "completed_at", "id"),
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
    slot: Mapped[str | None] = mapped_column(String(32))
    assignee: Mapped[str | None] = mapped_column(String(64), index=True)
    status: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(default=1)
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_seq: Mapped[int]
    due_on: Mapped[date | None] = mapped_column(Date)
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


class ClockRun(Base):
    """A stretch of days in which a task's clock ran against one due date: what lateness as of any day is told by.

    ``until_on`` is the day on which it stopped, ``ended`` how: the task was answered, handed back, returned or
    cancelled; or its date moved, or the case was suspended. From ``void_on`` on the run counts no more: the step was
    taken back, the date moved, the case suspended. Days are those of the office.
    """

    __tablename__ = "clock_run"
    __table_args__ = (
        CheckConstraint(
            "ended IN ('answered', 'handed_back', 'returned', 'cancelled', 'moved', 'suspended')", name="ended"
        ),
        Index("ix_clock_run_instance_id", "instance_id"),
        Index("ix_clock_run_task_id", "task_id"),
        # Few of all runs are late: these alone are looked through for the late cases.
        Index(
            "ix_clock_run_late",
            "instance_id",
            "role",
            "due_on",
            sqlite_where=text("until_on IS NULL OR due_on < until_on"),
            postgresql_where=text("until_on IS NULL OR due_on < until_on"),
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

    From ``from_on`` on, before ``until_on`` (``None``: still so). ``category``, ``town`` and ``outcome`` are what forms
    said; all else is as in ``Instance``. Days are those of the office.
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
    title: Mapped[str] = mapped_column(Text)
    search_key: Mapped[str] = mapped_column(Text)


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


class CopyTo(Base):
    """A case shown to somebody for information (抄送)."""

    __tablename__ = "copy_to"
    __table_args__ = (UniqueConstraint("instance_id", "username"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"), index=True)
    username: Mapped[str] = mapped_column(String(64), index=True)
    sent_by: Mapped[str] = mapped_column(String(64))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Counter(Base):
    """The last number given out under a name (``number:2026``)."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int]


class CalendarVersion(Base):
    """A working-day calendar as it was in force from ``loaded_at`` on; the newest row is in force."""

    __tablename__ = "calendar_version"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    source: Mapped[str] = mapped_column(String(200))
    loaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    loaded_by: Mapped[str] = mapped_column(String(64))


class WorkerBeat(Base):
    """When each worker last looked for work (its heartbeat)."""

    __tablename__ = "worker_beat"

    worker: Mapped[str] = mapped_column(String(100), primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
