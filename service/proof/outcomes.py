"""Outcomes of steps and answers of actions: each value that leads somewhere else, samples for the rest."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from service.checks.form_model import allowed_values, form_of
from service.errors import Invalid
from service.processes.forms import Form
from service.proof.diagram import Diagram
from service.proof.reading import DAY, EQUAL, HOLDS, ORDER, TRUTH, VALUE, Path, Reading
from service.rehearsal.samples import filled, value_of
from service.rehearsal.state import OpenStep, Plan
from service.workdays import Calendar

MOST_OUTCOMES = 300
"""Of one step in one state; where the fields allow more, each value is tried beside the first and the last of the
others."""
MOST_ANSWERS = 16
MOST_SLOTS = 5
"""Elements of a list, however long a list a diagram asks for: slots can be exchanged, yet each has its own steps."""
LATEST = 20
"""Working days ahead, for a date that may be as late as one likes."""
_NAMES = ("李四", "王五", "赵六", "孙七", "周八")
_ABSENT = object()


@dataclass
class Outcomes:
    """The outcomes of the steps of a bundle, with lists of up to ``units`` elements, more where a length is compared.

    ``shortened`` are the steps of which not every combination was tried."""

    diagram: Diagram
    calendar: Calendar
    plan: Plan
    units: int = 2
    shortened: set[str] = field(default_factory=set)
    _known: dict[tuple[str, str, date], list[dict[str, Any]]] = field(default_factory=dict)

    def of(self, step: OpenStep, today: date) -> list[dict[str, Any]]:
        """The data with which the step may be done, each leading elsewhere as far as anything reads them."""
        key = (step.process, step.task, today)
        if key not in self._known:
            self._known[key] = list(self._of(step, today))
        return self._known[key]

    def sizes(self, name: str) -> list[int]:
        """The lengths of a list that may lead elsewhere, beside one element and none."""
        most = min(max(2, self.units, self.diagram.readings.longest(name)), MOST_SLOTS)
        return list(range(2, most + 1))

    @property
    def beyond(self) -> list[str]:
        """The lists whose length is compared with more than is tried: both answers of such a condition cannot come."""
        return [name for name in sorted(self.diagram.names) if self.diagram.readings.longest(name) > MOST_SLOTS]

    @property
    def most(self) -> int:
        """How many slots may stand side by side before one looks no further."""
        return max(self.units, min(self.diagram.readings.longest(), MOST_SLOTS))

    def deciding(self, process: str, task: str) -> list[str]:
        """The fields of a step's form that anything reads afterwards, and those by which the form asks for them."""
        live = {one.name for one in self.diagram.live_after(process, task)}
        form = self.diagram.made.form_of(process, task)
        found = [name for name in form.fields if name in live]
        if set(found) - set(form.schema.get("properties", ())):
            found += sorted(set(_tested(form.schema)) & set(form.fields) - set(found))
        return found

    def _of(self, step: OpenStep, today: date) -> Iterator[dict[str, Any]]:
        form = self.diagram.made.form_of(step.process, step.task)
        deciding = self.deciding(step.process, step.task)
        schemas = form_of(form.name, form.name, "", form.schema).fields
        required = set(form.schema.get("required", ()))
        choices = []
        for name in deciding:
            schema = schemas[name].schema if name in schemas else form.fields[name]
            values = list(self._values(name, schema, today))
            choices.append(values if name in required else [*values, _ABSENT])
        seen: set[str] = set()
        for combination in self._combined(choices, step.task):
            said = {name: one for name, one in zip(deciding, combination, strict=True) if one is not _ABSENT}
            data = self._fitting(form, said, today)
            if data is None:
                continue
            key = repr([(name, data.get(name, "")) for name in deciding])
            if key not in seen:
                seen.add(key)
                yield data

    def _combined(self, choices: Sequence[Sequence[Any]], task: str) -> Iterator[tuple[Any, ...]]:
        count = 1
        for one in choices:
            count *= max(1, len(one))
        if count <= MOST_OUTCOMES:
            yield from itertools.product(*choices)
            return
        self.shortened.add(task)
        for around in (tuple(one[0] for one in choices), tuple(one[-1] for one in choices)):
            yield around
            for number, values in enumerate(choices):
                for value in values:
                    if value != around[number]:
                        yield (*around[:number], value, *around[number + 1 :])

    def _fitting(self, form: Form, said: Mapping[str, Any], today: date) -> dict[str, Any] | None:
        """A submission with ``said``, without what the form does not ask for in this case; None where there is none."""
        given = dict(said)
        for _ in range(len(given) + 1):
            data = filled(form, given, today=today, calendar=self.calendar, units=self.plan.units)
            try:
                return form.check(data, today=today, calendar=self.calendar)
            except Invalid as error:
                wrong = {one.path.removeprefix("/data/").split("/")[0] for one in error.findings}
            unwanted = [name for name in given if name in wrong and name not in form.schema.get("required", ())]
            if not unwanted:
                return None
            for name in unwanted:
                del given[name]
        return None

    def _values(self, name: str, schema: Mapping[str, Any], today: date) -> Iterator[Any]:
        """The values of a field that may lead elsewhere; the first is the plainest."""
        reading = self._reading(name)
        allowed = allowed_values(schema)
        if allowed is not None:
            yield from sorted(allowed, key=_order)
            return
        sample = value_of(schema, today, self.calendar, self.plan.units)
        if schema.get("type") == "array":
            yield from self._lists(name, schema, today)
        elif schema.get("format") == "date":
            yield from self._dates(schema, reading, sample, today)
        elif schema.get("type") in ("integer", "number"):
            yield from _numbers(schema, reading, sample)
        else:
            yield sample
            yield from (one for one in reading.constants if isinstance(one, str) and one and one != sample)

    def _reading(self, name: str, path: Path = ()) -> Reading:
        return self.diagram.readings.by_name.get(name, {}).get(path, Reading())

    def _lists(self, name: str, schema: Mapping[str, Any], today: date) -> Iterator[list[Any]]:
        items = schema.get("items")
        item = items if isinstance(items, dict) else {}
        reading = self._reading(name)
        if item.get("x-ref") == "units" and self.plan.units:
            known: list[Any] = sorted(self.plan.units)[1 : 1 + MOST_SLOTS]
        elif (allowed := allowed_values(item)) is not None:
            known = sorted(allowed, key=_order)
        else:
            known = [value_of(item, today, self.calendar, self.plan.units)]
            if self.diagram.readings.longest(name) > 1:
                known = _several(known, MOST_SLOTS)
        named = [one for one in (*reading.constants, *self._reading(name, ("[]",)).constants) if one is not None]
        yield known[:1]
        yield []
        yield from (known[:size] for size in self.sizes(name) if len(known) >= size)
        for one in named:
            if not isinstance(one, list) and [one] != known[:1]:
                yield [one]

    def _dates(self, schema: Mapping[str, Any], reading: Reading, sample: Any, today: date) -> Iterator[str]:
        yield sample
        if reading.kinds <= {TRUTH, DAY}:
            return
        within = schema.get("x-within-working-days")
        around = {today, today - timedelta(days=1), today + timedelta(days=1)} if ORDER in reading.kinds else set()
        around.add(self.calendar.add(today, int(within) if within is not None else LATEST).due)
        around |= {date.fromisoformat(one[:10]) for one in reading.constants if is_day(one)}
        if schema.get("x-date") == "past":
            around = {day for day in around if day <= today}
        elif schema.get("x-date") == "future":
            around = {day for day in around if day > today}
        yield from (day.isoformat() for day in sorted(around) if day.isoformat() != sample)

    # --- Actions ------------------------------------------------------------------------------------------------------

    def answers(self) -> dict[str, list[Any]]:
        """Action → the answers that may lead elsewhere, the declared sample first; of those that have more than one."""
        found: dict[str, list[Any]] = {}
        for _, node in self.diagram.places():
            called = node.operation
            action = self.plan.actions.get(called.action) if called is not None else None
            if called is None or action is None or action.rehearsed is not None or called.result is None:
                continue
            known = found.setdefault(called.action, [action.sample])
            known += [one for one in self._answers(called.result, action.sample) if one not in known]
        return {name: values[:MOST_ANSWERS] for name, values in found.items() if len(values) > 1}

    def _answers(self, name: str, sample: Any) -> Iterator[Any]:
        readings = self.diagram.readings.by_name.get(name, {})
        whole = readings.get((), Reading())
        if isinstance(sample, list):
            yield from self._answered_lists(name, sample, readings)
        elif isinstance(sample, dict):
            for path, reading in sorted(readings.items()):
                if path and path[0] in sample:
                    yield from (_with(sample, path, one) for one in _others(_at(sample, path), reading))
        else:
            yield from _others(sample, whole)

    def _answered_lists(self, name: str, sample: list[Any], readings: Mapping[Path, Reading]) -> Iterator[list[Any]]:
        if not readings:
            return
        yield []
        first = sample[0] if sample else None
        if isinstance(first, dict):
            others = [
                _with(first, path[1:], one)
                for path, reading in sorted(readings.items())
                if path[:1] == ("[]",) and len(path) > 1
                for one in _others(_at(first, path[1:]), reading)
            ]
            yield [first, others[0] if others else _another(first)]
            yield from (_several([first, *others[:1]], size) for size in self.sizes(name)[1:])
            yield from ([one] for one in others[1:])
        elif isinstance(first, str):
            units = sorted(self.plan.units or ())
            more = [one for one in units if one != first] if first in units else [f"{first}2"]
            yield [first, more[0]]
            more = _several(more, MOST_SLOTS)
            yield from ([first, *more[: size - 1]] for size in self.sizes(name)[1:])
            named = readings.get(("[]",), Reading()).constants
            yield from ([one] for one in named if isinstance(one, str) and (one in units or first not in units))


def _tested(schema: Any) -> Iterator[str]:
    """The fields that the branches of a form test."""
    if isinstance(schema, Mapping):
        for word, part in schema.items():
            if word == "if" and isinstance(part, Mapping):
                yield from part.get("properties", ())
            yield from _tested(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _tested(part)


def _numbers(schema: Mapping[str, Any], reading: Reading, sample: Any) -> Iterator[Any]:
    whole = schema.get("type") == "integer"
    known = [sample]
    for one in reading.constants:
        if isinstance(one, int | float) and not isinstance(one, bool):
            known += [one, one - 1, one + 1] if whole or isinstance(one, int) else [one, one - 0.01, one + 0.01]
    if VALUE in reading.kinds:
        known += [schema[word] for word in ("minimum", "maximum") if isinstance(schema.get(word), int | float)]
    yield from dict.fromkeys(int(one) if whole else one for one in known)


def _others(sample: Any, reading: Reading) -> Iterator[Any]:
    """Other values than the sample that what reads it tells apart."""
    if not reading.kinds & {TRUTH, EQUAL, ORDER, HOLDS}:
        return
    if isinstance(sample, bool):
        yield not sample
    elif isinstance(sample, int | float):
        for one in reading.constants:
            if isinstance(one, int | float) and not isinstance(one, bool):
                yield from (one, one + 1, *((one - 1,) if ORDER in reading.kinds else ()))
        if TRUTH in reading.kinds:
            yield from (0, 1)
    else:
        yield from (one for one in reading.constants if one is not None and one != sample)
        if isinstance(sample, str):
            yield "" if TRUTH in reading.kinds else "其他"
        if None in reading.constants or (TRUTH in reading.kinds and not isinstance(sample, str)):
            yield None


def _several(known: list[Any], size: int) -> list[Any]:
    """``known`` and others like the first, until there are ``size``."""
    found = list(known)
    while len(found) < size:
        number, first = len(found) + 1, found[0]
        if isinstance(first, Mapping):
            found.append(_another(first, number))
        elif isinstance(first, str):
            found.append(f"{first}{number}")
        else:
            found.append(first)
    return found[:size]


def _another(element: Mapping[str, Any], number: int = 2) -> dict[str, Any]:
    """The ``number``-th record like the first: another id, another name."""
    found = dict(element)
    for name, value in element.items():
        if isinstance(value, str) and len(value) == 36 and value.endswith("1"):
            found[name] = f"{value[:-1]}{number}"
        elif name == "name" and isinstance(value, str):
            found[name] = _NAMES[number - 2] if value != _NAMES[number - 2] else _NAMES[-1]
    return found


def _at(value: Any, path: Path) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _with(value: Mapping[str, Any], path: Path, new: Any) -> dict[str, Any]:
    rest = value.get(path[0])
    inner = _with(rest if isinstance(rest, Mapping) else {}, path[1:], new) if len(path) > 1 else new
    return {**value, path[0]: inner}


def _order(value: Any) -> tuple[bool, str]:
    return (value is True, str(value))


def is_day(value: Any) -> bool:
    """Whether the value is a day as forms write it, or begins with one."""
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value[:10]))
    except ValueError:
        return False
