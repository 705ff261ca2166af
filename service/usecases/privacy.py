"""The private parts of a talent's file inside cases, and from whom it is withheld (R4 R8)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service import clock, liaisons
from service.actions.talent_file import TOLD
from service.fields import NOTHING
from service.processes.privacy import Private
from service.rights import Actor, may
from service.talents.masks import CONTACT_MASKS, HIDDEN, masked, masked_email
from service.talents.queries import find_talent, sees_contact

PHONE, EMAIL, IDENTITY = "phone", "email", "identity"
"""The kinds of private values: also what a form may say under ``x-private``."""

KINDS = {name: EMAIL if mask is masked_email else PHONE for name, mask in CONTACT_MASKS.items()}

PRIVATE = Private(
    fields={**KINDS, "new_contact_phone": PHONE, "id_tail": IDENTITY},
    labels={TOLD[name].label: kind for name, kind in KINDS.items()},
    masks={PHONE: masked, EMAIL: masked_email, IDENTITY: lambda _: HIDDEN},
    nothing=NOTHING,
)


def withheld(session: Session, reader: Actor, talent_id: str | None) -> frozenset[str]:
    """The kinds of private values of the talent that the reader may not see, as on the talent's own page."""
    kinds = set() if may(reader, "view_talent_identity") else {IDENTITY}
    if not sees_contact(reader) and not _concerned(session, reader, talent_id):
        kinds |= {PHONE, EMAIL}
    return frozenset(kinds)


def _concerned(session: Session, reader: Actor, talent_id: str | None) -> bool:
    talent = find_talent(session, talent_id) if talent_id else None
    if talent is None:
        return False
    leaders = liaisons.leaders_of(session, [talent.id], clock.today())[talent.id]
    return sees_contact(reader, leaders, talent.employer_unit)
