"""The panel of the editor of diagrams: for each kind of element a JSON Schema of what owners may say, in their words.

``x-keep`` names where a field stands in the file, as ``assets/src/studio/element.js`` reads and writes it; a field
without it is an extension property of its own name. Pure: the caller hands in the files and the facts of the choices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from service.checks.bundle import Bundle
from service.checks.known import branches, known, title_of
from service.checks.titles import PARAMETER_TITLES, PROCESS_TITLES, SIGNS, TASK_TITLES
from service.processes import properties
from service.processes.properties import PAGES, PROCESS, TASK, Property
from service.processes.terms import STAGES
from service.studio import reach

Json = dict[str, Any]


class Declared(Protocol):
    """An action as the panel needs it (``processes.wiring.Action``)."""

    @property
    def name(self) -> str:
        """Its name in a diagram."""

    @property
    def title(self) -> str:
        """Its Chinese name."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those that it needs."""

    @property
    def optional(self) -> tuple[str, ...]:
        """Those that may be left out."""

    @property
    def takes(self) -> Mapping[str, str]:
        """Parameter → the list on which its text must stand."""

    @property
    def sample(self) -> Any:
        """A plausible result."""

    @property
    def does(self) -> str:
        """Its effect and its result, in Chinese."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of owners from outside the bundle: code → name of each list, the names of settings."""

    actions: Iterable[Declared]
    roles: Mapping[str, str]
    stages: Mapping[str, str]
    settings: Iterable[str]
    units: Mapping[str, str] = field(default_factory=dict)
    notices: Mapping[str, str] = field(default_factory=dict)
    counters: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    """Sign-in name → name and unit of those whom the diagrams at hand name."""


NOTHING_KNOWN = Choices((), {}, {}, ())
"""No facts about the house: its codes stay codes."""


PROCESS_HELPS: Mapping[str, str] = {
    properties.TITLE: "写成式子；不写的用表单里的标题。被调用的图里，写这一份是谁的。",
    properties.STAGES: "按先后写名称。不写的是需求的五个环节。",
    properties.GIVEN: "写了的由系统发起，不能手工发起。",
    properties.OCCASION: "显示在帮助页；定时开始的日子不用写。",
    properties.WORK: "显示在帮助页。",
    properties.BUTTON: "不写的是“发起”和流程的名称。",
    properties.PURPOSE: "显示在工作台；不写的同“谁做什么”。",
    properties.ORDER: "写整数，小的在前。",
}


def panel(bundle: Bundle, choices: Choices, process: str) -> Json:
    """All that the page needs to show the panel of any element of the bundle's diagrams.

    ``kinds``: by panel name ``{title, help, schema, ui}``; ``actions``: by name ``{does, parameters}``; ``known``: data
    that expressions may name (``known.known``), ``branches``: those meant on a sequence flow, by its id; ``before``,
    ``inside``, ``slots``: by element those that a step can take from (``reach``); ``roles``, ``units``:
    ``{value, title}``; ``people``: sign-in name → words of those whom the diagrams name; ``forms``: the names of the
    forms that there are.
    """
    samples = {one.name: one.sample for one in choices.actions}
    data = known(bundle, choices.settings, samples=samples, units=choices.units)
    stages = _stages(bundle, choices)
    actions = sorted(choices.actions, key=lambda one: one.title)
    listed = {
        "notices": choices.notices,
        "reminders": {code: choices.notices.get(code, code) for code in ("due_soon", "due_today")},
        "counters": choices.counters,
        "roles": choices.roles,
        "units": choices.units,
        "steps": _steps(bundle),
    }
    return {
        "kinds": _kinds(bundle, choices, stages, actions, process),
        "actions": {
            one.name: {"does": one.does.replace("`", ""), "parameters": _parameters(one, listed)} for one in actions
        },
        "known": data,
        "before": reach.before(bundle, data),
        "inside": reach.inside(bundle),
        "slots": reach.slots(bundle),
        "branches": branches(bundle),
        "known_at_clock": [{"name": "due_on", "title": "所在任务的到期日"}],
        "roles": _offered(choices.roles),
        "units": _offered(choices.units),
        "people": dict(choices.people),
        "forms": sorted(bundle.forms),
    }


def _stages(bundle: Bundle, choices: Choices) -> dict[str, str]:
    named: dict[str, str] = {}
    for one in bundle.processes.values():
        for code, name in properties.stages_of(one.properties.get(properties.STAGES, "")):
            named[code] = name or choices.stages.get(code, code)
    return named or dict(STAGES)


def _steps(bundle: Bundle) -> dict[str, str]:
    nodes = (node for process in bundle.processes.values() for node in process.nodes.values())
    return {node.id: node.name or node.id for node in nodes if node.type == "userTask"}


def _choices(options: Mapping[str, str]) -> list[Json]:
    return [{"const": value, "title": title} for value, title in options.items()]


def _offered(names: Mapping[str, str]) -> list[Json]:
    return [{"value": code, "title": name} for code, name in names.items()]


def _text(title: str, help_: str = "", **more: Any) -> Json:
    return {"type": "string", "title": title, **({"description": help_} if help_ else {}), **more}


def _chosen(title: str, options: Mapping[str, str], help_: str = "", **more: Any) -> Json:
    # an empty list of choices is no valid schema: then it is a text
    return _text(title, help_, **({"oneOf": _choices(options)} if options else {}), **more)


NAME = _text("名称", **{"x-keep": "name"})
ID = _text("编号", "由名称的拼音自动得出，也可以改；启用后不要改。", **{"x-keep": "id"})
EXPRESSION = "expression"


def _widget(name: str, **options: Any) -> Json:
    return {"ui:widget": name, **({"ui:options": options} if options else {})}


def _kind(title: str, fields: Json, ui: Json | None = None, help_: str = "") -> Json:
    return {"title": title, "help": help_, "schema": {"type": "object", "properties": fields}, "ui": ui or {}}


def _kinds(bundle: Bundle, choices: Choices, stages: Mapping[str, str], actions: list[Declared], process: str) -> Json:
    stage = _chosen("环节", stages)
    called = {one.id: one.name or one.id for one in bundle.tops if one.id != process}
    many, many_ui = _many()
    timer = {"title": "到什么时间", "x-keep": "timer", "type": "object"}
    return {
        "user": _user_task(bundle, stages, many, many_ui),
        "service": _kind(
            "系统动作",
            {
                "name": NAME,
                "action": _chosen("做什么", {one.name: one.title for one in actions}, **{"x-keep": "action"}),
                "parameters": {"type": "object", "title": "用哪些数据", "properties": {}, "x-keep": "parameters"},
                "result": _text("结果记作", "以后的条件和动作用这个名称取它的结果。", **{"x-keep": "result"}),
                "stage": stage,
                "id": ID,
            },
            {"result": _widget("name", of="result", empty="不记")},
        ),
        "rule": _kind(
            "查规则表",
            {
                "name": NAME,
                "decision": _chosen(
                    "规则表",
                    {one.id: one.name or one.id for one in bundle.decisions.values()},
                    **{"x-keep": "decision"},
                ),
                "stage": stage,
                "id": ID,
            },
        ),
        "call": _kind(
            "另一张图",
            {
                "name": NAME,
                "called": _chosen("哪一张图", called, **{"x-keep": "called"}),
                "stage": stage,
                **many,
                "id": ID,
            },
            many_ui,
        ),
        "sub": _kind("内嵌子流程", {"name": NAME, "stage": stage, **many, "id": ID}, many_ui),
        "decision": _kind("分支", {"name": NAME, "id": ID}, help_="条件写在引出的连线上；其中一条作“其他情况”走的路。"),
        "gateway": _kind("分头、汇合", {"name": NAME, "id": ID}),
        "event": _kind("事件", {"name": NAME, "id": ID}),
        "cycle": _kind(
            "定时开始",
            {"name": NAME, "timer": {**timer, "title": "什么时候自动开始"}, "id": ID},
            {"timer": {"ui:field": "cycle"}},
            "只按最新版本启动；下次启动的时间写在“流程图”页面上。",
        ),
        "wait": _kind("等到时间", {"name": NAME, "timer": timer, "id": ID}, {"timer": {"ui:field": "timer"}}),
        "clock": _kind(
            "任务上的钟",
            {"name": NAME, "timer": timer, "id": ID},
            {"timer": {"ui:field": "timer", "ui:options": {"due": True}}},
            "到时间另做一件事，还是转走这条路，用图形边上的“换一种”选。",
        ),
        "message": _kind("等消息", {"name": NAME, "message": _text("消息的名称", **{"x-keep": "message"}), "id": ID}),
        "branch": _kind(
            "分支的连线",
            {
                "name": NAME,
                "otherwise": {"type": "boolean", "title": "其他情况走这条", "x-keep": "otherwise"},
                "condition": _text("条件", "成立时走这条路。", **{"x-keep": "condition"}),
                "id": ID,
            },
            {"condition": _widget("condition")},
        ),
        "flow": _kind("连线", {"name": NAME, "id": ID}),
        "lane": _kind(
            "泳道",
            {"id": _chosen("哪个角色", choices.roles, **{"x-keep": "id"}), "name": NAME},
            help_="泳道里的任务由这个角色办。",
        ),
        "group": _kind("环节框", {"name": _text("框上的字", **{"x-keep": "name"})}),
        "note": _kind("说明", {"name": _text("文字", **{"x-keep": "name"})}, {"name": {"ui:widget": "textarea"}}),
        "other": _kind(
            "不能运行的图形", {"name": NAME}, help_="系统不能运行这种图形，请删去，或用“换一种”换成能运行的。"
        ),
        "process": _process(),
    }


def _user_task(bundle: Bundle, stages: Mapping[str, str], many: Json, many_ui: Json) -> Json:
    forms = {form.name: title_of(form.schema) or form.name for form in bundle.forms.values()}
    special: Json = {
        "stage": _chosen(TASK_TITLES["stage"], stages),
        "form": _chosen(TASK_TITLES["form"], forms, "不选的，用与编号同名的表单。"),
        "candidates": _text(TASK_TITLES["candidates"]),
        "due": _text(TASK_TITLES["due"]),
        "due_basis": _text(TASK_TITLES["due_basis"], "文件和条款；不写的，页面上显示“本系统默认，非文件规定”。"),
        "warn": _text(TASK_TITLES["warn"]),
        "sign": _chosen(TASK_TITLES["sign"], SIGNS),
        "clock": {"type": "boolean", "title": TASK_TITLES["clock"], "x-true": "paused"},
        "about": _text(
            TASK_TITLES["about"],
            "不在单位名下的任务才选：任务的名称后面写上是哪些单位的。",
        ),
    }
    said = _said(TASK, TASK_TITLES, special)
    ui: Json = {
        "candidates": _widget("who"),
        "due": _widget("due"),
        "warn": _widget(EXPRESSION, kind="warn"),
        "about": _widget("about"),
        **many_ui,
    }
    return _kind("要人办的任务", {"name": NAME, **said, **many, "id": ID}, ui)


def _process() -> Json:
    special: Json = {name: _text(PROCESS_TITLES[name], help_) for name, help_ in PROCESS_HELPS.items()}
    special[properties.PAGE] = _chosen(PROCESS_TITLES[properties.PAGE], PAGES)
    said = _said(PROCESS, PROCESS_TITLES, special)
    ui: Json = {
        "documentation": {"ui:widget": "textarea", "ui:options": {"rows": 2}},
        properties.WORK: {"ui:widget": "textarea", "ui:options": {"rows": 2}},
        properties.TITLE: _widget(EXPRESSION, kind="title"),
        properties.STAGES: _widget("stages"),
    }
    documentation = _text("这张图说什么", **{"x-keep": "documentation"})
    fixed = {**ID, "readOnly": True, "description": "流程的编号不能改。"}
    return _kind("流程", {"name": NAME, **said, "documentation": documentation, "id": fixed}, ui)


def _many() -> tuple[Json, Json]:
    fields = {
        "many": {"type": "boolean", "title": "名单上每一项同时各办一份", "x-keep": "many"},
        "list": _text("名单", **{"x-keep": "list"}),
        "item": _text("每一项记作", "各办一份的图和表单里，用这个名称取名单上的那一项。", **{"x-keep": "item"}),
        "each": _text("每一份最后的结论（可不收）", **{"x-keep": "each"}),
        "results": _text("各份结论收进", "以后的条件用这个名称取全部结论。", **{"x-keep": "results"}),
    }
    return fields, {
        "list": _widget("list"),
        "item": _widget("name", of="item"),
        "each": _widget("each"),
        "results": _widget("name", of="results"),
    }


def _parameters(action: Declared, listed: Mapping[str, Mapping[str, str]]) -> Json:
    """Name → schema of each parameter, an expression; ``x-offers`` are the texts of the list that it must stand on."""
    fields: Json = {}
    for name in (*action.parameters, *action.optional):
        title = PARAMETER_TITLES.get(name, name)
        fields[name] = _text(title if name in action.parameters else f"{title}（可不写）")
        if offered := listed.get(action.takes.get(name, "")):
            fields[name]["x-offers"] = [{"text": f"'{code}'", "title": said} for code, said in offered.items()]
    return fields


def _said(declared: Mapping[str, Property], titles: Mapping[str, str], special: Json) -> Json:
    """A field for each declared property: those that are special as they are, the others as texts."""
    return {
        name: special.get(name) or _text(titles.get(name, name), _plain(one.does)) for name, one in declared.items()
    }


def _plain(text: str) -> str:
    """A sentence of the guide without its marks."""
    return text.replace("`", "").replace("（见下表）", "").removesuffix("，见下")
