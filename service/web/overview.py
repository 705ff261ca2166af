"""The parts of the desk beside one's own tasks: the work of a year, a leader's own talents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.liaisons import served_ids
from service.processes.deadlines import Deadline, deadlines_of
from service.processes.profiles import Profile, profiles
from service.processes.properties import PAGES as PAGE_NAMES
from service.rights import LEADER, Actor
from service.talents.models import Talent
from service.talents.queries import search_talents
from service.web.begins import PAGES

MOST = 100


@dataclass(frozen=True, slots=True)
class Work:
    """A process in the course of a year: what it ``said``, its ``page`` (name, endpoint), how long its steps have."""

    said: Profile
    page: tuple[str, str]
    steps: Sequence[Deadline]


def year_of_work(session: Session) -> Sequence[Work]:
    """Every deployed process; two statements, once they have been compiled."""
    return [
        Work(
            said=one,
            page=(PAGE_NAMES[one.page], PAGES[one.page]),
            steps=list({(step.step, step.time): step for step in deadlines_of(one.made)}.values()),
        )
        for one in profiles(session)
    ]


def own_talents(session: Session, actor: Actor) -> Sequence[Talent]:
    """The talents that a leader serves; none for others."""
    if not actor.has_role(LEADER) or actor.person_id is None:
        return []
    return search_talents(session, among=served_ids(person_id=actor.person_id), limit=MOST).items
