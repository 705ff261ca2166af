"""How what a form says becomes part of the case's data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.processes.models import Instance, UserTask
from service.processes.rules import merged


def merge_data(
    instance: Instance, task: UserTask, fields: Mapping[str, Any], drop: frozenset[str], own: frozenset[str]
) -> None:
    """Brings a completed form into the case's data, without the fields that are its ``own`` step's alone."""
    instance.data = merged(instance.data, task.scope, task.slot, fields, drop, own)
