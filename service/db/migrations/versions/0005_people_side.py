"""The people side: the talent's file, teams, links, contacts, reports; attachments, imports, scheduled starts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Json, UtcDateTime

revision = "0005_people_side"
down_revision = "0004_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables of the people side and widens the talent's file."""
    _talents()
    _liaisons()
    _contacts()
    _reports()
    _others()


def _talents() -> None:
    op.add_column("talent", sa.Column("id_tail", sa.String(length=6), nullable=True))
    op.add_column("talent", sa.Column("recognition", sa.String(length=100), nullable=True))
    op.add_column("talent", sa.Column("recognition_no", sa.String(length=60), nullable=True))
    op.add_column("talent", sa.Column("recognized_on", sa.Date(), nullable=True))
    op.add_column("talent", sa.Column("recognition_expires_on", sa.Date(), nullable=True))
    op.add_column("talent", sa.Column("type_reason", sa.String(length=500), nullable=True))
    op.add_column("talent", sa.Column("type_approved_on", sa.Date(), nullable=True))
    op.add_column("talent", sa.Column("fields", sa.String(length=200), nullable=True))
    op.add_column("talent", sa.Column("platform", sa.String(length=100), nullable=True))
    op.add_column("talent", sa.Column("email", sa.String(length=254), nullable=True))
    op.add_column("talent", sa.Column("contact_person", sa.String(length=40), nullable=True))
    op.add_column("talent", sa.Column("contact_phone", sa.String(length=32), nullable=True))
    op.add_column("talent", sa.Column("works_from", sa.Date(), nullable=True))
    op.add_column("talent", sa.Column("works_until", sa.Date(), nullable=True))
    op.add_column("talent", sa.Column("confirmed_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_talent_id_tail"), "talent", ["id_tail"], unique=False)
    op.create_index("ix_talent_confirmed_on_id", "talent", ["confirmed_on", "id"], unique=False)
    op.create_table(
        "talent_photo",
        sa.Column("talent_id", sa.String(length=16), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["talent_id"], ["talent.id"], name=op.f("fk_talent_photo_talent_id")),
        sa.PrimaryKeyConstraint("talent_id", name=op.f("pk_talent_photo")),
    )
    op.create_table(
        "talent_team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("pinyin", sa.String(length=600), nullable=False),
        sa.Column("initials", sa.String(length=100), nullable=False),
        sa.Column("lead_id", sa.String(length=16), nullable=False),
        sa.Column("fields", sa.String(length=200), nullable=True),
        sa.Column("recognition", sa.String(length=100), nullable=True),
        sa.Column("recognized_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["talent.id"], name=op.f("fk_talent_team_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talent_team")),
        sa.UniqueConstraint("name", name=op.f("uq_talent_team_name")),
    )
    op.create_index(op.f("ix_talent_team_lead_id"), "talent_team", ["lead_id"], unique=False)
    op.create_table(
        "talent_team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("talent_id", sa.String(length=16), nullable=True),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("post", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["talent_id"], ["talent.id"], name=op.f("fk_talent_team_member_talent_id")),
        sa.ForeignKeyConstraint(["team_id"], ["talent_team.id"], name=op.f("fk_talent_team_member_team_id")),
        sa.PrimaryKeyConstraint("team_id", "position", name=op.f("pk_talent_team_member")),
    )
    op.create_index(op.f("ix_talent_team_member_talent_id"), "talent_team_member", ["talent_id"], unique=False)


def _liaisons() -> None:
    op.create_table(
        "roster",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("document_no", sa.String(length=60), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("instance_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'decided', 'filed', 'superseded')", name=op.f("ck_roster_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster")),
        sa.UniqueConstraint("scope", "version", name=op.f("uq_roster_scope_version")),
    )
    op.create_index(op.f("ix_roster_scope"), "roster", ["scope"], unique=False)
    op.create_table(
        "roster_item",
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("leader_id", sa.Uuid(), nullable=False),
        sa.Column("talent_id", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name=op.f("fk_roster_item_leader_id")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.id"], name=op.f("fk_roster_item_roster_id")),
        sa.ForeignKeyConstraint(["talent_id"], ["talent.id"], name=op.f("fk_roster_item_talent_id")),
        sa.PrimaryKeyConstraint("roster_id", "position", name=op.f("pk_roster_item")),
        sa.UniqueConstraint(
            "roster_id", "leader_id", "talent_id", name=op.f("uq_roster_item_roster_id_leader_id_talent_id")
        ),
    )
    op.create_index(op.f("ix_roster_item_leader_id"), "roster_item", ["leader_id"], unique=False)
    op.create_index(op.f("ix_roster_item_talent_id"), "roster_item", ["talent_id"], unique=False)
    op.create_table(
        "link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("leader_id", sa.Uuid(), nullable=False),
        sa.Column("talent_id", sa.String(length=16), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("held_from", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.String(length=200), nullable=True),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.Column("roster_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(status = 'ended') = (ends_on IS NOT NULL)", name=op.f("ck_link_ended")),
        sa.CheckConstraint(
            "reason IN ('portfolio', 'stationed', 'platform', 'known', 'related')", name=op.f("ck_link_reason")
        ),
        sa.CheckConstraint("status <> 'held' OR held_from IS NOT NULL", name=op.f("ck_link_held")),
        sa.CheckConstraint("status IN ('proposed', 'active', 'held', 'ended')", name=op.f("ck_link_status")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_link_dates")),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name=op.f("fk_link_leader_id")),
        sa.ForeignKeyConstraint(["previous_id"], ["link.id"], name=op.f("fk_link_previous_id")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.id"], name=op.f("fk_link_roster_id")),
        sa.ForeignKeyConstraint(["talent_id"], ["talent.id"], name=op.f("fk_link_talent_id")),
        sa.ForeignKeyConstraint(["team_id"], ["talent_team.id"], name=op.f("fk_link_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
    )
    op.create_index(
        "ix_link_leader_id_days", "link", ["leader_id", "starts_on", "ends_on", "held_from", "status"], unique=False
    )
    op.create_index(op.f("ix_link_roster_id"), "link", ["roster_id"], unique=False)
    op.create_index("ix_link_status_starts_on", "link", ["status", "starts_on"], unique=False)
    op.create_index(op.f("ix_link_talent_id"), "link", ["talent_id"], unique=False)
    op.create_index(
        "uq_link_leader_id_talent_id_open",
        "link",
        ["leader_id", "talent_id"],
        unique=True,
        sqlite_where=sa.text("ends_on IS NULL"),
        postgresql_where=sa.text("ends_on IS NULL"),
    )
    op.create_table(
        "service_team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("leader_id", sa.Uuid(), nullable=False),
        sa.Column("head_id", sa.Uuid(), nullable=False),
        sa.Column("liaison_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_service_team_dates")),
        sa.ForeignKeyConstraint(["head_id"], ["person.id"], name=op.f("fk_service_team_head_id")),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name=op.f("fk_service_team_leader_id")),
        sa.ForeignKeyConstraint(["liaison_id"], ["person.id"], name=op.f("fk_service_team_liaison_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_team")),
    )
    op.create_index(op.f("ix_service_team_leader_id"), "service_team", ["leader_id"], unique=False)
    op.create_index(
        "uq_service_team_leader_id_open",
        "service_team",
        ["leader_id"],
        unique=True,
        sqlite_where=sa.text("ends_on IS NULL"),
        postgresql_where=sa.text("ends_on IS NULL"),
    )
    op.create_table(
        "service_team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.String(length=32), nullable=True),
        sa.Column("post", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_service_team_member_person_id")),
        sa.ForeignKeyConstraint(["team_id"], ["service_team.id"], name=op.f("fk_service_team_member_team_id")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_service_team_member_unit_code")),
        sa.PrimaryKeyConstraint("team_id", "position", name=op.f("pk_service_team_member")),
        sa.UniqueConstraint("team_id", "person_id", name=op.f("uq_service_team_member_team_id_person_id")),
    )
    op.create_index(op.f("ix_service_team_member_person_id"), "service_team_member", ["person_id"], unique=False)


def _contacts() -> None:
    op.create_table(
        "activity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=True),
        sa.Column("organizer_unit", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('activity', 'consultation', 'symposium')", name=op.f("ck_activity_kind")),
        sa.ForeignKeyConstraint(["organizer_unit"], ["unit.code"], name=op.f("fk_activity_organizer_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    op.create_index(op.f("ix_activity_held_on"), "activity", ["held_on"], unique=False)
    op.create_index(op.f("ix_activity_organizer_unit"), "activity", ["organizer_unit"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("talent_id", sa.String(length=16), nullable=False),
        sa.Column("invited_on", sa.Date(), nullable=False),
        sa.Column("attended", sa.Boolean(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_invitation_activity_id")),
        sa.ForeignKeyConstraint(["talent_id"], ["talent.id"], name=op.f("fk_invitation_talent_id")),
        sa.PrimaryKeyConstraint("activity_id", "talent_id", name=op.f("pk_invitation")),
    )
    op.create_index(op.f("ix_invitation_talent_id"), "invitation", ["talent_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("leader_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("inbound", sa.Boolean(), nullable=False),
        sa.Column("interview", sa.Boolean(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=True),
        sa.Column("participants", sa.String(length=500), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("follow_up", sa.Text(), nullable=True),
        sa.Column("tags", Json, nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("entered_by", sa.String(length=32), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "form IN ('visit', 'symposium', 'activity', 'discussion', 'letter', 'phone', 'online', 'consultation')",
            name=op.f("ck_contact_form"),
        ),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_contact_activity_id")),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name=op.f("fk_contact_leader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index(op.f("ix_contact_activity_id"), "contact", ["activity_id"], unique=False)
    op.create_index("ix_contact_held_on_id", "contact", ["held_on", "id", "withdrawn_at"], unique=False)
    op.create_index("ix_contact_leader_id_held_on", "contact", ["leader_id", "held_on", "withdrawn_at"], unique=False)
    op.create_table(
        "contact_talent",
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("talent_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_contact_talent_contact_id")),
        sa.ForeignKeyConstraint(["talent_id"], ["talent.id"], name=op.f("fk_contact_talent_talent_id")),
        sa.PrimaryKeyConstraint("contact_id", "talent_id", name=op.f("pk_contact_talent")),
    )
    op.create_index(op.f("ix_contact_talent_talent_id"), "contact_talent", ["talent_id"], unique=False)
    op.create_table(
        "contact_topic",
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Integer(), nullable=False),
        sa.CheckConstraint("topic BETWEEN 1 AND 4", name=op.f("ck_contact_topic_topic")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_contact_topic_contact_id")),
        sa.PrimaryKeyConstraint("contact_id", "topic", name=op.f("pk_contact_topic")),
    )
    op.create_table(
        "restricted_note",
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_restricted_note_contact_id")),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_restricted_note")),
    )
    op.create_table(
        "opinion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("talent_id", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("instance_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'need', 'answered', 'noted')", name=op.f("ck_opinion_status")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_opinion_contact_id")),
        sa.ForeignKeyConstraint(["talent_id"], ["talent.id"], name=op.f("fk_opinion_talent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion")),
        sa.UniqueConstraint("contact_id", "position", name=op.f("uq_opinion_contact_id_position")),
    )
    op.create_index(op.f("ix_opinion_instance_id"), "opinion", ["instance_id"], unique=False)
    op.create_index(op.f("ix_opinion_talent_id"), "opinion", ["talent_id"], unique=False)
    op.create_table(
        "missed_interviews",
        sa.Column("leader_id", sa.Uuid(), nullable=False),
        sa.Column("talent_id", sa.String(length=16), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("given_by", sa.String(length=32), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name=op.f("fk_missed_interviews_leader_id")),
        sa.ForeignKeyConstraint(["talent_id"], ["talent.id"], name=op.f("fk_missed_interviews_talent_id")),
        sa.PrimaryKeyConstraint("leader_id", "talent_id", "year", name=op.f("pk_missed_interviews")),
    )
    op.create_table(
        "matter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.String(length=32), nullable=False),
        sa.Column("talent_id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("solved_on", sa.Date(), nullable=True),
        sa.Column("entered_by", sa.String(length=32), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["talent_id"], ["talent.id"], name=op.f("fk_matter_talent_id")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_matter_unit_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter")),
    )
    op.create_index(op.f("ix_matter_raised_on"), "matter", ["raised_on"], unique=False)
    op.create_index(op.f("ix_matter_talent_id"), "matter", ["talent_id"], unique=False)
    op.create_index(op.f("ix_matter_unit_code"), "matter", ["unit_code"], unique=False)


def _reports() -> None:
    op.create_table(
        "half_year_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.String(length=32), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("half", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("facts", Json, nullable=False),
        sa.Column("sections", Json, nullable=False),
        sa.Column("return_reason", sa.String(length=500), nullable=True),
        sa.Column("submitted_by", sa.String(length=32), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("instance_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'returned', 'accepted')", name=op.f("ck_half_year_report_status")
        ),
        sa.CheckConstraint("half IN (1, 2)", name=op.f("ck_half_year_report_half")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_half_year_report_unit_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_half_year_report")),
        sa.UniqueConstraint("unit_code", "year", "half", name=op.f("uq_half_year_report_unit_code_year_half")),
    )
    op.create_index(op.f("ix_half_year_report_unit_code"), "half_year_report", ["unit_code"], unique=False)
    op.create_table(
        "brief",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("leader_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("released_by", sa.String(length=32), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_brief_month")),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name=op.f("fk_brief_leader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brief")),
        sa.UniqueConstraint("leader_id", "year", "month", name=op.f("uq_brief_leader_id_year_month")),
    )


def _others() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("added_by", sa.String(length=32), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_stream", "attachment", ["stream"], unique=False)
    op.create_table(
        "import_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("findings", Json, nullable=False),
        sa.Column("preview", Json, nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("touched_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('units', 'people', 'talents', 'links', 'contacts')", name=op.f("ck_import_job_kind")
        ),
        sa.CheckConstraint(
            "status IN ('uploaded', 'checking', 'checked', 'refused', 'confirmed', 'writing', 'done', 'failed',"
            " 'cancelled')",
            name=op.f("ck_import_job_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )
    op.create_index(op.f("ix_import_job_status"), "import_job", ["status"], unique=False)
    op.create_table(
        "schedule",
        sa.Column("process", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=200), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("last_at", UtcDateTime(), nullable=True),
        sa.Column("last_instance_id", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("process", "event", name=op.f("pk_schedule")),
    )
    op.create_index(op.f("ix_schedule_next_at"), "schedule", ["next_at"], unique=False)
