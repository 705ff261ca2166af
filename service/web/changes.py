"""The journal of a record as people read it: who changed what when, old and new side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from service import history
from service.attachments import ENTRIES as FILE_ENTRIES
from service.attachments import record_history
from service.auth.fields import ENTRIES as ACCOUNT_ENTRIES
from service.contacts.access import readable
from service.contacts.fields import ENTRIES as CONTACT_ENTRIES
from service.fields import CHANGED_UNSEEN, NOTHING, Entry, Field, hides_change
from service.history import HistoryEvent
from service.http.context import actor, db, wired
from service.ledger import Cell
from service.ledger.fields import ENTRIES as LEDGER_ENTRIES
from service.ledger.reported import ENTRIES as REPORTED_ENTRIES
from service.ledger.reported import seen_entries
from service.liaisons.fields import ENTRIES as LIAISON_ENTRIES
from service.notifications.fields import ENTRIES as MAIL_ENTRIES
from service.people.fields import ENTRIES as PEOPLE_ENTRIES
from service.reports.fields import ENTRIES as REPORT_ENTRIES
from service.talents.fields import ENTRIES as TALENT_ENTRIES
from service.usecases.names import Names
from service.web.present import named

ENTRIES: Mapping[str, Entry] = {
    **PEOPLE_ENTRIES,
    **TALENT_ENTRIES,
    **LIAISON_ENTRIES,
    **CONTACT_ENTRIES,
    **REPORT_ENTRIES,
    **REPORTED_ENTRIES,
    **LEDGER_ENTRIES,
    **FILE_ENTRIES,
    **ACCOUNT_ENTRIES,
    **MAIL_ENTRIES,
}
"""Every kind of entry that people read, from the features whose commands write it."""

_OTHER = Entry("其他变更")


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One field: what it was (``None``: it was set with the entry) and what it became."""

    label: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the journal."""

    at: datetime
    who: str
    on_behalf_of: str
    what: str
    source: str
    lines: tuple[ChangeLine, ...]


def changes(events: Iterable[tuple[HistoryEvent, Mapping[str, Any]]]) -> list[Change]:
    """The entries, the newest first, with the data that the reader may see."""
    listed = seen_entries(db(), actor(), readable(db(), actor(), events))
    told = [(event, data, ENTRIES.get(event.kind, _OTHER)) for event, data in listed]
    names = Names(db()).learn(
        [name for event, _ in listed for name in (event.actor, event.on_behalf_of)],
        *([key for _, data, entry in told for key in _picked(entry, data, kind)] for kind in ("units", "talents")),
    )
    reading = Reading(names)
    return [
        Change(
            at=event.at,
            who=names.person(event.actor),
            on_behalf_of=names.person(event.on_behalf_of),
            what=entry.word,
            source=str(data.get("source") or ""),
            lines=reading.lines(entry, data),
        )
        for event, data, entry in reversed(told)
    ]


def changes_of(stream: str) -> list[Change]:
    """The journal of a record that holds no contact data, the newest entry first, as far as the reader may see it."""
    return changes((event, event.data) for event in history.stream_events(db(), stream))


def changes_with_files(stream: str) -> list[Change]:
    """The journal of a record that takes files, without them where the reader is not told of them."""
    return changes((event, event.data) for event in record_history(db(), stream, actor()))


class Reading:
    """Words the fields of records: names of units and picked records, choices, dates."""

    def __init__(self, names: Names) -> None:
        organization = wired().organization
        self._names = names
        self._known = {
            "towns": dict(named(organization.towns)),
            "kinds": dict(named(organization.kinds)),
            "roles": dict(named(organization.roles)),
        }

    def lines(self, entry: Entry, data: Mapping[str, Any]) -> tuple[ChangeLine, ...]:
        """The fields of an entry in the order in which people know them; of a new record only those that are set.

        An entry does not say that a new record is in use.
        """
        found = []
        for one in entry.fields:
            value = data.get(one.name)
            if entry.changes and isinstance(value, list) and len(value) == 2:
                before, after = (self.text(one, each) or NOTHING for each in value)
                found.append(
                    ChangeLine(one.label, before, f"{after}{CHANGED_UNSEEN}" if hides_change(value) else after)
                )
            elif one.name != "active" and (text := self.text(one, value)):
                found.append(ChangeLine(one.label, None, text))
        return tuple(found)

    def cell(self, one: Field, record: object) -> Cell:
        """A field of a record as a sheet shows it: a date as a date, all else as people read it."""
        value = getattr(record, one.name)
        return value if isinstance(value, date) else self.text(one, value)

    def text(self, one: Field, value: Any) -> str:
        """A value as people read it; empty for none."""
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, Mapping):
            return "、".join(f"{self._names.record(one.pick, key)}：{one.choices[said]}" for key, said in value.items())
        if isinstance(value, list):
            return "、".join(
                str(each.get("name", "")) if isinstance(each, dict) else self.text(one, each) for each in value
            )
        if one.pick == "units":
            return self._names.unit(str(value))
        if one.pick:
            return self._names.record(one.pick, str(value))
        choices: Mapping[Any, str] = self._known.get(one.among) or one.choices
        return choices.get(value, str(value))


def _picked(entry: Entry, data: Mapping[str, Any], kind: str) -> list[str]:
    """The keys of records of that kind in the data of an entry."""
    return [key for one in entry.fields if one.pick == kind for key in _each(data.get(one.name))]


def _each(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list | dict) else [value]) if isinstance(one, str)]
