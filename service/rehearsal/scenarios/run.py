"""Running a scenario: its steps on a rehearsal, then what is expected beside what came, up to the first difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from service.errors import Finding, Invalid, LiaisonError
from service.processes.bundles import Compiled
from service.processes.notices import DUE_CHANGED, RETURNED, TASK
from service.rehearsal.core import Plan, Rehearsal, State, ToldNotice
from service.rehearsal.samples import filled
from service.rehearsal.scenarios.shape import Scenario, Step, moment_of, scenario_of
from service.rehearsal.scenarios.text import Place, read
from service.rehearsal.wording import Wording
from service.workdays import Calendar

R = TypeVar("R", bound=Rehearsal)

ABOUT_TASKS = frozenset({TASK, RETURNED, DUE_CHANGED})
"""Word that a task has come, come back or moves: every step has it, and ``notices`` leaves it out."""

Dated = Callable[[Sequence[str]], Calendar]
"""The calendar with these files of notices over the one of the house."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scenario went: ``difference`` is the first one, None where it passed; ``state`` where it came to.

    ``walked``: all its steps could be taken.
    """

    file: str
    title: str
    difference: Finding | None
    state: State | None
    walked: bool = False

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return self.difference is None


def run_file(content: bytes, file: str, made: Compiled, plan: Plan, dated: Dated) -> Outcome:
    """Reads and runs a scenario; whatever is wrong with it is its difference."""
    try:
        scenario = scenario_of(read(content, file))
    except Invalid as error:
        return Outcome(file, file, error.findings[0], None)
    return run(scenario, made, plan, dated)


def run(scenario: Scenario, made: Compiled, plan: Plan, dated: Dated) -> Outcome:
    """Runs a scenario on a bundle."""
    text, title = scenario.text, scenario.title
    try:
        rehearsal = begun(scenario, made, plan, dated)
    except LiaisonError as error:
        return Outcome(text.file, title, text.finding(f"不能开始：{said_of(error)}", "starts"), None)
    for number, step in enumerate(scenario.steps, 1):
        try:
            take(rehearsal, step, scenario.fill)
        except LiaisonError as error:
            said = f"第 {number} 步（{wording_of(made, plan, step)}）：{said_of(error)}"
            return Outcome(text.file, title, text.finding(said, *step.place), rehearsal.state)
    state = rehearsal.state
    for place, message in differences(scenario.expect, state, Wording(made, plan.names)):
        return Outcome(text.file, title, text.finding(message, "expect", *place), state, walked=True)
    return Outcome(text.file, title, None, state, walked=True)


def begun(scenario: Scenario, made: Compiled, plan: Plan, dated: Dated) -> Rehearsal:
    """A scenario before its first step. Raises LiaisonError where it cannot begin."""
    return begun_as(Rehearsal, scenario, made, plan, dated)


def begun_as(kind: type[R], scenario: Scenario, made: Compiled, plan: Plan, dated: Dated) -> R:
    """The same, by a ``kind`` of rehearsal that keeps more."""
    return kind(
        made,
        dated(scenario.calendar),
        plan,
        scenario.starts,
        by=scenario.by or first_by(scenario),
        data=scenario.data,
        event=scenario.event,
        answers=scenario.answers,
    )


def first_by(scenario: Scenario) -> str | None:
    """By whom a case starts that does not say so: whoever does the first step; None at a timer start event."""
    if scenario.event is not None:
        return None
    return next((step.said["by"] for step in scenario.steps if step.kind == "do" and step.said.get("by")), None)


def take(rehearsal: Rehearsal, step: Step, fill: bool) -> None:
    """Takes one step; ``fill``: what a form requires beside what is said gets a sample. Raises what the step raises."""
    said, unit, by = step.said, step.said.get("unit"), step.said.get("by")
    if step.kind == "do":
        data = said.get("data") or {}
        if said.get("fill", fill):
            opened = rehearsal.step(step.about, unit)
            form = rehearsal.made.form_of(opened.process, opened.task)
            data = filled(
                form,
                data,
                known=opened.data,
                today=rehearsal.today,
                calendar=rehearsal.calendar,
                units=rehearsal.plan.units,
            )
        rehearsal.do(step.about, data, unit=unit, by=by)
    elif step.kind == "wait":
        rehearsal.wait(working_days=step.about)
    elif step.kind == "until":
        rehearsal.until(moment_of(step.about))
    elif step.kind == "give_back":
        rehearsal.give_back(step.about, said["reason"], task=said.get("from"), unit=unit, by=by)
    elif step.kind == "message":
        rehearsal.message(step.about, said.get("data"))
    else:
        for action, value in step.about.items():
            rehearsal.answer(action, value)


# --- Beside what is expected -----------------------------------------------------------------------------------------


def wording_of(made: Compiled, plan: Plan, step: Step) -> str:
    """A step as a person says it."""
    wording, unit = Wording(made, plan.names), step.said.get("unit")
    whose = f"{step.about}/{unit}" if unit else str(step.about)
    told = {
        "do": f"办理{wording.step(whose)}",
        "wait": f"过 {step.about} 个工作日",
        "until": f"到 {str(step.about).replace('T', ' ')}",
        "give_back": f"退回到{wording.step(whose)}",
        "message": f"收到消息「{step.about}」",
    }
    return told.get(step.kind, "改变系统动作的答复")


def differences(expect: Mapping[str, Any], state: State, wording: Wording) -> Iterator[tuple[Place, str]]:
    """(place within ``expect``, what is other than expected), in the order of the file's meaning: the end first.

    The end is always compared: without one the case must still run.
    """
    end = expect.get("end", "")
    if end != state.end:
        yield ("end",), f"结束：应为{wording.step(end) if end else '仍在办'}，实为{_end(state, wording)}"
    came: Mapping[str, list[str]] = {
        "passed": [one.label for one in state.done],
        "fired": list(state.fired),
    }
    if "open" in expect:
        yield from _beside("open", "待办的步骤", expect["open"], [one.label for one in state.open], wording)
    for name, words in (("passed", "办过的步骤"), ("fired", "触发的定时")):
        if name in expect:
            yield from _in_order(name, words, expect[name], came[name], wording)
    if "notices" in expect:
        sent = [one for one in state.notices if one.kind not in ABOUT_TASKS]
        wanted = expect["notices"]
        shown = [_notice(one, wanted[n] if n < len(wanted) else "") for n, one in enumerate(sent)]
        yield from _in_order("notices", "发出的提醒", wanted, shown, wording)
    due = {label: day.isoformat() if day else None for label, day in state.due.items()}
    late = {one.label: one.late_days for one in state.done}
    data = expect.get("data", {})
    known = {name: found for name in data for found in data_of(name, state)}
    tables: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = [
        ("due", expect.get("due", {}), due),
        ("late", expect.get("late", {}), late),
        ("data", data, known),
    ]
    for name, wanted_, came_ in tables:
        yield from _by_name(name, wanted_, came_, wording)


def _in_order(
    name: str, words: str, wanted: Sequence[str], came: Sequence[str], wording: Wording
) -> Iterator[tuple[Place, str]]:
    for number, one in enumerate(wanted):
        have = came[number] if number < len(came) else None
        if have != one:
            really = wording.step(have) if have else "没有了"
            yield (name, number), f"{words}第 {number + 1} 个：应为{wording.step(one)}，实为{really}"
            return
    if len(came) > len(wanted):
        yield (name,), f"{words}：多出{wording.steps(came[len(wanted) :])}"


def _beside(
    name: str, words: str, wanted: Sequence[str], came: Sequence[str], wording: Wording
) -> Iterator[tuple[Place, str]]:
    """Tasks that are open side by side have no order."""
    left = list(came)
    for number, one in enumerate(wanted):
        if one not in left:
            yield (name, number), f"{words}：应有{wording.step(one)}，实为{wording.steps(came) or '没有'}"
            return
        left.remove(one)
    if left:
        yield (name,), f"{words}：多出{wording.steps(left)}"


def _by_name(
    name: str, wanted: Mapping[str, Any], came: Mapping[str, Any], wording: Wording
) -> Iterator[tuple[Place, str]]:
    for label, value in wanted.items():
        if label not in came:
            yield (
                (name, label),
                f"{_titled(name, label, wording)}：应为 {_value(name, label, value, wording)}，实际没有",
            )
        elif came[label] != value or isinstance(came[label], bool) is not isinstance(value, bool):
            should, really = (_value(name, label, one, wording) for one in (value, came[label]))
            if should == really:  # of another kind, which its words do not show
                should, really = f"{value!r}", f"{came[label]!r}"
            yield (name, label), f"{_titled(name, label, wording)}：应为 {should}，实为 {really}"


def _titled(name: str, label: str, wording: Wording) -> str:
    if name == "data":
        return wording.field(label)
    return f"{wording.step(label)}的{'期限' if name == 'due' else '逾期'}"


def _value(name: str, label: str, value: Any, wording: Wording) -> str:
    if name == "late":
        return f"{value} 个工作日"
    return wording.value(label, value) if name == "data" else value or "不计时"


def data_of(name: str, state: State) -> Iterator[Any]:
    """The value under a name: of the case, or ``reply/edu`` of a slot; what an action of a slot gave, likewise."""
    field, _, slot = name.partition("/")
    if slot:
        shares = [one for one in state.data.get("slots", {}).values() if slot in (one.get("unit"), one.get("name"))]
        yield from [one[field] for one in shares if field in one][-1:]
    elif field in state.data:
        yield state.data[field]
    elif field in state.results:
        yield state.results[field]


def _notice(notice: ToldNotice, like: str) -> str:
    return f"{notice.kind}/{notice.unit}" if "/" in like and notice.unit else notice.kind


def _end(state: State, wording: Wording) -> str:
    if state.end:
        return wording.step(state.end)
    return f"仍在办，待办：{wording.open(state.open)}"


def said_of(error: LiaisonError) -> str:
    """An error with its findings, as a difference tells it."""
    return "；".join([error.message, *(one.message for one in error.findings)])
