"""印章和签名: pictures of units' seals and persons' signatures, who may use them, and the register of each use.

Each has a journal of its own, ``stamp:<id>``. None of the commands commits. The case's side of a use (it may be seen,
the paper is there) is ``usecases.stamping``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, undefer

from service import clock, ids
from service.db.lists import Page, page
from service.errors import Conflict, Finding, Invalid, NotAllowed, NotFound
from service.fields import Checks, held, take
from service.history.records import difference, owe_notice, record
from service.ids import as_id
from service.people.fields import STAMP
from service.people.models import Person, Stamp, StampUse, Unit
from service.people.queries import get_person, get_unit
from service.people.rules import ASKED, DECLINED, RECALLED, STATUS, USED
from service.people.stamp_picture import picture_fault
from service.rights import Actor, may, require

ADDED, CHANGED, WITHDRAWN = "stamp_added", "stamp_changed", "stamp_withdrawn"
RIGHT = "keep_stamps"
MOST_KEEPERS = 10
HOW_MANY = f"请选择 1 至 {MOST_KEEPERS} 位保管人：只有保管人可以用印"
"""Accounts that may use one seal."""
NONE = "没有这枚印章或签名，或您无权查看"
NO_USE = "没有这条用印申请，或已经办理，请刷新后查看"


@dataclass(frozen=True, slots=True)
class OnPaper:
    """A stamp that is to be put on a paper: of a case's ``paper``, the ``n``-th (as ``CasePaper`` tells), so called."""

    case: UUID
    paper: str
    n: int
    title: str

    def data(self) -> dict[str, Any]:
        """The paper as the journal names it."""
        return {"case_id": self.case, "paper": self.paper, "n": self.n, "title": self.title[:200]}


def add_stamp(
    session: Session,
    *,
    fields: Mapping[str, object],
    content: bytes,
    keepers: Collection[str] = (),
    unit_code: str | None = None,
    person_id: UUID | str | None = None,
    actor: Actor,
    now: datetime,
) -> Stamp:
    """Keeps a picture of the seal of a unit, for its ``keepers``, or of the signature of a person, who alone uses it.

    For the Talent Office, the unit's liaison, and the person. ``fields`` are those of ``STAMP``; ``keepers`` are names
    of accounts that were checked. Raises NotAllowed, NotFound, Invalid for a picture that would cover the paper.
    """
    unit, person = owner_of_new(session, unit_code, person_id, actor)
    checks = Checks()
    said = _checked(fields, checks)
    if unit is not None:
        _check_keepers(keepers, checks)
    if (fault := picture_fault(content)) is not None:
        checks.refuse("/picture", fault)
    checks.done()
    row = Stamp(
        id=ids.new(),
        unit_code=unit.code if unit else None,
        person_id=person.id if person else None,
        content=content,
        sha256=sha256(content).hexdigest(),
        keepers=sorted(keepers) if unit else [],
        added_by=actor.username,
        added_at=now,
        **said,
    )
    session.add(row)
    session.flush()
    data = {"id": row.id, "unit_code": row.unit_code, "person_id": row.person_id, **_held(row), "sha256": row.sha256}
    record(session, f"stamp:{row.id}", ADDED, data, actor=actor, now=now)
    return row


def owner_of_new(
    session: Session, unit_code: str | None, person_id: UUID | str | None, actor: Actor
) -> tuple[Unit | None, Person | None]:
    """The unit or the person whose stamp is to be taken in, for who may. Raises Invalid, NotFound, NotAllowed."""
    if (unit_code is None) == (person_id is None):
        message = "请选择单位（印章）或人员（签名）中的一项"
        raise Invalid(message, [Finding("/unit_code", message)])
    person = get_person(session, person_id) if person_id is not None else None
    unit = get_unit(session, unit_code) if unit_code is not None else None
    _require(actor, unit.code if unit else None, person)
    return unit, person


def change_stamp(
    session: Session,
    *,
    stamp_id: UUID | str,
    fields: Mapping[str, object],
    keepers: Collection[str] = (),
    actor: Actor,
    now: datetime,
) -> Stamp:
    """Another name, period or keepers; the picture stays: another picture is another stamp. Raises as ``add_stamp``."""
    row = locked_stamp(session, stamp_id, actor)
    before, checks = _held(row), Checks()
    said = _checked(fields, checks)
    if row.unit_code is not None:
        _check_keepers(keepers, checks)
    checks.done()
    for name, value in said.items():
        setattr(row, name, value)
    row.keepers = sorted(keepers) if row.unit_code is not None else []
    session.flush()
    if changes := difference(before, _held(row)):
        record(session, f"stamp:{row.id}", CHANGED, changes, actor=actor, now=now)
    return row


def withdraw_stamp(session: Session, *, stamp_id: UUID | str, reason: str, actor: Actor, now: datetime) -> None:
    """Nobody can use the stamp from now on; papers that bear it keep it. Raises NotAllowed, NotFound, Invalid."""
    row = locked_stamp(session, stamp_id, actor)
    checks = Checks()
    said = checks.text("/reason", "停用理由", reason, 500)
    checks.done()
    row.withdrawn_at = now
    session.flush()
    record(session, f"stamp:{row.id}", WITHDRAWN, {"reason": said}, actor=actor, now=now)


def ask_stamp(
    session: Session, *, stamp_id: UUID | str, on: OnPaper, note: str | None, actor: Actor, now: datetime
) -> StampUse:
    """申请用印: asks its keepers to put a stamp on a paper. Raises NotFound, Invalid, Conflict where it was asked."""
    stamp = usable_stamp(session, stamp_id, clock.local(now).date())
    checks = Checks()
    said = checks.optional_text("/note", "说明", note, 500)
    checks.done()
    _require_free(session, on, stamp.kind)
    return _begun(session, stamp, on, ASKED, {"note": said}, actor, now)


def use_stamp(
    session: Session,
    *,
    stamp_id: UUID | str,
    on: OnPaper,
    paper_sha256: str,
    use_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> StampUse:
    """用印: who may use the stamp consents to it on this paper, asked (``use_id``) or by oneself.

    Raises NotFound, NotAllowed for others, Conflict where the paper has a stamp of that kind.
    """
    stamp = usable_stamp(session, stamp_id, clock.local(now).date())
    require_user(stamp, actor)
    if use_id is None:
        _require_free(session, on, stamp.kind)
        return _begun(session, stamp, on, USED, {"note": None, "paper_sha256": paper_sha256}, actor, now)
    row = _asked(session, use_id, actor)
    if (row.stamp_id, row.case_id, row.paper, row.n) != (stamp.id, on.case, on.paper, on.n):
        raise NotFound(NO_USE)
    row.paper_sha256 = paper_sha256
    return _decided(session, row, USED, {"paper_sha256": paper_sha256}, actor, now)


def decline_stamp(session: Session, *, use_id: UUID, reason: str, actor: Actor, now: datetime) -> StampUse:
    """不同意用印, with the reason. For who may use the stamp. Raises NotFound, NotAllowed, Invalid."""
    row = _asked(session, use_id, actor)
    require_user(row.stamp, actor)
    checks = Checks()
    row.refusal = checks.text("/reason", "不同意的理由", reason, 500)
    checks.done()
    return _decided(session, row, DECLINED, {"refusal": row.refusal}, actor, now)


def recall_stamp(session: Session, *, use_id: UUID, actor: Actor, now: datetime) -> StampUse:
    """撤回用印申请: who asked asks no more, and the paper is free again. Raises NotFound, NotAllowed for others."""
    row = _asked(session, use_id, actor)
    if row.asked_by != actor.username or actor.on_behalf_of is not None:
        raise NotAllowed("只有申请人可以撤回用印申请")
    return _decided(session, row, RECALLED, {}, actor, now)


def usable_stamp(session: Session, stamp_id: UUID | str, on: date) -> Stamp:
    """A stamp that is in use ``on`` a day, locked until the transaction ends. Raises NotFound, Conflict."""
    key = as_id(stamp_id)
    query = select(Stamp).where(Stamp.id == key).with_for_update().execution_options(populate_existing=True)
    row = session.scalar(query) if key is not None else None
    if row is None:
        raise NotFound(NONE)
    if row.withdrawn_at is not None or not row.valid_from <= on or (row.valid_to is not None and on > row.valid_to):
        raise Conflict(f"“{row.name}”已停用或不在使用期限内，不能用印")
    return row


def may_use(stamp: Stamp, actor: Actor) -> bool:
    """Whether the stamp is the actor's to use: a keeper of a seal, the person whose signature it is; no substitute."""
    if actor.on_behalf_of is not None:
        return False
    return actor.username in stamp.keepers if stamp.person_id is None else actor.person_id == stamp.person_id


def may_keep(session: Session, stamp: Stamp, actor: Actor) -> bool:
    """Whether the actor may change and withdraw the stamp."""
    person = session.get(Person, stamp.person_id) if stamp.person_id is not None else None
    return may(actor, RIGHT, unit=_unit_of(stamp.unit_code, person), person_id=stamp.person_id)


def stamps_of(session: Session, actor: Actor) -> list[Stamp]:
    """The stamps that the actor may use, keep or audit, those in use first, without pictures; there are few."""
    everything = may(actor, "view_history_all") or may(actor, RIGHT)
    query = select(Stamp).order_by(Stamp.withdrawn_at.is_not(None), Stamp.name, Stamp.id)
    return [one for one in session.scalars(query) if everything or may_use(one, actor) or may_keep(session, one, actor)]


def stamps_in_use(session: Session, on: date) -> list[Stamp]:
    """All stamps in use ``on`` a day, by name: one may be asked for by who has none."""
    valid = or_(Stamp.valid_to.is_(None), Stamp.valid_to >= on)
    query = select(Stamp).where(Stamp.withdrawn_at.is_(None), Stamp.valid_from <= on, valid)
    return list(session.scalars(query.order_by(Stamp.name, Stamp.id)))


def get_stamp(session: Session, stamp_id: UUID, actor: Actor, *, with_content: bool = False) -> Stamp:
    """A stamp for who may use, keep or audit it. Raises NotFound."""
    query = select(Stamp).where(Stamp.id == stamp_id)
    row = session.scalar(query.options(undefer(Stamp.content)) if with_content else query)
    if row is None or not _sees(session, row, actor):
        raise NotFound(NONE)
    return row


def _sees(session: Session, stamp: Stamp, actor: Actor) -> bool:
    return may(actor, "view_history_all") or may_use(stamp, actor) or may_keep(session, stamp, actor)


def pictures(session: Session, stamp_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """The pictures of stamps, also of those withdrawn since; one statement."""
    wanted = list(stamp_ids)
    return dict(session.execute(select(Stamp.id, Stamp.content).where(Stamp.id.in_(wanted))).all()) if wanted else {}


def uses_on(session: Session, case: UUID, paper: str, n: int) -> list[StampUse]:
    """The uses asked for on a paper, in order; one statement."""
    return list(session.scalars(select(StampUse).where(*_on(case, paper, n)).order_by(StampUse.asked_at, StampUse.id)))


def uses_of(
    session: Session, stamp_ids: Collection[UUID], *, status: str | None = None, limit: int, offset: int = 0
) -> Page[StampUse]:
    """用印登记: the uses of stamps, the newest first; of one ``status`` only."""
    query = select(StampUse).where(StampUse.stamp_id.in_(stamp_ids))
    if status is not None:
        query = query.where(StampUse.status == status)
    return page(session, query.order_by(StampUse.asked_at.desc(), StampUse.id), limit=limit, offset=offset)


def _on(case: UUID, paper: str, n: int) -> list[ColumnElement[bool]]:
    return [StampUse.case_id == case, StampUse.paper == paper, StampUse.n == n]


def _checked(fields: Mapping[str, object], checks: Checks) -> dict[str, Any]:
    said = take(STAMP, fields, checks)
    begins, ends = said["valid_from"], said["valid_to"]
    if isinstance(begins, date) and isinstance(ends, date) and ends < begins:
        checks.refuse("/valid_to", "停用日期不能早于启用日期")
    return said


def _check_keepers(keepers: Collection[str], checks: Checks) -> None:
    if not 1 <= len(keepers) <= MOST_KEEPERS:
        checks.refuse("/keepers", HOW_MANY)


def _held(row: Stamp) -> dict[str, object]:
    return {**held(row, STAMP), "keepers": row.keepers}


def _unit_of(unit_code: str | None, person: Person | None) -> str | None:
    return unit_code if person is None else person.unit_code


def _require(actor: Actor, unit_code: str | None, person: Person | None) -> None:
    require(actor, RIGHT, unit=_unit_of(unit_code, person), person_id=person.id if person else None)


def require_user(stamp: Stamp, actor: Actor) -> None:
    """Raises NotAllowed for who may not use the stamp."""
    if not may_use(stamp, actor):
        whose = "保管人" if stamp.person_id is None else "本人"
        raise NotAllowed(f"“{stamp.name}”只有{whose}可以使用，请申请用印")


def locked_stamp(session: Session, stamp_id: UUID | str, actor: Actor) -> Stamp:
    """A stamp that is in use, for who may change it, locked until the transaction ends.

    Raises NotFound, which is also what somebody is told who may not see it, NotAllowed, Conflict.
    """
    key = as_id(stamp_id)
    row = session.scalar(select(Stamp).where(Stamp.id == key).with_for_update()) if key is not None else None
    if row is None or not _sees(session, row, actor):
        raise NotFound(NONE)
    _require(actor, row.unit_code, session.get(Person, row.person_id) if row.person_id is not None else None)
    if row.withdrawn_at is not None:
        raise Conflict(f"“{row.name}”已经停用")
    return row


def _require_free(session: Session, on: OnPaper, kind: str) -> None:
    there = [one for one in uses_on(session, on.case, on.paper, on.n) if one.stamp.kind == kind]
    if any(one.status == STATUS[USED] for one in there):
        raise Conflict("这份文书已经用印")
    if any(one.status == STATUS[ASKED] for one in there):
        raise Conflict("这份文书已经申请用印，请等待同意，或由申请人撤回后再申请")


def _begun(
    session: Session, stamp: Stamp, on: OnPaper, kind: str, more: Mapping[str, Any], actor: Actor, now: datetime
) -> StampUse:
    used = {"decided_by": actor.username, "decided_at": now} if kind == USED else {}
    row = StampUse(
        id=ids.new(),
        stamp=stamp,
        asked_by=actor.username,
        asked_at=now,
        status=STATUS[kind],
        **on.data(),
        **more,
        **used,
    )
    session.add(row)
    session.flush()
    record(session, f"stamp:{stamp.id}", kind, {"id": row.id, **on.data(), **more}, actor=actor, now=now)
    return row


def _asked(session: Session, use_id: UUID, actor: Actor) -> StampUse:
    """A request that waits for an answer. Others than who asked and who sees the stamp are told that there is none."""
    query = select(StampUse).where(StampUse.id == use_id).with_for_update(of=StampUse)
    row = session.scalar(query)
    known = row is not None and (row.asked_by == actor.username or _sees(session, row.stamp, actor))
    if row is None or not known or row.status != STATUS[ASKED]:
        raise NotFound(NO_USE)
    return row


def _decided(
    session: Session, row: StampUse, kind: str, more: Mapping[str, Any], actor: Actor, now: datetime
) -> StampUse:
    row.status, row.decided_by, row.decided_at = STATUS[kind], actor.username, now
    session.flush()
    stream, data = f"stamp:{row.stamp_id}", {"id": row.id, "title": row.title, **more}
    record(session, stream, kind, data, actor=actor, now=now)
    if row.asked_by != actor.username:
        text = "已同意并用印" if kind == USED else f"不同意，{row.refusal}"
        told: dict[str, Any] = {"title": row.title, "text": text, "usernames": [row.asked_by]}
        owe_notice(session, stream, "stamp_decided", **told, actor=actor, now=now)
    return row
