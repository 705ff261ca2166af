"""Units, persons, leaders, liaisons, substitutes; accounts, roles, tokens; talents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import UtcDateTime

revision = "0002_people"
down_revision = "0001_history"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables of the people side, of sign-in and of the talent registry."""
    _people()
    _auth()
    _talents()


def _people() -> None:
    op.create_table(
        "unit",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("town", sa.String(32)),
        sa.Column("is_member_unit", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("pinyin", sa.String(600), nullable=False),
        sa.Column("initials", sa.String(100), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_unit"),
        sa.UniqueConstraint("name", name="uq_unit_name"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("pinyin", sa.String(600), nullable=False),
        sa.Column("initials", sa.String(100), nullable=False),
        sa.Column("unit_code", sa.String(32)),
        sa.Column("post", sa.String(100)),
        sa.Column("phone", sa.String(32)),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_person_unit_code"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_index("ix_person_pinyin", "person", ["pinyin"])
    op.create_index("ix_person_unit_code", "person", ["unit_code"])
    op.create_table(
        "leader",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("klass", sa.String(1), nullable=False),
        sa.Column("body", sa.String(32)),
        sa.Column("unit_code", sa.String(32)),
        sa.Column("duty", sa.String(16)),
        sa.Column("post", sa.String(100), nullable=False),
        sa.Column("portfolio", sa.String(200)),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.CheckConstraint(
            "(klass = 'A' AND body IS NOT NULL AND duty IS NULL)"
            " OR (klass = 'B' AND body IS NULL AND duty IS NOT NULL AND unit_code IS NOT NULL)",
            name=op.f("ck_leader_class_fields"),
        ),
        sa.CheckConstraint("klass IN ('A', 'B')", name=op.f("ck_leader_klass")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_leader_dates")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_leader_person_id"),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_leader_unit_code"),
        sa.PrimaryKeyConstraint("id", name="pk_leader"),
    )
    op.create_index("ix_leader_person_id", "leader", ["person_id"])
    op.create_index("ix_leader_unit_code", "leader", ["unit_code"])
    op.create_table(
        "liaison",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.String(32), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("named_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_liaison_dates")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_liaison_person_id"),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_liaison_unit_code"),
        sa.PrimaryKeyConstraint("id", name="pk_liaison"),
    )
    op.create_index("ix_liaison_person_id", "liaison", ["person_id"])
    op.create_index("ix_liaison_unit_code", "liaison", ["unit_code"])
    op.create_index(
        "uq_liaison_unit_code_active",
        "liaison",
        ["unit_code"],
        unique=True,
        sqlite_where=sa.text("ends_on IS NULL"),
        postgresql_where=sa.text("ends_on IS NULL"),
    )
    op.create_table(
        "substitute",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("substitute_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(200)),
        sa.Column("withdrawn_at", UtcDateTime()),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_substitute_dates")),
        sa.CheckConstraint("person_id <> substitute_id", name=op.f("ck_substitute_another")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_substitute_person_id"),
        sa.ForeignKeyConstraint(["substitute_id"], ["person.id"], name="fk_substitute_substitute_id"),
        sa.PrimaryKeyConstraint("id", name="pk_substitute"),
    )
    op.create_index("ix_substitute_person_id", "substitute", ["person_id"])
    op.create_index("ix_substitute_substitute_id", "substitute", ["substitute_id"])


def _auth() -> None:
    op.create_table(
        "sign_in_lock",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failure", UtcDateTime(), nullable=False),
        sa.Column("locked_until", UtcDateTime()),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_lock"),
    )
    op.create_index("ix_sign_in_lock_last_failure", "sign_in_lock", ["last_failure"])
    op.create_table(
        "account",
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("password_hash", sa.String(200)),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("session_stamp", sa.Integer(), nullable=False),
        sa.Column("oidc_issuer", sa.String(300)),
        sa.Column("oidc_subject", sa.String(255)),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_sign_in", UtcDateTime()),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_account_person_id"),
        sa.PrimaryKeyConstraint("username", name="pk_account"),
        sa.UniqueConstraint("oidc_issuer", "oidc_subject", name="uq_account_oidc_issuer_oidc_subject"),
        sa.UniqueConstraint("person_id", name="uq_account_person_id"),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("unit_code", sa.String(32)),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("revoked_at", UtcDateTime()),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_role_grant_dates")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_role_grant_unit_code"),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name="fk_role_grant_username"),
        sa.PrimaryKeyConstraint("id", name="pk_role_grant"),
    )
    op.create_index("ix_role_grant_unit_code", "role_grant", ["unit_code"])
    op.create_index("ix_role_grant_username", "role_grant", ["username"])
    op.create_table(
        "token",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used", UtcDateTime()),
        sa.Column("revoked_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name="fk_token_username"),
        sa.PrimaryKeyConstraint("sha256", name="pk_token"),
    )
    op.create_index("ix_token_username_created_at", "token", ["username", "created_at"])


def _talents() -> None:
    op.create_table(
        "talent",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("pinyin", sa.String(600), nullable=False),
        sa.Column("initials", sa.String(100), nullable=False),
        sa.Column("category", sa.Integer()),
        sa.Column("type", sa.Integer()),
        sa.Column("employer", sa.String(100), nullable=False),
        sa.Column("employer_unit", sa.String(32)),
        sa.Column("post", sa.String(100)),
        sa.Column("phone", sa.String(32)),
        sa.Column("town", sa.String(32)),
        sa.Column("in_district", sa.Boolean(), nullable=False),
        sa.Column("leader_id", sa.Uuid()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("category BETWEEN 1 AND 4", name=op.f("ck_talent_category")),
        sa.CheckConstraint("category IS NOT NULL OR type IS NOT NULL", name=op.f("ck_talent_eligible")),
        sa.CheckConstraint("type BETWEEN 1 AND 5", name=op.f("ck_talent_type")),
        sa.ForeignKeyConstraint(["employer_unit"], ["unit.code"], name="fk_talent_employer_unit"),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_talent_leader_id"),
        sa.PrimaryKeyConstraint("id", name="pk_talent"),
    )
    op.create_index("ix_talent_employer_unit", "talent", ["employer_unit"])
    op.create_index("ix_talent_leader_id", "talent", ["leader_id"])
    op.create_index("ix_talent_pinyin_id", "talent", ["pinyin", "id"])
    op.create_index("ix_talent_town", "talent", ["town"])
