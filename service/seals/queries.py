"""Reading seals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db.lists import Page, page
from service.errors import NotFound
from service.seals.heads import Head, head_of
from service.seals.models import Seal, SealToken


@dataclass(frozen=True, slots=True)
class Shown:
    """A seal as lists show it. ``tokened_at``: when an outside service gave its word, if it did."""

    number: int
    made_at: datetime
    head: Head
    text: str
    digest: str
    signature: str
    tokened_at: datetime | None


def seals(session: Session, *, limit: int = 50, offset: int = 0) -> Page[Shown]:
    """All seals, the newest first; three statements."""
    found = page(session, select(Seal).order_by(Seal.number.desc()), limit=limit, offset=offset)
    numbers = [row.number for row in found.items]
    given = select(SealToken.number, SealToken.given_at).where(SealToken.number.in_(numbers))
    tokens = {row.number: row.given_at for row in session.execute(given)}
    return Page(
        tuple(_shown(row, tokens.get(row.number)) for row in found.items), found.total, found.limit, found.offset
    )


def seal_of(session: Session, number: int) -> Seal:
    """The seal. Raises NotFound."""
    found = session.get(Seal, number)
    if found is None:
        raise NotFound(f"没有第 {number} 次封存")
    return found


def shown(session: Session, number: int) -> Shown:
    """The same as lists show it."""
    given = session.scalar(select(SealToken.given_at).where(SealToken.number == number))
    return _shown(seal_of(session, number), given)


def _shown(row: Seal, tokened_at: datetime | None) -> Shown:
    return Shown(row.number, row.made_at, head_of(row.head), row.head, row.digest, row.signature, tokened_at)
