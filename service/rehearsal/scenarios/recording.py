"""A scenario out of a real case's journal, without the people in it.

The values that diagrams decide by stay: choices, units, dates, numbers. Every other text is replaced, whatever it says,
because a name may stand in any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, history
from service.checks.form_model import allowed_values, form_of
from service.errors import Conflict, Finding, NotFound
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes.bundles import Compiled, compiled, files_of
from service.processes.course import Step, standing, steps_of
from service.processes.models import Instance
from service.processes.moves import MIGRATED
from service.processes.recording import stream_of
from service.processes.rules import FRAME_NAMES, NAMED
from service.processes.wiring import Action
from service.rehearsal.samples import TEXT, text_like
from service.rehearsal.scenarios.mending import Versions, mend
from service.rehearsal.scenarios.run import run_file
from service.rehearsal.scenarios.text import written
from service.rehearsal.state import Plan
from service.rights import SYSTEM
from service.workdays import Calendar

_QUOTED = re.compile(r"'([^'\n]{1,64})'|\"([^\"\n]{1,64})\"|&quot;([^&\n]{1,64})&quot;|&#39;([^&\n]{1,64})&#39;")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass
class Mask:
    """Replaces what is not one of the words that a bundle decides by; the same record becomes the same id."""

    words: frozenset[str]
    records: dict[str, str] = field(default_factory=dict)

    def value(self, value: Any, schema: Mapping[str, Any] | None = None) -> Any:
        """``value`` without people; a text of a form gets one that its field takes (``schema``)."""
        if isinstance(value, str):
            return self._text(value, schema or {})
        if isinstance(value, Mapping):
            return {self._key(key): self.value(one) for key, one in value.items()}
        if isinstance(value, list):
            items = (schema or {}).get("items")
            return [self.value(one, items if isinstance(items, Mapping) else None) for one in value]
        return value

    def _key(self, key: str) -> str:
        return key if _NAME.fullmatch(key) else self._text(key, {})

    def _text(self, text: str, schema: Mapping[str, Any]) -> str:
        if not text or text in self.words or _is_moment(text):
            return text
        if schema.get("x-ref") or _is_id(text):
            return self.records.setdefault(text, f"00000000-0000-4000-8000-{len(self.records) + 1:012}")
        return text_like(schema) if schema else TEXT


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded scenario: its file; the first ``difference`` where a rehearsal comes to something else than the case;
    ``notes`` say what of a migrated case is told otherwise, because a scenario has one version from its first step on.
    """

    text: str
    difference: Finding | None
    notes: tuple[str, ...] = ()


def recorded(session: Session, instance_id: UUID, *, plan: Plan, calendar: Calendar) -> Recorded:
    """The scenario of a case, tried by the version in which it stands. A migrated one goes by that version from its
    first step on, through what it adds. Raises as ``record`` does."""
    text = record(session, instance_id, actions=plan.actions, units=sorted(plan.units or ()))
    instance = session.get_one(Instance, instance_id)
    made = compiled(session, instance.digest, instance.process)

    def dated(_names: Sequence[str]) -> Calendar:
        return calendar

    events = history.stream_events(session, stream_of(instance_id))
    first = next(one for one in events if one.kind == "started").data
    if all(one.kind != MIGRATED for one in events):
        return Recorded(text, run_file(text.encode(), "用例", made, plan, dated).difference)
    versions = Versions(compiled(session, first["digest"], instance.process), made)
    found = mend(text.encode(), "用例", versions, plan, dated)
    notes = [
        f"该事项办理中由第 {first['version']} 版迁移到第 {instance.version} 版，用例照第 {instance.version} 版从头走"
    ]
    notes += [f"补上「{one.name}」（用样例）" for one in found.taken] + [f"不再办「{name}」" for name in found.dropped]
    if found.content is None:
        return Recorded(text, run_file(text.encode(), "用例", made, plan, dated).difference, tuple(notes))
    return Recorded(found.content, None, tuple(notes))


def record(session: Session, instance_id: UUID, *, actions: Mapping[str, Action], units: Sequence[str]) -> str:
    """The scenario (YAML) of a case: its steps, and where they led. ``units`` are the codes that stay.

    Raises NotFound, and Conflict for a case that went a way that no scenario can say.
    """
    instance = session.get(Instance, instance_id)
    if instance is None:
        raise NotFound("没有这个事项")
    events = history.stream_events(session, stream_of(instance_id))
    frozen = [event.data for event in events if event.kind == "started"]
    frozen += [event.data["to"] for event in events if event.kind == MIGRATED]
    digests = [one["digest"] for one in frozen]
    versions = [compiled(session, digest, instance.process) for digest in digests]
    words = [words_of_bundle(files_of(session, digest), made) for digest, made in zip(digests, versions, strict=True)]
    mask = Mask(frozenset().union(*words) | frozenset(units))
    moves = [_pairs(event.data["mapping"]) for event in events if event.kind == MIGRATED]
    teller = _Teller(versions, actions, mask, _tasks(events), moves)
    steps = list(standing(steps_of(events)))
    first, rest = steps[0], steps[1:]
    said = teller.start(first)
    said["steps"] = [one for step in rest for one in teller.step(step)]
    if rest and rest[-1].event.kind == "timer_fired":
        said["steps"] += teller.wait(rest[-1].event.at)
    said["expect"] = teller.expectations(instance.end if instance.ended_at is not None else None)
    return written(said)


def words_of_bundle(files: Mapping[str, bytes], made: Compiled) -> frozenset[str]:
    """The words that a bundle decides by: texts in the expressions of its diagrams and tables, choices of its forms."""
    found = {
        word
        for name, content in files.items()
        if name.endswith((".bpmn", ".dmn"))
        for texts in _QUOTED.findall(content.decode("utf-8", "replace"))
        for word in texts
        if word and word.isascii()
    }
    for form in made.forms.values():
        for one in form_of(form.name, form.name, "", form.schema).fields.values():
            items = one.schema.get("items")
            for schema in (one.schema, items if isinstance(items, Mapping) else {}):
                found |= {value for value in allowed_values(schema) or () if isinstance(value, str)}
    return frozenset(found)


def _tasks(events: Sequence[HistoryEvent]) -> dict[str, Mapping[str, Any]]:
    """The words of each task, and after how many moves to another version (``moves``) it was entered."""
    found: dict[str, Mapping[str, Any]] = {}
    moves = 0
    for event in events:
        moves += event.kind == MIGRATED
        if event.kind == fx.ENTERED and event.task:
            found[event.task] = {**event.data, "moves": moves}
    return found


def _pairs(mapping: Mapping[str, str]) -> dict[tuple[str, str], str]:
    return {(key.partition("/")[0], key.partition("/")[2]): node for key, node in mapping.items()}


@dataclass
class _Teller:
    """Tells one input after the other as steps of a scenario."""

    versions: Sequence[Compiled]
    actions: Mapping[str, Action]
    mask: Mask
    tasks: Mapping[str, Mapping[str, Any]]
    moves: Sequence[Mapping[tuple[str, str], str]] = ()
    moved: int = 0
    now: datetime | None = None
    passed: list[str] = field(default_factory=list)
    late: dict[str, int] = field(default_factory=dict)
    due: dict[str, str | None] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)

    @property
    def made(self) -> Compiled:
        """The version by which the case runs at this step."""
        return self.versions[self.moved]

    def _called(self, process: str, task: str, moves: int) -> str:
        """The name of a task in the last version, where people named one for it on a later move."""
        for mapping in self.moves[moves:]:
            task = mapping.get((process, task), task)
        return task

    def start(self, step: Step) -> dict[str, Any]:
        """How the scenario begins."""
        event = step.event
        told = event.data["data"]
        self.now = _minute(event.at)
        said: dict[str, Any] = {"title": f"录自一件「{self.made.program.spec.description or event.data['process']}」"}
        said["starts"] = _written(self.now)
        if told.get("initiator") != SYSTEM.username:
            roles, unit = told.get("initiator_roles") or [], told.get("initiator_unit")
            first = next((one.data["role"] for one in step.effects if one.kind == fx.ENTERED), None)
            role = first if first in roles else next(iter(roles), first)
            if role:
                said["by"] = f"{role}@{unit}" if unit else role
        if event.data.get("event"):
            said["event"] = event.data["event"]
        if given := {name: value for name, value in told.items() if name not in FRAME_NAMES}:
            said["data"] = self.mask.value(given)
        if answers := self._answers(step):
            said["answers"] = answers
        self._follow(step)
        return said

    def step(self, step: Step) -> Iterator[dict[str, Any]]:
        """The steps of one input: the wait before it, the answers of its actions, what was done."""
        event = step.event
        if event.kind in ("calendar_changed", MIGRATED):
            self.moved += event.kind == MIGRATED
            self._follow(step)
            return
        freed = event.kind == "returned" and event.task is None
        if freed or event.kind not in ("completed", "returned", "message", "timer_fired"):
            raise Conflict("该事项曾被终止、改过期限、由升级唤醒或在无法继续后退回，不能录成用例；请在试办中照着走一遍")
        if answers := self._answers(step):
            yield {"answers": answers}
        if event.kind == "timer_fired":
            self._follow(step)
            return
        yield from self.wait(event.at)
        if event.kind == "message":
            yield {"message": event.data["message"], "data": self.mask.value(event.data["payload"])}
        elif event.kind == "completed":
            yield self._done(event)
        else:
            whose = self._slot(event)
            process = self.tasks[event.task or ""]["process"]
            target, where = (self._called(process, event.data[name], self.moved) for name in ("target", "step"))
            yield {"give_back": target, "from": where, **whose, "reason": TEXT}
        self._follow(step)

    def wait(self, moment: datetime) -> Iterator[dict[str, Any]]:
        """The wait till a moment, where it is later than now; timers fire on the way."""
        if self.now is None or _minute(moment) > self.now:
            self.now = _minute(moment)
            yield {"until": _written(self.now)}

    def _done(self, event: HistoryEvent) -> dict[str, Any]:
        form = self.made.form_of(event.data["process"], event.data["step"])
        fields = form_of(form.name, form.name, "", form.schema).fields
        data = {
            name: self.mask.value(value, fields[name].schema if name in fields else None)
            for name, value in event.data["data"].items()
        }
        label = self._label(event.task or "")
        self.passed.append(label)
        if event.data["late_days"]:
            self.late[label] = event.data["late_days"]
        task = self._called(event.data["process"], event.data["step"], self.moved)
        return {"do": task, **self._slot(event), "data": data}

    def _slot(self, event: HistoryEvent) -> dict[str, str]:
        slot = self.tasks.get(event.task or "", {}).get("slot")
        return {"unit": self._masked_slot(slot)} if slot else {}

    def _masked_slot(self, slot: str) -> str:
        return str(self.mask.value(slot.removeprefix(NAMED)))

    def _label(self, task_id: str) -> str:
        about = self.tasks[task_id]
        task = self._called(about["process"], about["task"], about["moves"])
        return f"{task}/{self._masked_slot(about['slot'])}" if about["slot"] else task

    def _answers(self, step: Step) -> dict[str, Any]:
        """The results of actions that a rehearsal cannot work out."""
        return {
            event.data["name"]: self.mask.value(event.data["result"])
            for event in step.actions
            if (action := self.actions.get(event.data["name"])) is not None and action.rehearsed is None
        }

    def _follow(self, step: Step) -> None:
        self.open.pop(step.event.task or "" if step.event.kind in ("completed", "returned") else "", None)
        for effect in step.effects:
            if effect.task and effect.kind == fx.ENTERED:
                self.open[effect.task] = self._label(effect.task)
                self.due[self.open[effect.task]] = effect.data["due_on"]
            elif effect.task and effect.kind == fx.CANCELLED:
                self.open.pop(effect.task, None)

    def expectations(self, end: str | None) -> dict[str, Any]:
        """Where the case came to."""
        found: dict[str, Any] = {"end": end} if end else {}
        found |= {"passed": self.passed, "open": list(self.open.values()), "due": self.due}
        return found | ({"late": self.late} if self.late else {})


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _written(moment: datetime) -> str:
    return f"{clock.local(moment):%Y-%m-%dT%H:%M}"


def _is_moment(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
