"""Extensions of other modelers: kept where they mean nothing here, refused where they would change what runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from service.checks.bundle import Bundle
from service.checks.findings import Report
from service.checks.model import BPMN, SPIFF, local
from service.engine.xml import line_of

_OURS = frozenset({BPMN.strip("{}"), SPIFF.strip("{}")})
_DRAWN = (
    "http://www.omg.org/spec/BPMN/20100524/DI",
    "http://www.omg.org/spec/DD/20100524/",
    "http://www.omg.org/spec/BPMN/non-normative/color/",
    "http://bpmn.io/schema/bpmn/biocolor/",
    "http://www.w3.org/",
)
"""Namespaces of the drawing: they say nothing about the process."""

_RUNNING: Mapping[str, str] = {
    "executionListener": "请改用“系统动作”",
    "executionListeners": "请改用“系统动作”",
    "taskListener": "请改用“系统动作”",
    "taskListeners": "请改用“系统动作”",
    "eventListener": "请改用“系统动作”",
    "script": "图中不能写脚本；请改用“系统动作”",
    "connector": "请改用“系统动作”",
    "field": "请写成“系统动作”用的数据",
    "inputOutput": "数据在整个流程中共用；要改名、要算的，请改用“系统动作”里的赋值",
    "ioMapping": "数据在整个流程中共用；要改名、要算的，请改用“系统动作”里的赋值",
    "in": "被用到的图看得到全部数据，请删去",
    "out": "被用到的图的数据自动带回，请删去",
    "loopCharacteristics": "请在右边勾“名单上每一项同时各办一份”，写上名单和每一项记作什么",
    "taskDefinition": "请改用“系统动作”",
    "calledElement": "请在右边选“哪一张图”",
    "calledDecision": "请在右边选规则表",
    "subscription": "消息按名称送达，请删去",
}
"""Extension elements, of whatever modeler, that compute, call or pass on data where they come from → the way out."""

MOST_NAMES = 6


def check(bundle: Bundle, report: Report) -> None:
    """Rule extension-unknown, of namespaces that are not ours."""
    for file, root in bundle.diagrams.items():
        kept: dict[str, list[tuple[int, str, str]]] = {}
        for line, element, namespace, name, runs in _foreign(root):
            if runs:
                message = f"扩展 {name}（{_short(namespace)}）在这里不起作用，流程会与原来不同；{_RUNNING[name]}"
                report.error(file, line, element, "extension-unknown", message)
            else:
                kept.setdefault(namespace, []).append((line, element, name))
        for namespace, every in kept.items():
            line, element, _ = every[0]
            names = list(dict.fromkeys(name for _, _, name in every))
            more = "等" if len(names) > MOST_NAMES else ""
            message = (
                f"有 {len(every)} 处 {_short(namespace)} 的扩展（{'、'.join(names[:MOST_NAMES])}{more}），"
                "保留在文件里，但不起作用；不需要的请删去"
            )
            report.warning(file, line, element, "extension-unknown", message)


def _foreign(root: etree._Element) -> Iterator[tuple[int, str, str, str, bool]]:
    """(line, id of its BPMN element, namespace, name, whether it would run) of what other modelers have added."""
    for element in root.iter(f"{BPMN}*"):
        for name in element.attrib:
            namespace = etree.QName(name).namespace or ""
            if namespace and not _known(namespace):
                yield line_of(element), element.get("id", "-"), namespace, etree.QName(name).localname, False
        if element.tag != f"{BPMN}extensionElements":
            continue
        owner = element.getparent()
        for child in element.iter(etree.Element):
            namespace = etree.QName(child).namespace or ""
            if child is element or namespace in _OURS:
                continue
            name, owned = local(child), owner.get("id", "-") if owner is not None else "-"
            if name in _RUNNING:
                yield line_of(child), owned, namespace, name, True
            elif child.getparent() is element:
                yield line_of(child), owned, namespace, name, False


def _known(namespace: str) -> bool:
    return namespace in _OURS or namespace.startswith(_DRAWN)


def _short(namespace: str) -> str:
    """A namespace as people know it: ``camunda``, ``zeebe``, ``signavio`` …"""
    words = [word for word in namespace.split("/") if word and not word[0].isdigit()]
    host = words[1] if len(words) > 1 and "." in words[1] else ""
    known = next((one for one in _MODELERS if one in namespace.lower()), "")
    return known or host or namespace[:60]


_MODELERS = ("zeebe", "camunda", "flowable", "activiti", "signavio", "bpmn.io", "trisotech", "bizagi", "yaoqiang")
