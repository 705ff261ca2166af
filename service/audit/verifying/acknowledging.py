"""Acknowledgement of findings that nobody can mend: an entry whose time is doubtful, though its bytes are right.

A clock that was set back leaves such entries for ever. An auditor says why one may stand; from then on verification
tells it apart and does not count it. It is counted again as soon as the entry or what is found of it is another, or the
acknowledgement is withdrawn. Nothing else that is found can be acknowledged: a changed row is mended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from service import clock, ids
from service.audit.folding import ACKNOWLEDGED, CONFIRMED, WITHDRAWN
from service.audit.models import Acknowledgement, Verification
from service.canonical import dumps
from service.db.lists import Page, page
from service.errors import Conflict, Finding, Invalid, NotAllowed, NotFound
from service.fields import Checks
from service.history import DOUBTFUL as AFTER_LATER
from service.history import HistoryEvent, lock
from service.history.records import record
from service.processes.deployed import Mismatch
from service.rights import Actor, require
from service.seals import DOUBTFUL as BEFORE_SEAL

READS, RIGHT = "verify", "acknowledge_findings"
LONGEST_REASON = 500
STREAM = "acknowledgement"
HOLDS, WAITS, GONE = "holds", "waits", "withdrawn"
"""The states of an acknowledgement: in force, waiting for another auditor, withdrawn."""
_AT_ONCE = 200
Place = tuple[str, int]
"""A stream, and the number of an entry in it."""


@dataclass(frozen=True, slots=True)
class Told:
    """The acknowledgement of a finding as results keep it: by whom, when, why."""

    by: str
    at: datetime
    reason: str
    also_by: str | None

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return {"by": self.by, "at": self.at.isoformat(), "reason": self.reason, "also_by": self.also_by}


def may_be_acknowledged(found: Mapping[str, Any]) -> bool:
    """Whether a finding (as results keep it) is about the time of an entry, and nothing else."""
    what = str(found.get("what"))
    return bool(found.get("seq")) and found.get("table") is None and what.startswith((AFTER_LATER, BEFORE_SEAL))


def acknowledged(session: Session, found: Iterable[Mismatch]) -> dict[Mismatch, Told]:
    """Those of the findings that somebody has acknowledged as they are now, each with by whom, when and why."""
    doubtful = [one for one in found if may_be_acknowledged(_as_kept(one))]
    if not doubtful:
        return {}
    places = [(one.stream, one.seq or 0) for one in doubtful]
    words: dict[tuple[str, int, str], Acknowledgement] = {}
    for row in _at(session, places):
        if _holds(row):
            words[row.stream, row.seq, row.mark] = row
    marks = _marks(session, [_as_kept(one) for one in doubtful] if words else [])
    told = {}
    for one, mark in zip(doubtful, marks, strict=False):
        said = words.get((one.stream, one.seq or 0, mark or ""))
        if said is not None:
            told[one] = Told(said.made_by, said.made_at, said.reason, said.confirmed_by)
    return told


def named_before(session: Session) -> set[Place]:
    """The entries of which anything was ever acknowledged, whether it still holds or not."""
    return {(stream, seq) for stream, seq in session.execute(select(Acknowledgement.stream, Acknowledgement.seq))}


def words_about(session: Session, found: Sequence[Mapping[str, Any]]) -> dict[Place, Acknowledgement]:
    """The last word on each of these findings (as results keep them), unless it was withdrawn."""
    places = [(str(one["stream"]), int(one["seq"])) for one in found if may_be_acknowledged(one)]
    return {(row.stream, row.seq): row for row in _at(session, places) if row.withdrawn_at is None}


def acknowledge(
    session: Session,
    *,
    verification: Verification,
    places: Collection[Place],
    reason: object,
    second: bool,
    actor: Actor,
    now: datetime,
) -> list[Acknowledgement]:
    """Says of findings of a verification why they may stand. ``second``: they may once another auditor says so too.

    Raises NotAllowed, Invalid without a reason or a finding, NotFound for a finding that the verification has not,
    Conflict for one that cannot be acknowledged or is already.
    """
    require(actor, RIGHT)
    checks = Checks()
    why = checks.text("/reason", "理由", reason, LONGEST_REASON)
    if not places:
        checks.refuse("/findings", "请选择要确认的不符之处")
    checks.done()
    chosen = [_found(verification, place) for place in dict.fromkeys(places)]
    lock(session, STREAM)  # of two who say it at once one is refused
    standing = {(row.stream, row.seq, row.mark) for row in _at(session, places) if row.withdrawn_at is None}
    made = []
    for one, mark in zip(chosen, _marks(session, chosen), strict=True):
        if mark is None:
            raise Conflict(f"日志里已没有「{one['name']}」第 {one['seq']} 条，不能确认")
        if (one["stream"], one["seq"], mark) in standing:
            raise Conflict(f"「{one['name']}」第 {one['seq']} 条已经有人确认，请刷新页面")
        told = {"stream": one["stream"], "seq": one["seq"], "what": one["what"], "must": one.get("must")}
        told |= {"have": one.get("have"), "mark": mark, "reason": why, "second": second}
        row = Acknowledgement(id=ids.new(), **told, made_by=actor.username, made_at=now)
        session.add(row)
        record(session, f"{STREAM}:{row.id}", ACKNOWLEDGED, told, actor=actor, now=now)
        made.append(row)
    session.flush()
    return made


def confirm(session: Session, *, key: UUID, actor: Actor, now: datetime) -> Acknowledgement:
    """Says the same as who acknowledged a finding. Raises NotAllowed for that one, NotFound, Conflict."""
    row = _open(session, key, actor)
    if not row.second or row.confirmed_at is not None:
        raise Conflict("这一处不等待另一人确认")
    if actor.username == row.made_by or actor.is_system:
        raise NotAllowed("须由另一位审计人员确认：提出的人自己不能确认，也不能在命令行确认")
    row.confirmed_by, row.confirmed_at = actor.username, now
    record(session, f"{STREAM}:{row.id}", CONFIRMED, {}, actor=actor, now=now)
    session.flush()
    return row


def withdraw(session: Session, *, key: UUID, actor: Actor, now: datetime) -> Acknowledgement:
    """The finding counts again from the next verification on. Raises NotAllowed, NotFound, Conflict."""
    row = _open(session, key, actor)
    row.withdrawn_by, row.withdrawn_at = actor.username, now
    record(session, f"{STREAM}:{row.id}", WITHDRAWN, {}, actor=actor, now=now)
    session.flush()
    return row


def acknowledgements(session: Session, actor: Actor, *, limit: int = 50, offset: int = 0) -> Page[Acknowledgement]:
    """All that was acknowledged, the newest first. Raises NotAllowed."""
    require(actor, READS)
    listed = select(Acknowledgement).order_by(Acknowledgement.made_at.desc(), Acknowledgement.id)
    return page(session, listed, limit=limit, offset=offset)


def state_of(row: Acknowledgement) -> str:
    """``HOLDS``, ``WAITS`` or ``GONE``."""
    return HOLDS if _holds(row) else GONE if row.withdrawn_at is not None else WAITS


def _holds(row: Acknowledgement) -> bool:
    return row.withdrawn_at is None and (not row.second or row.confirmed_at is not None)


def _open(session: Session, key: UUID, actor: Actor) -> Acknowledgement:
    require(actor, RIGHT)
    row = session.get(Acknowledgement, key, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("没有这条确认")
    if row.withdrawn_at is not None:
        raise Conflict(f"这条确认已于 {clock.local(row.withdrawn_at):%Y-%m-%d %H:%M} 撤销")
    return row


def _found(verification: Verification, place: Place) -> Mapping[str, Any]:
    there = [one for one in verification.findings if (one.get("stream"), one.get("seq")) == place]
    if not there:
        raise NotFound("这次核验没有这一处不符")
    doubtful = [one for one in there if may_be_acknowledged(one)]
    if not doubtful:
        message = "只有时间存疑、内容无误的记录可以确认；被改动的内容要查明并改正，不能确认"
        raise Invalid(message, [Finding("/findings", message)])
    found: Mapping[str, Any] = doubtful[0]
    return found


def _at(session: Session, places: Iterable[Place]) -> list[Acknowledgement]:
    listed = sorted(set(places))
    rows: list[Acknowledgement] = []
    for first in range(0, len(listed), _AT_ONCE):
        some = listed[first : first + _AT_ONCE]
        where = tuple_(Acknowledgement.stream, Acknowledgement.seq).in_(some)
        rows += session.scalars(select(Acknowledgement).where(where).order_by(Acknowledgement.made_at))
    return rows


def _marks(session: Session, found: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """A digest of each finding and of the entry as it stands; None where there is no such entry.

    The hash of an entry stands for its content: one that does not fit it is a finding of its own, and no entry has two.
    """
    entries: dict[Place, tuple[int, str]] = {}
    listed = sorted({(str(one["stream"]), int(one["seq"])) for one in found})
    for first in range(0, len(listed), _AT_ONCE):
        some = listed[first : first + _AT_ONCE]
        columns = HistoryEvent.stream, HistoryEvent.seq, HistoryEvent.id, HistoryEvent.hash
        for stream, seq, number, seal in session.execute(
            select(*columns).where(tuple_(HistoryEvent.stream, HistoryEvent.seq).in_(some)).order_by(HistoryEvent.id)
        ):
            entries[stream, seq] = (number, seal)
    return [_mark(one, entries.get((str(one["stream"]), int(one["seq"])))) for one in found]


def _mark(one: Mapping[str, Any], entry: tuple[int, str] | None) -> str | None:
    if entry is None:
        return None
    said = [*(one.get(name) for name in ("stream", "seq", "what", "must", "have")), *entry]
    return sha256(dumps(said).encode()).hexdigest()


def _as_kept(one: Mismatch) -> dict[str, Any]:
    told = {"stream": one.stream, "seq": one.seq, "what": one.what, "table": one.table}
    return {**told, "must": one.must, "have": one.have}
