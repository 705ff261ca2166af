"""Questions that the access log answers: who was shown, searched for, printed and exported whose data, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from service.access_log.entries import ACTS, PART
from service.access_log.models import AccessEntry, AccessSubject
from service.audit.questions.declared import Asked, Find, Row
from service.audit.questions.journal import period
from service.audit.questions.known import Known, the_case, the_people, the_talents
from service.audit.questions.places import OF_UNITS, filters_words, place
from service.db.lists import MAX_LIMIT, Page
from service.processes.recording import stream_of
from service.rights import RIGHTS

OWN = "own"
NAMED = 3
"""Records of an entry that are named; of more the number is told."""
CASE: Mapping[str, str] = {
    "all": "可看全部事项",
    "began": "本人发起",
    "unit": "本单位发起",
    "task": "本人经办",
    "role": "职责范围内的步骤",
    "copied": "抄送给本人",
    "substitute": "代理",
    "concerned": "联系关系或其他经办",
}
"""Why somebody saw a case, in words."""


def looks(*, restricted: bool = False) -> Find:
    """The entries of the access log, the newest first; ``restricted``: those that showed a restricted note."""

    def find(asked: Asked) -> Page[Row]:
        conditions = [*period(asked, AccessEntry.at), *_narrowed(asked, own=restricted)]
        if restricted:  # those of the reader too: they are few, and weigh more
            conditions.append(AccessEntry.restricted > 0)
        query = select(AccessEntry).where(*conditions)
        if subjects := _subjects(asked):
            about = select(AccessSubject.entry_id).where(AccessSubject.subject.in_(subjects))
            query = query.where(AccessEntry.id.in_(about))
        return _page(asked, query)

    return find


def _page(asked: Asked, query: Any) -> Page[Row]:
    limit, offset = max(1, min(asked.limit, MAX_LIMIT)), max(0, asked.offset)
    session = asked.session
    total = session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    entries = list(session.scalars(query.order_by(AccessEntry.id.desc()).limit(limit).offset(offset)))
    wanted = set(_subjects(asked))
    shown = {one.id: _first(one.subjects, wanted) for one in entries}
    units = [role.partition("@")[2] for one in entries for role in one.reasons.get("roles", ())]
    given = [str(value) for one in entries for name, value in one.asked.items() if name in OF_UNITS]
    units += [code for value in given for code in value.split("、")]
    people = [one.username for one in entries] + [name for one in entries for name in one.reasons.get("absent", ())]
    known = Known(session).learn(people, (subject for some in shown.values() for subject in some), units)
    names = {role.id: role.name for role in asked.organization.roles.values()}
    rows = tuple(_row(one, shown[one.id], known, names) for one in entries)
    return Page(rows, total, limit, offset)


def _first(subjects: Sequence[str], wanted: set[str]) -> list[str]:
    """The records to be named: those asked for, then cases and people before what hangs on them."""
    order = sorted(subjects, key=lambda one: (one not in wanted, not one.startswith(("instance:", "talent:"))))
    return order[:NAMED]


def _row(one: AccessEntry, shown: Sequence[str], known: Known, roles: Mapping[str, str]) -> Row:
    told = [known.record(subject) for subject in shown]
    more = len(one.subjects) - len(told)
    link = next((link for _, link in told if link is not None), None)
    return {
        "at": one.at,
        "who": known.person(one.username),
        "why": _why(one.reasons, known, roles),
        "act": ACTS.get(one.act, one.act),
        "about": "、".join(dict.fromkeys(name for name, _ in told))
        + (f" 等 {len(one.subjects)} 项" if more > 0 else "")
        + _part(one.reasons),
        "asked": filters_words(one.asked, known.unit),
        "way": place(one.way, one.route),
        "address": one.address,
        "links": {"about": link} if link is not None else {},
    }


def _part(reasons: Mapping[str, Any]) -> str:
    """The place of one of several entries about the same request, in words; nothing of the only one."""
    number, count = reasons.get(PART, (1, 1))
    return f"（同一次操作记为 {count} 条，这是第 {number} 条）" if count > 1 else ""


def _why(reasons: Mapping[str, Any], known: Known, roles: Mapping[str, str]) -> str:
    said = []
    for held in reasons.get("roles", ()):
        role, _, unit = str(held).partition("@")
        said.append(roles.get(role, role) + (f"（{known.unit(unit)}）" if unit else ""))
    parts = ["、".join(said) or ("无角色" if reasons else "")]
    if (right := str(reasons.get("right"))) in RIGHTS:
        parts.append(f"权限“{RIGHTS[right].name}”")
    parts += [CASE[one] for one in reasons.get("case", ()) if one in CASE]
    if absent := reasons.get("absent"):
        parts.append(f"可代理{'、'.join(known.person(name) for name in absent)}")
    return "；".join(part for part in parts if part)


def _narrowed(asked: Asked, *, own: bool) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if person := asked.text("person"):
        found.append(AccessEntry.username.in_(the_people(asked.session, person)))
    elif not own and asked.text(OWN) != OWN:
        found.append(AccessEntry.username != asked.reader.username)
    if act := asked.text("act"):
        found.append(AccessEntry.act == act)
    return found


def _subjects(asked: Asked) -> list[str]:
    found = []
    if talent := asked.text("talent"):
        found += [f"talent:{one}" for one in the_talents(asked.session, talent)]
    if case := asked.text("case"):
        found.append(stream_of(the_case(asked.session, case)))
    return found
