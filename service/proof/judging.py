"""The faults of a walk, at the elements of the drawing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from service.processes.rules import one_line
from service.proof.diagram import Diagram
from service.proof.explorer import Explorer
from service.proof.findings import ENDLESS, FAILS, FORM, NOBODY, SAME, STUCK, TIMER, UNIT, UNPASSED, Fault
from service.proof.missing import Missing
from service.proof.reading import EQUAL, Reading
from service.proof.starts import bound
from service.proof.states import Failure, Reached, Waiting
from service.proof.telling import Teller
from service.rehearsal.core import Plan
from service.rights import TALENT_OFFICE, UNIT_ROLES

_QUOTED = re.compile(r"步骤「([^」]+)」|步骤 (\w+)")


class Judge:
    """The faults of one walk."""

    def __init__(self, diagram: Diagram, walked: Explorer) -> None:
        self.diagram, self.walked = diagram, walked
        self.teller = Teller(diagram, walked)
        self.told: set[tuple[str, str]] = set()

    def faults(self) -> list[Fault]:
        """All faults and warnings; of each the first, which is the shortest way there."""
        found: dict[tuple[str, str, str], Fault] = {}
        sources: list[Iterator[Fault]] = [self._failures(), self._stuck(), self._takers()]
        if not self.walked.left:
            missing = Missing(self.teller, [self._failed_at(one) for one in self.walked.failures])
            sources += [
                self._forms(),
                self._endless(),
                missing.timers(),
                missing.unpassed(),
                missing.rules(),
                self._same(),
            ]
        for source in sources:
            for one in source:
                if one.severity == "error":
                    self.told |= {place for place in self.diagram.made.program.user_tasks if place[1] == one.element}
                found.setdefault((one.kind, one.element, one.message), one)
        if (
            self.walked.outcomes.shortened or self.walked.outcomes.beyond
        ):  # what was not tried may pass what no way has passed
            found = {
                key: replace(one, severity="warning") if one.kind in (UNPASSED, TIMER, ENDLESS, FORM) else one
                for key, one in found.items()
            }
        return sorted(found.values(), key=lambda one: (one.file, one.line, one.element, one.kind))

    def _failures(self) -> Iterator[Fault]:
        for one in self.walked.failures:
            place = self._failed_at(one)
            message = (
                f"执行到{self.teller.name(place)}时失败："
                f"{self.teller.spoken(one.message)}。请按这条路径核对这里用到的数据和写法"
            )
            yield self.teller.fault(FAILS, place, message, state=one.before, steps=one.steps, start=one.start)

    def _failed_at(self, failure: Failure) -> tuple[str, str]:
        """The element that failed: the step or action that the message names, else where its expression stands."""
        told = [one for found in _QUOTED.findall(failure.message) for one in found if one]
        names = {one_line(one) for one in told}
        for place, node in self.diagram.places():
            if node.id in (*told, failure.action) or one_line(node.name) in names:
                return place
        for place, node in self.diagram.places():
            if any(text and f" {text} " in f"{failure.message} " for text in self.diagram.expressions(place[0], node)):
                return place
        return failure.task or (self.diagram.made.program.key, self.diagram.made.program.key)

    def _stuck(self) -> Iterator[Fault]:
        for state in self.walked.states:
            if not state.stuck:
                continue
            waiting = [place for place in state.held if self.diagram.node(*place) is not None]
            calls = {place for place in waiting if getattr(self.diagram.node(*place), "called", None)}
            inner = [place for place in waiting if place not in calls] or waiting
            place = inner[0] if inner else self._last(state)
            node = self.diagram.node(*place)
            fix = "请核对这里之后的连线和条件"
            if node is not None and node.type in ("parallelGateway", "inclusiveGateway"):
                fix = "这里要等每条进线都到；如果前面是按条件分开的，请换成“选一条路”来汇合"
            message = f"到{self.teller.name(place)}就卡住了：没有待办，没有定时，也没有结束。{fix}"
            yield self.teller.fault(STUCK, place, message, state=state.number, expect={"open": []})

    def _last(self, state: Reached) -> tuple[str, str]:
        for step in reversed(self.walked.way(state.number)):
            for place in self.diagram.made.program.user_tasks:
                if step.get("do") == place[1]:
                    return place
        return (self.diagram.made.program.key, self.diagram.made.program.key)

    def _takers(self) -> Iterator[Fault]:
        plan, stood_in = self.walked.plan, set[str]()
        for state in self.walked.states:
            for step in state.open:
                told = self._taker(step, plan.scopes, frozenset(plan.units) if plan.units is not None else None)
                labels = [one.label for one in state.open]
                place = (step.process, step.task)
                if told is not None:
                    yield self.teller.fault(told[0], place, told[1], state=state.number, expect={"open": labels})
                elif (words := self._without(step, plan)) and words not in stood_in:
                    stood_in.add(words)
                    yield self.teller.fault(
                        NOBODY, place, words, severity="warning", state=state.number, expect={"open": labels}
                    )

    def _taker(self, step: Waiting, scopes: Mapping[str, str], units: frozenset[str] | None) -> tuple[str, str] | None:
        name = self.teller.name((step.process, step.task))
        if step.role is None:
            return NOBODY, f"{name}没有人可以办理：不在任何泳道里，也没有选谁办。请放进办理角色的泳道"
        if scopes and step.role not in scopes:
            return NOBODY, f"{name}没有人可以办理：没有角色 {step.role}。请在泳道的“哪个角色”里选一个"
        if step.unit is not None and units is not None and step.unit not in units:
            return UNIT, f"{name}的办理单位 {step.unit} 不存在。请核对“谁办”和给出单位的表单、规则表"
        wanted = self.diagram.made.program.user_tasks[step.process, step.task].properties.get("candidates", "")
        narrowed = wanted.startswith("unit:") or scopes.get(step.role, "").startswith("data:")
        if step.role in UNIT_ROLES and step.unit is None and step.leader is None and narrowed:
            return (
                UNIT,
                f"{name}的办理单位是空的，任何单位都能办。请核对给出单位的数据（名单上每一项记作什么、表单字段）",
            )
        return None

    def _without(self, step: Waiting, plan: Plan) -> str:
        """The words where the role could come to have no holder and no declared stand-in could act then; '' elsewhere.

        A role that is bound to a unit stands in for the task's own unit, or for the leader whom that unit serves.
        """
        role = step.role or ""
        if role == TALENT_OFFICE or not plan.stand_ins:
            return ""
        chain = plan.stand_ins.get(role, (TALENT_OFFICE,))
        whose = step.unit or step.leader
        if any(one in plan.scopes and (whose or not bound(one, plan.scopes)) for one in chain):
            return ""
        name = self.teller.name((step.process, step.task))
        why = "代办的角色只代本单位的，而这一步没有单位" if chain else "没有写明由谁代办"
        return (
            f"{name}的办理角色没有人担任时，没有人能代办：{why}。"
            "请系统管理员核对 config/organization.toml 里该角色的代办（stand_ins）"
        )

    def _forms(self) -> Iterator[Fault]:
        for place, (state, why) in self.walked.refused.items():
            if place not in self.walked.done:
                reason = f"（{why}）" if why else ""
                message = (
                    f"{self.teller.name(place)}的表单怎么填也提交不了{reason}。请核对表单的必填、条件和选项是否互相矛盾"
                )
                labels = [one.label for one in self.walked.states[state].open]
                yield self.teller.fault(FORM, place, message, state=state, expect={"open": labels})

    def _endless(self) -> Iterator[Fault]:
        hopeful = self._hopeful()
        after = {one.number: one.onward for one in self.walked.states if one.number not in hopeful}
        for circle in circles(after):
            states = [self.walked.states[one] for one in circle]
            places = [(one.process, one.task) for state in states for one in state.open]
            places = places or [place for state in states for place in state.held] or [self._last(states[0])]
            message = f"到{self.teller.names(places)}以后，怎么办也走不到结束。请核对后面的连线：要有一条路通到“结束”"
            labels = [one.label for one in states[0].open]
            yield self.teller.fault(ENDLESS, places[0], message, state=circle[0], expect={"open": labels})

    def _hopeful(self) -> set[int]:
        """The states from which an end is reached, a bound, or something that is told already."""
        walked = self.walked
        found = {one.before for one in walked.failures if one.before is not None}
        found |= {one.number for one in walked.states if one.end or one.cut or one.stuck}
        told = self.told | walked.alike
        found |= {one.number for one in walked.states if any((step.process, step.task) in told for step in one.open)}
        before: dict[int, list[int]] = {}
        for state in walked.states:
            for after in state.onward:
                before.setdefault(after, []).append(state.number)
        waiting = list(found)
        while waiting:
            earlier = set(before.get(waiting.pop(), ())) - found
            found |= earlier
            waiting += earlier
        return found

    def _same(self) -> Iterator[Fault]:
        """Choices that a condition reads and that lead to the same: all of them, or some that a condition names."""
        for (process, task, name), values in sorted(self.walked.leads.items(), key=lambda one: one[0]):
            named = self._named().get(name)
            if named is None:
                continue
            groups: dict[frozenset[Any], list[Any]] = {}
            for value in sorted(values, key=str):
                groups.setdefault(frozenset(values[value]), []).append(value)
            for alike in groups.values():
                if len(alike) > 1 and (len(groups) == 1 or any(value in named for value in alike)):
                    titles = "」和「".join(self._title(process, task, name, value) for value in alike)
                    step = self.teller.name((process, task))
                    message = f"{step}选「{titles}」走的路完全一样。请核对条件里的值是否写对"
                    yield self.teller.fault(SAME, (process, task), message, severity="warning")

    def _named(self) -> dict[str, list[Any]]:
        """The names that conditions of lines compare, with the constants that they are compared with."""
        names = {
            one.name
            for process in self.diagram.processes.values()
            for flow in process.flows.values()
            for one in self.diagram.readings.read(flow.condition or "", truth=True)
        }
        readings = {name: self.diagram.readings.by_name.get(name, {}).get((), Reading()) for name in names}
        return {name: reading.constants for name, reading in readings.items() if EQUAL in reading.kinds}

    def _title(self, process: str, task: str, name: str, value: Any) -> str:
        schema = self.diagram.made.form_of(process, task).fields.get(name, {})
        for one in schema.get("oneOf", ()):
            if isinstance(one, dict) and one.get("const") == value:
                return str(one.get("title") or value)
        return str(value)


def circles(after: Mapping[int, Sequence[int]]) -> Iterator[list[int]]:
    """The sets of states, each sorted, within which one goes round for ever: from them nothing else is reached."""
    before: dict[int, list[int]] = {}
    for one, others in after.items():
        for other in others:
            before.setdefault(other, []).append(one)
    left = set(after)
    for one in reversed(_by_end(after)):  # a state before all those that it leads to
        if one in left:
            circle = _reached(before, one, left)
            left -= circle
            if all(other in circle for each in circle for other in after[each]):
                yield sorted(circle)


def _by_end(after: Mapping[int, Sequence[int]]) -> list[int]:
    """The states in the order in which a walk into the depth leaves them."""
    found: list[int] = []
    seen: set[int] = set()
    for first in sorted(after):
        stack = [(first, iter(after[first]))] if first not in seen else []
        seen.add(first)
        while stack:
            one, rest = stack[-1]
            deeper = next((other for other in rest if other not in seen and other in after), None)
            if deeper is None:
                found.append(one)
                stack.pop()
            else:
                seen.add(deeper)
                stack.append((deeper, iter(after[deeper])))
    return found


def _reached(before: Mapping[int, Sequence[int]], one: int, among: set[int]) -> set[int]:
    found, waiting = {one}, [one]
    while waiting:
        more = (set(before.get(waiting.pop(), ())) & among) - found
        found |= more
        waiting += more
    return found
