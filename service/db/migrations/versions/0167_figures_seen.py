"""The figures of the needs that a whole unit sees are kept summed by month; the database notes who sees a need anew.

All needs wait to be taken in by the worker: until it has, questions count needs one by one.
"""

from __future__ import annotations

from alembic import op

revision = "0167_figures_seen"
down_revision = "0161_runs_by_due_date"
branch_labels = None
depends_on = None

BEGINNINGS = ("origin:", "role:responsible_unit@")
"""How the ways begin in which whole units see cases."""
NOTE = "INSERT INTO figure_due (instance_id) VALUES ({}.instance_id)"
EVERY = (
    "INSERT INTO figure_due (instance_id) SELECT id FROM instance WHERE process = 'request' "
    "AND id NOT IN (SELECT instance_id FROM figure_due) ORDER BY id"
)


def upgrade() -> None:
    """Nothing is forgotten: each need is taken in anew in its turn."""
    if op.get_bind().dialect.name == "sqlite":
        for occasion, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")):
            named = f"case_reader_figures_{occasion.lower()} AFTER {occasion} ON case_reader"
            op.execute(f"CREATE TRIGGER {named} WHEN {_when(occasion)} BEGIN {NOTE.format(row)}; END")
    else:
        for occasion in ("INSERT", "UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER case_reader_figures_{occasion.lower()} AFTER {occasion} ON case_reader "
                f"FOR EACH ROW WHEN ({_when(occasion)}) EXECUTE FUNCTION figure_due_note()"
            )
    op.execute(EVERY)


def _when(occasion: str) -> str:
    """Another way is there than was: a change of a case's state moves its rows too, and is none."""
    if occasion == "UPDATE":
        of_many = f"({_of_many('old')} OR {_of_many('new')})"
        return f"{of_many} AND (old.reader <> new.reader OR old.instance_id <> new.instance_id)"
    return _of_many("old" if occasion == "DELETE" else "new")


def _of_many(row: str) -> str:
    return "(" + " OR ".join(f"substr({row}.reader, 1, {len(one)}) = '{one}'" for one in BEGINNINGS) + ")"


def downgrade() -> None:
    """Nothing is lost: the sums follow from days, clocks and readers. The version before knows no sums of what is seen
    and would find them wrong; what needs tell is without ways there."""
    for occasion in ("insert", "update", "delete"):
        at = "" if op.get_bind().dialect.name == "sqlite" else " ON case_reader"
        op.execute(f"DROP TRIGGER case_reader_figures_{occasion}{at}")
    op.execute("DELETE FROM figure_within WHERE about LIKE 'seen:%'")
    op.execute(EVERY)
