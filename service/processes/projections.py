"""The proper rows of an instance, column by column, worked out from its journal alone: verification compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from service import engine, ids
from service.history import HistoryEvent
from service.history.folding import BASELINE
from service.processes import effects as fx
from service.processes.asking import ASKING
from service.processes.bundles import Compiled
from service.processes.claims import CLAIM_ENDED
from service.processes.ending import how_ended
from service.processes.inputs import Course
from service.processes.linking import LINKING
from service.processes.models import (
    CANCELLED,
    COMPLETED,
    DONE,
    FIRED,
    OPEN,
    RUNNING,
    SUSPENDED,
    WAITING,
)
from service.processes.rounds import ranked
from service.processes.rules import described, stage_of
from service.processes.spans import Spans, shown
from service.processes.texts import WORDS, words_of
from service.processes.urges import receipt_of, row_of

Row = dict[str, Any]

_UNDONE: Mapping[str, Any] = dict.fromkeys(
    ("completed_at", "completed_seq", "completed_by", "on_behalf_of", "late_days", "submitted")
)


class Projection:
    """The rows as they stand after the events told so far, each a dictionary of all the columns of its table.

    ``tasks`` and ``timers`` by id, ``copies`` by user name, ``urges`` by their entry, ``links`` by the other case,
    ``spans`` and ``texts`` in order of time; of what the journal does not know (the running numbers of rows) there is
    nothing here.
    """

    def __init__(self, instance_id: UUID, made: Compiled) -> None:
        self.made = made
        self.instance: Row = {"id": instance_id}
        self.tasks: dict[str, Row] = {}
        self.timers: dict[str, Row] = {}
        self.copies: dict[str, Row] = {}
        self.urges: dict[str, Row] = {}
        self.links: dict[str, Row] = {}
        self.spans = Spans()
        self.texts = Spans(WORDS)
        self._worded: tuple[object, ...] = ()
        self._words = ""

    def step(self, event: HistoryEvent, found: Sequence[fx.Effect], course: Course) -> None:
        """An input: the effects that it has and where the instance then stands."""
        landing = course.landing
        if landing is None:
            return
        if event.kind == "started":
            self._begin(event)
        elif event.kind == "taken_back" and self.instance["status"] == COMPLETED:
            self.instance |= {"status": RUNNING, "ended_at": None, "end": None, "end_name": None}
        elif event.kind == "migrated" and course.begun is not None:
            to = event.data["to"]
            self.made = course.begun.made
            self.instance |= {"version": to["version"], "digest": to["digest"], "frame": event.data["frame"]}
        elif event.kind == "terminated":
            self.instance |= {"ended_at": event.at, **how_ended(event.data)}
        self._input_of_task(event)
        for effect in found:
            self._effect(event, effect, landing)
        if landing.completed and self.instance["status"] in (RUNNING, SUSPENDED):
            self.instance |= {"status": COMPLETED, "ended_at": event.at}
        self._timers(event, landing)
        stages = [row["stage"] for row in self.tasks.values() if row["status"] == OPEN]
        self.instance |= {
            "state": landing.state,
            "lying": landing.lying,
            "data": course.data,
            "stage": stage_of(
                stages,
                order=self.made.stages,
                ended=self.instance["ended_at"] is not None,
                before=self.instance["stage"],
            ),
        }
        self._describe(course.data)
        self._take(event)

    def number(self) -> None:
        """After all events: how often each step had come up in its slot."""
        for row, number in zip(self.tasks.values(), ranked(self.tasks.values()).values(), strict=True):
            row["round"] = number

    def note(self, event: HistoryEvent) -> None:
        """An event that moves no token: a claim, an urge, a number given, a copy …"""
        row = self.tasks.get(event.task or "")
        self._register(event)
        if event.kind in ("suspended", "resumed") and self.instance["ended_at"] is None:
            self.instance["status"] = SUSPENDED if event.kind == "suspended" else RUNNING
            self._take(event)
        elif event.kind == "urged":
            self.instance["urges"] += 1
            self._take(event)
            if row is not None:
                row["urges"] += 1
        elif event.kind == "copied":
            for username in event.data["to"]:
                copy = {"instance_id": self.instance["id"], "username": username}
                self.copies.setdefault(username, {**copy, "sent_by": event.actor, "sent_at": event.at, "read_at": None})
        elif event.kind == "copy_withdrawn":
            for username in event.data["to"]:
                self.copies.pop(username, None)
        elif event.kind == "copy_read" and event.actor in self.copies:
            self.copies[event.actor]["read_at"] = event.at
        elif event.kind in LINKING:
            self._link(event)
        elif event.kind in ("claimed", "released", "reassigned", CLAIM_ENDED) and row is not None:
            row["assignee"] = event.data.get("assignee") or event.data.get("to")
            row["revision"] += 1
        elif event.kind == "action" and event.data["variable"] == "number" and not event.data["scope"]:
            self.instance["number"] = event.data["result"]
            self._describe(self.instance["data"])
            self._take(event)
        else:
            self._failing(event)

    def _describe(self, data: Mapping[str, Any]) -> None:
        self.instance |= described(data, self.instance["number"], self.made.title_of(data))

    def _take(self, event: HistoryEvent) -> None:
        """Something that lists show of the case is another now, or the words by which it is found."""
        self.spans.take(event.at, shown(self.instance))
        data, made = self.instance["data"], self.made
        told = (made.digest, self.instance["search_key"], *map(data.get, made.told_texts))
        if told != self._worded:
            self._worded, self._words = told, words_of(made, self.instance["search_key"], data)
        self.texts.take(event.at, {"words": self._words})

    def _register(self, event: HistoryEvent) -> None:
        """An urge, the receipt of a task's urges, or that a later date is asked for."""
        if event.kind in ASKING and (row := self.tasks.get(event.task or "")) is not None:
            row |= {"asked_due_on": _day(event.data.get("asked_due_on")), "revision": row["revision"] + 1}
        elif event.kind == "urged":
            self.urges[str(event.seq)] = row_of(self.instance["id"], event)
        elif event.kind == "acknowledged":
            for urge in self.urges.values():
                if str(urge["task_id"]) == event.task and urge["received_at"] is None:
                    urge |= receipt_of(event)

    def _link(self, event: HistoryEvent) -> None:
        """A case that belongs to this one, or no longer does."""
        kind, other = LINKING[event.kind], event.data["other"]
        self.links.pop(other, None)
        if kind is not None:
            said = {"kind": kind, "note": event.data["note"], "made_by": event.actor, "made_at": event.at}
            self.links[other] = {"instance_id": self.instance["id"], "other_id": UUID(other), **said}

    def _begin(self, event: HistoryEvent) -> None:
        said = event.data
        self.instance |= {
            "process": said["process"],
            "version": said["version"],
            "digest": said["digest"],
            "status": RUNNING,
            "stage": None,
            "data": {},
            "frame": said["frame"],
            "number": None,
            "initiator": said["data"]["initiator"],
            "initiator_unit": said["data"]["initiator_unit"],
            "started_at": event.at,
            "ended_at": None,
            "end": None,
            "end_name": None,
            "urges": 0,
        }

    def _input_of_task(self, event: HistoryEvent) -> None:
        row = self.tasks.get(event.task or "")
        if row is None:
            return
        if event.kind == "completed":
            row |= {
                "status": DONE,
                "completed_at": event.at,
                "completed_seq": event.seq,
                "completed_by": event.actor,
                "on_behalf_of": event.on_behalf_of,
                "late_days": event.data["late_days"],
                "submitted": event.data["data"],
                "asked_due_on": None,
                "revision": row["revision"] + 1,
            }
        elif event.kind == "returned":
            row["late_days"] = event.data["late_days"]

    def _effect(self, event: HistoryEvent, effect: fx.Effect, landing: engine.Landing) -> None:
        data = effect.data
        if effect.kind == fx.ENDED:
            self.instance |= {"end": data["end"], "end_name": data["name"]}
        elif effect.kind == fx.ENTERED and effect.task:
            self.tasks[effect.task] = self._entered(event, effect.task, data, landing)
        elif effect.task in self.tasks:
            row = self.tasks[effect.task]
            if effect.kind == fx.CANCELLED:
                row |= {"status": CANCELLED, "completed_at": event.at, "asked_due_on": None}
            elif effect.kind == fx.DUE_CHANGED:
                row |= {**_due(data), "revision": row["revision"] + 1}
                if "kept" in data:
                    row |= {"kept": data["kept"], "asked_due_on": None}
            elif effect.kind == fx.RENEWED:
                row |= {name: data[name] for name in fx.FACTS}
                row |= {"leader_id": UUID(data["leader"]) if "leader" in data else None, "kept": data["kept"]}
                row["person_key"] = data.get("person")
                row["revision"] += 1
            elif effect.kind == fx.REOPENED:
                row |= {**_UNDONE, "status": OPEN, "revision": row["revision"] + 1}

    def _entered(self, event: HistoryEvent, task_id: str, data: Mapping[str, Any], landing: engine.Landing) -> Row:
        return {
            **_UNDONE,
            **_due(data),
            **{name: data[name] for name in fx.FACTS},
            "id": ids.read(task_id),
            "leader_id": UUID(data["leader"]) if "leader" in data else None,
            "person_key": data.get("person"),
            "instance_id": self.instance["id"],
            "assignee": None,
            "status": OPEN,
            "revision": 1,
            "data": dict(landing.open_tasks[task_id].data),
            "entered_at": event.at,
            "entered_seq": event.seq,
            "kept": None,
            "urges": 0,
            "first_due_on": self._first_due(event, data),
            "asked_due_on": None,
        }

    def _first_due(self, event: HistoryEvent, data: Mapping[str, Any]) -> date | None:
        """The date that the step first had: a date that a form named took the place of that of its last time."""
        place = [data[name] for name in ("process", "task", "scope")]
        rows = self.tasks.values() if fx.is_named(data) else ()
        same = [row for row in rows if [row["process"], row["task"], row["scope"]] == place]
        earlier = [row for row in same if row["entered_seq"] < event.seq]
        last = max(earlier, key=lambda row: row["entered_seq"], default=None)
        return (last["first_due_on"] if last is not None else None) or _day(data["due_on"])

    def _timers(self, event: HistoryEvent, landing: engine.Landing) -> None:
        if event.kind == "timer_fired" and event.data["timer"] in self.timers:
            self.timers[event.data["timer"]]["status"] = FIRED
        for timer_id, row in self.timers.items():
            if timer_id not in landing.timers and row["status"] == WAITING:
                row["status"] = CANCELLED
        for timer_id, armed in landing.timers.items():
            if timer_id not in self.timers:
                self.timers[timer_id] = {
                    "id": ids.read(timer_id),
                    "instance_id": self.instance["id"],
                    "task_id": ids.read(armed.task) if armed.task else None,
                    "status": WAITING,
                    "fire_at": armed.fire_at,
                    "due_at": armed.fire_at,
                    "attempts": 0,
                }
            row = self.timers[timer_id]
            row |= {"process": armed.process, "event": armed.event, "name": armed.name}
            if row["status"] != WAITING:  # a taken-back step brings its timers back to life
                row |= {"status": WAITING, "fire_at": armed.fire_at, "due_at": armed.fire_at, "attempts": 0}
            elif row["fire_at"] != armed.fire_at:
                row |= {"fire_at": armed.fire_at, "due_at": armed.fire_at}

    def _failing(self, event: HistoryEvent) -> None:
        """A wake-up that failed is tried again later, or at once where a person says so."""
        if event.kind == BASELINE and event.data["table"] == "timer":
            said, row = event.data["row"], self.timers.get(event.data["by"]["id"])
        else:
            said, row = event.data, self.timers.get(str(event.data.get("timer")))
        if row is None:
            return
        if event.kind in ("timer_failed", BASELINE):
            row |= {"attempts": said["attempts"], "due_at": datetime.fromisoformat(said["due_at"])}
        elif event.kind == "incident_retried":
            row |= {"attempts": 0, "due_at": event.at}


def _due(data: Mapping[str, Any]) -> Row:
    return {
        "due_on": _day(data["due_on"]),
        "warn_on": _day(data["warn_on"]),
        "due_provisional": data["provisional"],
        "due_basis": data["basis"],
        "due_explanation": data["explanation"],
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
