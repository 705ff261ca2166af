"""Changing the registry of talents. Every change enters the journal of ``talent:<id>``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service import clock, history
from service.db.failures import conflicts
from service.errors import Conflict
from service.fields import Checks, defaults, held, merged, names, picked, take
from service.history import require_version
from service.history.records import difference, record
from service.people.models import Unit
from service.people.queries import find_unit
from service.rights import Actor, require
from service.talents.edits import talent_edits
from service.talents.fields import FIELDS, SOURCE, TELLING
from service.talents.models import Talent
from service.talents.queries import get_talent, require_unlike
from service.talents.rules import (
    ID_TAIL,
    OPEN_TYPE,
    TALENT_ID,
    id_after,
    talent_keys,
)

[_TAIL] = picked(FIELDS, "id_tail")
_PLAIN = tuple(one for one in FIELDS if one is not _TAIL)
"""The fields whose kind says all of how they are checked."""
AT_ONCE = 500
"""Files read in one statement."""


def add_talent(
    session: Session,
    *,
    name: str,
    employer: str,
    talent_id: str | None = None,
    confirm_duplicate: bool = False,
    actor: Actor,
    now: datetime,
    **fields: object,
) -> Talent:
    """A new talent in the registry (R4, S1): of a category (1–4), a type (1–5), or both.

    ``fields`` are others of ``FIELDS``; without them ``in_district`` and ``active`` are true, the rest is empty. The
    id is the next free one (``T0001`` …) unless ``talent_id`` gives it. Raises ``NotAllowed``, ``Invalid``, and
    ``Conflict`` where the id is taken, or where somebody in the registry may be the same person, unless
    ``confirm_duplicate`` says that it is nobody of them.
    """
    require(actor, "edit_talents")
    checks = Checks()
    if talent_id is not None and not TALENT_ID.fullmatch(talent_id):
        checks.refuse("/id", "人才编号须是“T”加 4 至 9 位数字，例如 T0001")
    empty: dict[str, object] = defaults(FIELDS)
    given = merged(checks, empty, {**fields, "name": name, "employer": employer})
    values = checked(session, checks, given, before={}, now=now)
    checks.done()
    if not confirm_duplicate:
        alone(session)  # two at once would not see each other's namesakes
        require_unlike(session, **_telling(values))
    talent = Talent(id=talent_id or next_id(session))
    fill(talent, values, now)
    session.add(talent)
    with conflicts("该人才编号已被使用，请改用别的编号"):
        session.flush()
    record(session, f"talent:{talent.id}", "talent_added", {"id": talent.id, **values}, actor=actor, now=now)
    return talent


def update_talent(
    session: Session,
    *,
    talent_id: str,
    changes: Mapping[str, object],
    source: str | None = None,
    version: int | None = None,
    confirm_duplicate: bool = False,
    actor: Actor,
    now: datetime,
) -> Talent:
    """Changes fields (``FIELDS``) of a talent; ``active: False`` takes the talent off the lists, not out of history.

    ``source`` names the report that the change comes from (R9). A change of the open-ended group or its reason makes
    it wait for approval again. Nothing is journaled when nothing differs. Raises ``NotAllowed``, ``NotFound``,
    ``Invalid``, ``Stale`` where somebody changed the file since ``version`` was read, and ``Conflict`` where the change
    makes the talent like somebody else in the registry, unless ``confirm_duplicate`` says that it is nobody of them.
    """
    require(actor, "edit_talents")
    talent = _locked(session, talent_id)
    require_version(session, talent_edits(talent), version)
    before = held(talent, FIELDS)
    checks = Checks()
    values = checked(session, checks, merged(checks, before, changes), before=before, now=now)
    origin = checks.optional_text(SOURCE.path, SOURCE.label, source, SOURCE.longest)
    checks.done()
    changed = difference(before, values)
    if not confirm_duplicate and not set(names(TELLING)).isdisjoint(changed):
        require_unlike(session, **_telling(values), except_id=talent.id)
    if changed:
        if talent.type_approved_on is not None and {"type", "type_reason"} & set(changed):
            changed["type_approved_on"] = [talent.type_approved_on.isoformat(), None]
            talent.type_approved_on = None
        fill(talent, values, now)
        session.flush()
        session.expire(talent, ["unit"])
        data = {**changed, "source": origin} if origin else changed
        record(session, f"talent:{talent.id}", "talent_updated", data, actor=actor, now=now)
    return talent


def check_changes(session: Session, *, talent_id: str, changes: Mapping[str, object], now: datetime) -> None:
    """Raises ``Invalid`` where ``update_talent`` would refuse ``changes``; changes nothing."""
    talent = get_talent(session, talent_id)
    before = held(talent, FIELDS)
    checks = Checks()
    checked(session, checks, merged(checks, before, changes), before=before, now=now)
    checks.done()


def _telling(values: Mapping[str, object]) -> dict[str, str | None]:
    return {name: str(value) if (value := values[name]) else None for name in names(TELLING)}


def approve_type(session: Session, *, talent_id: str, approved_on: date, actor: Actor, now: datetime) -> Talent:
    """The Talent Office agrees that somebody is of the open-ended fifth group (S1).

    Raises ``NotAllowed``, ``NotFound``, ``Invalid`` for a day to come, ``Conflict`` where there is nothing to approve.
    """
    require(actor, "edit_talents")
    talent = _locked(session, talent_id)
    if talent.type != OPEN_TYPE:
        raise Conflict(f"{talent.name}不是“其他高层次人才”，不需要审核")
    if talent.type_approved_on is not None:
        raise Conflict(f"已于 {talent.type_approved_on.isoformat()} 审核同意，不能重复审核")
    checks = Checks()
    if not talent.type_reason:
        checks.refuse("/type_reason", "请先填写认定为其他高层次人才的理由，再审核")
    _past(checks, "/approved_on", "审核日期", approved_on, now)
    checks.done()
    talent.type_approved_on, talent.updated_at = approved_on, now
    session.flush()
    data = {"approved_on": approved_on, "reason": talent.type_reason}
    record(session, f"talent:{talent.id}", "talent_type_approved", data, actor=actor, now=now)
    return talent


def confirm_talent(session: Session, *, talent_id: str, on: date, actor: Actor, now: datetime) -> Talent:
    """Records that the user who answers for the talent has checked the file: it is right as of ``on`` (R4).

    Raises ``NotAllowed``, ``NotFound``, and ``Invalid`` for a day to come or one before the last confirmation.
    """
    talent = _locked(session, get_talent(session, talent_id, actor).id)
    require(actor, "confirm_talents", unit=talent.employer_unit)
    _confirm(session, talent, on, actor, now)
    session.flush()
    return talent


def confirm_talents(
    session: Session, *, talent_ids: Collection[str], on: date, actor: Actor, now: datetime
) -> Sequence[Talent]:
    """The same for many at once: two thousand files take as many statements as a few hundred (R4)."""
    wanted, found = sorted(set(talent_ids)), list[Talent]()
    for first in range(0, len(wanted), AT_ONCE):
        some = select(Talent).where(Talent.id.in_(wanted[first : first + AT_ONCE])).order_by(Talent.id)
        locked = some.with_for_update(of=Talent).execution_options(populate_existing=True)
        found += session.scalars(locked)
    for talent in found:
        require(actor, "confirm_talents", unit=talent.employer_unit)
    history.lock_all(session, [f"talent:{talent.id}" for talent in found])
    with session.no_autoflush:
        for talent in found:
            _confirm(session, talent, on, actor, now)
    session.flush()
    return found


def _confirm(session: Session, talent: Talent, on: date, actor: Actor, now: datetime) -> None:
    checks = Checks()
    _past(checks, "/on", "核实日期", on, now)
    last = talent.confirmed_on
    if last is not None and on < last:
        checks.refuse("/on", f"该人才信息已于 {last.isoformat()} 核实，核实日期不能早于这一天")
    checks.done()
    if on != last:
        talent.confirmed_on, talent.updated_at = on, now
        data = difference({"confirmed_on": last}, {"confirmed_on": on})
        record(session, f"talent:{talent.id}", "talent_confirmed", data, actor=actor, now=now)


def _locked(session: Session, talent_id: str) -> Talent:
    talent = get_talent(session, talent_id)
    session.refresh(talent, with_for_update={"of": Talent})
    return talent


def _past(checks: Checks, path: str, label: str, value: object, now: datetime) -> None:
    day = checks.day(path, label, value)
    if day is not None and day > clock.local(now).date():
        checks.refuse(path, f"{label}不能晚于今天")


def checked(
    session: Session, checks: Checks, given: Mapping[str, object], *, before: Mapping[str, object], now: datetime
) -> dict[str, object]:
    """The cleaned fields; references are looked up only where they differ from ``before``."""
    values = take(_PLAIN, given, checks)
    values["id_tail"] = _id_tail(checks, given["id_tail"])
    _together(checks, values, given, now)
    unit, town = values["employer_unit"], values["town"]
    if isinstance(unit, str) and unit and unit != before.get("employer_unit") and find_unit(session, unit) is None:
        checks.refuse("/employer_unit", "没有这个单位，请从单位名录中选择")
    if isinstance(town, str) and town and town != before.get("town") and not _is_town(session, town):
        checks.refuse("/town", "没有这个镇街，请从名单中选择")
    return values


def _together(checks: Checks, values: Mapping[str, object], given: Mapping[str, object], now: datetime) -> None:
    """Checks the fields against each other: a group or category, a reason for the open group, dates in order."""
    if given["category"] is None and given["type"] is None:
        checks.refuse("/category", "请填写人才类别（一至四类）或人员类型（五类人员）")
    if values["type"] == OPEN_TYPE and not given["type_reason"]:
        checks.refuse("/type_reason", "认定为其他高层次人才须填写理由，并由区人才办审核")
    recognized, expires = values["recognized_on"], values["recognition_expires_on"]
    if isinstance(recognized, date) and recognized > clock.local(now).date():
        checks.refuse("/recognized_on", "认定日期不能晚于今天")
    if isinstance(recognized, date) and isinstance(expires, date) and expires < recognized:
        checks.refuse("/recognition_expires_on", "认定有效期不能早于认定日期")
    begun, left = values["works_from"], values["works_until"]
    if isinstance(begun, date) and isinstance(left, date) and left < begun:
        checks.refuse("/works_until", "离区日期不能早于来区工作日期")


def _id_tail(checks: Checks, value: object) -> str | None:
    text = checks.optional_half_width("/id_tail", _TAIL.label, value)
    if text is None or ID_TAIL.fullmatch(text.upper()):
        return text and text.upper()
    checks.refuse("/id_tail", f"{_TAIL.label}须是 4 至 6 位数字或字母，例如 012X")
    return None


def _is_town(session: Session, town: str) -> bool:
    return session.scalar(select(Unit.code).where(Unit.town == town).limit(1)) is not None


def fill(talent: Talent, values: Mapping[str, object], now: datetime) -> None:
    """Writes checked fields, and what is searched by, into ``talent``."""
    for field, value in values.items():
        setattr(talent, field, value)
    talent.updated_at = now
    for field, key in talent_keys(talent.id, talent.name, talent.employer).items():
        setattr(talent, field, key)


def next_id(session: Session) -> str:
    """The next free number; nobody else takes it before the transaction ends."""
    alone(session)
    newest = select(Talent.id).order_by(func.length(Talent.id).desc(), Talent.id.desc()).limit(1)
    return id_after(session.scalar(newest))


def alone(session: Session) -> None:
    """Nobody else registers a talent before the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        # Two that register at once would take the same number; SQLite has but one writer anyway.
        session.execute(text("LOCK TABLE talent IN SHARE ROW EXCLUSIVE MODE"))
