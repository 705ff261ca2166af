"""Entering contacts. Every operation enters the journal of ``contact:<id>``; none commits.

The text of a restricted note never enters the journal: its SHA-256 does (C4).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, ids
from service.contacts import rules
from service.contacts.access import acting_on_leader
from service.contacts.fields import CONTACT, INBOUND, OPINION, WITHDRAWAL
from service.contacts.models import (
    Activity,
    Contact,
    ContactTalent,
    ContactTopic,
    Opinion,
    RestrictedNote,
)
from service.contacts.notes import note_rows, notes_told, taken_notes
from service.contacts.queries import lock_contact
from service.db.failures import conflicts
from service.errors import Conflict, Finding
from service.fields import FIRST_YEAR, Checks, picked, take
from service.history.records import owe_notice, record
from service.ids import as_id
from service.people.models import Leader
from service.people.queries import find_leader
from service.rights import LIAISON, TALENT_OFFICE, Actor
from service.talents.models import Talent
from service.workdays import Calendar

MOST_TALENTS, MOST_OPINIONS = 200, 50


def record_contact(
    session: Session,
    *,
    leader_id: UUID | str,
    talent_ids: Sequence[str],
    form: str,
    held_on: date,
    topics: Collection[int],
    summary: str,
    place: str | None = None,
    participants: str | None = None,
    follow_up: str | None = None,
    tags: Sequence[str] = (),
    opinions: Sequence[Mapping[str, str]] = (),
    notes: Sequence[Mapping[str, str]] = (),
    restricted: str | None = None,
    inbound: bool = False,
    interview: bool | None = None,
    activity_id: UUID | str | None = None,
    contact_id: UUID | None = None,
    known_tags: Collection[str] | None = None,
    entry_days: int = rules.ENTRY_DAYS,
    supplementary: bool = False,
    calendar: Calendar,
    actor: Actor,
    now: datetime,
) -> Contact:
    """A contact of a leader with talents (F1), or of a talent with a leader (``inbound``, F4).

    Talk of thought, study, work and life goes into ``restricted`` (C4): ``summary`` may be empty then.
    ``form`` is a key of ``rules.FORMS``, ``topics`` keys of ``rules.TOPICS``; ``opinions`` are ``{talent_id, text}``,
    ``notes`` ``{talent_id, aspect, text}`` for the talents' files, of a contact of topic 3 (C3).
    ``interview`` says whether it counts as an interview (F2); by default an outbound visit does. ``known_tags`` are the
    codes that ``tags`` may hold (``None``: any). Entered more than ``entry_days`` working days after ``held_on`` it is
    late, which is shown and never refused (F3); not so a ``supplementary`` one, from papers older than the system. The
    one who enters is the leader, a liaison of the leader, or the Talent Office. Raises ``NotAllowed``, ``Invalid``, and
    ``Conflict`` where the same contact was entered before.
    """
    today = clock.local(now).date()
    checks = Checks()
    leader = _leader_on(session, checks, leader_id, held_on, today)
    talents = _talents(session, checks, talent_ids)
    if not topics and not inbound:
        checks.refuse("/topics", "请至少选择一项联系内容")
    if known_tags is not None and not set(tags) <= set(known_tags):
        checks.refuse("/tags", "有不认识的活动标签，请从名单中选择；标签由系统设置维护")
    activity = _activity(session, checks, activity_id)
    note: Any = take(picked(CONTACT, "restricted"), {"restricted": restricted}, checks)["restricted"]
    if note is not None and rules.RESTRICTED_TOPIC in topics and not summary.strip():
        summary = rules.NEUTRAL_SUMMARY
    given = {
        "form": form,
        "topics": topics,
        "place": place,
        "participants": participants,
        "summary": summary,
        "follow_up": follow_up,
    }
    taken: dict[str, Any] = take(picked(INBOUND if inbound else CONTACT, *given), given, checks)
    about = taken.pop("topics")
    contact = Contact(
        id=contact_id or ids.new(),
        **taken,
        inbound=inbound,
        interview=rules.is_interview(form, inbound=inbound) if interview is None else interview,
        held_on=held_on,
        tags=sorted(set(tags)),
        activity_id=activity.id if activity is not None else None,
        entered_at=now,
        withdrawn_at=None,
    )
    said = _opinions(checks, opinions, talents)
    learnt = taken_notes(checks, notes, talents, topics)
    checks.done()
    assert leader is not None  # noqa: S101 - refused above otherwise
    entering = acting_on_leader(session, actor, "record_contacts", leader, now)
    contact.leader, contact.leader_id, contact.entered_by = leader, leader.id, entering.username
    contact.due_on = calendar.add(held_on, entry_days).due
    contact.supplementary = supplementary
    contact.late = today > contact.due_on and not supplementary
    _refuse_twin(session, contact, talents)
    session.add(contact)
    with conflicts("该联系记录已经登记过，请刷新后查看"):
        session.flush()
    contact.talents = [ContactTalent(contact_id=contact.id, talent_id=talent.id, talent=talent) for talent in talents]
    contact.topics = [ContactTopic(contact_id=contact.id, topic=topic) for topic in about]
    contact.opinions = [
        Opinion(id=ids.derive(contact.id, f"opinion:{place}"), position=place, talent_id=talent_id, text=text)
        for place, (talent_id, text) in enumerate(said, start=1)
    ]
    for opinion in contact.opinions:
        opinion.status, opinion.updated_at = rules.OPEN, now
    contact.notes = note_rows(contact, learnt, entering, now)
    sealed = _sealed(contact, note) if note is not None else None
    if sealed is not None:
        session.add(sealed)
    session.flush()
    data = _data(contact) | {"restricted_sha256": sealed.sha256 if sealed is not None else None}
    record(session, _stream(contact.id), "contact_recorded", data, actor=entering, now=now)
    if contact.opinions and not supplementary:
        _tell_liaison(session, contact, entering, now)
    return contact


def withdraw_contact(session: Session, *, contact_id: UUID | str, reason: str, actor: Actor, now: datetime) -> Contact:
    """Takes a contact that was entered by mistake off the lists; the record and its history stay.

    Raises ``Conflict`` where it was withdrawn already, or one of its opinions has become a need.
    """
    contact = lock_contact(session, contact_id, actor)
    entering = acting_on_leader(session, actor, "record_contacts", contact.leader, now)
    checks = Checks()
    why = take([WITHDRAWAL], {"reason": reason}, checks)
    checks.done()
    if contact.withdrawn_at is not None:
        raise Conflict("该联系记录已经撤回")
    if any(opinion.status == rules.NEED for opinion in contact.opinions):
        raise Conflict("该记录的意见建议已转为需求，不能撤回；需要更正时请在需求中沟通说明")
    contact.withdrawn_at = now
    session.flush()
    record(session, _stream(contact.id), "contact_withdrawn", why, actor=entering, now=now)
    return contact


def _leader_on(session: Session, checks: Checks, leader_id: UUID | str, held_on: date, today: date) -> Leader | None:
    leader = find_leader(session, leader_id)
    if held_on > today:
        checks.refuse("/held_on", f"联系日期 {held_on.isoformat()} 在今天以后，请填写实际联系的日期")
    elif held_on.year < FIRST_YEAR:
        checks.refuse("/held_on", f"联系日期的年份不能早于 {FIRST_YEAR}")
    if leader is None:
        checks.refuse("/leader_id", "没有这位联系领导，请从领导名录中选择")
    elif held_on < leader.starts_on:
        checks.refuse("/held_on", f"{leader.person.name}自 {leader.starts_on.isoformat()} 起任该职，联系日期不能更早")
    elif leader.ends_on is not None and held_on > leader.ends_on:
        checks.refuse(
            "/held_on", f"{leader.person.name}的该项任职已于 {leader.ends_on.isoformat()} 结束，请选择接任的领导"
        )
    return leader


def _talents(session: Session, checks: Checks, talent_ids: Sequence[str]) -> list[Talent]:
    wanted = list(dict.fromkeys(talent_ids))
    if not wanted:
        checks.refuse("/talent_ids", "请至少选择一位联系对象")
    elif len(wanted) > MOST_TALENTS:
        checks.refuse("/talent_ids", f"一条记录最多登记 {MOST_TALENTS} 位联系对象，请分开登记")
    else:
        found = {one.id: one for one in session.scalars(select(Talent).where(Talent.id.in_(wanted)))}
        if unknown := [one for one in wanted if one not in found]:
            checks.refuse("/talent_ids", f"人才信息库中没有 {'、'.join(unknown[:5])}，请从名单中选择")
        return [found[one] for one in wanted if one in found]
    return []


def _activity(session: Session, checks: Checks, activity_id: UUID | str | None) -> Activity | None:
    if activity_id in (None, ""):
        return None
    key = as_id(activity_id)
    found = session.get(Activity, key) if key is not None else None
    if found is None:
        checks.refuse("/activity_id", "没有这项活动，请从活动列表中选择")
    elif found.cancelled_at is not None:
        checks.refuse("/activity_id", f"活动“{found.name}”已取消，请改选其他活动")
    return found


def _opinions(
    checks: Checks, opinions: Sequence[Mapping[str, str]], talents: Sequence[Talent]
) -> list[tuple[str, str]]:
    if len(opinions) > MOST_OPINIONS:
        checks.refuse("/opinions", f"一条记录最多登记 {MOST_OPINIONS} 条意见建议，请分开登记")
        return []
    there = {talent.id for talent in talents}
    found = []
    for place, one in enumerate(opinions):
        own = replace(OPINION, name=f"opinions/{place}/text")
        text = str(take([own], {own.name: one.get("text")}, checks)[own.name])
        talent_id = one.get("talent_id") or (talents[0].id if len(talents) == 1 else "")
        if talent_id not in there:
            which, path = f"“{text[:12]}{'…' if len(text) > 12 else ''}”", f"/opinions/{place}/talent_id"
            if talent_id:
                checks.refuse(path, f"提出{which}的人须是本次联系的对象，请在联系对象中加选，或改选提出人")
            else:
                checks.refuse(path, f"请选择{which}这条意见建议由哪位联系对象提出")
        found.append((talent_id, text))
    return found


def _tell_liaison(session: Session, contact: Contact, entering: Actor, now: datetime) -> None:
    """A leader who enters opinions cannot make needs of them: whoever can hears of it (W2)."""
    if entering.person_id != contact.leader.person_id:
        return
    unit = contact.leader.unit_code
    said = contact.opinions[0].text
    more = f"等 {len(contact.opinions)} 条" if len(contact.opinions) > 1 else ""
    owe_notice(
        session,
        _stream(contact.id),
        "opinion",
        title=contact.leader.person.name,
        text=f"{said[:80]}{'…' if len(said) > 80 else ''}{more}",
        role=LIAISON if unit else TALENT_OFFICE,
        unit=unit,
        actor=entering,
        now=now,
    )


def _refuse_twin(session: Session, contact: Contact, talents: Sequence[Talent]) -> None:
    same = select(Contact).where(
        Contact.leader_id == contact.leader_id,
        Contact.held_on == contact.held_on,
        Contact.form == contact.form,
        Contact.withdrawn_at.is_(None),
    )
    for other in session.scalars(same):
        who = {row.talent_id for row in other.talents}
        if other.id == contact.id or (other.summary == contact.summary and who == {one.id for one in talents}):
            message = "同一天已登记过内容相同的联系记录，请勿重复登记；确需补充请修改摘要"
            raise Conflict(message, [Finding("/summary", message)])


def _data(contact: Contact) -> dict[str, object]:
    return {
        "id": contact.id,
        "leader_id": contact.leader_id,
        "talents": [row.talent_id for row in contact.talents],
        "form": contact.form,
        "inbound": contact.inbound,
        "interview": contact.interview,
        "held_on": contact.held_on,
        "topics": [row.topic for row in contact.topics],
        "place": contact.place,
        "participants": contact.participants,
        "summary": contact.summary,
        "follow_up": contact.follow_up,
        "tags": list(contact.tags),
        "activity_id": contact.activity_id,
        "opinions": [{"id": str(one.id), "talent_id": one.talent_id, "text": one.text} for one in contact.opinions],
        "notes": notes_told(contact.notes),
        "due_on": contact.due_on,
        "late": contact.late,
        "supplementary": contact.supplementary,
    }


def _sealed(contact: Contact, text: str) -> RestrictedNote:
    """The note with its digest; salted, for the words of a short note could be guessed from a bare one."""
    salt = ids.new().hex
    return RestrictedNote(
        contact_id=contact.id, text=text, salt=salt, sha256=sha256((salt + text).encode()).hexdigest()
    )


def _stream(contact_id: UUID) -> str:
    return f"contact:{contact_id}"
