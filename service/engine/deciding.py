"""Asking a decision table outside of any case: which rule would answer these data, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from service.engine.program import Program
from service.engine.scripts import ScriptEngine
from service.engine.world import Context, world


@dataclass(frozen=True, slots=True)
class Proposal:
    """The first rule of a table that answers: its id, its place in the table (from 1), its description and what it
    proposes."""

    table: str
    rule: str
    place: int
    words: str
    results: Mapping[str, Any]


def proposals_of(program: Program, data: Mapping[str, Any], context: Context) -> list[Proposal]:
    """The proposal of each decision table of a definition; nothing of one in which no rule answers.

    Raises EngineFailure where a cell asks for what the data do not have.
    """
    found = []
    for spec in (program.spec, *program.subprocess_specs.values()):
        for node in spec.task_specs.values():
            table = getattr(node, "dmnEngine", None)
            if table is None:
                continue
            # the library asks nothing else of the step that it decides for
            case = SimpleNamespace(script_engine=ScriptEngine(program, context))
            step = SimpleNamespace(data=dict(data), workflow=case)
            with world(context):
                rules = table.decide(step)
                if rules:
                    model, rule = table.decision_table, rules[0]
                    place = [str(one.id) for one in model.rules].index(str(rule.id)) + 1
                    words = " ".join((rule.description or "").split())
                    results = rule.output_as_dict(step)
                    found.append(Proposal(str(model.id), str(rule.id), place, words, results))
    return found
