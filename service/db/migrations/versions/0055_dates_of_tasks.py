"""A task keeps the date that it first had, and the later one that its unit asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from service.db.base import Json

revision = "0055_dates_of_tasks"
down_revision = "0069_stamps"
branch_labels = None
depends_on = None

_AT_ONCE = 500
_ASKED = sa.text("asked_due_on IS NOT NULL")
_TASK = sa.table(
    "user_task",
    *(sa.column(name, sa.Uuid()) for name in ("id", "instance_id")),
    *(sa.column(name) for name in ("process", "task", "scope", "entered_seq")),
    *(sa.column(name, sa.Date()) for name in ("due_on", "first_due_on")),
    sa.column("due_explanation", Json),
)
_EVENT = sa.table(
    "history_event", *(sa.column(name) for name in ("stream", "seq", "kind", "task")), sa.column("data", Json)
)


def upgrade() -> None:
    """The date first had is the one of today, but for tasks whose date moved or was named by a form."""
    op.add_column("user_task", sa.Column("first_due_on", sa.Date(), nullable=True))
    op.add_column("user_task", sa.Column("asked_due_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_user_task_asked_due_on", "user_task", ["asked_due_on"], sqlite_where=_ASKED, postgresql_where=_ASKED
    )
    fill(op.get_bind())


def fill(connection: sa.Connection) -> None:
    """Gives every task the date that it first had, by its row where that has not moved, else by the journal."""
    connection.execute(_TASK.update().values(first_due_on=_TASK.c.due_on))
    for row, entered in _moved_or_named(connection):
        first = date.fromisoformat(entered["due_on"]) if entered["due_on"] else None
        if entered["explanation"].get("named"):
            first = _of_last_time(connection, row) or first
        connection.execute(_TASK.update().where(_TASK.c.id == row["id"]).values(first_due_on=first))


def downgrade() -> None:
    """The journal keeps every date."""
    op.drop_index("ix_user_task_asked_due_on", "user_task")
    with op.batch_alter_table("user_task") as table:
        table.drop_column("asked_due_on")
        table.drop_column("first_due_on")


def _moved_or_named(connection: sa.Connection) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each such task with what the journal says of how it was last entered, a case's in their order."""
    moved = sa.select(_EVENT.c.task).where(_EVENT.c.kind == "due_changed", _EVENT.c.task.is_not(None)).distinct()
    wanted = [UUID(task) for task in connection.scalars(moved)]
    told = sa.select(_TASK.c.id).where(sa.cast(_TASK.c.due_explanation, sa.Text).like('%"named"%'))
    wanted = sorted({*wanted, *connection.scalars(told)})
    found: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = []
    columns = [_TASK.c[name] for name in ("id", "instance_id", "process", "task", "scope", "entered_seq")]
    for first in range(0, len(wanted), _AT_ONCE):
        some = sa.select(*columns).where(_TASK.c.id.in_(wanted[first : first + _AT_ONCE]))
        known = {str(row["id"]): dict(row) for row in connection.execute(some).mappings()}
        streams = {f"instance:{row['instance_id']}" for row in known.values()}
        events = sa.select(_EVENT.c.task, _EVENT.c.data).where(
            _EVENT.c.stream.in_(streams), _EVENT.c.kind == "entered", _EVENT.c.task.in_(known)
        )
        last = {event.task: event.data for event in connection.execute(events.order_by(_EVENT.c.seq))}
        found += [(known[task], data) for task, data in last.items()]
    yield from sorted(found, key=lambda one: (str(one[0]["instance_id"]), one[0]["entered_seq"]))


def _of_last_time(connection: sa.Connection, row: Mapping[str, Any]) -> date | None:
    earlier = sa.select(_TASK.c.first_due_on).where(
        *(_TASK.c[name] == row[name] for name in ("instance_id", "process", "task", "scope")),
        _TASK.c.entered_seq < row["entered_seq"],
    )
    found: date | None = connection.scalar(earlier.order_by(_TASK.c.entered_seq.desc()).limit(1))
    return found
