"""Changing the people side. Whether the actor may is asked of ``auth.policy`` by whoever calls.

Every command enters the journal of its record: ``unit:<code>`` or ``person:<id>``. None commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from service import clock, ids
from service.db.failures import conflicts
from service.errors import Conflict, Finding
from service.fields import UNIT_CODE, Checks, merged
from service.history import require_version
from service.history.records import difference, record
from service.people.edits import leader_edits, liaison_edits, person_edits, unit_edits
from service.people.models import Leader, Liaison, Person, Substitute, Unit
from service.people.namesakes import require_unlike
from service.people.queries import get_leader, get_person, get_unit
from service.people.rules import BODIES, CLASS_A, CLASS_B, CLASSES, DUTIES, OFFICE
from service.rights import Actor
from service.spelling import search_key, spell

THREE_OFFICES = "区委办公室（区府办）、区人大常委会办公室、区政协办公室"
UNIT_FIELDS = ("name", "kind", "town", "is_member_unit", "active")
PERSON_FIELDS = ("name", "unit_code", "post", "phone", "active")
LEADER_FIELDS = ("body", "unit_code", "duty", "post", "portfolio", "stationed", "starts_on")
PLACE_FIELDS = ("body", "unit_code", "duty")
"""What a post is: with links or contacts in it, it cannot become another."""


def add_unit(
    session: Session,
    *,
    code: str,
    name: str,
    kind: str,
    town: str | None = None,
    is_member_unit: bool = False,
    actor: Actor,
    now: datetime,
) -> Unit:
    """A new unit (H1). Raises ``Invalid``, or ``Conflict`` where the code or the name is taken."""
    checks = Checks()
    unit = Unit(code=checks.code("/code", "单位代码", code))
    _fill_unit(unit, _checked_unit(checks, name, kind, town, is_member_unit, active=True))
    checks.done()
    there = select(Unit.code, Unit.name).where(or_(Unit.code == unit.code, Unit.name == unit.name))
    for other_code, other_name in session.execute(there):
        path, message = (
            ("/code", f"单位代码“{unit.code}”已被{other_name}使用")
            if other_code == unit.code
            else ("/name", f"单位名称“{unit.name}”已被使用（代码 {other_code}）")
        )
        raise Conflict(f"{message}，请改用别的代码或名称", [Finding(path, f"{message}，请改用别的")])
    session.add(unit)
    with conflicts("单位代码或名称已被使用，请改用别的代码或名称"):
        session.flush()
    record(session, f"unit:{unit.code}", "unit_added", _values(unit, ("code", *UNIT_FIELDS)), actor=actor, now=now)
    return unit


def update_unit(
    session: Session,
    *,
    code: str,
    changes: Mapping[str, object],
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Unit:
    """Changes fields of a unit (``UNIT_FIELDS``); nothing is journaled when nothing differs.

    ``version`` is the one that was read: raises ``Stale`` where somebody changed the unit since.
    """
    unit = get_unit(session, code)
    session.refresh(unit, with_for_update={"of": Unit})
    require_version(session, unit_edits(unit), version)
    before = _values(unit, UNIT_FIELDS)
    checks = Checks()
    values = _checked_unit(checks, **merged(checks, before, changes))
    if unit.active and not values["active"]:
        today = clock.local(now).date()
        _still_serving(session, checks, Leader.unit_code == code, Liaison.unit_code == code, today)
    checks.done()
    _fill_unit(unit, values)
    with conflicts("单位名称已被使用，请改用别的名称"):
        session.flush()
    changed = difference(before, _values(unit, UNIT_FIELDS))
    if changed:
        record(session, f"unit:{code}", "unit_updated", changed, actor=actor, now=now)
    return unit


def add_person(
    session: Session,
    *,
    name: str,
    unit_code: str | None = None,
    post: str | None = None,
    phone: str | None = None,
    confirm_duplicate: bool = False,
    person_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Person:
    """A new person. ``person_id`` gives a reproducible id (demonstration).

    Raises ``Conflict`` naming the persons of that name in the same unit, unless ``confirm_duplicate`` says that it is
    none of them: two persons may share a name.
    """
    checks = Checks()
    person = Person(id=person_id or ids.new())
    values = _checked_person(checks, name=name, unit_code=unit_code, post=post, phone=phone, active=True)
    checks.done()
    _known_unit(session, unit_code)
    if not confirm_duplicate:
        require_unlike(session, name=values["name"], unit_code=unit_code)
    _fill_person(person, values)
    session.add(person)
    with conflicts("该人员已经登记过，请刷新后重试"):
        session.flush()
    data = {"id": person.id, **_values(person, PERSON_FIELDS)}
    record(session, f"person:{person.id}", "person_added", data, actor=actor, now=now)
    return person


def update_person(
    session: Session,
    *,
    person_id: UUID | str,
    changes: Mapping[str, object],
    confirm_duplicate: bool = False,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Person:
    """Changes fields of a person (``PERSON_FIELDS``); nothing is journaled when nothing differs.

    ``version`` is the one that was read: raises ``Stale`` where somebody changed the person since. Who gets the name of
    somebody in the same unit must be confirmed as ``add_person`` says.
    """
    person = _locked_person(session, person_id)
    session.refresh(person, PERSON_FIELDS)
    require_version(session, person_edits(person), version)
    before = _values(person, PERSON_FIELDS)
    checks = Checks()
    values = _checked_person(checks, **merged(checks, before, changes))
    if person.active and not values["active"]:
        today = clock.local(now).date()
        _still_serving(session, checks, Leader.person_id == person.id, Liaison.person_id == person.id, today)
    checks.done()
    if values["unit_code"] != before["unit_code"]:
        _known_unit(session, values["unit_code"])
    renamed = any(values[field] != before[field] for field in ("name", "unit_code", "active")) and values["active"]
    if renamed and not confirm_duplicate:
        require_unlike(session, name=values["name"], unit_code=values["unit_code"], except_id=person.id)
    _fill_person(person, values)
    session.flush()
    changed = difference(before, _values(person, PERSON_FIELDS))
    if changed:
        session.expire(person, ["unit"])
        record(session, f"person:{person.id}", "person_updated", changed, actor=actor, now=now)
    return person


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
    its member unit and ``duty`` (``DUTIES``). ``stationed``: enterprises, set apart by 、 (D1). Raises ``Invalid``, and
    ``Conflict`` where the person is a leader of the same body or unit already on one of the days.
    """
    person = _locked_person(session, person_id)
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
    data = _values(leader, ("id", "klass", *LEADER_FIELDS, "ends_on"))
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
    """Corrects a post (``LEADER_FIELDS``); its end is set by ``end_leader``, its class and person never change.

    The first day can only become an earlier one, because links may have begun on it. Nothing is journaled when nothing
    differs. Raises ``NotFound``, ``Invalid``, ``Conflict`` as ``add_leader`` does, and ``Stale`` where somebody changed
    the post since ``version`` was read.
    """
    leader = get_leader(session, leader_id)
    _locked_person(session, leader.person_id)
    session.refresh(leader, LEADER_FIELDS)
    require_version(session, leader_edits(leader), version)
    before = _values(leader, LEADER_FIELDS)
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
    _locked_person(session, leader.person_id)
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


def name_liaison(
    session: Session,
    *,
    unit_code: str,
    person_id: UUID | str,
    starts_on: date | None = None,
    replace: bool = True,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Liaison:
    """Names the one liaison of a unit from ``starts_on`` (default: the day of ``now``); the former one ends (T4).

    Raises ``Conflict`` where the person is the unit's liaison already, the former one began later, or there is one and
    ``replace`` does not say that a change is meant, and ``Stale`` where another one was named since ``version`` was
    read.
    """
    unit, person = get_unit(session, unit_code), get_person(session, person_id)
    session.refresh(unit, with_for_update={"of": Unit})
    require_version(session, liaison_edits(unit), version)
    day = starts_on or clock.local(now).date()
    checks = Checks()
    checks.period(day, None)
    if not person.active:
        checks.refuse("/person_id", f"{person.name}已离任，不能担任联络员")
    if not unit.active:
        checks.refuse("/unit_code", f"{unit.name}已停用，不能指定联络员")
    checks.done()
    former = _end_liaison(session, unit, day, successor=person, replace=replace)
    liaison = Liaison(id=ids.new(), unit=unit, person=person, starts_on=day, ends_on=None, named_at=now)
    session.add(liaison)
    with conflicts(f"{unit.name}的联络员刚被他人更改，请刷新后重试"):
        session.flush()
    data = {
        "unit": unit_code,
        "person_id": person.id,
        "starts_on": day,
        "former_person_id": former.person_id if former else None,
    }
    record(session, f"unit:{unit_code}", "liaison_named", data, actor=actor, now=now)
    return liaison


def end_liaison(session: Session, *, unit_code: str, ends_on: date, actor: Actor, now: datetime) -> Liaison:
    """Ends the service of a unit's liaison without a successor, as when the unit is closed."""
    unit = get_unit(session, unit_code)
    former = _end_liaison(session, unit, ends_on + timedelta(days=1), successor=None)
    if former is None:
        raise Conflict(f"{unit.name}目前没有联络员")
    session.flush()
    data = {"unit": unit_code, "person_id": former.person_id, "ends_on": ends_on}
    record(session, f"unit:{unit_code}", "liaison_ended", data, actor=actor, now=now)
    return former


def declare_substitute(
    session: Session,
    *,
    person_id: UUID | str,
    substitute_id: UUID | str,
    starts_on: date,
    ends_on: date,
    reason: str | None = None,
    actor: Actor,
    now: datetime,
) -> Substitute:
    """``substitute_id`` may act for ``person_id`` from ``starts_on`` to ``ends_on``, both included (代理).

    Raises ``Invalid`` for oneself or a wrong period, ``Conflict`` where the person has a substitute on one of the days.
    """
    person, substitute = get_person(session, person_id), get_person(session, substitute_id)
    checks = Checks()
    if person.id == substitute.id:
        checks.refuse("/substitute_id", "不能指定本人为自己的代理人")
    elif not substitute.active:
        checks.refuse("/substitute_id", f"{substitute.name}已离任，不能担任代理人")
    checks.period(starts_on, ends_on)
    if ends_on < clock.local(now).date():
        checks.refuse("/ends_on", "代理的结束日期已过，请填写今天或以后的日期")
    declared = Substitute(
        id=ids.new(),
        person=person,
        substitute=substitute,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=checks.optional_text("/reason", "事由", reason, 200),
    )
    checks.done()
    # Two declarations at once wait here for each other, so that both cannot pass the check.
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
    there = select(Substitute).where(
        Substitute.person_id == person.id,
        Substitute.withdrawn_at.is_(None),
        _overlaps(Substitute, starts_on, ends_on),
    )
    other = session.scalars(there.limit(1)).first()
    if other is not None:
        period = f"{other.starts_on.isoformat()} 至 {other.ends_on.isoformat()}"
        raise Conflict(f"{person.name}在 {period} 已指定{other.substitute.name}代理，请先撤销或改用其他日期")
    session.add(declared)
    session.flush()
    fields = ("id", "person_id", "substitute_id", "starts_on", "ends_on", "reason")
    record(session, f"person:{person.id}", "substitute_declared", _values(declared, fields), actor=actor, now=now)
    return declared


def withdraw_substitute(session: Session, *, declaration_id: UUID, actor: Actor, now: datetime) -> Substitute:
    """Takes back a declared substitute at once. Raises ``Conflict`` where there is nothing left to take back."""
    declared = session.get(Substitute, declaration_id)
    if declared is None or declared.withdrawn_at is not None:
        raise Conflict("该代理已撤销或不存在")
    declared.withdrawn_at = now
    session.flush()
    data = {"id": declared.id, "substitute_id": declared.substitute_id}
    record(session, f"person:{declared.person_id}", "substitute_withdrawn", data, actor=actor, now=now)
    return declared


def _checked_unit(
    checks: Checks, name: object, kind: object, town: object, is_member_unit: object, active: object
) -> dict[str, object]:
    return {
        "name": checks.text("/name", "单位名称", name),
        "kind": checks.code("/kind", "单位类别", kind),
        "town": checks.optional_code("/town", "镇街", town),
        "is_member_unit": checks.flag("/is_member_unit", "成员单位", is_member_unit),
        "active": checks.flag("/active", "在用", active),
    }


def _fill_unit(unit: Unit, values: Mapping[str, object]) -> None:
    for field, value in values.items():
        setattr(unit, field, value)
    spelling = spell(unit.name, of_person=False)
    unit.pinyin, unit.initials = spelling.pinyin, spelling.initials
    unit.search_key = search_key(spelling.keys, unit.code)


def _checked_person(
    checks: Checks, name: object, unit_code: object, post: object, phone: object, active: object
) -> dict[str, object]:
    return {
        "name": checks.name("/name", "姓名", name),
        "unit_code": checks.optional_code("/unit_code", "单位代码", unit_code),
        "post": checks.optional_text("/post", "职务", post),
        "phone": checks.phone("/phone", "联系电话", phone),
        "active": checks.flag("/active", "在任", active),
    }


def _fill_person(person: Person, values: Mapping[str, object]) -> None:
    for field, value in values.items():
        setattr(person, field, value)
    spelling = spell(person.name)
    person.pinyin, person.initials = spelling.pinyin, spelling.initials
    person.search_key = search_key(spelling.keys, person.post)


def _checked_post(checks: Checks, klass: str, given: Mapping[str, object], *, known: bool = False) -> dict[str, Any]:
    """The cleaned ``LEADER_FIELDS`` of a post of class ``klass``; one ``known`` without an office may stay so."""
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
    return {
        "body": body,
        "unit_code": checks.optional_code("/unit_code", "单位代码", unit_code),
        "duty": duty,
        "post": checks.text("/post", "职务", given["post"]),
        "portfolio": checks.optional_text("/portfolio", "分管工作", given["portfolio"], 200),
        "stationed": checks.optional_text("/stationed", "驻点企业", given["stationed"], 500),
        "starts_on": given["starts_on"],
    }


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


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _free_for(session: Session, leader: Leader) -> None:
    """Raises ``Conflict`` where the person is a leader of the same body or unit on one of the post's days."""
    place = Leader.body == leader.body if leader.klass == CLASS_A else Leader.unit_code == leader.unit_code
    query = select(Leader).where(
        Leader.person_id == leader.person.id,
        Leader.klass == leader.klass,
        place,
        Leader.id != leader.id,
        _overlaps(Leader, leader.starts_on, leader.ends_on),
    )
    with session.no_autoflush:
        other = session.scalars(query.limit(1)).first()
    if other is None:
        return
    until = f"至 {other.ends_on.isoformat()} " if other.ends_on else "起"
    message = f"{leader.person.name}自 {other.starts_on.isoformat()} {until}已任“{other.post}”，任职时间重叠"
    raise Conflict(f"{message}；请先填写原任职的结束日期，或改用不重叠的日期", [Finding("/starts_on", message)])


def _locked_person(session: Session, person_id: UUID | str) -> Person:
    """The person; two posts at once wait here for each other, so that both cannot pass the checks."""
    person = get_person(session, person_id)
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
    return person


def _still_serving(session: Session, checks: Checks, whose: Any, liaison_of: Any, today: date) -> None:
    """Refuses to take out of use what still has leaders or a liaison."""
    open_post = or_(Leader.ends_on.is_(None), Leader.ends_on >= today)
    posts = session.scalars(select(Leader).where(whose, open_post).limit(1)).first()
    if posts is not None:
        checks.refuse("/active", f"{posts.person.name}仍任“{posts.post}”，请先结束该任职")
    named = session.scalars(select(Liaison).where(liaison_of, Liaison.ends_on.is_(None)).limit(1)).first()
    if named is not None:
        checks.refuse("/active", f"{named.person.name}仍是{named.unit.name}的联络员，请先更换或结束")


def _known_unit(session: Session, code: object) -> None:
    checks = Checks()
    if isinstance(code, str) and session.get(Unit, code) is None:
        checks.refuse("/unit_code", "没有这个单位，请从单位名录中选择")
    checks.done()


def _end_liaison(
    session: Session, unit: Unit, until: date, *, successor: Person | None, replace: bool = True
) -> Liaison | None:
    """Ends the open service of the unit's liaison on the day before ``until``."""
    query = select(Liaison).where(Liaison.unit_code == unit.code, Liaison.ends_on.is_(None))
    former = session.scalars(query.with_for_update(of=Liaison)).first()
    if former is None:
        return None
    if successor is not None and former.person_id == successor.id:
        raise Conflict(f"{successor.name}已经是{unit.name}的联络员")
    if not replace:
        message = f"{unit.name}已有联络员{former.person.name}，一个单位只设一名"
        raise Conflict(f"{message}；确需更换请勾选“更换现任联络员”", [Finding("/replace", message)])
    if until < former.starts_on:
        message = f"现任联络员自 {former.starts_on.isoformat()} 起任职，新的日期不能早于这一天"
        raise Conflict(message, [Finding("/starts_on", message)])
    # Replaced on the very day of the naming: the former one keeps that day in the records.
    former.ends_on = max(former.starts_on, until - timedelta(days=1))
    session.flush()
    return former


def _overlaps(table: type[Leader] | type[Substitute], starts_on: date, ends_on: date | None) -> ColumnElement[bool]:
    begun = table.starts_on <= (ends_on or date.max)
    return begun & or_(table.ends_on.is_(None), table.ends_on >= starts_on)


def _values(row: object, fields: tuple[str, ...]) -> dict[str, object]:
    return {field: getattr(row, field) for field in fields}
