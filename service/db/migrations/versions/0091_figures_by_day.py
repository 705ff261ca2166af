"""The figures of needs are kept summed by day; the database notes by itself which cases are to be summed anew.

All needs there are wait to be taken in, which the worker does: until then a question counts them one by one, as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0091_figures_by_day"
down_revision = "0083_directory_stamp"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WATCHED = ("case_span", "clock_run")
OF_TASK = "AFTER UPDATE OF task, stage, scope ON user_task"
"""The columns of a step that say what its clock counts for."""
OTHER = "new.task <> old.task OR coalesce(new.stage, '') <> coalesce(old.stage, '') OR new.scope <> old.scope"
NOTE = "INSERT INTO figure_due (instance_id) VALUES ({}.instance_id)"


def upgrade() -> None:
    """A note is a row of its own for each change: nobody waits for whoever takes an earlier one in."""
    op.create_table(
        "figure_tally",
        sa.Column("dimension", sa.String(16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("figure", sa.String(16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dimension", "day", "on_day", "key", "figure", name=op.f("pk_figure_tally")),
    )
    nothing = sa.text("number = 0")
    op.create_index(
        "ix_figure_tally_nothing", "figure_tally", ["number"], sqlite_where=nothing, postgresql_where=nothing
    )
    op.create_table(
        "figure_case",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_figure_case_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_figure_case")),
    )
    op.create_table(
        "figure_due",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_due")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _note_on_sqlite()
    else:
        _note_on_postgresql()
    # Behind the triggers, whose making waits for all who write: no case slips between.
    op.execute("INSERT INTO figure_due (instance_id) SELECT id FROM instance WHERE process = 'request' ORDER BY id")


def _note_on_sqlite() -> None:
    for table in WATCHED:
        for occasion, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")):
            named = f"{table}_figures_{occasion.lower()} AFTER {occasion} ON {table}"
            op.execute(f"CREATE TRIGGER {named} BEGIN {NOTE.format(row)}; END")
    op.execute(f"CREATE TRIGGER user_task_figures_update {OF_TASK} WHEN {OTHER} BEGIN {NOTE.format('new')}; END")


def _note_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION figure_due_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO figure_due (instance_id) VALUES (CASE TG_OP WHEN 'DELETE' THEN OLD.instance_id "
        "ELSE NEW.instance_id END); RETURN NULL; END $$"
    )
    for table in WATCHED:
        op.execute(
            f"CREATE TRIGGER {table}_figures AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION figure_due_note()"
        )
    op.execute(
        f"CREATE TRIGGER user_task_figures {OF_TASK} FOR EACH ROW WHEN ({OTHER}) EXECUTE FUNCTION figure_due_note()"
    )


def downgrade() -> None:
    """Nothing is lost: the sums follow from days and clocks."""
    if op.get_bind().dialect.name == "sqlite":
        for table in (*WATCHED, "user_task"):
            for occasion in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER IF EXISTS {table}_figures_{occasion}")
    else:
        for table in (*WATCHED, "user_task"):
            op.execute(f"DROP TRIGGER {table}_figures ON {table}")
        op.execute("DROP FUNCTION figure_due_note()")
    for table in ("figure_due", "figure_case", "figure_tally"):
        op.drop_table(table)
