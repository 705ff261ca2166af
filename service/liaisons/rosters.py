"""Drafting, deciding and filing rosters; they enter the journal of ``roster:<scope>``. None commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from service import clock, history, ids
from service.errors import Conflict, NotFound
from service.fields import Checks, take
from service.history.records import record
from service.liaisons.edits import roster_edits
from service.liaisons.fields import DECISION, FILING, ROSTER_NOTE
from service.liaisons.keepers import is_filed
from service.liaisons.models import Link, Roster, RosterItem
from service.liaisons.queries import scope_links
from service.liaisons.roster_queries import get_roster
from service.liaisons.rules import DECIDED, DRAFT, FILED, PROPOSED, SUPERSEDED
from service.liaisons.steps import (
    A_DAY,
    Item,
    awaits_handover,
    began,
    begin,
    checked_reason,
    end,
    find_post,
    journal,
    only_once,
    refuse_unless_serving,
    tell_office,
    waiting,
    wanted_talent,
)
from service.people.models import Leader
from service.people.queries import find_unit
from service.people.rules import CLASS_A
from service.rights import Actor, require
from service.talents.models import Talent

MOST_ITEMS = 5000

_Line = tuple[Leader, Talent, str, str | None]
"""Leader, talent, reason and note."""


def draft_roster(
    session: Session,
    *,
    scope: str,
    items: Sequence[Item],
    note: str | None = None,
    instance_id: UUID | None = None,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Roster:
    """A version of the list of class A (``scope`` ``A``, Q2) or of a unit (its code, Q4), as a draft.

    ``items`` are ``{leader_id, talent_id, reason, note?}``. A draft that is there already is rewritten. Nothing
    changes for links until it is decided. Raises ``NotAllowed``, ``Invalid`` with the path of each bad line, and
    ``Stale`` where somebody drafted the list since ``version`` (of ``roster_edits``) was read.
    """
    _require_scope(session, scope, actor)
    checks = Checks()
    text = checks.optional_text(ROSTER_NOTE.path, ROSTER_NOTE.label, note, ROSTER_NOTE.longest)
    lines = _lines(session, checks, scope, items, clock.local(now).date())
    checks.done()
    history.lock(session, f"roster:{scope}")  # two drafts at once would take the same number
    history.require_version(session, roster_edits(scope), version)
    roster = session.scalars(select(Roster).where(Roster.scope == scope, Roster.status == DRAFT)).first()
    if roster is None:
        newest = session.scalar(select(func.max(Roster.version)).where(Roster.scope == scope)) or 0
        roster = Roster(
            id=ids.new(),
            scope=scope,
            version=newest + 1,
            status=DRAFT,
            instance_id=instance_id,
            created_by=actor.username,
            created_at=now,
        )
        session.add(roster)
        former = None
    else:
        _lock(session, roster)
        former = [(item.leader, item.talent, item.reason, item.note) for item in roster.items]
        for item in roster.items:
            session.delete(item)
        roster.instance_id = instance_id or roster.instance_id
    roster.note = text
    session.flush()
    session.expire(roster, ["items"])
    session.add_all(
        RosterItem(roster_id=roster.id, position=place, leader=leader, talent=talent, reason=reason, note=why)
        for place, (leader, talent, reason, why) in enumerate(lines)
    )
    session.flush()
    data = {
        "id": roster.id,
        "version": roster.version,
        "note": text,
        "instance_id": roster.instance_id,
        "rewritten": _rewritten(former, lines),
        "items": [
            {"leader_id": str(leader.id), "talent_id": talent.id, "reason": reason, "note": why}
            for leader, talent, reason, why in lines
        ],
    }
    record(session, f"roster:{scope}", "roster_drafted", data, actor=actor, now=now)
    return roster


def take_up(session: Session, roster: Roster, instance_id: UUID, *, actor: Actor, now: datetime) -> None:
    """A case decides on the list from now on; nothing is journaled where it does already."""
    if roster.instance_id == instance_id:
        return
    roster.instance_id = instance_id
    session.flush()
    data = {"id": roster.id, "version": roster.version, "instance_id": instance_id}
    record(session, f"roster:{roster.scope}", "roster_taken_up", data, actor=actor, now=now)


def _rewritten(former: Sequence[_Line] | None, lines: Sequence[_Line]) -> str:
    """The changes of a draft against the one before, by name; empty where its lines are the same."""
    old, new = ({(str(one[0].id), one[1].id): one for one in listed} for listed in (former or (), lines))
    told = {
        "增加": [new[key] for key in new if key not in old],
        "去掉": [old[key] for key in old if key not in new],
        "修改": [new[key] for key in new if key in old and new[key][2:] != old[key][2:]],
    }
    named = {word: "、".join(f"{one[0].person.name}联系{one[1].name}" for one in some) for word, some in told.items()}
    if former is None:
        return f"起草共 {len(lines)} 条"
    return "；".join(f"{word}{names}" for word, names in named.items() if names)


def decide_roster(
    session: Session,
    *,
    roster_id: UUID | str,
    document_no: str,
    decided_on: date,
    tell: bool = False,
    actor: Actor,
    now: datetime,
) -> Roster:
    """Puts a draft in force from ``decided_on`` on, under its document number (Q2, Q4).

    Links of the scope that are not on it end the day before; those new on it begin, as the successors of those that
    end where they serve the same talent. A new one whose leader has no service team yet is proposed. Held links that
    are not listed stay: only who takes the talent over, or a person, ends them, else the talent had nobody (O4).

    ``tell``: the Talent Office hears of a unit's list in its inbox (Q4); a round brings it there as a step to file.
    Raises ``NotAllowed``, ``NotFound``, ``Invalid``, also for a day on which a link that would end had not yet begun,
    and ``Conflict`` where it is no draft.
    """
    roster = get_roster(session, roster_id, actor)
    _require_scope(session, roster.scope, actor)
    _lock(session, roster)
    scope_links(session, roster.scope, lock=True)
    if roster.status != DRAFT:
        raise Conflict("该名单已经确定，请刷新后查看；如需调整，请起草新的一版")
    checks = Checks()
    told = take(DECISION, {"document_no": document_no, "decided_on": decided_on}, checks)
    if decided_on > clock.local(now).date():
        checks.refuse("/decided_on", "确定日期不能晚于今天")
    before = _in_force(session, roster.scope)
    for former in before:
        if former.decided_on is not None and decided_on < former.decided_on:
            checks.refuse("/decided_on", f"确定日期不能早于上一版的确定日期（{former.decided_on.isoformat()}）")
    for place, item in enumerate(roster.items):
        refuse_unless_serving(checks, f"/items/{place}/leader_id", item.leader, decided_on)
    for link in () if checks.findings else leaving_links(session, roster, decided_on):
        if link.status != PROPOSED and link.starts_on >= decided_on:
            since = link.starts_on.isoformat()
            message = f"{link.leader.person.name}自 {since} 起联系{link.talent.name}，名单未列入"
            checks.refuse("/decided_on", f"{message}；确定日期须晚于 {since}，或将其列入名单")
    checks.done()
    for former in before:
        former.status = SUPERSEDED
    number = str(told["document_no"])
    roster.status, roster.document_no, roster.decided_on = DECIDED, number, decided_on
    session.flush()
    counts = _carry_out(session, roster, decided_on, actor, now)
    data = {
        "id": roster.id,
        "version": roster.version,
        "document_no": number,
        "decided_on": decided_on,
        "superseded": [str(former.id) for former in before],
        **counts,
    }
    record(session, f"roster:{roster.scope}", "roster_decided", data, actor=actor, now=now)
    unit = find_unit(session, roster.scope) if tell else None
    if unit is not None:
        said = f"文号 {number}，自 {decided_on.isoformat()} 起，共 {len(roster.items)} 条，请备案"
        title = f"{unit.name}名单第 {roster.version} 版"
        tell_office(session, f"roster:{roster.id}", "roster_decided", title, said, actor=actor, now=now)
    return roster


def leaving_links(session: Session, roster: Roster, day: date) -> list[Link]:
    """The links of the scope that end when the roster is decided as of ``day``: not on it, and none that is held."""
    listed = {(item.leader_id, item.talent_id) for item in roster.items}
    return [
        link
        for link in scope_links(session, roster.scope)
        if (link.leader_id, link.talent_id) not in listed and not awaits_handover(link, day)
    ]


def file_roster(session: Session, *, roster_id: UUID | str, on: date, actor: Actor, now: datetime) -> Roster:
    """The Talent Office has a unit's decided roster on file (备案, Q4): taken note of, not approved.

    Raises ``NotAllowed``, ``NotFound``, ``Invalid``, and ``Conflict`` where it is not decided, or the office's own.
    """
    require(actor, "file_rosters")
    roster = get_roster(session, roster_id, actor)
    _lock(session, roster)
    if not is_filed(roster):
        raise Conflict("区领导（A类）的名单由区人才办确定，不需备案")
    if roster.status != DECIDED:
        state = "还是草稿，请先确定" if roster.status == DRAFT else "已经备案或已被新版取代，请刷新后查看"
        raise Conflict(f"该名单{state}")
    checks = Checks()
    take(FILING, {"on": on}, checks)
    if roster.decided_on is not None and on < roster.decided_on:
        checks.refuse("/on", f"备案日期不能早于确定日期（{roster.decided_on.isoformat()}）")
    if on > clock.local(now).date():
        checks.refuse("/on", "备案日期不能晚于今天")
    checks.done()
    roster.status, roster.filed_on = FILED, on
    session.flush()
    data = {"id": roster.id, "version": roster.version, "filed_on": on}
    record(session, f"roster:{roster.scope}", "roster_filed", data, actor=actor, now=now)
    return roster


def _lock(session: Session, roster: Roster) -> None:
    """The list with its lines as they stand now: what was read of it before may have been rewritten or decided.

    Nobody else drafts, decides or files a list of the scope before the transaction ends.
    """
    history.lock(session, f"roster:{roster.scope}")
    query = select(Roster).where(Roster.id == roster.id).options(selectinload(Roster.items))
    session.scalars(query.with_for_update(of=Roster).execution_options(populate_existing=True)).one()


def _carry_out(session: Session, roster: Roster, day: date, actor: Actor, now: datetime) -> dict[str, int]:
    """Makes the links of the scope those of the roster; gives how many begin, end and stay."""
    present = {(link.leader_id, link.talent_id): link for link in scope_links(session, roster.scope)}
    held = [link for link in present.values() if awaits_handover(link, day) and link.starts_on < day]
    leaving = leaving_links(session, roster, day)
    for link in leaving:
        end(session, link, day - A_DAY, f"名单第 {roster.version} 版未列入", actor, now)
    added = 0
    for item in roster.items:
        stays = present.get((item.leader_id, item.talent_id))
        if stays is not None:
            _change_reason(session, stays, item, actor, now)
            continue
        only_once(session, item.leader, item.talent, day)
        former = [link for link in (*leaving, *held) if link.talent_id == item.talent_id and began(link)]
        previous = former[0] if former else None
        link = begin(
            session,
            item.leader,
            item.talent,
            (item.reason, item.note),
            day,
            previous_id=previous.id if previous is not None else None,
            team_id=previous.team_id if previous is not None else None,
            roster_id=roster.id,
            now=now,
        )
        journal(session, link, "link_proposed", {"waiting": list(waiting(session, link, day))}, actor, now)
        if link.status != PROPOSED and previous is not None and previous.ends_on is None:
            said = f"名单第 {roster.version} 版确定由{item.leader.person.name}接任"
            end(session, previous, day - A_DAY, said, actor, now)
        added += 1
    return {"began": added, "ended": len(leaving), "stayed": len(roster.items) - added}


def _change_reason(session: Session, link: Link, item: RosterItem, actor: Actor, now: datetime) -> None:
    if (link.reason, link.note) == (item.reason, item.note):
        return
    before = {"old_reason": link.reason, "old_note": link.note}
    link.reason, link.note = item.reason, item.note
    session.flush()
    journal(session, link, "link_changed", before, actor, now)


def _require_scope(session: Session, scope: str, actor: Actor) -> None:
    if scope == CLASS_A:
        require(actor, "manage_links_a")
        return
    if find_unit(session, scope) is None:
        raise NotFound("没有这个单位，请从单位名录中选择")
    require(actor, "decide_unit_roster", unit=scope)


def _in_force(session: Session, scope: str) -> list[Roster]:
    query = select(Roster).where(Roster.scope == scope, Roster.status.in_((DECIDED, FILED)))
    return list(session.scalars(query.order_by(Roster.version)))


def _lines(session: Session, checks: Checks, scope: str, items: Sequence[Item], today: date) -> list[_Line]:
    if not items:
        checks.refuse("/items", "名单不能为空，请至少列入一条联系关系")
    elif len(items) > MOST_ITEMS:
        checks.refuse("/items", f"一份名单最多 {MOST_ITEMS} 条，现有 {len(items)} 条")
        return []
    lines, seen = [], set()
    for place, item in enumerate(items):
        path = f"/items/{place}"
        leader = find_post(session, checks, f"{path}/leader_id", item.get("leader_id") or "")
        talent = wanted_talent(session, checks, f"{path}/talent_id", item.get("talent_id") or "")
        if leader is None:
            continue
        if not _of_scope(leader, scope):
            whose = "区领导（A类）" if scope == CLASS_A else "本单位领导（B类）"
            checks.refuse(f"{path}/leader_id", f"{leader.person.name}不是{whose}，不能列入这份名单")
        elif leader.ends_on is not None and leader.ends_on < today:
            checks.refuse(f"{path}/leader_id", f"{leader.person.name}的任职已于 {leader.ends_on.isoformat()} 结束")
        reason, note = checked_reason(checks, path, leader.klass, item.get("reason"), item.get("note"))
        if talent is None:
            continue
        if (leader.id, talent.id) in seen:
            checks.refuse(f"{path}/talent_id", f"{leader.person.name}联系{talent.name}重复，请删去一条")
        seen.add((leader.id, talent.id))
        lines.append((leader, talent, reason, note))
    return lines


def _of_scope(leader: Leader, scope: str) -> bool:
    if scope == CLASS_A:
        return leader.klass == CLASS_A
    return leader.klass != CLASS_A and leader.unit_code == scope
