"""The words by which cases are found have a table, and the database an index of their grams (adr/0050).

``prepare`` makes by replay the rows of the cases there are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043_case_texts"
down_revision = "0048_about_records"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# On SQLite the function comes with each connection of the product (db/database.py), on PostgreSQL it is this one.
FUNCTION = """
CREATE FUNCTION case_grams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT gram), '{}') FROM (
    SELECT substr(word, i, 2) AS gram
      FROM unnest(string_to_array(words, ' ')) AS word, generate_series(1, length(word) - 1) AS i
    UNION ALL
    SELECT substr(word, i, 3)
      FROM unnest(string_to_array(words, ' ')) AS word, generate_series(1, length(word) - 2) AS i
     WHERE octet_length(substr(word, i, 3)) = 3
  ) AS every
$$
"""
INDEX = "CREATE INDEX ix_case_text_grams ON case_text USING gin (case_grams(words))"
SQLITE = (
    "CREATE VIEW case_text_grams AS SELECT id, case_grams(words) AS grams FROM case_text",
    """CREATE VIRTUAL TABLE case_text_index USING fts5(
      grams, content='case_text_grams', content_rowid='id', tokenize='ascii', detail='none', columnsize=0
    )""",
    """CREATE TRIGGER case_text_added AFTER INSERT ON case_text BEGIN
      INSERT INTO case_text_index(rowid, grams) VALUES (new.id, case_grams(new.words));
    END""",
    """CREATE TRIGGER case_text_gone AFTER DELETE ON case_text BEGIN
      INSERT INTO case_text_index(case_text_index, rowid, grams) VALUES ('delete', old.id, case_grams(old.words));
    END""",
    """CREATE TRIGGER case_text_changed AFTER UPDATE OF id, words ON case_text BEGIN
      INSERT INTO case_text_index(case_text_index, rowid, grams) VALUES ('delete', old.id, case_grams(old.words));
      INSERT INTO case_text_index(rowid, grams) VALUES (new.id, case_grams(new.words));
    END""",
)


def upgrade() -> None:
    """A row is a stretch of days over which the words stayed the same."""
    op.create_table(
        "case_text",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_case_text_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_text")),
    )
    op.create_index("ix_case_text_instance_id", "case_text", ["instance_id", "from_on"])
    # the days of the cases there are do not know who leads and assists: ``prepare`` makes them anew
    op.execute("DELETE FROM case_span")
    op.add_column("case_span", sa.Column("lead_unit", sa.Text(), nullable=True))
    op.add_column("case_span", sa.Column("assisting_units", sa.Text(), nullable=True))
    op.create_table(
        "rebuilding",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("after", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rebuilding")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
    else:
        op.execute(FUNCTION)
        op.execute(INDEX)


def downgrade() -> None:
    """Nothing is lost: words and days follow from the journal."""
    op.drop_column("case_span", "assisting_units")
    op.drop_column("case_span", "lead_unit")
    op.drop_table("rebuilding")
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute("DROP TABLE case_text_index")
        op.execute("DROP VIEW case_text_grams")
    op.drop_table("case_text")
    if not sqlite:
        op.execute("DROP FUNCTION case_grams(text)")
