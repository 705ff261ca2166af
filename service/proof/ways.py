"""A way through a process: as steps in words, and as a scenario that runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from service import clock
from service.checks.form_model import form_of
from service.proof.diagram import Diagram
from service.proof.starts import words as start_words
from service.proof.states import Start, Step


def in_words(diagram: Diagram, start: Start, steps: Iterable[Step]) -> tuple[str, ...]:
    """The steps, one a line."""
    names = {node: name for (_, node), name in diagram.made.program.names.items()}
    return (start_words(start, names, diagram.named), *(_words(diagram, names, step) for step in steps))


def as_scenario(title: str, start: Start, steps: Iterable[Step], expect: Mapping[str, Any]) -> str:
    """The scenario (YAML) of a way, and what stands at its end."""
    said: dict[str, Any] = {"title": title, "starts": f"{clock.local(start.at):%Y-%m-%dT%H:%M}", "fill": True}
    if start.by:
        said["by"] = start.by
    if start.event:
        said["event"] = start.event
    if start.data:
        said["data"] = dict(start.data)
    listed = [dict(step) for step in steps]
    if listed and set(listed[0]) == {"answers"}:
        said["answers"] = listed.pop(0)["answers"]
    said["steps"] = listed
    said["expect"] = dict(expect)
    plain = json.loads(json.dumps(said))  # no two places share a value: YAML would write a reference
    text: str = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)
    return text


def _words(diagram: Diagram, names: Mapping[str, str], step: Step) -> str:
    if "do" in step:
        task, unit = str(step["do"]), diagram.named.get(step.get("unit", ""), step.get("unit"))
        chosen = "，".join(_choice(diagram, task, name, value) for name, value in step.get("data", {}).items())
        return (
            f"办理「{_line(names.get(task, task))}」"
            + (f"（{unit}）" if unit else "")
            + (f"：{chosen}" if chosen else "")
        )
    if "give_back" in step:
        task, target, unit = (
            str(step["from"]),
            str(step["give_back"]),
            diagram.named.get(step.get("unit", ""), step.get("unit")),
        )
        whose = f"（{unit}）" if unit else ""
        return f"从「{_line(names.get(task, task))}」{whose}退回「{_line(names.get(target, target))}」"
    if "until" in step:
        return f"等到 {str(step['until']).replace('T', ' ')}"
    if "message" in step:
        return f"收到消息「{step['message']}」"
    return "系统动作答复：" + "，".join(f"{name}＝{_short(value)}" for name, value in step.get("answers", {}).items())


def _choice(diagram: Diagram, task: str, name: str, value: Any) -> str:
    place = next((one for one in diagram.made.program.user_tasks if one[1] == task), None)
    if place is None:
        return f"{name}={_short(value)}"
    form = diagram.made.form_of(*place)
    fields = form_of(form.name, form.name, "", form.schema).fields
    schema = fields[name].schema if name in fields else {}
    return f"{schema.get('title') or name}＝{_said(diagram, schema, value)}"


def _said(diagram: Diagram, schema: Mapping[str, Any], value: Any) -> str:
    """A value as the form shows it: options by their titles, units by their names."""
    if isinstance(value, list):
        items = schema.get("items")
        known = items if isinstance(items, Mapping) else {}
        return "、".join(_said(diagram, known, one) for one in value) or "没有"
    titles = {
        json.dumps(one.get("const")): one.get("title") for one in schema.get("oneOf", ()) if isinstance(one, Mapping)
    }
    if title := titles.get(json.dumps(value)):
        return str(title)
    if schema.get("x-ref") == "units" and value in diagram.named:
        return diagram.named[value]
    return "是" if value is True else "否" if value is False else _short(value)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:60] + "…"


def _line(text: str) -> str:
    return " ".join(text.split())
