"""Seals have tables: signed heads, the blocks of their tree, keys and tokens; what is written there stays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import UtcDateTime

revision = "0025_seals"
down_revision = "0024_deleted_files"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# table -> what a row that replaces another one has in common with it
KEPT = {
    "seal_key": "id = NEW.id",
    "seal": "number = NEW.number",
    "seal_block": "number = NEW.number OR first_id = NEW.first_id",
    "seal_token": "id = NEW.id OR number = NEW.number",
}


def upgrade() -> None:
    """Nothing of the old data is touched: the first seal covers all of it."""
    op.create_table(
        "seal_key",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("own", sa.String(length=128), nullable=False),
        sa.Column("old", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_key")),
    )
    op.create_table(
        "seal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_seal_number_positive")),
        sa.ForeignKeyConstraint(["key_id"], ["seal_key.id"], name=op.f("fk_seal_key_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal")),
    )
    op.create_table(
        "seal_block",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sm3", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal_block")),
        sa.UniqueConstraint("first_id", name=op.f("uq_seal_block_first_id")),
    )
    op.create_table(
        "seal_token",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["seal.number"], name=op.f("fk_seal_token_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_token")),
        sa.UniqueConstraint("number", name=op.f("uq_seal_token_number")),
    )
    for table, same in KEPT.items():
        if op.get_bind().dialect.name == "sqlite":
            _refuse_on_sqlite(table, same)
        else:
            _refuse_on_postgresql(table)


def _refuse_on_sqlite(table: str, same: str) -> None:
    for name, occasion in (
        ("update", f"UPDATE ON {table}"),
        ("delete", f"DELETE ON {table}"),
        # INSERT OR REPLACE deletes without asking the trigger above.
        ("replace", f"INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"),  # noqa: S608 - our own words
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_{name} BEFORE {occasion} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _refuse_on_postgresql(table: str) -> None:
    op.execute(
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
    )
