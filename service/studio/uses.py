"""Where the data of a form's field is used beside the form itself: for who is about to remove or rename it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from service.checks import Reliance
from service.checks.bundle import Bundle
from service.checks.expressions import uses
from service.checks.sampling import names_in
from service.processes.terms import FILL, KEYWORD
from service.processes.told_texts import expressions_in, texts_of

LONGEST = 160


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A place that uses a field: its file, the element there (or ''), and how, in words."""

    file: str
    element: str
    words: str


def uses_of(bundle: Bundle, relied: Iterable[Reliance], form: str, field: str) -> list[FieldUse]:
    """Each place once, in the order: diagrams, tables, other forms, print templates, scenarios, pages of the house."""
    found = (
        *_of_expressions(bundle, field),
        *_of_results(bundle, field),
        *_of_forms(bundle, form, field),
        *_of_files(bundle, field),
        *_of_house(bundle, relied, form, field),
    )
    return list(dict.fromkeys(found))


def _of_expressions(bundle: Bundle, field: str) -> Iterator[FieldUse]:
    for use in uses(bundle):
        if field in names_in(use.text):
            yield FieldUse(use.file, use.element, f"{use.place}：{use.text[:LONGEST]}")
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.loop is not None and field in (node.loop.collection, node.loop.item, node.loop.output_item):
                yield FieldUse(process.file, node.id, "分头办理的名单或各份的结果")
            basis = node.properties.get("due_basis", "")
            if any(field in names_in(one) for one in expressions_in(basis)):
                yield FieldUse(process.file, node.id, f"期限依据：{basis[:LONGEST]}")


def _of_results(bundle: Bundle, field: str) -> Iterator[FieldUse]:
    for decision in bundle.decisions.values():
        if any(one.text == field for one in decision.outputs):
            yield FieldUse(decision.file, decision.id, "结果写入同一个名称，可以预填到这个字段")
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.operation is not None and node.operation.result == field:
                yield FieldUse(process.file, node.id, "结果记作同一个名称，可以预填到这个字段")


def _of_forms(bundle: Bundle, own: str, field: str) -> Iterator[FieldUse]:
    for name, form in bundle.forms.items():
        texts = [*texts_of(form.schema), *texts_of(bundle.ui.get(name))]
        if any(field in names_in(one) for _, text in texts for one in expressions_in(text)):
            yield FieldUse(form.file, field, "说明的话里写着它的值")
        filled = [spec.schema.get(FILL) for spec in form.fields.values()]
        if any(field in names_in(one) for text in filled if isinstance(text, str) for one in expressions_in(text)):
            yield FieldUse(form.file, field, "预先填好别的字段时用它的值")
        if name == own:
            continue
        if field in form.fields:
            way = "，预填上一次填的" if form.fields[field].schema.get("x-prefill") else ""
            yield FieldUse(form.file, field, f"也有这个字段{way}")
        if any(field in _days(rule) for rule in _rules(form.schema)):
            yield FieldUse(form.file, field, "日期的先后同它比较")


def _rules(schema: Any) -> list[Any]:
    rules = schema.get(KEYWORD) if isinstance(schema, dict) else None
    return rules if isinstance(rules, list) else []


def _days(rule: Any) -> list[Any]:
    return [rule.get(key) for key in ("value", "not_before", "not_after")] if isinstance(rule, dict) else []


def _of_files(bundle: Bundle, field: str) -> Iterator[FieldUse]:
    quoted = re.compile(rf'"{re.escape(field)}"|\.{re.escape(field)}\b')
    keyed = re.compile(rf"(?<![\w-]){re.escape(field)}\s*:")
    for name, content in sorted(bundle.files.items()):
        if name.endswith(".typ") and quoted.search(content.decode(errors="replace")):
            yield FieldUse(name, "", "打印时取它的内容")
        elif name.startswith("scenarios/") and keyed.search(content.decode(errors="replace")):
            yield FieldUse(name, "", "用例里填了它")


def _of_house(bundle: Bundle, relied: Iterable[Reliance], form: str, field: str) -> Iterator[FieldUse]:
    nodes = [node for one in bundle.processes.values() for node in one.nodes.values() if node.form == form]
    for one in relied:
        here = any(one.task == node.id or (one.sign and one.sign == node.properties.get("sign")) for node in nodes)
        if field in one.fields and (here or not (one.task or one.sign)):
            yield FieldUse("", "", one.what)
