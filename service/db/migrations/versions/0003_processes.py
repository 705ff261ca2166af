"""Definitions, instances, user tasks, timers, incidents, copies, counters, calendars, heartbeats; keyed answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Json, UtcDateTime

revision = "0003_processes"
down_revision = "0002_people"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables of processes; all but definitions and calendars can be rebuilt from the journal."""
    op.create_table(
        "calendar_version",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("loaded_at", UtcDateTime, nullable=False),
        sa.Column("loaded_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_version")),
        sa.UniqueConstraint("digest", name=op.f("uq_calendar_version_digest")),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "definition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("deployed_at", UtcDateTime, nullable=False),
        sa.Column("deployed_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition")),
        sa.UniqueConstraint("key", "digest", name=op.f("uq_definition_key_digest")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_definition_key_version")),
    )
    op.create_index(op.f("ix_definition_digest"), "definition", ["digest"], unique=False)
    op.create_table(
        "definition_file",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "name", name=op.f("pk_definition_file")),
    )
    op.create_table(
        "idempotent_answer",
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request", sa.String(length=300), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("username", "key", name=op.f("pk_idempotent_answer")),
    )
    op.create_index("ix_idempotent_answer_at", "idempotent_answer", ["at"], unique=False)
    op.create_table(
        "instance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("process", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=True),
        sa.Column("number", sa.String(length=64), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("talent_id", sa.String(length=32), nullable=True),
        sa.Column("leader_id", sa.String(length=64), nullable=True),
        sa.Column("initiator", sa.String(length=64), nullable=False),
        sa.Column("initiator_unit", sa.String(length=32), nullable=True),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("end", sa.String(length=64), nullable=True),
        sa.Column("end_name", sa.String(length=100), nullable=True),
        sa.Column("urges", sa.Integer(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("frame", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('running', 'suspended', 'completed', 'terminated')", name=op.f("ck_instance_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
        sa.UniqueConstraint("number", name=op.f("uq_instance_number")),
    )
    op.create_index(op.f("ix_instance_digest"), "instance", ["digest"], unique=False)
    op.create_index(op.f("ix_instance_initiator"), "instance", ["initiator"], unique=False)
    op.create_index(op.f("ix_instance_initiator_unit"), "instance", ["initiator_unit"], unique=False)
    op.create_index(op.f("ix_instance_leader_id"), "instance", ["leader_id"], unique=False)
    op.create_index("ix_instance_process_status", "instance", ["process", "status"], unique=False)
    op.create_index(op.f("ix_instance_started_at"), "instance", ["started_at"], unique=False)
    op.create_index(op.f("ix_instance_talent_id"), "instance", ["talent_id"], unique=False)
    op.create_table(
        "worker_beat",
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column("beat_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_worker_beat")),
    )
    op.create_index(op.f("ix_worker_beat_beat_at"), "worker_beat", ["beat_at"], unique=False)
    op.create_table(
        "copy_to",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("sent_by", sa.String(length=64), nullable=False),
        sa.Column("sent_at", UtcDateTime, nullable=False),
        sa.Column("read_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_copy_to_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy_to")),
        sa.UniqueConstraint("instance_id", "username", name=op.f("uq_copy_to_instance_id_username")),
    )
    op.create_index(op.f("ix_copy_to_instance_id"), "copy_to", ["instance_id"], unique=False)
    op.create_index(op.f("ix_copy_to_username"), "copy_to", ["username"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=True),
        sa.Column("timer_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", BigId, nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("happened_at", UtcDateTime, nullable=False),
        sa.Column("resolved_at", UtcDateTime, nullable=True),
        sa.Column("resolved_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_incident_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_event_id"), "incident", ["event_id"], unique=False)
    op.create_index(op.f("ix_incident_instance_id"), "incident", ["instance_id"], unique=False)
    op.create_index("ix_incident_resolved_at", "incident", ["resolved_at"], unique=False)
    op.create_index(op.f("ix_incident_timer_id"), "incident", ["timer_id"], unique=False)
    op.create_table(
        "timer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("process", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("fire_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('waiting', 'fired', 'cancelled')", name=op.f("ck_timer_status")),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_timer_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
    )
    op.create_index(op.f("ix_timer_instance_id"), "timer", ["instance_id"], unique=False)
    op.create_index("ix_timer_status_due_at", "timer", ["status", "due_at"], unique=False)
    op.create_table(
        "user_task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("process", sa.String(length=64), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scope", sa.String(length=36), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=True),
        sa.Column("role", sa.String(length=32), nullable=True),
        sa.Column("unit", sa.String(length=32), nullable=True),
        sa.Column("slot", sa.String(length=32), nullable=True),
        sa.Column("assignee", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("entered_at", UtcDateTime, nullable=False),
        sa.Column("entered_seq", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("warn_on", sa.Date(), nullable=True),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("due_basis", sa.String(length=200), nullable=True),
        sa.Column("due_explanation", Json, nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("urges", sa.Integer(), nullable=False),
        sa.Column("completed_at", UtcDateTime, nullable=True),
        sa.Column("completed_seq", sa.Integer(), nullable=True),
        sa.Column("completed_by", sa.String(length=64), nullable=True),
        sa.Column("on_behalf_of", sa.String(length=64), nullable=True),
        sa.Column("late_days", sa.Integer(), nullable=True),
        sa.Column("submitted", Json, nullable=True),
        sa.CheckConstraint("status IN ('open', 'completed', 'cancelled')", name=op.f("ck_user_task_status")),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_user_task_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_task")),
    )
    op.create_index(op.f("ix_user_task_assignee"), "user_task", ["assignee"], unique=False)
    op.create_index(op.f("ix_user_task_completed_by"), "user_task", ["completed_by"], unique=False)
    op.create_index(op.f("ix_user_task_instance_id"), "user_task", ["instance_id"], unique=False)
    op.create_index("ix_user_task_status_due_on", "user_task", ["status", "due_on"], unique=False)
    op.create_index("ix_user_task_status_role_unit", "user_task", ["status", "role", "unit"], unique=False)
    op.create_index("ix_user_task_unit_role_instance_id", "user_task", ["unit", "role", "instance_id"], unique=False)
