"""Opening ``eligibility_review``: who no longer may be served is looked at by a person, once (S1, S2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service import clock, history, talents
from service.liaisons.queries import no_longer_eligible
from service.processes.commands import begin
from service.processes.definitions import find_latest
from service.processes.instances import cases_about
from service.processes.models import COMPLETED, Instance
from service.rights import Actor
from service.talents.models import Talent

PROCESS, REPORT = "eligibility_review", "change_report"
"""Its own process, and the one in which who is reported to leave the district is reviewed as well."""

DECIDES = frozenset(
    {"active", "in_district", "works_from", "works_until", "category", "recognition_expires_on"}
    | {"type", "type_approved_on", "approved_on"}
)
"""The fields of a file that decide eligibility: a change of one after a review makes it another question."""


def open_reviews(session: Session, *, actor: Actor, now: datetime, talent_id: str | None = None) -> int:
    """Opens the review of each talent whom leaders serve but may no longer be asked to; gives how many (S2).

    Of one talent, whose file somebody has changed, or of all: the daily round, which any number of workers may make.
    A reviewed talent is not asked again until the file or the reasons change. No link ends by itself.
    """
    if find_latest(session, PROCESS) is None:
        return 0
    history.lock(session, f"definition:{PROCESS}")
    today = clock.local(now).date()
    doubtful = no_longer_eligible(session, today, talent_id)
    reviews = _reviews(session, doubtful)
    opened = 0
    for talent in doubtful:
        if not any(_settles(session, talent, one, now) for one in reviews[talent.id]):
            begin(session, process=PROCESS, data={"talent_id": talent.id}, actor=actor, now=now)
            opened += 1
    return opened


def _reviews(session: Session, doubtful: Sequence[Talent]) -> dict[str, list[Instance]]:
    found: dict[str, list[Instance]] = defaultdict(list)
    for case in cases_about(session, [talent.id for talent in doubtful], (PROCESS, REPORT)):
        if case.process == PROCESS or case.data.get("leaves_district") is True:
            found[str(case.talent_id)].append(case)
    return found


def _settles(session: Session, talent: Talent, case: Instance, now: datetime) -> bool:
    """Whether the case asks today's question, or has answered it: for the same reasons, the file as it is."""
    if case.status != COMPLETED or case.ended_at is None:
        return True
    reviewed, today = clock.local(case.ended_at).date(), clock.local(now).date()
    if talents.eligibility(talent, reviewed) != talents.eligibility(talent, today):
        return False
    later = (one for one in history.stream_events(session, f"talent:{talent.id}") if one.at > case.ended_at)
    return not any(DECIDES & set(event.data) for event in later)
