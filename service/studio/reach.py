"""The data that a step can take from: those of the ways before it, and those filled in within its own slots. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from service.checks.bundle import Bundle
from service.checks.dataflow import DataFlow
from service.checks.known import fields_of
from service.checks.model import Node, ProcessModel
from service.processes.rules import one_line

Json = dict[str, Any]
_TAKING = frozenset({"serviceTask", "userTask", "callActivity", "subProcess"})


def before(bundle: Bundle, data: Sequence[Json]) -> dict[str, list[int]]:
    """Element id → positions in ``data`` (``known.known``) of what may be there when a token comes to it.

    An element that no way reaches yet has none: all data are offered there.
    """
    flow = DataFlow(bundle)
    names = [(at, str(one["name"]).partition(".")[0]) for at, one in enumerate(data) if "insert" not in one]
    found = {}
    for process, node in _nodes(bundle):
        if node.type in _TAKING and flow.reaches(process, node):
            there = flow.before(process, node)
            found[node.id] = [at for at, name in names if name == "settings" or flow.has(there, name)]
    return found


def inside(bundle: Bundle) -> dict[str, list[Json]]:
    """Element id → what is filled in, or computed, within a task or a called diagram: ``{name, title}``."""
    found = {}
    for _, node in _nodes(bundle):
        called = bundle.processes.get(node.called or "")
        if node.form is None and called is None:
            continue
        nodes = list(called.nodes.values()) if called is not None else [node]
        fields = fields_of(bundle, dict.fromkeys(one.form for one in nodes if one.form is not None))
        told = {one["name"]: {"name": one["name"], "title": one["title"]} for one in fields}
        for one in nodes:
            if one.operation is not None and one.operation.result:
                title = f"{one_line(one.name)}的结果"
                told.setdefault(one.operation.result, {"name": one.operation.result, "title": title})
        found[node.id] = list(told.values())
    return found


def slots(bundle: Bundle) -> dict[str, list[Json]]:
    """User task id → the fields of the forms that each unit has filled in before it, side by side."""
    found = {}
    for process, node in _nodes(bundle):
        if node.type != "userTask":
            continue
        forms = [form for one in process.upstream(node.id) for form in _forms(bundle, process.nodes[one])]
        if forms:
            found[node.id] = fields_of(bundle, dict.fromkeys(forms))
    return found


def _nodes(bundle: Bundle) -> Iterator[tuple[ProcessModel, Node]]:
    for process in bundle.processes.values():
        yield from ((process, node) for node in process.nodes.values())


def _forms(bundle: Bundle, node: Node) -> list[str]:
    if node.loop is None:
        return []
    called = bundle.processes.get(node.called or "")
    return [one.form for one in (called.nodes.values() if called is not None else [node]) if one.form is not None]
