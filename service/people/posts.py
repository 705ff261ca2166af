"""The posts of leaders (L1, L2): added, corrected, ended. None commits.

Every command asks for the right and enters the journal of ``person:<id>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from service import ids
from service.db.failures import conflicts
from service.errors import Conflict, Finding
from service.fields import UNIT_CODE, Checks, held, merged, names, picked, take
from service.history import require_version
from service.history.records import difference, record
from service.people.access import keeping, require_leader, require_other
from service.people.edits import leader_edits
from service.people.fields import POST
from service.people.models import Leader, Liaison, Person, Substitute, Unit
from service.people.queries import get_leader, get_person
from service.people.rules import BODIES, CLASS_A, CLASS_B, CLASSES, DUTIES, OFFICE
from service.rights import Actor, require

THREE_OFFICES = "区委办公室（区府办）、区人大常委会办公室、区政协办公室"
KEPT = picked(POST, "body", "unit_code", "duty", "post", "portfolio", "stationed", "starts_on")
"""The fields of a post that can be corrected."""
PLACE_FIELDS = ("body", "unit_code", "duty")
"""The fields that say which post it is: with links or contacts in it, it cannot become another."""


def add_leader(
    session: Session,
    *,
    person_id: UUID | str,
    klass: str,
    post: str,
    starts_on: date,
    ends_on: date | None = None,
    body: str | None = None,
    unit_code: str | None = None,
    duty: str | None = None,
    portfolio: str | None = None,
    stationed: str | None = None,
    leader_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Leader:
    """Makes a person a leader (L1, L2) through a post.

    Class A names its ``body`` (``BODIES``) and, as ``unit_code``, which of the three offices serves the leader; class B
    its member unit and ``duty`` (``DUTIES``). ``stationed``: enterprises, set apart by 、 (D1). Raises ``NotAllowed``,
    ``Invalid``, and ``Conflict`` where the person is a leader of the same body or unit already on one of the days.
    """
    require(actor, keeping(klass), unit=unit_code)
    require_other(actor, person_id, "登记领导任职")
    person = locked_person(session, person_id)
    checks = Checks()
    if not person.active:
        checks.refuse("/person_id", f"{person.name}已离任，不能登记新的任职")
    checks.choice("/klass", "领导类别", klass, CLASSES)
    given: dict[str, object] = {
        "body": body,
        "unit_code": unit_code,
        "duty": duty,
        "post": post,
        "portfolio": portfolio,
        "stationed": stationed,
        "starts_on": starts_on,
    }
    values = _checked_post(checks, klass, given)
    checks.period(starts_on, ends_on)
    _fitting_unit(session, checks, klass, unit_code)
    checks.done()
    leader = Leader(id=leader_id or ids.new(), person=person, klass=klass, ends_on=ends_on, **values)
    _free_for(session, leader)
    session.add(leader)
    with conflicts("该任职已经登记过，请刷新后重试"):
        session.flush()
    data = {"id": leader.id, **held(leader, POST)}
    record(session, f"person:{person.id}", "leader_added", data, actor=actor, now=now)
    return leader


def update_leader(
    session: Session,
    *,
    leader_id: UUID | str,
    changes: Mapping[str, object],
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Leader:
    """Corrects a post (``KEPT``); its end is set by ``end_leader``, its class and person never change.

    The first day can only become an earlier one, because links may have begun on it. Nothing is journaled when nothing
    differs. Raises ``NotFound``, ``Invalid``, ``Conflict`` as ``add_leader`` does, and ``Stale`` where somebody changed
    the post since ``version`` was read.
    """
    leader = get_leader(session, leader_id)
    require_leader(actor, leader)
    goal = changes.get("unit_code", leader.unit_code)
    if goal != leader.unit_code:
        require(actor, keeping(leader.klass), unit=goal if isinstance(goal, str) else None)
    locked_person(session, leader.person_id)
    session.refresh(leader, names(KEPT))
    require_version(session, leader_edits(leader), version)
    before = held(leader, KEPT)
    checks = Checks()
    given = merged(checks, before, changes)
    values = _checked_post(checks, leader.klass, given, known=before["unit_code"] is None)
    starts_on = checks.day("/starts_on", "开始日期", given["starts_on"])
    if starts_on is None:
        checks.refuse("/starts_on", "开始日期不能为空")
    elif starts_on > leader.starts_on:
        message = f"开始日期只能改早，原为 {leader.starts_on.isoformat()}；确需改晚，请结束该任职后重新登记"
        checks.refuse("/starts_on", message)
    if given["unit_code"] != before["unit_code"]:
        _fitting_unit(session, checks, leader.klass, given["unit_code"])
    checks.done()
    for field, value in values.items():
        setattr(leader, field, value)
    with session.no_autoflush:
        _free_for(session, leader)
    session.flush()
    changed = difference(before, values)
    if changed:
        session.expire(leader, ["unit"])
        data = {"id": leader.id, **changed}
        record(session, f"person:{leader.person_id}", "leader_updated", data, actor=actor, now=now)
    return leader


def end_leader(session: Session, *, leader_id: UUID | str, ends_on: date, actor: Actor, now: datetime) -> Leader:
    """Sets the last day of a leader's post (O4). Raises ``Conflict`` where it has one already."""
    leader = get_leader(session, leader_id)
    require_leader(actor, leader)
    session.refresh(leader, ["ends_on"], with_for_update={"of": Leader})
    if leader.ends_on is not None:
        raise Conflict(f"该任职已于 {leader.ends_on.isoformat()} 结束，不能重复结束")
    checks = Checks()
    checks.period(leader.starts_on, ends_on)
    checks.done()
    leader.ends_on = ends_on
    data = {"id": leader.id, "post": leader.post, "ends_on": ends_on}
    session.flush()
    record(session, f"person:{leader.person_id}", "leader_ended", data, actor=actor, now=now)
    return leader


def correct_end(
    session: Session,
    *,
    leader_id: UUID | str,
    ends_on: date | None,
    reason: str,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Leader:
    """Puts another last day in the place of a wrong one, or none where the post goes on.

    Raises ``Invalid``, ``Conflict`` where the post has no end or another one of the person overlaps, and ``Stale``
    where somebody changed the post since ``version`` was read.
    """
    leader = get_leader(session, leader_id)
    require_leader(actor, leader)
    locked_person(session, leader.person_id)
    session.refresh(leader, ["ends_on"], with_for_update={"of": Leader})
    if leader.ends_on is None:
        raise Conflict("该任职没有结束日期，无须更正；任期结束请用“结束任职”")
    require_version(session, leader_edits(leader), version)
    checks = Checks()
    said = checks.text("/reason", "更正原因", reason, 200)
    checks.period(leader.starts_on, ends_on)
    if ends_on == leader.ends_on:
        checks.refuse("/ends_on", "与原来的结束日期相同，请填写正确的日期；仍在任的不填")
    if not leader.person.active:
        checks.refuse("/ends_on", f"{leader.person.name}已登记离任，请先在人员信息中恢复“在任”")
    checks.done()
    before = leader.ends_on
    leader.ends_on = ends_on
    with session.no_autoflush:
        _free_for(session, leader)
    session.flush()
    data = {"id": leader.id, "post": leader.post, "ends_on": [before.isoformat(), _day(ends_on)], "reason": said}
    record(session, f"person:{leader.person_id}", "leader_end_updated", data, actor=actor, now=now)
    return leader


def _checked_post(checks: Checks, klass: str, given: Mapping[str, object], *, known: bool = False) -> dict[str, Any]:
    """The cleaned ``KEPT`` of a post of class ``klass``; one ``known`` without an office may stay so."""
    body, duty, unit_code = given["body"], given["duty"], given["unit_code"]
    if klass == CLASS_A:
        checks.choice("/body", "领导班子", body, BODIES)
        if unit_code is None and not known:
            checks.refuse("/unit_code", f"区领导（A类）须填写服务该领导的办公室：{THREE_OFFICES}")
        if duty is not None:
            checks.refuse("/duty", "分工只适用于成员单位领导（B类）")
    elif klass == CLASS_B:
        checks.choice("/duty", "分工", duty, DUTIES)
        if body is not None:
            checks.refuse("/body", "领导班子只适用于区领导（A类）")
        if unit_code is None:
            checks.refuse("/unit_code", "成员单位领导（B类）须填写所在单位")
    return take(KEPT, given, checks)


def _fitting_unit(session: Session, checks: Checks, klass: str, code: object) -> None:
    """Refuses a unit that is none, for class A one that is no office (T4), for class B one that is no member (L2)."""
    if not isinstance(code, str) or not UNIT_CODE.fullmatch(code):
        return
    unit = session.get(Unit, code)
    if unit is None:
        checks.refuse("/unit_code", "没有这个单位，请从单位名录中选择")
    elif klass == CLASS_A and unit.kind != OFFICE:
        checks.refuse("/unit_code", f"{unit.name}不是服务区领导的办公室，请选择：{THREE_OFFICES}")
    elif klass == CLASS_B and not unit.is_member_unit:
        way = "确属成员单位的，请区人才办先在单位信息中勾选“成员单位”"
        checks.refuse("/unit_code", f"{unit.name}不是领导小组成员单位，不能登记成员单位领导（B类）；{way}")


def _free_for(session: Session, leader: Leader) -> None:
    """Raises ``Conflict`` where the person is a leader of the same body or unit on one of the post's days."""
    place = Leader.body == leader.body if leader.klass == CLASS_A else Leader.unit_code == leader.unit_code
    query = select(Leader).where(
        Leader.person_id == leader.person.id,
        Leader.klass == leader.klass,
        place,
        Leader.id != leader.id,
        overlaps(Leader, leader.starts_on, leader.ends_on),
    )
    with session.no_autoflush:
        other = session.scalars(query.limit(1)).first()
    if other is None:
        return
    until = f"至 {other.ends_on.isoformat()} " if other.ends_on else "起"
    message = f"{leader.person.name}自 {other.starts_on.isoformat()} {until}已任“{other.post}”，任职时间重叠"
    raise Conflict(f"{message}；请先填写原任职的结束日期，或改用不重叠的日期", [Finding("/starts_on", message)])


def locked_person(session: Session, person_id: UUID | str) -> Person:
    """The person; two posts at once wait here for each other, so that both cannot pass the checks."""
    person = get_person(session, person_id)
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
    return person


def require_free(session: Session, checks: Checks, whose: Any, liaison_of: Any, today: date) -> None:
    """Refuses to take out of use what still has leaders or a liaison."""
    open_post = or_(Leader.ends_on.is_(None), Leader.ends_on >= today)
    posts = session.scalars(select(Leader).where(whose, open_post).limit(1)).first()
    if posts is not None:
        checks.refuse("/active", f"{posts.person.name}仍任“{posts.post}”，请先结束该任职")
    named = session.scalars(select(Liaison).where(liaison_of, Liaison.ends_on.is_(None)).limit(1)).first()
    if named is not None:
        checks.refuse("/active", f"{named.person.name}仍是{named.unit.name}的联络员，请先更换或结束")


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def overlaps(table: type[Leader] | type[Substitute], starts_on: date, ends_on: date | None) -> ColumnElement[bool]:
    begun = table.starts_on <= (ends_on or date.max)
    return begun & or_(table.ends_on.is_(None), table.ends_on >= starts_on)
