"""Word that a unit has no liaison, for the Talent Office (T4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service import history
from service.history.notices import NOTICE
from service.history.records import owe_notice
from service.notifications.rules import VACANCY
from service.people.queries import unit_names
from service.rights import SYSTEM, TALENT_OFFICE

AGAIN_AFTER = timedelta(days=30)
"""How long the Talent Office is left to name a liaison before it hears of the same vacancy again."""


def tell_of_vacancy(session: Session, unit: str, *, now: datetime) -> None:
    """Owes the Talent Office word that a unit has no liaison, unless it heard so since the last change, and lately.

    Every notice of a round goes to the same vacancy: told each time it would bury the office.
    """
    stream = f"unit:{unit}"
    history.lock(session, stream)
    past = history.stream_events(session, stream)
    changed = max((event.seq for event in past if event.kind in ("liaison_named", "liaison_ended")), default=0)
    since = now - AGAIN_AFTER
    told = [event for event in past if event.kind == NOTICE and event.seq > changed and event.at > since]
    if any(event.data.get("template") == VACANCY for event in told):
        return
    name = unit_names(session, [unit]).get(unit, unit)
    text = "目前没有能办理的联络员，请尽快指定（并开通账号）；指定前，其任务可由区人才办代为办理。"
    owe_notice(session, stream, VACANCY, title=name, text=text, role=TALENT_OFFICE, actor=SYSTEM, now=now)
