"""The work of pages and API on briefs: drawing them up, releasing them (R3)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service import reports
from service.actions.leader_brief import RIGHT, STEP, draft_with_needs
from service.fields import FIRST_YEAR, LAST_YEAR
from service.people.queries import get_leader
from service.processes import commands
from service.processes.steps import open_step_about
from service.rights import Actor, require


def draw_up(
    session: Session, *, leader_id: UUID | str, year: int, month: int, actor: Actor, now: datetime
) -> reports.Brief:
    """Draws up the brief to a leader for a month, or counts its figures anew (R3).

    Raises as ``reports.draft_brief`` does.
    """
    return draft_with_needs(session, get_leader(session, leader_id), year=year, month=month, actor=actor, now=now)


def draw_up_all(session: Session, *, year: int, month: int, actor: Actor, now: datetime) -> int:
    """Draws up the brief of every leader serving in a month to whom none is released; how many there are."""
    if not (1 <= month <= 12 and FIRST_YEAR <= year <= LAST_YEAR):
        return 0
    leaders = reports.leaders_without_brief(session, year=year, month=month, reader=actor)
    for leader in leaders:
        draft_with_needs(session, leader, year=year, month=month, actor=actor, now=now)
    return len(leaders)


def release_from_page(session: Session, *, brief_id: UUID, actor: Actor, now: datetime) -> None:
    """Releases a brief from its own page: by the step of the round that waits for it, else without any (R3).

    A step that a colleague has claimed is left to them: it will find the brief released. Raises ``NotAllowed``,
    ``Conflict`` where it is released already.
    """
    require(actor, RIGHT)
    brief = reports.get_brief(session, brief_id, actor)
    step = open_step_about(session, STEP, record="brief", key="brief_id", value=str(brief.id))
    if brief.released_at is None and step is not None and step.assignee in (None, actor.username):
        said = {"decision": "release", "text": brief.text}
        commands.complete(session, task_id=step.id, data=said, actor=actor, now=now)
    else:
        reports.release_brief(session, brief_id=brief.id, actor=actor, now=now)
