"""First values that the service works out (``x-fill``): expressions over known data and facts, fit for their field."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from service.checks.bundle import Bundle
from service.checks.expressions import known_data
from service.checks.findings import CheckContext, Report
from service.checks.form_model import Field
from service.checks.sampling import names_in
from service.checks.wording import data
from service.engine.expressions import check_expression, readable
from service.processes.terms import FACTS, FILL, FILLER, FILLER_FACTS, FORM_FACTS, TALENT, TALENT_FACTS
from service.processes.told_texts import expressions_in, is_single

_BESIDE: Mapping[str, Mapping[str, str]] = {FACTS: FORM_FACTS, TALENT: TALENT_FACTS, FILLER: FILLER_FACTS}


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rule form-fill."""
    known = known_data(bundle)
    for form in bundle.forms.values():
        for field in form.fields.values():
            text = field.schema.get(FILL)
            if isinstance(text, str):
                for problem in _problems(text, field, known, context):
                    message = f"预先填上{data(field.name)}的式子：{problem}"
                    report.error(form.file, form.line(field.name), form.name, "form-fill", message)


def _problems(text: str, field: Field, known: Collection[str], context: CheckContext) -> Iterator[str]:
    inside = expressions_in(text)
    if _whole(field.schema) and not is_single(text):
        yield "日期、选项、名单和选取记录的字段只能写一个式子，例如 {today()}"
    for expression in inside:
        found = check_expression(expression, None, context.functions)
        unknown = sorted(names_in(expression) - set(known) - _BESIDE.keys())
        found += [f"不认识数据 {'、'.join(unknown)}"] if unknown else []
        found += list(_unknown_facts(expression))
        if found:
            yield f"{{{expression}}}：{'；'.join(found)}"


def _whole(schema: Mapping[str, Any]) -> bool:
    """Whether the field takes a value and no text around it."""
    texts = schema.get("type") == "string" and not {"oneOf", "enum", "x-ref", "x-options"} & schema.keys()
    return not texts or schema.get("format") == "date"


def _unknown_facts(expression: str) -> Iterator[str]:
    """``facts``, ``talent`` and ``filler`` hold what their tables name; by themselves they are no value."""
    tree = readable(expression)
    nodes = list(ast.walk(tree)) if tree is not None else []
    of = {id(node.value): node.attr for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if not isinstance(node, ast.Name) or node.id not in _BESIDE:
            continue
        named = of.get(id(node))
        if named not in _BESIDE[node.id]:
            yield f"{node.id} 后面应写：{'、'.join(f'.{name}' for name in _BESIDE[node.id])}"
