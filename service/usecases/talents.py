"""Changing a talent's file by hand: whom leaders serve and may no longer be asked to is reviewed at once (S2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from service import talents
from service.rights import Actor
from service.talents.models import Talent
from service.usecases.eligibility import open_reviews


def update_talent(
    session: Session,
    *,
    talent_id: str,
    changes: Mapping[str, object],
    source: str | None = None,
    version: int | None = None,
    confirm_duplicate: bool = False,
    actor: Actor,
    now: datetime,
) -> tuple[Talent, bool]:
    """``talents.update_talent``; gives the talent, and whether the change began a review of eligibility (S2).

    A step of a case changes a file without it: its diagram says what comes of the change. Raises what
    ``talents.update_talent`` raises.
    """
    talent = talents.update_talent(
        session,
        talent_id=talent_id,
        changes=changes,
        source=source,
        version=version,
        confirm_duplicate=confirm_duplicate,
        actor=actor,
        now=now,
    )
    return talent, open_reviews(session, talent_id=talent_id, actor=actor, now=now) > 0
