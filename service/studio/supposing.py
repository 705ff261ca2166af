"""Suppositions of a backtest: the answers to what a draft asks and nobody was asked then, and after how many days.

A new step is done with them so many working days after it opened; a new field of a known form is filled in with them
where it is asked for. ``MOST`` stands for the answer that most people gave to the same field in the cases tested.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from service.errors import Finding, Invalid
from service.processes.bundles import Compiled
from service.processes.forms import Form
from service.processes.rules import one_line
from service.rehearsal.samples import filled
from service.workdays import Calendar

MOST = "$most"
"""As an answer: the one that most people gave."""
DAYS = "$days"
"""As an answer to a date, ``{"$days": 5}``: so many working days after the day on which the step is done."""
LATEST = 250
"""Working days after which a step may be supposed to be done."""

Task = tuple[str, str]
"""(process, task)."""


@dataclass(frozen=True, slots=True)
class Supposed:
    """The supposed answers of a step; ``days``: after how many working days it is done (None: a step of before)."""

    data: Mapping[str, Any] = field(default_factory=dict)
    days: int | None = None

    def answers(self, today: date, calendar: Calendar) -> dict[str, Any]:
        """The answers as of a day."""
        return {name: _dated(value, today, calendar) for name, value in self.data.items()}

    def words(self, form: Form) -> str:
        """The answers in words: the titles of fields and options."""
        told = [
            f"{_title(form, name)} {_value(form, name, self.data[name])}" for name in form.fields if name in self.data
        ]
        after = [] if self.days is None else [f"{self.days} 个工作日后办" if self.days else "当天办"]
        return "，".join([*told, *after])


@dataclass(frozen=True, slots=True)
class Suppositions:
    """The supposed answers, by the step of the draft."""

    steps: Mapping[Task, Supposed] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.steps)

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Suppositions:
        """``{"process/step": {"data": {field: value}, "days": 2}}``. Raises Invalid, naming the place."""
        findings, steps = [], {}
        for key, one in said.items():
            process, _, task = str(key).partition("/")
            given = one if isinstance(one, Mapping) else {}
            data, days = given.get("data", {}), given.get("days")
            whole = days is None or (isinstance(days, int) and not isinstance(days, bool) and 0 <= days <= LATEST)
            if not (process and task):
                findings.append(Finding(f"/suppose/{key}", "应写成 流程/步骤，如 request/sign_off"))
            elif not isinstance(one, Mapping) or not isinstance(data, Mapping) or given.keys() - {"data", "days"}:
                findings.append(Finding(f"/suppose/{key}", "应写成 {data: {字段: 值}, days: 几个工作日后办}"))
            elif not whole:
                findings.append(Finding(f"/suppose/{key}/days", f"应为 0 到 {LATEST} 的整数"))
            else:
                steps[process, task] = Supposed(dict(data), days)
        if findings:
            raise Invalid(f"设想有 {len(findings)} 处需要修改", findings)
        return cls(steps)

    def params(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {
            f"{process}/{task}": {"data": dict(one.data), **({"days": one.days} if one.days is not None else {})}
            for (process, task), one in self.steps.items()
        }

    @property
    def asks_most(self) -> bool:
        """Whether an answer is to be that of most people."""
        return any(value == MOST for one in self.steps.values() for value in one.data.values())

    def fitting(self, made: Compiled, given: Mapping[str, Counter[str]]) -> Suppositions:
        """The same for the draft ``made``, in which MOST has become the answer that was given most.

        ``given``: field → how often which answer (as JSON) was given. Raises Invalid, naming the step and the field.
        """
        findings, steps = [], {}
        for (process, task), one in self.steps.items():
            path = f"/suppose/{process}/{task}"
            if (process, task) not in made.program.user_tasks:
                findings.append(Finding(path, "草稿里没有这个由人办理的步骤，请核对"))
                continue
            form, data = made.form_of(process, task), dict(one.data)
            for name, value in one.data.items():
                if name not in form.fields:
                    findings.append(Finding(f"{path}/data/{name}", f"「{form_name(made, process, task)}」没有这个字段"))
                elif value == MOST and not given.get(name):
                    message = f"没有人填过「{_title(form, name)}」，不能照多数人填的，请写明"
                    findings.append(Finding(f"{path}/data/{name}", message))
                elif value == MOST:
                    data[name] = json.loads(min(given[name], key=lambda text: (-given[name][text], text)))
            steps[process, task] = Supposed(data, one.days)
        if findings:
            raise Invalid("；".join([f"设想有 {len(findings)} 处需要修改"]), findings)
        return Suppositions(steps)


def form_name(made: Compiled, process: str, task: str) -> str:
    """The words of the drawing for a step."""
    return one_line(made.program.names.get((process, task), task))


def tallied(given: Iterable[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """Field → how often which answer (as JSON) was given, of submitted forms."""
    found: dict[str, Counter[str]] = {}
    for data in given:
        for name, value in data.items():
            if value not in (None, "", []):
                found.setdefault(name, Counter())[json.dumps(value, ensure_ascii=False, sort_keys=True)] += 1
    return found


@dataclass(frozen=True, slots=True)
class Fresh:
    """A step, or a form of before, of which nobody was asked: ``fields`` are those that are new, (name, schema,
    whether it must be filled in)."""

    task: Task
    name: str
    step: bool
    fields: tuple[tuple[str, Mapping[str, Any], bool], ...]


def fresh(old: Compiled, new: Compiled) -> Iterator[Fresh]:
    """The steps of ``new`` that ``old`` has not, and the forms of common steps that have got fields."""
    known = {task for _, task in old.program.user_tasks}
    for (process, task), info in new.program.user_tasks.items():
        form, step = new.form_of(process, task), task not in known
        before: set[str] = set()
        if not step:
            there = next(((one, task) for one, name in old.program.user_tasks if name == task))
            before = set(old.form_of(*((process, task) if (process, task) in old.program.user_tasks else there)).fields)
        must = set(form.schema.get("required", ()))
        found = [(name, schema, name in must) for name, schema in form.fields.items() if name not in before]
        if step or found:
            yield Fresh((process, task), one_line(info.name), step, tuple(found))


def fresh_to_any(olds: Sequence[Compiled], new: Compiled) -> list[Fresh]:
    """The steps and fields of ``new`` that one of ``olds`` has not, in the order of ``new``: a step that one of them
    has not is new as a whole."""
    found = [one for old in olds for one in fresh(old, new)]
    told = []
    for task in new.program.user_tasks:
        ones = [one for one in found if one.task == task]
        fields = {each[0]: each for one in ones for each in one.fields}
        if ones:
            whole = tuple(fields[name] for name in new.form_of(*task).fields if name in fields)
            told.append(Fresh(task, ones[0].name, any(one.step for one in ones), whole))
    return told


def complete(form: Form, data: Mapping[str, Any], known: Mapping[str, Any], today: date, calendar: Calendar) -> Any:
    """``data`` with a plain answer to whatever else the form requires."""
    return filled(form, data, known=known, today=today, calendar=calendar)


def _dated(value: Any, today: date, calendar: Calendar) -> Any:
    if isinstance(value, Mapping) and set(value) == {DAYS} and isinstance(value[DAYS], int):
        return calendar.add(today, value[DAYS]).due.isoformat()
    return value


def _title(form: Form, name: str) -> str:
    return one_line(form.fields.get(name, {}).get("title") or name)


def _value(form: Form, name: str, value: Any) -> str:
    """A value in the words of the form."""
    schema = form.fields.get(name, {})
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        items = schema.get("items") if isinstance(schema.get("items"), Mapping) else {}
        return "、".join(_option(items or {}, one) for one in value) or "没有"
    if isinstance(value, Mapping):
        return f"办理后第 {value[DAYS]} 个工作日" if DAYS in value else "（已写明）"
    return _option(schema, value)


def _option(schema: Mapping[str, Any], value: Any) -> str:
    options = [one for one in schema.get("oneOf") or () if isinstance(one, Mapping)]
    return str(next((one.get("title") for one in options if one.get("const") == value), value))
