"""The data that expressions of a bundle may name, with the words of its forms: for completion while somebody types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from service.checks.bundle import Bundle

Json = dict[str, Any]

ALWAYS = {
    "unit": "本单位（责任单位）",
    "initiator": "发起人",
    "initiator_unit": "发起人的单位",
    "initiator_roles": "发起人的角色",
    "number": "受理编号",
    "scheduled.planned_on": "自动发起的计划日期",
}
FUNCTIONS = {
    "working_days": ("今天起第几个工作日", "working_days(5)"),
    "working_days_after": ("某日起第几个工作日", "working_days_after(due_on, 1)"),
    "working_days_between": ("两个日期之间有几个工作日", "working_days_between(received_on, today())"),
    "size_of": ("名单里有几个", "size_of(units)"),
    "as_text": ("写成文字", "as_text(days)"),
    "today": ("今天", "today()"),
    "now": ("现在", "now()"),
    "not": ("不、没有", "not "),
    "and": ("并且", "and "),
    "or": ("或者", "or "),
    "None": ("空（没有填）", "None"),
    "True": ("是", "True"),
    "False": ("否", "False"),
}


def known(bundle: Bundle, settings: Iterable[str]) -> list[Json]:
    """``{name, title, values?, insert?}`` of each: ``values`` are a field's choices, ``insert`` what is written for it.

    Of two that have one name the first counts; one with choices before one without.
    """
    found: dict[str, Json] = {name: {"name": name, "title": title} for name, title in ALWAYS.items()}
    for one in (*_of_forms(bundle), *_of_tables(bundle), *_of_nodes(bundle)):
        if one["name"] not in found or ("values" in one and "values" not in found[one["name"]]):
            found[one["name"]] = one
    for name in sorted(settings):
        found[f"settings.{name}"] = {"name": f"settings.{name}", "title": f"设置 {name}"}
    functions = [{"name": name, "title": title, "insert": text} for name, (title, text) in FUNCTIONS.items()]
    return [*found.values(), *functions]


def _of_forms(bundle: Bundle) -> Iterator[Json]:
    for form in bundle.forms.values():
        where = title_of(form.schema)
        for name, field in form.fields.items():
            titled = field.schema.get("title")
            title = f"{titled}（{where}）" if where and titled else str(titled or name)
            values = _values(field.schema)
            yield {"name": name, "title": title, **({"values": values} if values else {})}


def _of_tables(bundle: Bundle) -> Iterator[Json]:
    for decision in bundle.decisions.values():
        for output in decision.outputs:
            yield {"name": output.text, "title": f"规则表“{decision.name}”的结果"}


def _of_nodes(bundle: Bundle) -> Iterator[Json]:
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.operation is not None and node.operation.result:
                yield {"name": node.operation.result, "title": f"“{node.name}”的结果"}
            if node.loop is not None and node.loop.item:
                yield {"name": node.loop.item, "title": f"“{node.name}”的每一项"}
            if node.loop is not None and node.loop.output_collection:
                yield {"name": node.loop.output_collection, "title": f"“{node.name}”的各份结论"}


def _values(schema: Mapping[str, Any]) -> list[Json]:
    """The choices of a field with their words; empty where it is no choice."""
    if schema.get("type") == "boolean":
        return [{"value": True, "title": "是"}, {"value": False, "title": "否"}]
    source = schema.get("items") if schema.get("type") == "array" else schema
    options = (source.get("oneOf") or source.get("anyOf") or []) if isinstance(source, Mapping) else []
    return [
        {"value": one["const"], "title": str(one.get("title", one["const"]))}
        for one in options
        if isinstance(one, Mapping) and isinstance(one.get("const"), str | int | float | bool)
    ]


def title_of(schema: Any) -> str:
    """The title of a form; empty where it has none."""
    title = schema.get("title") if isinstance(schema, Mapping) else None
    return title if isinstance(title, str) else ""
