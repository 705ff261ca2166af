"""One word for a thing: messages of checks and proof call elements as the palette does, and name what has no name."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

from service.checks import check
from service.checks.model import Node
from service.checks.speaking import kind_name
from service.config import load, load_organization
from service.usecases import check_context
from tests.factories.mistakes import MISTAKES, ROOT

OTHER_WORDS = re.compile(
    "排他|包容网关|并行网关|互斥|事件网关|网关|用户任务|服务任务|业务规则任务|决策表|阶段[^反]|多实例|边界事件|调用活动|默认连线|捕获事件"
    "|签批栏|输入集合|输出集合|结果变量|齿轮任务|（(?:due|warn|candidates|stage|sign|about|clock|form)）"
)
"""Words of the standard, for which the palette and the panel have others."""


def sentences(path: Path) -> list[str]:
    """The Chinese texts of a module, without its docstrings."""
    tree = ast.parse(path.read_text())
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    aside = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, holders) and isinstance(node.body[0], ast.Expr)
    }
    texts = [
        one
        for one in ast.walk(tree)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in aside
    ]
    return [str(one.value) for one in texts if re.search(r"[\u4e00-\u9fff]", str(one.value))]


def test_messages_call_a_thing_as_the_palette_does() -> None:
    modules = [path for room in ("checks", "proof") for path in (ROOT / "service" / room).glob("*.py")]
    said = [(path.name, text) for path in modules for text in sentences(path)]
    assert len(said) > 400
    assert [(name, text) for name, text in said if OTHER_WORDS.search(text)] == []


def test_the_kinds_of_elements_are_called_as_the_palette_calls_them() -> None:
    kinds = (ROOT / "service/web/assets/src/studio/kinds.js").read_text()
    told = re.findall(
        r'label: "([^"]+)".*?shape: (?:event\("bpmn:(\w+)"(?:, "(\w+)")?\)|\{(.*?)\} *,? *(?:family|\}))', kinds
    )
    compared = 0
    for label, event, definition, shape in told:
        kind = event or re.search(r'(?:type: |event\()"bpmn:(\w+)"', shape)[1]  # type: ignore[index]
        definition = definition or "".join(re.findall(r'event\("bpmn:\w+", "(\w+)"\)', shape))
        if kind in ("Participant", "Group", "TextAnnotation"):
            continue
        node = Node(
            "id",
            "",
            kind[0].lower() + kind[1:],
            "",
            1,
            attached_to="host" if kind == "BoundaryEvent" else None,
            interrupting="cancelActivity: false" not in shape,
            events=(definition.lower(),) if definition else (),
        )
        assert kind_name(node) == label
        compared += 1
    assert compared >= 18


def test_an_element_without_a_name_is_called_by_its_kind_and_neighbours() -> None:
    context = check_context(load(ROOT / "config", {}), load_organization(ROOT / "config"))
    mistake = next(one for one in MISTAKES if one.rule == "join-waits" and one.process == "request")
    files = {
        name: text.replace(b'name="\xe5\x85\xa8\xe9\x83\xa8\xe5\xae\x8c\xe6\x88\x90"', b"")
        for name, text in mistake.files().items()
    }
    node = mistake.element.encode()
    files = {
        name: text.replace(b'"' + node + b'"', b'"Gateway_0abc12d"').replace(b">" + node + b"<", b">Gateway_0abc12d<")
        for name, text in files.items()
    }
    found = [one for one in check(files, context=replace(context, key="request")) if one.rule == "join-waits"]
    assert found
    assert all("之后的“分头同时做、汇合”" in one.message and "Gateway_" not in one.message for one in found)
