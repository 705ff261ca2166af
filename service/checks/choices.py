"""One field name with different choices in two forms of one process: what was filled in last covers what was before."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.checks.bundle import Bundle
from service.checks.expressions import Use, places, uses
from service.checks.findings import Report
from service.checks.form_model import Field, Form
from service.checks.model import Node, ProcessModel
from service.checks.sampling import names_in
from service.checks.values import Writers, compared
from service.checks.wording import data
from service.checks.wording import form as form_named
from service.engine.expressions import readable

LISTED = frozenset({"category", "town", "outcome", "change_type", "leaves_district"})
"""The names by which the ledger, the reports and the statistics read values from a case's data."""

Choices = Mapping[Any, str | None]
"""Code → the words for it; None where an enumeration has none."""


def check(bundle: Bundle, report: Report) -> None:
    """Rules field-shared and field-ambiguous."""
    apart: dict[str, list[Form]] = defaultdict(list)
    for forms in _together(bundle):
        for name, named in _by_name(forms).items():
            if _differ([choices_of(form.fields[name]) for form in named]):
                apart[name] += named
                _shared(name, named, report)
    if not apart:
        return
    writers = Writers(bundle)
    for use in uses(bundle):
        for name in sorted(names_in(use.text) & apart.keys()):
            _read(use, name, apart[name], bundle, writers, report)
    for process in bundle.processes.values():
        for node in process.nodes.values():
            _prefilled(bundle, process, node, apart, writers, report)


def choices_of(field: Field) -> Choices:
    """The choices of a field; none where it has no enumeration."""
    if field.values is None:
        return {}
    words: dict[Any, str | None] = dict.fromkeys(field.values)
    for part in field.schema.get("oneOf", field.schema.get("anyOf", ())):
        if isinstance(part, dict) and part.get("const") in words:
            words[part["const"]] = str(part["title"]) if "title" in part else None
    return words


def is_own(field: Field) -> bool:
    """Whether the field says something of its own step alone, and leaves the case's data alone (``x-own``)."""
    return field.schema.get("x-own") is True


def _together(bundle: Bundle) -> Iterator[list[Form]]:
    """The forms whose fields come into the same data: those of a process and of what it calls, each slot apart."""
    callers = {
        node.called: process.id
        for process in bundle.processes.values()
        for node in process.nodes.values()
        if node.called in bundle.processes and node.loop is None
    }
    groups: dict[str, dict[str, Form]] = defaultdict(dict)
    for process in bundle.processes.values():
        top, seen = process.id, {process.id}
        while callers.get(top) not in (None, *seen):
            top = callers[top]
            seen.add(top)
        for node in process.nodes.values():
            if node.form in bundle.forms:
                groups[top][node.form] = bundle.forms[node.form]
    for group in groups.values():
        yield list(group.values())


def _by_name(forms: Sequence[Form]) -> dict[str, list[Form]]:
    named: dict[str, list[Form]] = defaultdict(list)
    for form in forms:
        for name in form.fields:
            named[name].append(form)
    return named


def _differ(all_choices: Sequence[Choices]) -> bool:
    return any(all_choices) and any(one != all_choices[0] for one in all_choices)


def _shared(name: str, forms: Sequence[Form], report: Report) -> None:
    """A name that is not one form's alone: a warning, an error where lists read it."""
    common = [form for form in forms if not is_own(form.fields[name])]
    if len(common) < 2 or not _differ([choices_of(form.fields[name]) for form in common]):
        return
    where = "、".join(form_named(form.file) for form in common)
    cure = '只说本步骤的，请勾“只说本步骤的事”（"x-own": true）；说的是一回事的，请把选项写成一样，或换个字段名'
    for form in common[1:]:
        line = form.line(name)
        if name in LISTED:
            message = f"台账和统计按{data(name)}的选项计数，它在{where}里选项不同；{cure}"
            report.error(form.file, line, form.name, "field-ambiguous", message)
        else:
            message = f"字段{data(name)}在{where}里选项不同，后填的会盖住先填的；{cure}"
            report.warning(form.file, line, form.name, "field-shared", message)


def _read(use: Use, name: str, forms: Sequence[Form], bundle: Bundle, writers: Writers, report: Report) -> None:
    """An expression that reads such a name, where more than one form may have said it last."""
    if use.kind == "title":
        said = [form for form in forms if not is_own(form.fields[name])] or list(forms)
    else:
        said = _last(use, name, bundle, writers)
    if len(said) < 2:
        return
    known = [choices_of(form.fields[name]) for form in said]
    constants = {constant for one, constant in compared(use.text) if one == name}
    if _only_compared(use.text, name):
        unclear = any(len({one[constant] for one in known if constant in one}) > 1 for constant in constants)
    else:
        unclear = _differ(known)
    if unclear:
        report.error(use.file, use.line, use.element, "field-ambiguous", f"{use.said}：{_why(name, said)}")


def _prefilled(
    bundle: Bundle,
    process: ProcessModel,
    node: Node,
    apart: Mapping[str, Sequence[Form]],
    writers: Writers,
    report: Report,
) -> None:
    """A field that begins with what another form, with other choices, may have said."""
    form = bundle.forms.get(node.form or "")
    for name in sorted(apart.keys() & form.fields.keys()) if form is not None else ():
        if form is None or form.fields[name].schema.get("x-prefill") is not True:
            continue
        before = [one for one in writers.forms(process, node, name) or () if not is_own(one.fields[name])]
        own = choices_of(form.fields[name])
        if any(choices_of(one.fields[name]) != own for one in before):
            message = f"预先填上{data(name)}：{_why(name, before)}"
            report.error(form.file, form.line(name), form.name, "field-ambiguous", message)


def _last(use: Use, name: str, bundle: Bundle, writers: Writers) -> list[Form]:
    """The forms that may have said the name last where the expression is asked."""
    if use.process is not None and use.node is not None:
        where = list(places(bundle, use, use.process, use.node))
    else:  # a decision table is asked by whoever names it
        where = [
            (process, node)
            for process in bundle.processes.values()
            for node in process.nodes.values()
            if node.decision in bundle.decisions and bundle.decisions[node.decision].file == use.file
        ]
    found = {form.name: form for process, node in where for form in writers.forms(process, node, name) or ()}
    return list(found.values())


def _only_compared(text: str, name: str) -> bool:
    """Whether the expression holds the name against constants alone, and does not hand its value on."""
    tree = readable(text)
    if tree is None:
        return False
    named = sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))
    held = sum(
        isinstance(node, ast.Compare)
        and any(isinstance(part, ast.Name) and part.id == name for part in (node.left, *node.comparators))
        for node in ast.walk(tree)
    )
    return named == held and any(one == name for one, _ in compared(text))


def _why(name: str, forms: Sequence[Form]) -> str:
    where = "、".join(form_named(form.file) for form in forms)
    return f"到这里{data(name)}可能是{where}中任何一张填的，它们的选项不同；请改用另外的字段名，或把选项写成一样"
