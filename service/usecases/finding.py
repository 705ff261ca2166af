"""Search everywhere: talents, units, matters and files that somebody may see, by whatever is remembered of them.

By name, number, pinyin or initials; units also by their short names (住建, 人社局). Each kind is sought as its own list
seeks it, with the same rights: what the list would not show is not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.attachments import files_called
from service.people.filters import UnitFilter
from service.people.queries import called_for_short, search_units
from service.processes import queries
from service.processes.rules import STATUSES, one_line
from service.processes.stages import StageNames
from service.processes.wiring import wiring
from service.rights import Actor, may
from service.spelling import terms
from service.talents.filters import TalentFilter
from service.talents.queries import search_talents
from service.usecases.names import Names

TALENT, UNIT, CASE, FILE = "talent", "unit", "case", "file"
KINDS = {TALENT: "人才", UNIT: "单位", CASE: "事项", FILE: "附件"}
"""The kinds of what is found, names first."""
MOST = 6
"""Of each kind."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: its kind, its id (of a file the stream of its record, with a space and its own id), how it is
    called, and what tells it from another of that name."""

    kind: str
    id: str
    title: str
    note: str


def find(session: Session, actor: Actor, q: str) -> list[Hit]:
    """All that the actor may see and ``q`` calls, at most ``MOST`` of a kind, whole names first; a number's case before
    all else. Nothing for a search without a letter or sign."""
    if not terms(q):
        return []
    cases = list(_cases(session, actor, q))
    names = [*_talents(session, actor, q), *_units(session, actor, q)]
    files = [
        Hit(FILE, f"{one.stream} {one.id}", one.name, f"{one.added_at:%Y-%m-%d}")
        for one in files_called(session, q, actor, MOST)
    ]
    return [*cases, *names, *files] if _is_number(q, cases) else [*names, *cases, *files]


def _is_number(q: str, cases: list[Hit]) -> bool:
    """Whether somebody asks for a number rather than a name."""
    return bool(cases) and any(sign.isdigit() for sign in q) and q.strip() in cases[0].title


def _talents(session: Session, actor: Actor, q: str) -> Iterator[Hit]:
    if may(actor, "view_talents"):
        for one in search_talents(session, TalentFilter(q=q), limit=MOST, reader=actor).items:
            yield Hit(TALENT, one.id, one.name, f"{one.id} {one.employer or ''}".strip())


def _units(session: Session, actor: Actor, q: str) -> Iterator[Hit]:
    if not actor.roles:
        return
    short = called_for_short(session, q, wiring(session).short_names)
    named = search_units(session, UnitFilter(q=q), limit=MOST).items
    for one in list({unit.code: unit for unit in (*short, *named)}.values())[:MOST]:
        yield Hit(UNIT, one.code, one.name, "")


def _cases(session: Session, actor: Actor, q: str) -> Iterator[Hit]:
    found = queries.cases(session, actor, filters=queries.CaseFilter(process=None, q=q), limit=MOST).items
    names, stages = Names(session).learn(talents=[one.talent_id for one in found]), StageNames(session)
    for one in found:
        stage = stages.of(one.process, one.stage) if one.status == "running" else ""
        status = stage or (one.status == "completed" and one_line(one.end_name)) or STATUSES[one.status]
        about = names.talent(one.talent_id) if one.talent_id else ""
        title = " ".join(part for part in (one.number, one.title or "（尚未登记）") if part)
        yield Hit(CASE, str(one.id), title, "，".join(part for part in (about, status) if part))
