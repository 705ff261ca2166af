"""Random walks through the need, moved at random points between changed versions and back.

Held after each walk: its inputs run again give the same bytes and effects; leaving out a step (撤回) either is refused
or gives a case that stands in its last version; and a moved case comes to its end.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from service import engine
from service.checks.form_model import allowed_values
from service.errors import LiaisonError
from service.processes import inputs, moves
from service.processes.bundles import Compiled, compile_bundle
from service.rehearsal import core
from service.rehearsal.samples import filled
from service.rights import SYSTEM
from tests.factories.rehearsals import MONDAY, NEED, calendar, plan
from tests.factories.versions import FIVE_DAYS, RENAMED, changed, without

CLOCK = ("due_today", "remind_due_today", "end_due_today")
SIGNING = """
<bpmn:userTask id="sign_off" name="签批"><bpmn:extensionElements><spiffworkflow:properties>
  <spiffworkflow:property name="candidates" value="talent_office" />
</spiffworkflow:properties></bpmn:extensionElements></bpmn:userTask>
"""
SIGNED = '<bpmn:sequenceFlow id="signed" sourceRef="sign_off" targetRef="send_out" />'
SIGN_OFF = {
    "bpmn/request.bpmn": [
        ('sourceRef="dispatch" targetRef="send_out" />', 'sourceRef="dispatch" targetRef="sign_off" />'),
        ('<bpmn:userTask id="dispatch"', f'{SIGNING}<bpmn:userTask id="dispatch"'),
        (
            '<bpmn:sequenceFlow id="numbered"',
            f'{SIGNED}<bpmn:sequenceFlow id="numbered"',
        ),
    ]
}
FORM = b'{"type": "object", "properties": {"signed": {"type": "boolean"}}, "required": ["signed"]}'


@cache
def versions() -> dict[str, Compiled]:
    """The versions between which cases move, by name; the first is the shipped one."""
    made = {
        "shipped": changed({}),
        "five days": changed(FIVE_DAYS),
        "renamed": changed(RENAMED),
        "signed off": {**changed(SIGN_OFF), "forms/sign_off.json": FORM},
        "a clock less": without(changed({}), "bpmn/unit_handling.bpmn", *CLOCK),
        "no clocks": without(
            changed({}),
            "bpmn/unit_handling.bpmn",
            *("due_soon", "overdue", "long_overdue", *CLOCK, "approve_circular", "circular_is"),
        ),
        "one branch": without(changed({}), "bpmn/request.bpmn", "feedback_accepted"),
    }
    return {name: compile_bundle(files, "request") for name, files in made.items()}


MAPPINGS = {
    ("request", "accept"): "take_in",
    ("request", "take_in"): "accept",
    ("request", "sign_off"): "dispatch",
}


class Case(core.Rehearsal):
    """A rehearsal that can be moved, and keeps its inputs with what its actions answered."""

    told: list[tuple[Any, list[Any]]]

    @classmethod
    def begun(cls) -> Case:
        return cls(versions()["shipped"], calendar(), plan(), MONDAY, by="liaison@hrss")

    def _start(self, given: Mapping[str, Any], event: str | None) -> None:
        known = {one.digest: one for one in versions().values()}
        self._begun = replace(self._begun, definitions=known.__getitem__)
        self.told = []
        super()._start(given, event)

    def fork(self) -> core.Rehearsal:
        """As any, but it keeps its inputs too."""
        other = super().fork()
        other.__class__ = Case
        return other

    def _run(self, kind: str, said: Any, step: Any, actor: Any, done: Any = None) -> None:
        answers: list[Any] = []
        real = inputs.run_input

        def noted(begun: Any, course: Any, given: Any, days: Any, act: Any) -> Any:
            self._last = given

            def answer(call: Any) -> Any:
                answers.append(act(call))
                return answers[-1]

            return real(begun, course, given, days, answer)

        before = core.run_input
        core.run_input = noted
        try:
            super()._run(kind, said, step, actor, done)
        finally:
            core.run_input = before
        self.told = [*self.told, (self._last, answers)]

    def migrate(self, new: Compiled, due: str) -> bool:
        """Moves to ``new``; whether it could."""
        names = self.made.program.names
        mapping = {pair: to for pair, to in MAPPINGS.items() if pair in names and ("request", to) in new.program.names}
        gone = {pair: to for pair, to in mapping.items() if pair not in new.program.names}
        said = {
            "to": {"version": 2, "digest": new.digest},
            "mapping": moves.mapping_text(gone),
            "due": due,
            "frame": {"scopes": dict(plan().scopes), "settings": {**plan().settings, "moved": len(self.told)}},
        }
        before = (self._course, self._told)
        try:
            self._run(moves.MIGRATED, said, None, SYSTEM)
        except engine.Unfit:
            assert (self._course, self._told) == before
            return False
        self.made = new
        for task_id, step in list(self._told.open.items()):
            facts = self._course.facts[task_id]
            wanted = {name: facts[name] for name in ("process", "task", "name", "role", "unit")}
            self._told.open[task_id] = replace(step, **wanted)
        return True

    def again(self, without: frozenset[int] = frozenset()) -> inputs.Course:
        """The same inputs run once more, less those in ``without``."""
        course = inputs.Course()
        for given, answers in self.told:
            if given.seq in without:
                continue
            queue = list(answers)
            inputs.run_input(self._begun, course, given, self.calendar, lambda _call, queue=queue: queue.pop(0))
        return course


def step_on(case: Case, chance: random.Random) -> None:
    """Somebody does something, or a timer fires."""
    if case.timers and chance.random() < 0.3:
        case.until(max(case.now, case.timers[0].fire_at))
        return
    step = chance.choice(case.state.open)
    form = case.made.form_of(step.process, step.task)
    given: dict[str, Any] = dict(NEED) if step.task == "record_need" else {}
    for name, field in form.fields.items():
        values = allowed_values(field)
        if values and name not in given and chance.random() < 0.8:
            given[name] = chance.choice(sorted(values, key=str))
    if step.task in ("accept", "take_in") and chance.random() < 0.8:
        given["decision"] = "accept"
    told = filled(form, given, known=step.data, today=case.today, calendar=calendar(), units=plan().units)
    form.check(told, today=case.today, calendar=calendar())
    unit = step.slot or step.unit
    case.do(step.task, told, unit=unit if len([one for one in case.state.open if one.task == step.task]) > 1 else None)


def walk(seed: int, steps: int = 40) -> tuple[Case, int]:
    """A walk of at most so many steps, and how often it was moved."""
    chance, case, moved = random.Random(seed), Case.begun(), 0
    for _ in range(steps):
        if case.state.end:
            break
        if chance.random() < 0.35:
            others = [one for one in versions().values() if one is not case.made]
            moved += case.migrate(chance.choice(others), chance.choice([moves.KEEP, moves.RECOUNT]))
        try:
            step_on(case, chance)
        except LiaisonError:
            continue
    return case, moved


@pytest.mark.parametrize("seed", range(8))
def test_a_moved_walk_runs_again_to_the_same_bytes_and_is_taken_back_across(seed: int) -> None:
    case, moved = walk(seed)
    assert moved
    course, now = case.again(), case._course
    assert (course.landing, course.data, course.due, course.facts, course.kept) == (
        now.landing,
        now.data,
        now.due,
        now.facts,
        now.kept,
    )
    completed = [given.seq for given, _ in case.told if given.kind == "completed"]
    stood = 0
    for seq in completed[-3:]:
        try:
            shorter = case.again(frozenset({seq}))
        except LiaisonError:
            continue
        assert shorter.begun is not None
        assert shorter.begun.made is case.made
        stood += 1
    assert stood


@pytest.mark.parametrize("seed", range(20, 26))
def test_a_moved_case_comes_to_its_end(seed: int) -> None:
    case, moved = walk(seed, 12)
    chance = random.Random(seed)
    assert moved
    for _ in range(300):
        if case.state.end:
            break
        assert case.state.open or case.timers, case.state.marking
        try:
            step_on(case, chance)
        except LiaisonError:
            continue
    assert case.state.end, [one.label for one in case.state.open]
