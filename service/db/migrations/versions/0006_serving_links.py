"""Links say who serves a talent: each talent's one leader becomes a link, and the column goes."""

from __future__ import annotations

from datetime import timedelta
from uuid import NAMESPACE_OID, uuid5

import sqlalchemy as sa
from alembic import op

from service import clock
from service.db import UtcDateTime

revision = "0006_serving_links"
down_revision = "0005_people_side"
branch_labels = None
depends_on = None

BATCH = 1000

_talent = sa.table(
    "talent",
    sa.column("id", sa.String),
    sa.column("leader_id", sa.Uuid),
    sa.column("active", sa.Boolean),
    sa.column("updated_at", UtcDateTime()),
)
_leader = sa.table(
    "leader",
    sa.column("id", sa.Uuid),
    sa.column("klass", sa.String),
    sa.column("starts_on", sa.Date),
    sa.column("ends_on", sa.Date),
)
_link = sa.table(
    "link",
    sa.column("id", sa.Uuid),
    sa.column("leader_id", sa.Uuid),
    sa.column("talent_id", sa.String),
    sa.column("reason", sa.String),
    sa.column("note", sa.String),
    sa.column("status", sa.String),
    sa.column("starts_on", sa.Date),
    sa.column("held_from", sa.Date),
    sa.column("ends_on", sa.Date),
    sa.column("end_reason", sa.String),
    sa.column("created_at", UtcDateTime()),
)


def upgrade() -> None:
    """A link for every leader of a talent, then no more ``talent.leader_id``."""
    connection = op.get_bind()
    served = connection.execute(
        sa.select(_talent, _leader.c.klass, _leader.c.starts_on, _leader.c.ends_on)
        .join_from(_talent, _leader, _leader.c.id == _talent.c.leader_id)
        .order_by(_talent.c.id)
    ).all()
    for first in range(0, len(served), BATCH):
        connection.execute(sa.insert(_link), [_linked(row) for row in served[first : first + BATCH]])
    with op.batch_alter_table("talent") as table:  # which SQLite is given anew
        table.drop_index("ix_talent_leader_id")
        table.drop_constraint("fk_talent_leader_id", type_="foreignkey")
        table.drop_column("leader_id")


def _linked(row: sa.Row[tuple[object, ...]]) -> dict[str, object]:
    """The link that a talent's leader becomes: since the post began, held where it has ended (O4)."""
    changed_on = clock.local(row.updated_at).date()
    link: dict[str, object] = {
        "id": uuid5(NAMESPACE_OID, f"link:{row.leader_id}:{row.id}"),
        "leader_id": row.leader_id,
        "talent_id": row.id,
        "reason": "known" if row.klass == "A" else "related",
        "note": "由人才信息库原登记的联系领导转入",
        "status": "active",
        "starts_on": row.starts_on,
        "held_from": row.ends_on + timedelta(days=1) if row.ends_on is not None else None,
        "ends_on": None,
        "end_reason": None,
        "created_at": row.updated_at,
    }
    if not row.active:
        link |= {"status": "ended", "ends_on": max(row.starts_on, changed_on), "end_reason": "人才已移出信息库"}
    elif row.ends_on is not None:
        link["status"] = "held"
    return link
