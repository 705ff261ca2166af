"""The database notices each change of who may do what: processes remember the directory under a stamp (adr/0064)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0083_directory_stamp"
down_revision = "0096_rounds_of_tasks"
branch_labels = None
depends_on = None

WATCHED = {
    "account": "username, person_id, password_hash, active, demo, oidc_issuer, oidc_subject, created_at,"
    " password_set_at, must_change_password",
    "second_factor": "username, enrolled_at",
    "token": "sha256, username, expires_at, revoked_at",
    "role_grant": "username, role, unit_code, starts_on, ends_on, revoked_at",
    "person": "id, name, unit_code, active",
    "unit": "code, active",
    "leader": "id, person_id, starts_on, ends_on",
    "liaison": "unit_code, person_id, starts_on, ends_on",
    "substitute": "person_id, substitute_id, starts_on, ends_on, withdrawn_at",
}
ON_SQLITE = "random() & 9007199254740991"
ON_POSTGRESQL = "floor(random() * 9007199254740992)::bigint"


def upgrade() -> None:
    """Makes the table and the triggers; an empty database gets its row with the first account or unit."""
    op.create_table(
        "directory_stamp",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_stamp")),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    drawn = ON_SQLITE if sqlite else ON_POSTGRESQL
    op.execute(
        f"INSERT INTO directory_stamp (id, stamp) SELECT 1, {drawn}"  # noqa: S608 - nothing of it comes from outside
        " WHERE EXISTS (SELECT 1 FROM account) OR EXISTS (SELECT 1 FROM unit)"
    )
    if sqlite:
        _notice_on_sqlite()
    else:
        _notice_on_postgresql()


def _notice_on_sqlite() -> None:
    for table, columns in WATCHED.items():
        for name, occasion in (("comes", "INSERT"), ("changes", f"UPDATE OF {columns}"), ("goes", "DELETE")):
            op.execute(
                f"CREATE TRIGGER directory_{table}_{name} AFTER {occasion} ON {table} BEGIN"  # noqa: S608 - as above
                f" INSERT INTO directory_stamp (id, stamp) VALUES (1, {ON_SQLITE})"
                " ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp; END"
            )


def _notice_on_postgresql() -> None:
    """At the commit, as the last lock that a transaction takes, and once in it: nobody waits for another's row long,
    nor two for each other."""
    op.execute(
        "CREATE FUNCTION directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"  # noqa: S608 - as above
        f" INSERT INTO directory_stamp AS there (id, stamp) VALUES (1, {ON_POSTGRESQL})"
        " ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp"
        " WHERE there.xmin::text::bigint <> txid_current() % 4294967296; RETURN NULL; END $$"
    )
    for table, columns in WATCHED.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER directory_{table} AFTER INSERT OR DELETE OR UPDATE OF {columns} ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION directory_changed()"
        )
