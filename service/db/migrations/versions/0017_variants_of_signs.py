"""Search keys are spelled anew: variants of a character are searched as the usual one (王喆 as 王哲)."""

from __future__ import annotations

from alembic import op

from service.db.migrations.respelled import respell

revision = "0017_variants_of_signs"
down_revision = "0016_sign_in"
branch_labels = None
depends_on = None


def upgrade() -> None:
    respell(op.get_bind())
