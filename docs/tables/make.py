"""Writes the tables of the guides that repeat what code and diagrams declare: actions, records, lists, properties,
pages, processes (``docs/diagrams.zh.md``), rights (``docs/administrators.zh.md``).

``make docs`` after a change; ``tests/unit/test_guide_tables.py`` fails while they are stale.
An action's words stand beside it (``Action.does`` in ``service/actions``); its example is its first use in a shipped
diagram, else ``Action.example``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from service.actions import action_table
from service.checks.forms import LISTINGS, REFERENCES
from service.config import load
from service.config.organization import load_organization
from service.processes.bundles import compile_bundle, read_bundle
from service.processes.definitions import name_of
from service.processes.models import Definition
from service.processes.profiles import profile_of
from service.processes.properties import PAGES, PROCESS, TASK, Property
from service.processes.terms import FACTS, FILLER, FILLER_FACTS, FORM_FACTS, TALENT, TALENT_FACTS
from service.processes.wiring import Action
from service.rights import RIGHTS, scopes_of

HOME = Path(__file__).resolve().parents[2]
GUIDE, ADMINISTRATORS = HOME / "docs/diagrams.zh.md", HOME / "docs/administrators.zh.md"
NAMES = {
    "b": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "s": "http://spiffworkflow.org/bpmn/schema/1.0/core",
}
LONGEST = 90
"""Characters of a result beyond which its fields are only named."""
MOST = 60
"""Characters of an example's expression beyond which it is left out."""


def main() -> None:
    for guide in (GUIDE, ADMINISTRATORS):
        guide.write_text(filled(guide.read_text()))


def filled(guide: str) -> str:
    """The guide with each table between its marks made anew. Raises KeyError for marks of an unknown table."""
    tables = {
        "actions": actions_table,
        "records": records_table,
        "lists": lists_table,
        "facts": facts_table,
        "task_properties": lambda: properties_table(TASK),
        "process_properties": lambda: properties_table(PROCESS),
        "pages": pages_table,
        "processes": processes_table,
        "rights": rights_table,
    }

    def put(found: re.Match[str]) -> str:
        return f"{found[1]}\n{tables[found[2]]()}\n{found[3]}"

    return re.sub(r"(<!-- (\w+): docs/tables/make\.py -->)\n.*?(<!-- /\2 -->)", put, guide, flags=re.DOTALL)


def actions_table() -> str:
    """Every action of the whitelist: name, parameters, what it does, a result, an example (a shipped diagram's, or its
    own where none calls it)."""
    uses = dict(_uses())
    settings = load(HOME / "config", environ={})
    rows = (
        (
            f"`{one.name}` {one.title}",
            _parameters(one),
            one.does,
            f"同 `{one.same_as}`" if one.same_as else _sample(one.sample),
            uses.get(one.name) or one.example or "出厂图没有用到",
        )
        for one in action_table(settings).values()
    )
    return _table(("动作", "参数", "做什么", "结果的样子", "出厂图里的例子"), rows)


def records_table() -> str:
    """What ``x-ref`` may name."""
    fields = _fields("x-ref")
    return _table(
        ("写法", "选什么", "例子"),
        (
            (f'`"x-ref": "{code}"`', name, fields.get(code) or _written("x-ref", code, name))
            for code, name in REFERENCES.items()
        ),
    )


def lists_table() -> str:
    """What ``x-among`` may name."""
    fields = _fields("x-among")
    return _table(
        ("写法", "名单上有谁", "例子"),
        (
            (f'`"x-among": "{code}"`', name, fields.get(code) or _written("x-among", code, name))
            for code, name in LISTINGS.items()
        ),
    )


def _written(word: str, code: str, name: str) -> str:
    """The example of what no shipped form names."""
    return f'出厂表单没有用到；写作 `{{ "type": "string", "title": "{name}", "{word}": "{code}" }}`'


def facts_table() -> str:
    """What the first values of a form (``x-fill``) may name beside the data of the case."""
    rows = [(f"`{FACTS}.{name}`", what) for name, what in FORM_FACTS.items()]
    rows += [(f"`{TALENT}.{name}`", f"表单选定的人才或事项的人才：{what}") for name, what in TALENT_FACTS.items()]
    rows += [(f"`{FILLER}.{name}`", f"填表的人：{what}") for name, what in FILLER_FACTS.items()]
    return _table(("写法", "是什么"), rows)


def properties_table(declared: Mapping[str, Property]) -> str:
    """What a process, or a user task, may say of itself."""
    rows = (
        (f"`{name}`", f"{one.does}{f'；最多 {one.longest} 个字' if one.longest else ''}", f"`{one.example}`")
        for name, one in declared.items()
    )
    return _table(("属性", "意思", "例子"), rows)


def rights_table() -> str:
    """What an added role may be given, over what, and which of the product's own roles have it."""
    names = {role.id: role.name for role in load_organization(HOME / "config").roles.values()}
    rows = (
        (
            f"`{right}` {one.name}",
            "、".join(f"`{scope}`" for scope in scopes_of(one)),
            "人人都有" if one.everybody else "、".join(names[role] for role in names if role in one.roles) or "—",
            "、".join(names[role] for role in names if role in one.unit_roles) or "—",
        )
        for right, one in RIGHTS.items()
    )
    return _table(("权限", "可写的范围", "自带角色：全部", "自带角色：本单位"), rows)


def pages_table() -> str:
    """What the property ``page`` may name."""
    return _table(("代码", "页面"), ((f"`{code}`", name) for code, name in PAGES.items()))


def processes_table() -> str:
    """The shipped processes as their diagrams describe them, in the order of the help page."""
    named = {stage.code: stage.name for stage in load_organization(HOME / "config").stages.values()}
    found = []
    for folder in sorted(path for path in (HOME / "bpmn").iterdir() if path.is_dir()):
        made = compile_bundle(read_bundle(folder, HOME / "forms" / folder.name), folder.name)
        found.append(profile_of(Definition(key=folder.name, version=1, name=name_of(made)), made, named))
    rows = (
        (
            f"`{one.process}` {one.name}",
            one.when,
            one.work,
            PAGES[one.page],
            "、".join(name or named.get(code, code) for code, name in one.made.stage_names.items()),
        )
        for one in sorted(found, key=lambda one: one.order)
    )
    return _table(("流程", "时间", "谁做什么", "在哪里办", "环节"), rows)


def _parameters(action: Action) -> str:
    needed = "、".join(f"`{name}`" for name in action.parameters)
    optional = "、".join(f"`{name}`" for name in action.optional)
    return "；".join(part for part in (needed, f"可不写 {optional}" if optional else "") if part) or "无"


def _sample(value: Any) -> str:
    """A result as diagrams write it; of a long one the names of its fields."""
    text = repr(value)
    if len(text) > LONGEST and isinstance(value, Mapping):
        return "、".join(f"`{name}`" for name in value)
    return f"`{text}`"


def _short(expression: str) -> str:
    return expression if len(expression) <= MOST else "…"


def _uses() -> Iterator[tuple[str, str]]:
    """(action, its example) of each service task in the shipped diagrams, those that come first last."""
    for path in sorted((HOME / "bpmn").glob("*/*.bpmn"), reverse=True):
        for task in reversed(etree.parse(path).findall(".//b:serviceTask", NAMES)):
            [operator] = task.iterfind(".//s:serviceTaskOperator", NAMES)
            told = "，".join(
                f"`{one.get('id')}` 写 `{_short(str(one.get('value')))}`"
                for one in operator.iterfind(".//s:parameter", NAMES)
            )
            kept = f"，结果记作 `{operator.get('resultVariable')}`" if operator.get("resultVariable") else ""
            name = "".join(str(task.get("name")).split())
            yield str(operator.get("id")), f"{path.name}「{name}」" + (f"：{told}" if told else "") + kept


def _fields(word: str) -> dict[str, str]:
    """What the keyword ``word`` names in the shipped forms → the first field that has it."""
    found: dict[str, str] = {}
    for path in sorted((HOME / "forms").glob("*/*.json")):
        if not path.name.endswith(".ui.json"):
            for title, value in _named(json.loads(path.read_text()), word):
                found.setdefault(value, f"{path.relative_to(HOME / 'forms')}「{title}」")
    return found


def _named(schema: Any, word: str, title: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(schema, Mapping):
        title = str(schema.get("title", title))
        if isinstance(schema.get(word), str):
            yield title, schema[word]
        for part in schema.values():
            yield from _named(part, word, title)
    elif isinstance(schema, list):
        for part in schema:
            yield from _named(part, word, title)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
