"""Changing the registry of talents. Every change enters the journal of ``talent:<id>``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service import clock
from service.auth import Actor, require
from service.people.checks import Checks
from service.people.commands import conflicts, merged
from service.people.journal import difference, record
from service.people.models import Unit
from service.people.queries import as_id, find_leader, find_unit
from service.people.rules import search_key, spell
from service.talents.models import Talent
from service.talents.queries import get_talent
from service.talents.rules import (
    HIGHEST_CATEGORY,
    HIGHEST_TYPE,
    LOWEST_CATEGORY,
    LOWEST_TYPE,
    TALENT_ID,
    id_after,
)

FIELDS = (
    "name",
    "category",
    "type",
    "employer",
    "employer_unit",
    "post",
    "phone",
    "town",
    "in_district",
    "leader_id",
    "active",
)
"""What of a talent can be changed."""


def add_talent(
    session: Session,
    *,
    name: str,
    employer: str,
    category: int | None = None,
    type: int | None = None,  # noqa: A002 - the registry's own word
    employer_unit: str | None = None,
    post: str | None = None,
    phone: str | None = None,
    town: str | None = None,
    in_district: bool = True,
    leader_id: UUID | str | None = None,
    talent_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> Talent:
    """A new talent in the registry (R4, S1): of a category (1–4), a type (1–5), or both.

    The id is the next free one (``T0001`` …) unless ``talent_id`` gives it. Raises ``NotAllowed``, ``Invalid``, and
    ``Conflict`` where the id is taken.
    """
    require(actor, "edit_talents")
    checks = Checks()
    if talent_id is not None and not TALENT_ID.fullmatch(talent_id):
        checks.refuse("/id", "人才编号须是“T”加 4 至 9 位数字，例如 T0001")
    given: dict[str, object] = {
        "name": name,
        "category": category,
        "type": type,
        "employer": employer,
        "employer_unit": employer_unit,
        "post": post,
        "phone": phone,
        "town": town,
        "in_district": in_district,
        "leader_id": leader_id,
        "active": True,
    }
    values = _checked(session, checks, given, before={}, now=now)
    checks.done()
    talent = Talent(id=talent_id or _next_id(session))
    _fill(talent, values, now)
    session.add(talent)
    with conflicts("该人才编号已被使用，请改用别的编号"):
        session.flush()
    record(session, f"talent:{talent.id}", "talent_added", {"id": talent.id, **values}, actor=actor, now=now)
    return talent


def update_talent(
    session: Session, *, talent_id: str, changes: Mapping[str, object], actor: Actor, now: datetime
) -> Talent:
    """Changes fields (``FIELDS``) of a talent; ``active: False`` takes the talent off the lists, not out of history.

    Nothing is journaled when nothing differs. Raises ``NotAllowed``, ``NotFound``, ``Invalid``.
    """
    require(actor, "edit_talents")
    talent = get_talent(session, talent_id)
    session.refresh(talent, with_for_update={"of": Talent})
    before = {field: getattr(talent, field) for field in FIELDS}
    checks = Checks()
    values = _checked(session, checks, merged(checks, before, changes), before=before, now=now)
    checks.done()
    changed = difference(before, values)
    if changed:
        _fill(talent, values, now)
        session.flush()
        session.expire(talent, ["unit", "leader"])
        record(session, f"talent:{talent.id}", "talent_updated", changed, actor=actor, now=now)
    return talent


def _checked(
    session: Session, checks: Checks, given: Mapping[str, object], *, before: Mapping[str, object], now: datetime
) -> dict[str, object]:
    """The cleaned fields; references are looked up only where they differ from ``before``."""
    values: dict[str, object] = {
        "name": checks.name("/name", "姓名", given["name"]),
        "category": checks.between("/category", "人才类别", given["category"], LOWEST_CATEGORY, HIGHEST_CATEGORY),
        "type": checks.between("/type", "人员类型", given["type"], LOWEST_TYPE, HIGHEST_TYPE),
        "employer": checks.text("/employer", "工作单位", given["employer"]),
        "employer_unit": checks.optional_code("/employer_unit", "主管单位", given["employer_unit"]),
        "post": checks.optional_text("/post", "职务", given["post"]),
        "phone": checks.phone("/phone", "联系电话", given["phone"]),
        "town": checks.optional_code("/town", "镇街", given["town"]),
        "in_district": checks.flag("/in_district", "在我区工作", given["in_district"]),
        "leader_id": given["leader_id"] or None,
        "active": checks.flag("/active", "在库", given["active"]),
    }
    if given["category"] is None and given["type"] is None:
        checks.refuse("/category", "请填写人才类别（一至四类）或人员类型（五类人员）")
    unit, town, leader = values["employer_unit"], values["town"], values["leader_id"]
    if isinstance(unit, str) and unit and unit != before.get("employer_unit") and find_unit(session, unit) is None:
        checks.refuse("/employer_unit", "没有这个单位，请从单位名录中选择")
    if isinstance(town, str) and town and town != before.get("town") and not _is_town(session, town):
        checks.refuse("/town", "没有这个镇街，请从名单中选择")
    if leader is not None and leader != before.get("leader_id"):
        values["leader_id"] = _serving_leader(session, checks, leader, now)
    return values


def _is_town(session: Session, town: str) -> bool:
    return session.scalar(select(Unit.code).where(Unit.town == town).limit(1)) is not None


def _serving_leader(session: Session, checks: Checks, leader_id: object, now: datetime) -> UUID | None:
    key = as_id(leader_id) if isinstance(leader_id, UUID | str) else None
    leader = find_leader(session, key) if key is not None else None
    if leader is None:
        checks.refuse("/leader_id", "没有这位联系领导，请从领导名录中选择")
    elif leader.ends_on is not None and leader.ends_on < clock.local(now).date():
        checks.refuse("/leader_id", f"{leader.person.name}的该项任职已结束，请选择在任领导")
    return key


def _fill(talent: Talent, values: Mapping[str, object], now: datetime) -> None:
    for field, value in values.items():
        setattr(talent, field, value)
    talent.updated_at = now
    spelling = spell(talent.name)
    employer = spell(talent.employer, of_person=False)
    talent.pinyin, talent.initials = spelling.pinyin, spelling.initials
    talent.search_key = search_key(spelling.keys, talent.id, employer.keys)


def _next_id(session: Session) -> str:
    if session.get_bind().dialect.name == "postgresql":
        # Two that register at once would take the same number; SQLite has but one writer anyway.
        session.execute(text("LOCK TABLE talent IN SHARE ROW EXCLUSIVE MODE"))
    newest = select(Talent.id).order_by(func.length(Talent.id).desc(), Talent.id.desc()).limit(1)
    return id_after(session.scalar(newest))
