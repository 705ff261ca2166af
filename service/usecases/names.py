"""Names for what the records know by id: accounts, units, picked records, and the values of a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.audit.replay.named import NAMED_KINDS, UNITS, NamesThen
from service.auth.queries import account_names
from service.people.past import leader_names_then, unit_names_then
from service.people.queries import unit_names
from service.processes.forms import Form
from service.processes.standing import OF_PERSON, behalf_names
from service.processes.told_fields import page_day, told
from service.processes.wiring import wiring
from service.rights import SERVICE_NAMES
from service.talents.past import names_then

Named = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One value of a form as a person reads it."""

    title: str
    text: str


class Names:
    """Looks names up in batches and remembers them for one request: as they were called ``on`` a day (default today).

    Accounts have their present names, unless ``then`` is given: all are called as on that day, also what is no longer
    in use. ``person``, ``unit`` and ``record`` have words for what is not known, and look up what was not learnt;
    ``known_…`` tell what was learnt, None for what is not known.
    """

    def __init__(self, session: Session, on: date | None = None, *, then: NamesThen | None = None) -> None:
        self._session, self._on, self._then = session, on or clock.today(), then
        self._people: dict[str, str] = dict(SERVICE_NAMES)
        self._units: dict[str, str] = {}
        self._records: dict[tuple[str, str], str] = {}

    def at(self, day: date) -> Names:
        """The names on another day, where there are names of then; else the same."""
        return self if self._then is None or day == self._on else Names(self._session, day, then=self._then)

    def learn(
        self,
        usernames: Iterable[str | None] = (),
        units: Iterable[str | None] = (),
        talents: Iterable[str | None] = (),
        leaders: Iterable[str | None] = (),
    ) -> Names:
        """Fetches all these at once: one statement a kind, however long the list; one more for a past day.

        Among the sign-in names may stand whom a stand-in acted for: a leader, a unit, a role or a person.
        """
        people = {name for name in usernames if name} - set(self._people)
        if self._then is not None:
            self._people.update(self._then.people(people, self._on))
            self._units.update(self._then.find(UNITS, {code for code in units if code}, self._on))
            for kind, listed in (("talents", talents), ("leaders", leaders)):
                known = self._then.find(kind, {one for one in listed if one}, self._on)
                self._records.update({(kind, one): name for one, name in known.items()})
            return self
        if people:
            self._people.update(account_names(self._session, {name for name in people if ":" not in name}))
            self._people.update(behalf_names(self._session, people))
        codes = {code for code in units if code} - set(self._units)
        if codes:
            past = self._on < clock.today()
            self._units.update(unit_names_then(self._session, self._on) if past else unit_names(self._session, codes))
        for kind, wanted, find in (("talents", talents, names_then), ("leaders", leaders, leader_names_then)):
            ids = {one for one in wanted if one and (kind, one) not in self._records}
            if ids:
                found = find(self._session, ids, self._on)
                self._records.update({(kind, one): name for one, name in found.items()})
        return self

    def known_person(self, username: str | None) -> str | None:
        """The learnt name behind a sign-in name."""
        return self._people.get(username or "")

    def known_unit(self, code: str | None) -> str | None:
        """The learnt name of a unit."""
        return self._units.get(code or "")

    def known(self, kind: str, value: str | None) -> Named | None:
        """A talent or leader by id and learnt name; None for none."""
        return {"id": value, "name": self._records.get((kind, value))} if value else None

    def person(self, username: str | None) -> str:
        """The name behind a sign-in name, or of who had no account and was stood in for."""
        if not username:
            return ""
        if (known := self._people.get(username)) is not None:
            return known
        return self.learn(usernames=[username]).known_person(username) or "（已删除的账号）"

    def unit(self, code: str | None) -> str:
        """The name of a unit."""
        if not code:
            return ""
        if (known := self._units.get(code)) is not None:
            return known
        return self.learn(units=[code]).known_unit(code) or "（未知单位）"

    def role(self, role: str | None) -> str:
        """The name of a role; empty for one that nobody declares."""
        if self._then is not None:
            return self._then.role(role, self._on)
        return wiring(self._session).role_name(role) if role else ""

    def holder(self, unit: str | None, role: str | None, person: str | None = None) -> str:
        """For whom a task is: its unit, else its role; and the one person, where it is theirs alone."""
        said = self.unit(unit) or self.role(role)
        return f"{said}（{self.person(f'{OF_PERSON}{person}')}）" if person else said

    def talent(self, talent_id: str | None) -> str:
        """The name of a talent."""
        return self.record("talents", talent_id) if talent_id else ""

    def record(self, kind: str, value: str) -> str:
        """The name of a picked record (``x-ref``)."""
        key = (kind, value)
        if key not in self._records and self._then is not None and kind in NAMED_KINDS:
            self._records[key] = self._then.find(kind, {value}, self._on).get(value, "（已停用的记录）")
        if key not in self._records:
            find = wiring(self._session).references.get(kind)
            self._records[key] = (find(self._session, value) if find else None) or "（已停用的记录）"
        return self._records[key]

    def labels(self, form: Form, data: Mapping[str, Any]) -> dict[str, str]:
        """Value → name of every picked record in ``data``, for the pickers of the form."""
        return {value: self.record(kind, value) for _, kind, value in form.references(data)}

    def lines(self, form: Form, data: Mapping[str, Any]) -> list[Line]:
        """The values filled into a form, in the form's order, as a person reads it on a page."""
        return [Line(one["title"], one["words"]) for one in told(form, data, self.record, page_day)]
