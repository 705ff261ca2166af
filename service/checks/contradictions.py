"""Forms that no answer satisfies, as far as their bounds alone tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from service.checks import pattern_reader
from service.checks.bundle import Bundle
from service.checks.findings import Report
from service.checks.form_model import Form
from service.checks.forms import located
from service.checks.pattern_reader import Choice, Letter, Tree, Unreadable
from service.checks.wording import data

_BOUNDS = (
    ("minLength", "maxLength", "文字至少 {} 个字、至多 {} 个字"),
    ("minimum", "maximum", "数字不小于 {}、不大于 {}"),
    ("minItems", "maxItems", "至少 {} 项、至多 {} 项"),
    ("minProperties", "maxProperties", "至少 {} 项、至多 {} 项"),
)


def check(bundle: Bundle, report: Report) -> None:
    """Rule form-unsatisfiable."""
    for form in bundle.forms.values():
        if not isinstance(form.schema, dict):
            continue
        for name, part, tested in located(form.schema):
            for problem in _problems(part) if not tested else ():
                _error(form, name, f"字段{data(name)}{problem}，填什么都不行；请改正", report)
        for name in _refused(form.schema):
            _error(form, name, f"{data(name)}必填又不许填，怎么填都不行；请删去其中一处", report)


def _error(form: Form, name: str, message: str, report: Report) -> None:
    report.error(form.file, form.line(name), form.name, "form-unsatisfiable", message)


def _problems(part: Mapping[str, Any]) -> Iterator[str]:
    for least, most, words in _BOUNDS:
        low, high = part.get(least), part.get(most)
        if _counts(low) and _counts(high) and low > high:
            yield words.format(low, high)
    low, high = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    if _counts(low) and _counts(high) and low >= high:
        yield f"数字大于 {low}、小于 {high}"
    if part.get("enum") == [] or part.get("oneOf") == []:
        yield "没有一个可选的值"
    pattern, longest = part.get("pattern"), part.get("maxLength")
    if isinstance(pattern, str) and _counts(longest) and (shortest := _shortest(pattern)) > longest:
        yield f"按 pattern 至少 {shortest} 个字，按 maxLength 至多 {longest} 个字"


def _counts(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refused(schema: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Names that one and the same part requires and forbids."""
    if depth > 10:
        return
    required = {name for name in schema.get("required", ()) if isinstance(name, str)}
    refused = schema.get("not")
    if isinstance(refused, dict) and set(refused) == {"required"}:
        listed = refused["required"] if isinstance(refused["required"], list) else []
        if listed and required.issuperset(listed):
            yield from sorted(listed)
    properties = schema.get("properties")
    for name, value in properties.items() if isinstance(properties, dict) else ():
        if value is False and name in required:
            yield name
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, ()) if isinstance(schema.get(word), list) else ():
            if isinstance(part, dict):
                yield from _refused(part, depth + 1)
    for word in ("then", "else"):
        if isinstance(schema.get(word), dict):
            yield from _refused(schema[word], depth + 1)


def _shortest(pattern: str) -> int:
    """The fewest letters of a text that fits; 0 where nobody can tell."""
    try:
        return _length(pattern_reader.read(pattern).tree)
    except (Unreadable, RecursionError):
        return 0


def _length(tree: Tree) -> int:
    if isinstance(tree, Letter):
        return 1
    if isinstance(tree, Choice):
        return min((sum(_length(part) for part in way) for way in tree.ways), default=0)
    return tree.least * _length(tree.part)
