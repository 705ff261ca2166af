"""Names of contacts, and of cases whose rows are gone, in findings: leader, talents and day; the number."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.contacts.models import Contact, ContactTalent
from service.errors import DAMAGE
from service.history import HistoryEvent
from service.ids import as_id
from service.people.models import Leader, Person
from service.processes import counters
from service.processes.series import twice_and_missing
from service.talents.models import Talent

_MISSING = "audit_missing_numbers"
"""Where a session keeps the missing numbers: a journal without many cases is asked once for all of them."""
_MOST = 5


def contact_called(session: Session, key: UUID) -> str | None:
    """Leader, talents and day of a contact: by its row, else by the entry that recorded it, else None."""
    with suppress(*DAMAGE):
        where = Contact.id == key
        row = session.execute(select(Contact.leader_id, Contact.held_on).where(where)).first()
        if row is not None:
            talents = session.scalars(select(ContactTalent.talent_id).where(ContactTalent.contact_id == key)).all()
            return _contact(session, row.leader_id, talents, row.held_on)
        of = HistoryEvent.stream == f"contact:{key}", HistoryEvent.kind == "contact_recorded"
        event = session.scalars(select(HistoryEvent).where(*of)).first()
        if event is not None:
            data = event.data
            said = date.fromisoformat(data["held_on"])
            return _contact(session, as_id(data["leader_id"]), data["talents"], said)
    return None


def case_gone(session: Session, name: str) -> str:
    """A case of which no row is left: by the number that the journal lacks, where it lacks few; else by its id."""
    key = as_id(name)
    if key is None:
        return f"事项 {name}"
    missing = _missing(session)
    if not missing or len(missing) > _MOST:
        return f"事项 标识 {str(key)[:8]}…"
    if len(missing) == 1:
        return f"事项 {missing[0]}（日志里只缺这个编号，标识 {str(key)[:8]}…）"
    return f"事项 标识 {str(key)[:8]}…（日志里缺的编号：{'、'.join(missing)}）"


def _missing(session: Session) -> list[str]:
    if _MISSING not in session.info:
        found: list[str] = []
        try:
            for name, numbers in sorted(counters.given(session).items()):
                if name.startswith(counters.NUMBER):
                    found += twice_and_missing(numbers)[1]
        except DAMAGE:
            found = []
        except DBAPIError as error:
            if "malformed JSON" not in str(error.orig):  # SQLite's word for a text that is none
                raise
        session.info[_MISSING] = found
    return list(session.info[_MISSING])


def _contact(session: Session, leader: UUID | None, talents: Iterable[str], day: date) -> str:
    of = select(Person.name).join(Leader, Leader.person_id == Person.id).where(Leader.id == leader)
    names = {row.id: row.name for row in session.execute(select(Talent.id, Talent.name).where(Talent.id.in_(talents)))}
    said = "、".join(names.get(one, one) for one in sorted(talents))
    return f"{session.scalar(of) or '领导不明'}—{said} {day.isoformat()}"
