"""The registry's facts about talents at the end of a day: papers say the state of their day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.history.then import fields_then
from service.talents.edits import talent_edits
from service.talents.models import Talent

FIELDS = ("name", "employer", "post", "phone")


def told_then(session: Session, talents: Iterable[Talent], on: date) -> Mapping[str, Mapping[str, str | None]]:
    """Talent's id → name, employer, post and telephone at the end of a day; at most one statement."""
    listed = list(talents)
    found: dict[str, dict[str, str | None]] = {one.id: {name: getattr(one, name) for name in FIELDS} for one in listed}
    later = {f"talent:{one.id}": one for one in listed if one.updated_at >= clock.end_of(on)}
    for (stream, _), before in fields_then(session, map(talent_edits, later.values()), on).items():
        found[later[stream].id] |= {name: before[name] for name in FIELDS if name in before}
    return found


def names_then(session: Session, talents: Iterable[str], on: date) -> dict[str, str]:
    """Talent's id → name at the end of a day; at most two statements."""
    wanted = list(talents)
    if not wanted:
        return {}
    if on >= clock.today():
        return dict(session.execute(select(Talent.id, Talent.name).where(Talent.id.in_(wanted))).all())
    listed = session.scalars(select(Talent).where(Talent.id.in_(wanted)))
    return {key: str(told["name"]) for key, told in told_then(session, listed, on).items()}
