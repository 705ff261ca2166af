"""The differences between two states of a case's data: path, title of the field, from, to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.audit.replay.steps import Happened
from service.processes.bundles import Compiled
from service.processes.rules import one_line
from service.processes.told_fields import field_in

_OF_ACTION: Mapping[str, Mapping[str, Any]] = {"open_round": {"items": {"x-ref": "units"}}}
"""Service task → the schema of its answer, where it has ids."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that changed. ``path`` is slashes and names (``slots/<scope>/reply``); ``field`` its form's field with
    the schema, where a form has it; None stands for a value that was not there."""

    path: str
    field: str
    old: Any
    new: Any


def changes(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> Iterator[Change]:
    """The values that differ, in the order of their names; lists are compared whole."""
    if old is new:
        return
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        where = f"{path}/{name}" if path else name
        slot = where == "slots" or path == "slots"  # a slot that comes or goes is told by its fields
        if (isinstance(before, Mapping) or (slot and before is None)) and (
            isinstance(after, Mapping) or (slot and after is None)
        ):
            yield from changes(before or {}, after or {}, where)
        else:
            yield Change(where, name, before, after)


def unseen(
    old: Mapping[str, Any], new: Mapping[str, Any], seen: Mapping[str, Any], told: Iterable[Change]
) -> Iterator[Change]:
    """The changes from ``old`` to ``new`` that the masks of ``seen`` hide: before and after look alike there."""
    known = {one.path for one in told}
    for one in changes(old, new):
        value: Any = seen
        for name in one.path.split("/"):
            value = value.get(name) if isinstance(value, Mapping) else None
        if one.path not in known and value is not None and one.old is not None and one.new is not None:
            yield Change(one.path, one.field, value, value)


def fields_of(made: Compiled) -> dict[str, Mapping[str, Any]]:
    """Field → schema, of all forms of a version; of a name that several forms have, the first form's."""
    found: dict[str, Mapping[str, Any]] = {}
    for _, form in sorted(made.forms.items()):
        for name, schema in form.fields.items():
            found.setdefault(name, schema)
    return found


def fields_then(made: Compiled, one: Happened) -> dict[str, Mapping[str, Any]]:
    """Field → schema as the step ``one`` of the version ``made`` shows it.

    Its own form comes first, in the branch that was taken; then what it was filled in by no form but a service task of
    it (absent here); then the forms of other steps.
    """
    answered = {str(action["variable"]) for action in one.actions}
    found = {name: schema for name, schema in fields_of(made).items() if name not in answered}
    if one.process is not None and one.step is not None and (one.process, one.step) in made.program.user_tasks:
        form, typed = made.form_of(one.process, one.step), one.data.get("data")
        data = {**one.case, **(typed if isinstance(typed, Mapping) else {})}
        found |= {name: field_in(form, name, data) for name in form.fields}
    return found


def answers_of(made: Compiled, one: Happened) -> dict[str, Mapping[str, Any]]:
    """Variable → schema of what the service tasks of the step ``one`` answered; its title is the task's label."""
    labels, found = made.program.names, dict[str, Mapping[str, Any]]()
    for action in one.actions:
        title = one_line(next((label for (_, node), label in labels.items() if node == action["task"]), ""))
        found[str(action["variable"])] = {**_OF_ACTION.get(str(action.get("name")), {}), **_titled(title)}
    return found


def _titled(title: str) -> dict[str, str]:
    return {"title": title} if title else {}


class Filled:
    """Keeps by which field, or service task, each value of a case came, to word it so when it goes or comes back."""

    def __init__(self) -> None:
        self._by: dict[tuple[str, str], Mapping[str, Any]] = {}

    def take(self, made: Compiled, one: Happened, changed: Iterable[Change]) -> dict[str, Mapping[str, Any]]:
        """Path → schema of the changes of the step ``one`` of the version ``made``, as far as a form filled them in or
        a service task answered them.

        Steps are to be taken in order.
        """
        own, typed = answers_of(made, one), one.data.get("data")
        known = one.process is not None and one.step is not None
        if known and isinstance(typed, Mapping) and (one.process, one.step) in made.program.user_tasks:
            form, data = made.form_of(str(one.process), str(one.step)), {**one.case, **typed}
            own |= {name: field_in(form, name, data) for name in form.fields if name in typed and name not in own}
        found = {}
        for change in changed:
            schema = own.get(change.field)
            if schema is not None:
                self._by[change.path, repr(change.new)] = schema
            for value in (change.new, change.old):
                schema = schema or self._by.get((change.path, repr(value)))
            if schema is not None:
                found[change.path] = schema
        return found
