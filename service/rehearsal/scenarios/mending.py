"""A scenario after a change of its process: its steps go on through what is new, and what comes of it is compared.

A step that the new version adds is taken as soon as it is open, so that the days which a scenario waits stay those of
the steps that it was written for. Steps that are gone are left out, fields that a form has got or lost since are filled
or left out. Everything else that no longer fits is a matter for people: it is said, and nothing is proposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from service.errors import Invalid, LiaisonError
from service.processes.bundles import Compiled
from service.processes.forms import Form
from service.rehearsal.core import Plan, Rehearsal
from service.rehearsal.samples import filled
from service.rehearsal.scenarios.expecting import Change, Named, came_of, changes
from service.rehearsal.scenarios.run import Dated, begun, first_by, said_of, take
from service.rehearsal.scenarios.shape import Scenario, Step, scenario_of
from service.rehearsal.scenarios.text import read, written
from service.rehearsal.state import OpenStep, State

MOST_TAKEN = 40
"""New steps that one scenario goes through: more is a circle that the first answers never leave."""
Task = tuple[str, str]
"""(process, task)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was added to a scenario, and the data that its form got."""

    task: Task
    label: str
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mended:
    """A scenario as it would go on. ``content`` is its file, None where ``reason`` says why there is none.

    ``taken`` are the new steps on its way, ``dropped`` the names of those that are gone, ``fields`` (step, field's
    title, whether it was added).
    """

    file: str
    title: str
    content: str | None
    reason: str = ""
    taken: tuple[Taken, ...] = ()
    dropped: tuple[str, ...] = ()
    fields: tuple[tuple[str, str, bool], ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether nothing else became of the case than what the draft itself changes."""
        return all(one.named for one in self.changes)


@dataclass(frozen=True, slots=True)
class Versions:
    """The version that a scenario was written for, and the one by which it is to go on; ``answers`` says for a new step
    what is chosen in its form."""

    old: Compiled
    new: Compiled
    answers: Mapping[Task, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def fresh(self) -> frozenset[Task]:
        """The tasks that only the new version has, in whatever process."""
        known = {task for _, task in self.old.program.user_tasks}
        return frozenset(key for key in self.new.program.user_tasks if key[1] not in known)

    @property
    def gone(self) -> frozenset[Task]:
        """The tasks that it no longer has."""
        known = {task for _, task in self.new.program.user_tasks}
        return frozenset(key for key in self.old.program.user_tasks if key[1] not in known)

    def counted(self) -> frozenset[str]:
        """The tasks whose date is counted otherwise."""
        before = self.old.program.user_tasks
        return frozenset(
            task
            for (process, task), info in self.new.program.user_tasks.items()
            if (process, task) in before and info.properties.get("due") != before[process, task].properties.get("due")
        )


def choices_of(form: Form) -> dict[str, list[tuple[Any, str]]]:
    """The fields of a form in which somebody has to choose: (value, in words), in the order of the form."""
    found: dict[str, list[tuple[Any, str]]] = {}
    for name in form.schema.get("required", ()):
        schema = form.fields.get(name, {})
        options = [one for one in schema.get("oneOf") or () if isinstance(one, Mapping) and "const" in one]
        if options:
            found[name] = [(one["const"], str(one.get("title") or one["const"])) for one in options]
        elif schema.get("enum"):
            found[name] = [(one, str(one)) for one in schema["enum"]]
        elif schema.get("type") == "boolean":
            found[name] = [(True, "是"), (False, "否")]
    return found


def mend(content: bytes, file: str, versions: Versions, plan: Plan, dated: Dated) -> Mended:
    """How a scenario would go on in the new version. Raises nothing: what is in the way is its ``reason``."""
    try:
        scenario = scenario_of(read(content, file))
    except Invalid as error:
        return Mended(file, file, None, error.findings[0].message)
    walk = _Walk(scenario, versions)
    try:
        walk.start(begun(scenario, versions.new, plan, dated))
        walk.go()
    except LiaisonError as error:
        return Mended(file, scenario.title, None, said_of(error), tuple(walk.taken), tuple(walk.dropped))
    return walk.mended(file)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a walk stood before its step ``step`` of the scenario, with so many steps written down."""

    step: int
    written: int
    at: Rehearsal


@dataclass
class _Walk:
    scenario: Scenario
    versions: Versions
    said: list[dict[str, Any]] = field(default_factory=list)
    marks: list[_Mark] = field(default_factory=list)
    took: dict[int, Taken] = field(default_factory=dict)
    """By its place in what is said."""
    dropped: dict[str, None] = field(default_factory=dict)
    fields: dict[tuple[str, str, bool], None] = field(default_factory=dict)

    def start(self, rehearsal: Rehearsal) -> None:
        """Begins at ``rehearsal``, before the first step."""
        self.at = rehearsal
        self.marks = [_Mark(0, 0, rehearsal)]

    def go(self) -> None:
        """Takes the steps of the scenario, with what is new between them, till it stands where it was meant to lead."""
        number = rounds = 0
        while True:
            if number < len(self.scenario.steps):
                fault = self._step(self.scenario.steps[number])
                if fault is None:
                    number += 1
                    self.marks.append(_Mark(number, len(self.said), self.at))
                    continue
            elif self._is_there():
                return
            else:
                fault = None
            opened = next((one for one in self.at.open if (one.process, one.task) in self.versions.fresh), None)
            if opened is None and fault is None:
                return
            if opened is None:
                raise fault or Invalid("用例走不通")
            rounds += 1
            if rounds > MOST_TAKEN:
                raise Invalid(f"新步骤「{opened.name}」照所选的结果走不出去，请换一个选择")
            number = self._go_back_and_take(opened)

    @property
    def taken(self) -> list[Taken]:
        """The new steps on the way, in order."""
        return [self.took[place] for place in sorted(self.took)]

    def _is_there(self) -> bool:
        wanted = self.scenario.expect
        if wanted.get("end", "") != self.at.state.end:
            return not wanted.get("end")
        there = {one.label for one in self.at.open}
        return not set(wanted.get("open") or ()) - there

    def _step(self, step: Step) -> LiaisonError | None:
        """Takes a step; gives what is in its way."""
        gone = next((key for key in self.versions.gone if step.kind == "do" and key[1] == step.about), None)
        if gone is not None:
            self.dropped[self.versions.old.program.names.get(gone, gone[1])] = None
            return None
        for attempt in (step, None):
            after = self.at.fork()
            trying = attempt or self._refitted(step)
            if trying is None:
                break
            try:
                take(after, trying, self.scenario.fill)
            except LiaisonError as error:
                fault: LiaisonError = error
            else:
                self.at = after
                self.said.append({trying.kind: trying.about, **trying.said})
                return None
        return fault

    def _refitted(self, step: Step) -> Step | None:
        """The step with the fields of today's form: those that it has got since are filled, those gone are left out."""
        if step.kind != "do":
            return None
        try:
            opened = self.at.step(step.about, step.said.get("unit"))
        except LiaisonError:
            return None
        key = (opened.process, opened.task)
        if key not in self.versions.old.program.user_tasks:
            return None
        form, before = self.versions.new.form_of(*key), self.versions.old.form_of(*key)
        data = {name: one for name, one in (step.said.get("data") or {}).items() if self._stays(name, form, before)}
        lost = set(step.said.get("data") or {}) - set(data)
        full = self._filled(form, data, opened)
        fresh = {name: one for name, one in full.items() if name not in data and name not in before.fields}
        if not (lost or fresh):
            return None
        for name in (*fresh, *sorted(lost)):
            title = str((form.fields.get(name) or before.fields.get(name) or {}).get("title") or name)
            self.fields[opened.name, title, name in fresh] = None
        return replace(step, said={**step.said, "data": {**data, **fresh}})

    @staticmethod
    def _stays(name: str, form: Form, before: Form) -> bool:
        return name in form.fields or name not in before.fields

    def _go_back_and_take(self, opened: OpenStep) -> int:
        """Takes a new step at the moment at which it came; gives the number of the scenario's step that is next."""
        place = next(n for n, mark in enumerate(self.marks) if any(one.id == opened.id for one in mark.at.open))
        mark = self.marks[place]
        del self.marks[place + 1 :], self.said[mark.written :]
        self.took = {n: one for n, one in self.took.items() if n < mark.written}
        rehearsal, key = mark.at.fork(), (opened.process, opened.task)
        form = self.versions.new.form_of(*key)
        first = {name: options[0][0] for name, options in choices_of(form).items() if options}
        asked = {name: one for name, one in self.versions.answers.get(key, {}).items() if name in form.fields}
        self.at = rehearsal
        data = self._filled(form, {**first, **asked}, opened)
        several = sum(one.task == opened.task for one in rehearsal.open) > 1
        unit = opened.slot or (opened.unit if several else None)
        try:
            rehearsal.do(opened.task, data, unit=unit)
        except LiaisonError as error:
            raise Invalid(f"新步骤「{opened.name}」不能用样例办理：{said_of(error)}；请在试办中走一遍") from error
        self.took[len(self.said)] = Taken(key, opened.label, opened.name, data)
        self.said.append({"do": opened.task, **({"unit": unit} if unit else {}), "data": data})
        self.marks[place] = _Mark(mark.step, len(self.said), rehearsal)
        return mark.step

    def _filled(self, form: Form, data: Mapping[str, Any], opened: OpenStep) -> dict[str, Any]:
        at = self.at
        return filled(form, data, known=opened.data, today=at.today, calendar=at.calendar, units=at.plan.units)

    def mended(self, file: str) -> Mended:
        """The proposal."""
        state, scenario = self.at.state, self.scenario
        labels = tuple(one.label for one in self.taken)
        expect = came_of(scenario.expect, state, labels)
        said = dict(scenario.text.value)
        if (starter := scenario.by or first_by(scenario)) and starter != first_by(replace(scenario, steps=self._steps)):
            said["by"] = starter
        said |= {"steps": self.said, "expect": expect}
        text = written(said)
        found = tuple(changes(scenario.expect, expect, self._named(state)))
        return Mended(file, scenario.title, text, "", tuple(self.taken), tuple(self.dropped), tuple(self.fields), found)

    @property
    def _steps(self) -> list[Step]:
        kinds = [next(iter(one)) for one in self.said]
        return [
            Step(kind, one[kind], {name: value for name, value in one.items() if name != kind}, ("steps", number))
            for number, (kind, one) in enumerate(zip(kinds, self.said, strict=True))
        ]

    def _named(self, state: State) -> Named:
        versions = self.versions
        fresh, gone = (frozenset(task for _, task in some) for some in (versions.fresh, versions.gone))
        wanted = self.scenario.expect.get("passed") or ()
        dropped = frozenset(label for label in wanted if label.partition("/")[0] in gone)
        return Named(frozenset(one.label for one in self.taken), dropped, fresh, gone, versions.counted())
