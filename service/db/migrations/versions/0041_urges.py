"""Urges have a register of their own: each with its words, its way and its receipt."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from service.db.base import Json, UtcDateTime

revision = "0041_urges"
down_revision = "0043_case_texts"
branch_labels = None
depends_on = None

_AT_ONCE = 500
_EVENT = sa.table(
    "history_event",
    *(sa.column(name) for name in ("stream", "seq", "actor", "on_behalf_of", "kind", "task")),
    sa.column("at", UtcDateTime()),
    sa.column("data", Json),
)


def upgrade() -> None:
    """The register holds what the journals told of urges until now; those have no number."""
    made = op.create_table(
        "urge",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=64), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=True),
        sa.Column("unit", sa.String(length=32), nullable=True),
        sa.Column("assignee", sa.String(length=64), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("urged_at", UtcDateTime(), nullable=False),
        sa.Column("urged_by", sa.String(length=64), nullable=False),
        sa.Column("on_behalf_of", sa.String(length=64), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=True),
        sa.Column("received_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_urge_instance_id")),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=op.f("fk_urge_task_id")),
        sa.PrimaryKeyConstraint("instance_id", "seq", name=op.f("pk_urge")),
        sa.UniqueConstraint("number", name=op.f("uq_urge_number")),
    )
    op.create_index("ix_urge_urged_at", "urge", ["urged_at"])
    op.create_index("ix_urge_unit_urged_at", "urge", ["unit", "urged_at"])
    op.create_index("ix_urge_task_id", "urge", ["task_id"])
    _learn(made)


def downgrade() -> None:
    """The journal keeps what the register told."""
    op.drop_table("urge")


def _learn(made: sa.Table) -> None:
    connection, rows = op.get_bind(), list[dict[str, Any]]()
    waiting: dict[UUID, list[dict[str, Any]]] = {}
    told = sa.select(_EVENT).where(_EVENT.c.kind.in_(("urged", "acknowledged")))
    for event in connection.execute(told.order_by(_EVENT.c.stream, _EVENT.c.seq)).mappings():
        data, task = event["data"], UUID(event["task"])
        if event["kind"] == "acknowledged":
            for row in waiting.pop(task, ()):
                row |= {"received_at": event["at"], "received_by": event["actor"]}
            continue
        waiting.setdefault(task, []).append(
            {
                "instance_id": UUID(event["stream"].removeprefix("instance:")),
                "seq": event["seq"],
                "task_id": task,
                "n": data["n"],
                "unit": data.get("unit"),
                "channel": "system",
                "by_hand": data["by_hand"],
                "text": data["text"],
                "urged_at": event["at"],
                "urged_by": event["actor"],
                "on_behalf_of": event["on_behalf_of"],
                "received_at": None,
                "received_by": None,
            }
        )
        rows.append(waiting[task][-1])
    for first in range(0, len(rows), _AT_ONCE):
        connection.execute(sa.insert(made), rows[first : first + _AT_ONCE])
