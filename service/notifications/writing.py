"""The text of letters, as of the moment in which they are sent: few statements for a batch of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.auth.models import Account
from service.auth.queries import is_usable
from service.config.notifications import name_of
from service.history import HistoryEvent
from service.notifications.channels import group_address
from service.notifications.digests import composed
from service.notifications.letter import Letter
from service.notifications.letters import Key
from service.notifications.rules import DIGEST, SAYS_WHEN, STALE_WHEN_DONE, Told, case_of, outside_text, way_in
from service.notifications.telling import Office
from service.notifications.ways import PERSONAL, addresses_of, open_channels
from service.notifications.words import Words
from service.processes.models import OPEN, UserTask


def written(session: Session, keys: Sequence[Key], office: Office, *, now: datetime) -> dict[Key, Letter | None]:
    """The letters as they are sent now; None where there is nothing to send any more.

    The work is done, the account is disabled, or it has no address any longer.
    """
    numbers = {number for number, _, _ in keys}
    events = {one.id: one for one in session.scalars(select(HistoryEvent).where(HistoryEvent.id.in_(numbers)))}
    tasks = [UUID(one.task) for one in events.values() if one.task]
    rows = session.scalars(select(UserTask).where(UserTask.id.in_(tasks))).all() if tasks else []
    words = Words(session, rows, clock.local(now).date())
    where = _addresses(session, keys, office)
    told = {number: words.told(event) for number, event in events.items()}
    found: dict[Key, Letter | None] = {}
    for key in keys:
        event, task = events[key[0]], words.tasks.get(events[key[0]].task or "")
        stale = told[key[0]].notice.template in STALE_WHEN_DONE and task is not None and task.status != OPEN
        address = where.get(key)
        found[key] = None
        if address and not stale and told[key[0]].notice.template == DIGEST:
            found[key] = _daily(session, key, address, event, office, now)
        elif address and not stale:
            found[key] = _letter(key, address, event, told[key[0]], office)
    return found


def _daily(
    session: Session, key: Key, address: str, event: HistoryEvent, office: Office, now: datetime
) -> Letter | None:
    """The day's letter of somebody; None where nothing is unread or undone any more."""
    _, channel, recipient = key
    said = composed(session, recipient, office.wordings, now=now)
    if said is None:
        return None
    link = way_in(f"{office.public_url}/notices" if office.public_url else None)
    return Letter(channel, recipient, address, said[0], f"{said[1]}\n{link}", _key(event, recipient))


def _key(event: HistoryEvent, recipient: str) -> str:
    """By which a receiver knows the letter again."""
    return f"{event.hash[:32]}.{recipient[:32]}"


def _addresses(session: Session, keys: Iterable[Key], office: Office) -> Mapping[Key, str]:
    """Where each goes; without what has no address any more."""
    named = {recipient for _, channel, recipient in keys if channel in PERSONAL}
    usable: set[str] = set()
    if named:
        accounts = session.scalars(select(Account).where(Account.username.in_(named)))
        usable = {account.username for account in accounts if is_usable(account)}
    personal = addresses_of(session, usable, open_channels(office.mail))
    found = {
        key: personal.get((key[2], key[1])) if key[1] in PERSONAL else group_address(office.mail, key[1], key[2])
        for key in keys
    }
    return {key: address for key, address in found.items() if address is not None}


def _letter(key: Key, address: str, event: HistoryEvent, told: Told, office: Office) -> Letter:
    _, channel, recipient = key
    case = case_of(event.stream)
    link = f"{office.public_url}/cases/{case}" if office.public_url and case is not None else None
    subject, body = outside_text(kind_name(told, office), told.notice, told.due, link or office.public_url or None)
    return Letter(channel, recipient, address, subject, body, _key(event, recipient))


def kind_name(told: Told, office: Office) -> str:
    """The name of a kind of notice for people; of a reminder, how the date stands today."""
    template = told.notice.template
    if told.due is not None and template in SAYS_WHEN:
        return told.due.state
    return name_of(office.wordings, template)
