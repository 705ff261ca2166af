"""The common part of the papers of a case: its journal read for print, names, dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.auth import Account
from service.history import HistoryEvent
from service.people.past import unit_names_then
from service.people.queries import unit_names
from service.processes import effects, queries
from service.processes.advance import open_tasks
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import by_digest
from service.processes.course import Step, standing, steps_of
from service.processes.forms import Form
from service.processes.masks import Masks
from service.processes.models import Instance, UserTask
from service.processes.rules import NEED
from service.processes.standing import behalf_names
from service.processes.told_fields import told
from service.processes.versions import Versions, versions_of
from service.processes.wiring import wiring
from service.rights import SERVICE_NAMES, Actor
from service.workdays import Calendar

PRINTED = "printed"
"""The entry of the journal that tells of a printed paper: it changes no later one."""


@dataclass(frozen=True, slots=True)
class Then:
    """A case as it stood after a past step: the columns of its row, its data and open tasks, and the last entry of the
    journal that counts. The fold of a replay gives them."""

    row: Mapping[str, Any]
    data: Mapping[str, Any]
    tasks: Sequence[Mapping[str, Any]]
    until: int


@dataclass(frozen=True, slots=True)
class Paper:
    """The input of a print template: JSON-ready ``data``, the moment that the paper stands for, a name for the file.

    ``files`` are those that the data name, beside the templates: pictures of seals.
    """

    data: Mapping[str, Any]
    made_at: datetime
    name: str
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """A completed step that still counts, with what was fixed when it was entered."""

    event: HistoryEvent
    entered: HistoryEvent
    provisional: bool

    @property
    def step(self) -> str:
        return str(self.event.data["step"])

    @property
    def process(self) -> str:
        """The diagram that the step stands in: the main one or one that it calls."""
        return str(self.event.data["process"])

    @property
    def fields(self) -> Mapping[str, Any]:
        """The values that were filled in."""
        found: Mapping[str, Any] = self.event.data["data"]
        return found

    @property
    def scope(self) -> str:
        return str(self.entered.data["scope"])

    @property
    def box(self) -> str | None:
        """The box of the printed form that this step signs (X1)."""
        return (self.event.data.get("signature") or {}).get("box")


class Record:
    """The journal of one case as it counts today, or counted ``then``: what was taken back is left out."""

    def __init__(self, session: Session, instance_id: UUID, actor: Actor, then: Then | None = None) -> None:
        """Raises NotFound where ``actor`` may not see the case."""
        instance = queries.visible(session, instance_id, actor)
        events = [event for event in queries.timeline(session, instance_id, actor) if event.kind != PRINTED]
        if then is not None:
            instance = Instance(**then.row, data=dict(then.data), frame=instance.frame)
            events = [event for event in events if event.seq <= then.until]
        self._then = then
        made = compiled(session, instance.digest, instance.process)
        self._take_in(session, instance, events, made, versions_of(session, instance, events))

    def _take_in(
        self, session: Session, instance: Instance, events: Sequence[HistoryEvent], made: Compiled, versions: Versions
    ) -> None:
        self.session, self.instance, self.events = session, instance, events
        self.made, self.versions = made, versions
        self.all_steps: list[Step] = steps_of(self.events)
        self.steps: list[Step] = list(standing(self.all_steps))
        self._units: dict[str, str] = {}
        self._units_then: dict[str, str] = {}
        self._people: dict[str, str] = dict(SERVICE_NAMES)
        self._picked: dict[tuple[str, str], str] = {}

    def calendar_of(self, event: HistoryEvent) -> Calendar:
        """The calendar that an input was counted with."""
        return by_digest(self.session, event.data["calendar"])

    def shown(self, actor: Actor) -> Mapping[str, Any]:
        """The data of the case as ``actor`` may see them."""
        return Masks(self.session, self.instance, actor).data(self.instance.data)

    @property
    def last_at(self) -> datetime:
        """When something last happened."""
        return self.events[-1].at

    @property
    def stands_on(self) -> date:
        """The day whose names, telephones and employers stand on the papers: that of its end, of a case that ended;
        that of the last entry, of one that is shown as it stood; else today."""
        if self.instance.ended_at is not None:
            return clock.local(self.instance.ended_at).date()
        return clock.today() if self._then is None else clock.local(self.last_at).date()

    def waiting(self) -> list[UserTask]:
        """The open tasks."""
        if self._then is None:
            return open_tasks(self.session, self.instance.id)
        return [UserTask(**row) for row in self._then.tasks]

    def done(self) -> list[Done]:
        """The completed steps, in order."""
        return list(self._done())

    def _done(self) -> Iterator[Done]:
        entered: dict[str, HistoryEvent] = {}
        due: dict[str, HistoryEvent] = {}
        for step in self.steps:
            event = step.event
            if event.kind == "completed" and event.task in entered:
                yield Done(event, entered[event.task], bool(due[event.task].data["provisional"]))
            for effect in step.effects:
                if effect.task and effect.kind == effects.ENTERED:
                    entered[effect.task] = due[effect.task] = effect
                elif effect.task and effect.kind == effects.DUE_CHANGED:
                    due[effect.task] = effect

    def form_of(self, step: Done) -> Form:
        """The form by which a step was filled in: that of the version of its time."""
        return self.versions.form_of(step.event)

    def choice(self, step: str, field: str, value: object, process: str = NEED) -> str:
        """How the form of ``step`` words the choice ``value``; empty for none."""
        asked = [one.event for one in self.steps if one.event.kind == "completed" and one.event.data["step"] == step]
        form = self.versions.form_of(asked[-1]) if asked else self.made.form_of(process, step)
        found = form.fields.get(field, {}).get("oneOf", ())
        return next((str(one["title"]) for one in found if one.get("const") == value and "title" in one), "")

    def told(self, step: Done) -> list[dict[str, Any]]:
        """The fields that a step filled in, as people read them (``told_fields``)."""
        return list(told(self.form_of(step), step.fields, self.named))

    def named(self, kind: str, key: str) -> str:
        """The name of a picked record (``x-ref``)."""
        if (kind, key) not in self._picked:
            find = wiring(self.session).references.get(kind)
            self._picked[kind, key] = (find(self.session, key) if find else None) or "（已停用的记录）"
        return self._picked[kind, key]

    def unit(self, code: object) -> str:
        """The name of a unit; empty for none."""
        if not isinstance(code, str) or not code:
            return ""
        if code not in self._units:
            self._units.update({code: code, **self._named_units([code])})
        return self._units[code]

    def learn_units(self, codes: Iterable[object]) -> None:
        """Fetches the names of all these units at once."""
        self._units.update(self._named_units([code for code in codes if isinstance(code, str)]))

    def _named_units(self, codes: Sequence[str]) -> Mapping[str, str]:
        """The names of units on the day that the papers stand for."""
        if self.stands_on < clock.today():
            if not self._units_then:
                self._units_then = unit_names_then(self.session, self.stands_on)
            return {code: self._units_then[code] for code in codes if code in self._units_then}
        return unit_names(self.session, codes)

    def due(self, step: Done, value: object) -> str:
        """A date by which to act, as ``step`` named it: provisional where its calendar did not know that year."""
        if not isinstance(value, str) or not value:
            return ""
        named = date.fromisoformat(value)
        return day(named, provisional=self.calendar_of(step.event).is_provisional(named))

    def person(self, username: str | None) -> str:
        """The name behind a sign-in name; empty for none."""
        if not username:
            return ""
        if username not in self._people:
            names = {event.actor for event in self.events} | {event.on_behalf_of for event in self.events}
            rows = self.session.scalars(select(Account).where(Account.username.in_([*names - {None}, username])))
            self._people.update({row.username: row.name for row in rows})
            self._people.update(behalf_names(self.session, [*names, username]))
        return self._people.setdefault(username, username)

    def sign(self, event: HistoryEvent | None) -> dict[str, str | None]:
        """The signature under a step: name (both where a 代理 did it) and day; empty for a step to come."""
        if event is None:
            return {"name": None, "on_behalf_of": None, "on": None}
        signature = event.data.get("signature") or {}
        represented = signature.get("on_behalf_of") or self.person(event.on_behalf_of)
        return {
            "name": signature.get("name") or self.person(event.actor),
            "on_behalf_of": represented or None,
            "on": day(event.at),
        }


def day(value: date | datetime | str | None, *, provisional: bool = False) -> str:
    """2026年9月16日, with （暂定） where the calendar of that year is not known yet; empty for nothing."""
    if not value:
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value)
    if isinstance(value, datetime):
        value = clock.local(value).date()
    return f"{value.year}年{value.month}月{value.day}日" + ("（暂定）" if provisional else "")
