"""How what a form says becomes part of the case's data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.processes.models import Instance, UserTask
from service.processes.rules import NAMED


def merge_data(
    instance: Instance, task: UserTask, fields: Mapping[str, Any], drop: frozenset[str], own: frozenset[str]
) -> None:
    """Brings a completed form into the case's data, without the fields that are its ``own`` step's alone."""
    instance.data = merged(instance.data, task.scope, task.slot, fields, drop, own)


def merged(
    data: Mapping[str, Any],
    scope: str,
    slot: str | None,
    fields: Mapping[str, Any],
    drop: frozenset[str],
    own: frozenset[str],
) -> dict[str, Any]:
    """``data`` with the latest of each field; a slot's fields stay apart, under ``slots`` by the slot's scope.

    Beside a slot's fields stands whose slot it is: its ``unit``, or the ``name`` that its diagram gives it. A field of
    the step's ``own`` covers nothing that another form said.
    """
    fields, drop = {name: value for name, value in fields.items() if name not in own}, drop - own
    if slot is None:
        return {**{name: value for name, value in data.items() if name not in drop}, **fields}
    slots = dict(data.get("slots", {}))
    before = {name: value for name, value in slots.get(scope, {}).items() if name not in drop}
    whose = {"name": slot.removeprefix(NAMED)} if slot.startswith(NAMED) else {"unit": slot}
    slots[scope] = {**before, **whose, **fields}
    return {**data, "slots": slots}
