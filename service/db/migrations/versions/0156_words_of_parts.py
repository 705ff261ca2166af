"""On PostgreSQL an index finds the needs whose part in the figures tells of a unit, a town, a category or a leader."""

from __future__ import annotations

from alembic import op

revision = "0156_words_of_parts"
down_revision = "0155_said_kept"
branch_labels = None
depends_on = None

# All words that were said stand in quotes behind a sign of equality (``figure_folding.SAID``), as JSON writes them.
FUNCTION = r"""
CREATE FUNCTION figure_words(told text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT found[1]), '{}')
    FROM regexp_matches(told, '"(=(?:[^"\\]|\\.)*)"', 'g') AS found
$$
"""


def upgrade() -> None:
    """SQLite looks through the parts themselves."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(FUNCTION)
        op.execute("CREATE INDEX ix_figure_case_words ON figure_case USING gin (figure_words(told))")


def downgrade() -> None:
    """Drops the index."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP INDEX ix_figure_case_words")
        op.execute("DROP FUNCTION figure_words(text)")
