"""一人一档 on the page of a talent and on paper: one list by time, with filters and pages by keyset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import Blueprint, g, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service import clock, documents
from service import talents as registry
from service.db.stretches import Place, Stretch
from service.documents.templates import COMMON, TEMPLATE_FOLDER
from service.http import files
from service.http.context import db, wired
from service.liaisons import leaders_of
from service.rights import Actor
from service.talents import CATEGORIES, TYPES, Talent
from service.usecases.names import Names
from service.usecases.talent_file import (
    ACTIVITY,
    CASE,
    CONTACT,
    FILE,
    KINDS,
    LINK,
    MATTER,
    PER_PAGE,
    Entry,
    Part,
    file_of,
)
from service.web.access import requires
from service.web.answers import argument, asked_day

blueprint = Blueprint("talent_file", __name__)

RIGHT = "view_talents"
TEMPLATE = "talent_file"
MOST_PRINTED = 500
"""Entries on paper; more are told of in a sentence."""

_PAGES: Mapping[str, Callable[[str], str]] = {
    CONTACT: lambda key: url_for("web.contacts.contact", contact_id=UUID(key)),
    ACTIVITY: lambda key: url_for("web.activities.activity", activity_id=UUID(key)),
    MATTER: lambda _: url_for("web.matters.matters"),
    CASE: lambda key: url_for("web.cases.case", instance_id=UUID(key)),
    LINK: lambda key: url_for("web.links.link", link_id=UUID(key)),
    FILE: lambda key: url_for("web.attachments.file", file_id=UUID(key)),
}


@dataclass(frozen=True, slots=True)
class FilePage:
    """The list of a talent's page as the address asks for it."""

    part: Part
    asked: Stretch
    kind: str | None

    @property
    def narrowed(self) -> bool:
        """Whether the address asks for less than the whole file."""
        return self.kind is not None or self.asked != Stretch(PER_PAGE)

    @property
    def chosen(self) -> Sequence[tuple[str, str]]:
        """(kind, word) of the kinds that can be chosen: of which there is any for this reader."""
        return [(kind, word) for kind, word in KINDS.items() if kind in self.part.kinds or kind == self.kind]


def shown(talent: Talent) -> FilePage:
    """The part of the file that the address asks for. Raises ``Invalid`` for a place that is none."""
    asked, kind = _asked()
    return FilePage(file_of(db(), talent, g.actor, asked, kind), asked, kind)


def address_of(entry: Entry) -> str:
    """The page of what an entry is about; empty where there is none, or the reader may not see it."""
    kind, key = entry.record
    return _PAGES[kind](key) if kind in _PAGES else ""


def _asked() -> tuple[Stretch, str | None]:
    after, kind = argument("after"), argument("kind")
    place = Place.read(after) if after else None
    asked = Stretch(PER_PAGE, after=place, since=asked_day("since"), until=asked_day("until"))
    return asked, kind if kind in KINDS else None


# --- On paper ---


def _paper(talent_id: str) -> tuple[documents.Printed, str]:
    """The file as the reader sees it, of the kind and the period of the address: read, then made."""
    with wired().database.reading() as session:
        found = registry.get_talent(session, talent_id, g.actor)
        data, name = _on_paper(session, found, g.actor), f"{found.name}的人才档案"
    sources = {name: (TEMPLATE_FOLDER / name).read_bytes() for name in (f"{TEMPLATE}.typ", COMMON)}
    return documents.print_apart(documents.Draft(sources, TEMPLATE, data, clock.now())), name


@blueprint.get("/talents/<talent_id>/file.pdf")
@requires(right=RIGHT, ahead=_paper)
def paper(talent_id: str) -> ResponseReturnValue:
    """The file on paper; who printed what is in the journal, with the digest of the paper."""
    made, name = g.ahead
    return files.printed(made, name, save=False)


def _on_paper(session: Session, found: Talent, reader: Actor) -> dict[str, Any]:
    asked, kind = _asked()
    part = file_of(session, found, reader, replace(asked, limit=MOST_PRINTED, after=None), kind, kinds=False)
    leaders = leaders_of(session, [found.id], clock.today(), reader)[found.id]
    told = registry.shown(reader, found, leaders)
    names = Names(session)
    town = wired().organization.towns.get(found.town or "")
    facts = {
        "编号": found.id,
        "人才类别": CATEGORIES.get(found.category or 0, ""),
        "人员类型": TYPES.get(found.type or 0, ""),
        "认定": " ".join(one for one in (found.recognition, found.recognition_no) if one),
        "工作单位": found.employer,
        "职务": found.post or "",
        "主管单位": names.unit(found.employer_unit),
        "镇街": town.name if town is not None else "",
        "专业领域": found.fields or "",
        "联系电话": told["phone"] or "",
        "联系领导": "、".join(f"{one.person.name}（{one.post}）" for one in leaders),
        "团队": "、".join(team.name for team in registry.teams_of(session, found.id)),
        "最近核实": clock.written(found.confirmed_on) if found.confirmed_on else "",
    }
    return {
        "title": f"{found.name}的人才档案",
        "facts": [{"name": name, "value": value} for name, value in facts.items() if value],
        "entries": [_line(entry) for entry in part.entries],
        "scope": _scope(asked, kind),
        "more": f"只列最近 {MOST_PRINTED} 条。" if part.next is not None else "",
        "printed": f"{names.person(reader.username)} {clock.local(clock.now()):%Y-%m-%d %H:%M} 打印",
    }


def _line(entry: Entry) -> dict[str, str]:
    late = ("逾期登记",) if entry.late else ()
    return {
        "on": entry.on.isoformat(),
        "kind": KINDS[entry.kind],
        "title": entry.title,
        "facts": "，".join((*entry.facts, *late)),
        "text": entry.text,
        "who": entry.who,
    }


def _scope(asked: Stretch, kind: str | None) -> str:
    """The words for what the paper holds, where that is not the whole file."""
    since = f"{asked.since.isoformat()}起" if asked.since else ""
    until = f"至{asked.until.isoformat()}" if asked.until else ""
    said = "".join((since, until))
    return "，".join(one for one in (KINDS[kind] if kind else "", said) if one)
