"""The head (负责人) of a unit: who answers for it, and hears of what is said of it in public (W10). None commits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db.lists import on_day
from service.errors import Conflict
from service.fields import Checks
from service.history import require_version
from service.history.records import record
from service.people.edits import head_edits
from service.people.models import Leader, Person, Unit, UnitHead
from service.people.queries import get_person, get_unit
from service.people.rules import CLASS_B, PRINCIPAL
from service.rights import Actor, require


def name_head(
    session: Session,
    *,
    unit_code: str,
    person_id: UUID | str | None,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> UnitHead | None:
    """Enters the head of a unit; None: nobody any more. For who names its liaison.

    Raises ``NotFound``, ``NotAllowed``, ``Invalid``, ``Conflict`` where that is so, and ``Stale`` where somebody
    changed it since ``version`` was read.
    """
    require(actor, "name_liaison", unit=unit_code)
    unit = get_unit(session, unit_code)
    person = get_person(session, person_id) if person_id is not None else None
    session.refresh(unit, with_for_update={"of": Unit})
    require_version(session, head_edits(unit), version)
    checks = Checks()
    if person is not None and not person.active:
        checks.refuse("/person_id", f"{person.name}已离任，不能登记为负责人")
    checks.done()
    row = session.get(UnitHead, unit.code)
    before = row.person_id if row is not None else None
    if before == (person.id if person is not None else None):
        raise Conflict("负责人没有变化，请刷新后查看")
    if person is None:
        session.delete(row)
        row = None
    elif row is None:
        row = UnitHead(unit_code=unit.code, person=person)
        session.add(row)
    else:
        row.person = person
    session.flush()
    said = {"person_id": person.id if person is not None else None, "former_person_id": before}
    record(session, f"unit:{unit.code}", "head_named", said, actor=actor, now=now)
    return row


def entered_head(session: Session, unit_code: str) -> Person | None:
    """The person entered as the head of a unit; None: nobody, and a member unit has its principal officer for one."""
    row = session.get(UnitHead, unit_code)
    return row.person if row is not None else None


def heads_of(session: Session, units: Iterable[str], on: date) -> dict[str, Person]:
    """Unit → its head on that day: who is entered, else the principal officer of a member unit (主要负责同志, L2).

    Units without one are left out; two statements.
    """
    wanted = set(units)
    posts = select(Leader).where(
        Leader.unit_code.in_(wanted),
        Leader.klass == CLASS_B,
        Leader.duty == PRINCIPAL,
        on_day(Leader.starts_on, Leader.ends_on, on),
    )
    found = {str(post.unit_code): post.person for post in session.scalars(posts.order_by(Leader.starts_on, Leader.id))}
    entered = session.scalars(select(UnitHead).where(UnitHead.unit_code.in_(wanted)))
    return found | {row.unit_code: row.person for row in entered if row.person.active}
