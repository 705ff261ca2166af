"""The briefs to leaders of the demonstration's year (R3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from sqlalchemy.orm import Session

from service import clock, reports
from service.auth import actor_of
from service.demonstration.organization import derived
from service.demonstration.plan import Deed, Plan, office
from service.ledger.counts import leader_needs


def planned(plan: Plan) -> Iterator[Deed]:
    """Of the month before: two released, of which one was read, and one that is being worded."""
    before = plan.days[-1].replace(day=1) - timedelta(days=1)
    for place, key in enumerate(("leader", "程望津", "温如故")):
        brief = partial(_brief, key=key, year=before.year, month=before.month, release=place < 2, read=place == 0)
        yield Deed(plan.at(plan.last - 2, 10 + place), brief)


def _brief(session: Session, *, key: str, year: int, month: int, release: bool, read: bool) -> None:
    leader_id, actor, now = derived("leader", key), office(session), clock.now()
    starts_on = date(year, month, 1)
    ends_on = (starts_on + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    needs = leader_needs(session, leader_id=leader_id, starts_on=starts_on, ends_on=ends_on)
    brief = reports.draft_brief(session, leader_id=leader_id, year=year, month=month, needs=needs, actor=actor, now=now)
    if release:
        reports.release_brief(session, brief_id=brief.id, actor=actor, now=now)
    if read:
        reports.read_brief(session, brief_id=brief.id, actor=actor_of(session, "leader"), now=now)
