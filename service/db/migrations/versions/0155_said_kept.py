"""A table keeps the values of forms of needs by field and days; the database notes when a step was done or taken back.

All needs wait to be taken in by the worker: until it has, lists ask each need, as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0155_said_kept"
down_revision = "0157_acknowledgements"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OF_TASK = "AFTER UPDATE OF status, submitted, completed_seq, completed_at, task, scope ON user_task"
OF_CASE = "AFTER UPDATE OF digest ON instance"
# Pieces of texts with their field (those of ``case_grams``, which an index cannot call by its bare name), each as a
# number; of an id, by which nobody looks for texts, none.
FUNCTION = """
CREATE FUNCTION said_grams(field text, words text) RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT hashtext(field || ' ' || gram)), '{}') FROM (
    SELECT substr(word, i, 2) AS gram
      FROM unnest(string_to_array(lower(words), ' ')) AS word, generate_series(1, length(word) - 1) AS i
    UNION ALL
    SELECT substr(word, i, 3)
      FROM unnest(string_to_array(lower(words), ' ')) AS word, generate_series(1, length(word) - 2) AS i
     WHERE octet_length(substr(word, i, 3)) = 3
  ) AS every
  WHERE words !~ '^[0-9a-f-]{32,36}$'
$$
"""
GRAMS = "CREATE INDEX ix_case_said_grams ON case_said USING gin (said_grams(field, coalesce(value, key)))"


def upgrade() -> None:
    """The index of the values has the newest needs of each value first."""
    op.create_table(
        "case_said",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("field", sa.String(160), nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_case_said_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_said")),
    )
    newest = ("instance_id", "newest", "until_on", "from_on")
    op.create_index("ix_case_said_key", "case_said", ["field", "key", sa.text("started_at DESC"), *newest])
    op.create_index("ix_case_said_instance_id", "case_said", ["instance_id", "field"])
    if op.get_bind().dialect.name == "sqlite":
        note = "INSERT INTO figure_due (instance_id) VALUES (new.instance_id)"
        op.execute(f"CREATE TRIGGER user_task_said {OF_TASK} WHEN {OTHER} BEGIN {note}; END")
        note = "INSERT INTO figure_due (instance_id) VALUES (new.id)"
        op.execute(f"CREATE TRIGGER instance_said {OF_CASE} WHEN {OTHER_CASE} BEGIN {note}; END")
    else:
        op.execute(FUNCTION)
        op.execute(GRAMS)
        op.execute(
            "CREATE FUNCTION figure_due_note_case() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO figure_due (instance_id) VALUES (NEW.id); RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER user_task_said {OF_TASK} FOR EACH ROW WHEN ({OTHER}) EXECUTE FUNCTION figure_due_note()"
        )
        op.execute(
            f"CREATE TRIGGER instance_said {OF_CASE} FOR EACH ROW WHEN ({OTHER_CASE}) "
            "EXECUTE FUNCTION figure_due_note_case()"
        )
    op.execute(
        "INSERT INTO figure_due (instance_id) SELECT id FROM instance WHERE process = 'request' "
        "AND id NOT IN (SELECT instance_id FROM figure_due) ORDER BY id"
    )


OTHER = (
    "(new.status = 'completed' OR old.status = 'completed') AND (new.status <> old.status "
    "OR coalesce(new.completed_seq, 0) <> coalesce(old.completed_seq, 0) OR new.task <> old.task "
    "OR new.scope <> old.scope "
    "OR coalesce(cast(new.submitted AS text), '') <> coalesce(cast(old.submitted AS text), '') "
    "OR coalesce(cast(new.completed_at AS text), '') <> coalesce(cast(old.completed_at AS text), ''))"
)
"""A step that is done is another now, or one was not done before."""
OTHER_CASE = "new.digest <> old.digest"


def downgrade() -> None:
    """Nothing is lost: the rows follow from steps and journals."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER user_task_said")
        op.execute("DROP TRIGGER instance_said")
    else:
        op.execute("DROP TRIGGER user_task_said ON user_task")
        op.execute("DROP TRIGGER instance_said ON instance")
        op.execute("DROP FUNCTION figure_due_note_case()")
    op.drop_table("case_said")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION said_grams(text, text)")
