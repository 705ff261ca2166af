"""The data that expressions of a bundle may name, with the words of its forms: for completion while somebody types."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from service.checks.bundle import Bundle
from service.engine.expressions import readable
from service.processes.rules import one_line

Json = dict[str, Any]
Records = Mapping[str, Mapping[str, str]]
"""Word of a form (a kind of records, a list of choices) → code → name."""
NO_RECORDS: Records = {}

ALWAYS = {
    "unit": "本单位（责任单位）",
    "initiator": "发起人",
    "initiator_unit": "发起人的单位",
    "initiator_roles": "发起人的角色",
    "number": "受理编号",
    "scheduled.planned_on": "自动发起的计划日期",
}
DATE, OF_UNIT, OF_LEADER, OF_PERSON = "date", "unit", "leader", "person"
"""The uses of data beside conditions: a day, a unit's code, the post of a leader, somebody."""
_ALWAYS_IS: Mapping[str, str] = {"unit": OF_UNIT, "initiator_unit": OF_UNIT, "initiator": OF_PERSON}
_PICKED: Mapping[str, str] = {"units": OF_UNIT, "leaders": OF_LEADER, "people": OF_PERSON}
_PARTS: Mapping[str, tuple[str, str]] = {
    "unit": (OF_UNIT, "单位"),
    "leader_id": (OF_LEADER, "领导"),
    "due_on": (DATE, "到期日"),
    "ended_on": (DATE, "结束日期"),
}
"""Parts of the results of actions → their use, and their name for people."""
LISTS: Mapping[str, str] = {"towns": "镇街", "categories": "事项类别", "kinds": "单位类型"}
"""Lists that every house has → what people call them; one of its own is known by its first choices."""
PRIVATE: Mapping[str, str] = {"phone": "电话", "email": "电子邮箱", "identity": "证件信息"}
"""Kinds of personal data (``x-private``) → what people call them."""
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


def known(
    bundle: Bundle,
    settings: Iterable[str],
    nearest: Iterable[str] = (),
    *,
    apart: bool = True,
    records: Records = NO_RECORDS,
    samples: Mapping[str, Any] | None = None,
    units: Collection[str] = (),
) -> list[Json]:
    """``{name, title, is?, list?, of?, values?, insert?}`` of each: ``values`` are a field's choices, ``insert`` is
    written for it.

    ``is`` is one of DATE, OF_UNIT, OF_LEADER, OF_PERSON; of a ``list`` (true), ``of`` is that of its items. ``units``
    are the codes of units, by which an action's list of them is known. ``samples``: action → a plausible result, whose
    parts are data too.
    Where forms have fields of one name, those of the ``nearest`` forms alone count, else the choices of all of them.
    ``apart``: a title names its form; without, fields of one name that are titled otherwise have all their titles.
    """
    found: dict[str, Json] = {
        name: {"name": name, "title": title, **({"is": _ALWAYS_IS[name]} if name in _ALWAYS_IS else {})}
        for name, title in ALWAYS.items()
    }
    near = {one["name"]: one for one in _of_forms(bundle, list(nearest), apart, records)}
    fields = list(_of_forms(bundle, sorted(bundle.forms), apart, records))
    for one in (
        *fields,
        *_of_tables(bundle, units),
        *_of_nodes(bundle, samples or {}, units),
        *_of_parts(bundle, samples or {}),
    ):
        first = found.setdefault(one["name"], one)
        if first is one:
            continue
        joins = not apart and any(one is field for field in fields) and one["name"] not in ALWAYS
        if joins and one["title"] not in first["title"].split("／"):
            first = found[one["name"]] = {**first, "title": f"{first['title']}／{one['title']}"}
        if "values" in one:
            found[one["name"]] = {**first, "values": _both(first.get("values", []), one["values"])}
    found |= near
    for name in sorted(settings):
        found[f"settings.{name}"] = {"name": f"settings.{name}", "title": f"设置 {name}"}
    functions = [{"name": name, "title": title, "insert": text} for name, (title, text) in FUNCTIONS.items()]
    return [*found.values(), *functions]


def branches(bundle: Bundle) -> dict[str, list[Json]]:
    """Id of a sequence flow that leaves a branching → the fields of the forms that are meant there."""
    gateways = ("exclusiveGateway", "inclusiveGateway")
    flows = (
        flow.id
        for process in bundle.processes.values()
        for flow in process.flows.values()
        if (source := process.nodes.get(flow.source)) is not None and source.type in gateways
    )
    return {flow: list(_of_forms(bundle, forms_before(bundle, flow), True, NO_RECORDS)) for flow in flows}


def forms_before(bundle: Bundle, flow_id: str) -> list[str]:
    """The forms of the steps that a token comes from straight before the sequence flow, the nearest last."""
    for process in bundle.processes.values():
        if (flow := process.flows.get(flow_id)) is None:
            continue
        found, seen, waiting = [], set[str](), [flow.source]
        while waiting:
            node = process.nodes.get(waiting.pop(0))
            if node is None or node.id in seen:
                continue
            seen.add(node.id)
            if node.form is not None:
                found.append(node.form)
            else:
                called = bundle.processes.get(node.called or "")
                found += [one.form for one in (called.nodes.values() if called else ()) if one.form is not None]
                waiting += [one.id for one in process.before(node.id)]
        return list(reversed(found))
    return []


def fields_of(bundle: Bundle, names: Iterable[str]) -> list[Json]:
    """The fields of these forms as ``known`` tells them, those of one name once, with the choices of all."""
    found: dict[str, Json] = {}
    for one in _of_forms(bundle, names, apart=False):
        first = found.setdefault(one["name"], one)
        if first is not one:
            titles = dict.fromkeys([*str(first["title"]).split("／"), one["title"]])
            values = _both(first.get("values", []), one.get("values", []))
            found[one["name"]] = {**first, "title": "／".join(titles), **({"values": values} if values else {})}
    return list(found.values())


def _both(first: list[Json], second: list[Json]) -> list[Json]:
    """The choices of two fields; one value that is worded differently has both words."""
    words: dict[tuple[type, Any], list[str]] = {}
    for one in (*first, *second):
        said = words.setdefault((type(one["value"]), one["value"]), [])
        said += [word for word in str(one["title"]).split("／") if word not in said]
    return [{"value": value, "title": "／".join(said)} for (_, value), said in words.items()]


def _of_forms(
    bundle: Bundle, names: Iterable[str], apart: bool = True, records: Records = NO_RECORDS
) -> Iterator[Json]:
    for form in (bundle.forms[name] for name in names if name in bundle.forms):
        where = title_of(form.schema) if apart else ""
        for name, field in form.fields.items():
            titled = field.schema.get("title")
            title = f"{titled}（{where}）" if where and titled else str(titled or name)
            values, is_ = values_of(field.schema, records), is_of(field.schema)
            items = field.schema.get("items") if field.schema.get("type") == "array" else None
            yield {
                "name": name,
                "title": title,
                **({"is": is_} if is_ else {}),
                **(_list(is_of(items)) if isinstance(items, Mapping) else {}),
                **({"values": values} if values else {}),
            }


def _list(of: str) -> Json:
    return {"list": True, **({"of": of} if of else {})}


def _list_like(sample: Any, units: Collection[str]) -> Json:
    """The marks that a plausible value puts on data: whether it is a list, and of units."""
    if not isinstance(sample, list):
        return {}
    return _list(OF_UNIT if sample and all(isinstance(one, str) and one in units for one in sample) else "")


def _of_tables(bundle: Bundle, units: Collection[str]) -> Iterator[Json]:
    for decision in bundle.decisions.values():
        for at, output in enumerate(decision.outputs):
            cells = [_constant(rule.outputs[at].text) for rule in decision.rules if at < len(rule.outputs)]
            lists = [one for one in cells if isinstance(one, list)]
            unit = bool(cells) and any(isinstance(one, str) and one in units for one in cells)
            yield {
                "name": output.text,
                "title": f"规则表{decision.name}的结果",
                **({"is": OF_UNIT} if unit else {}),
                **(_list_like([one for each in lists for one in each], units) if lists else {}),
            }


def _constant(text: str) -> Any:
    """The text, or the list of those texts that stand in it, which a cell says; None for what is more."""
    tree = readable(text)
    body = tree.body if tree is not None else None
    if isinstance(body, ast.List):
        return [one.value for one in body.elts if isinstance(one, ast.Constant)]
    return body.value if isinstance(body, ast.Constant) else None


def _of_nodes(bundle: Bundle, samples: Mapping[str, Any], units: Collection[str]) -> Iterator[Json]:
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.operation is not None and node.operation.result:
                like = _list_like(samples.get(node.operation.action), units)
                yield {"name": node.operation.result, "title": f"{one_line(node.name)}的结果", **like}
            if node.loop is not None and node.loop.item:
                yield {"name": node.loop.item, "title": f"{one_line(node.name)}的每一项"}
            if node.loop is not None and node.loop.output_collection:
                title = f"{one_line(node.name)}的各份结论"
                yield {"name": node.loop.output_collection, "title": title, "list": True}


def _of_parts(bundle: Bundle, samples: Mapping[str, Any]) -> Iterator[Json]:
    """The parts of what actions give, and of the items of a list that an action gives."""
    given: dict[str, tuple[str, Any]] = {}
    nodes = [node for process in bundle.processes.values() for node in process.nodes.values()]
    for node in nodes:
        if node.operation is not None and node.operation.result:
            given[node.operation.result] = (f"{one_line(node.name)}的结果", samples.get(node.operation.action))
    for node in nodes:
        listed = given.get((node.loop.collection or "") if node.loop is not None else "", ("", None))[1]
        if node.loop is not None and node.loop.item and isinstance(listed, list) and listed:
            given.setdefault(node.loop.item, (f"{one_line(node.name)}的每一项", listed[0]))
    for name, (whose, sample) in given.items():
        for part in sample if isinstance(sample, Mapping) else ():
            if part in _PARTS:
                is_, title = _PARTS[part]
                yield {"name": f"{name}.{part}", "title": f"{whose}：{title}", "is": is_}


def is_of(schema: Mapping[str, Any]) -> str:
    """The use of a field's value beside conditions; empty where it has none."""
    return DATE if schema.get("format") == "date" else _PICKED.get(str(schema.get("x-ref", "")), "")


def values_of(schema: Mapping[str, Any], records: Records = NO_RECORDS) -> list[Json]:
    """The choices of a field with their words; empty where it is no choice.

    ``records`` are those of a kind that forms pick from (``x-ref``), code → name, where their names are known.
    """
    if schema.get("type") == "boolean":
        return [{"value": True, "title": "是"}, {"value": False, "title": "否"}]
    source = schema.get("items") if schema.get("type") == "array" else schema
    if not isinstance(source, Mapping):
        return []
    if picked := records.get(str(source.get("x-ref", source.get("x-options", "")))):
        return [{"value": code, "title": name} for code, name in picked.items()]
    options = source.get("oneOf") or source.get("anyOf") or []
    return [
        {"value": one["const"], "title": str(one.get("title", one["const"]))}
        for one in options
        if isinstance(one, Mapping) and isinstance(one.get("const"), str | int | float | bool)
    ]


def title_of(schema: Any) -> str:
    """The title of a form; empty where it has none."""
    title = schema.get("title") if isinstance(schema, Mapping) else None
    return title if isinstance(title, str) else ""
