"""The results of verifications: kept, journaled, and read by auditors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service import clock, ids
from service.audit.folding import VERIFIED
from service.audit.models import FULL, Verification
from service.audit.verifying.advice import advised
from service.audit.verifying.runs import Outcome
from service.canonical import normalized
from service.db.lists import Page, page
from service.errors import NotFound
from service.history import LATE_BY
from service.history.folding import Digest
from service.history.records import record
from service.rights import Actor, may, require

RIGHT = "verify"


def keep(session: Session, outcome: Outcome, *, begun_at: datetime, actor: Actor, now: datetime) -> Verification:
    """Keeps how a verification ended, in the caller's transaction; the journal holds the digest of the findings."""
    made = Verification(
        id=ids.new(),
        mode=outcome.mode,
        made_by=actor.username,
        begun_at=begun_at,
        ended_at=now,
        seconds=round(outcome.seconds, 3),
        found=outcome.found,
        figures=normalized(outcome.figures()),
        remarks=list(outcome.told.remarks),
        findings=normalized(_kept(outcome)),
    )
    session.add(made)
    told = {name: getattr(made, name) for name in ("mode", "seconds", "found", "figures", "remarks")}
    told |= {"begun_at": begun_at.isoformat(), "findings": Digest.of(made.findings).sha256}
    record(session, stream_of(made), VERIFIED, told, actor=actor, now=now)
    session.flush()
    return made


def stream_of(one: Verification) -> str:
    """The journal of a result."""
    return f"verification:{one.id}"


def _kept(outcome: Outcome) -> list[dict[str, Any]]:
    """The findings, and behind them those that auditors have acknowledged, each with who did, when and why."""
    found = [{"name": name, **asdict(one)} for name, one in outcome.findings]
    return found + [{"name": name, **asdict(one), "acknowledged": by.kept()} for name, one, by in outcome.acknowledged]


def verifications(session: Session, actor: Actor, *, limit: int = 50, offset: int = 0) -> Page[Verification]:
    """The results, the newest first. Raises NotAllowed."""
    require(actor, RIGHT)
    return page(session, select(Verification).order_by(Verification.ended_at.desc()), limit=limit, offset=offset)


def verification(session: Session, actor: Actor, key: UUID) -> Verification:
    """One result. Raises NotAllowed, NotFound."""
    require(actor, RIGHT)
    found = session.get(Verification, key)
    if found is None:
        raise NotFound("没有这次核验的结果")
    return found


def failed(session: Session, actor: Actor) -> Verification | None:
    """The newest result, if something was found and the reader may know.

    Each verification finds again what still stands wrong.
    """
    if not may(actor, RIGHT):
        return None
    newest = session.scalars(
        select(Verification).where(_ended()).order_by(Verification.ended_at.desc()).limit(1)
    ).first()
    return newest if newest is not None and newest.found else None


def full_failed(session: Session) -> bool:
    """Whether the newest verification that executed everything again found something; one statement."""
    newest = (
        select(Verification.found).where(Verification.mode == FULL, _ended()).order_by(Verification.ended_at.desc())
    )
    return bool(session.scalar(newest.limit(1)))


def _ended() -> ColumnElement[bool]:
    """Those that have ended by now: a clock that went wrong may have left one of a day to come."""
    return Verification.ended_at <= clock.now() + LATE_BY


def findings_of(one: Verification | None, stream: str) -> list[Mapping[str, Any]]:
    """Those of its findings that are about a stream and that nobody has acknowledged."""
    listed = one.findings if one is not None else []
    return [each for each in listed if each.get("stream") == stream and not each.get("acknowledged")]


def report(one: Verification) -> dict[str, Any]:
    """A result as a program reads it: all columns by name, JSON values alone."""
    moments = {name: clock.local(getattr(one, name)).isoformat() for name in ("begun_at", "ended_at")}
    plain = {
        name: getattr(one, name) for name in ("mode", "made_by", "seconds", "found", "figures", "remarks", "findings")
    }
    return {"id": str(one.id), **moments, **plain, "findings": advised(one.findings)}
