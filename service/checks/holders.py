"""The holders of a task: there is one, of a unit or a leader that exists, and not another one unawares."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from service.checks.bundle import Bundle, read
from service.checks.dataflow import GIVEN
from service.checks.findings import CheckContext, Report
from service.checks.model import Node, ProcessModel
from service.checks.tested import listed
from service.checks.values import START, Writers
from service.checks.wording import ROLES, code, data, quote
from service.engine.expressions import readable
from service.processes.terms import LEADER, PERSON, UNIT

_REFERRED = {UNIT: "units", LEADER: "leaders", PERSON: "people"}
"""Word before the colon of ``candidates`` → the kind of records (``x-ref``) that a field must pick for it."""
_WANTED = {UNIT: "单位", LEADER: "领导的一项任职", PERSON: "一个人"}
_PICKED = {"talents": "人才", "leaders": "领导任职", "units": "单位", "people": "人员"}


def check(bundle: Bundle, context: CheckContext, writers: Writers, report: Report) -> None:
    """Rules task-holder, lane-changed and, where a task has no lane, task-lane."""
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.type != "userTask":
                continue
            kind, colon, text = node.properties.get("candidates", "").partition(":")
            narrowed = bool(colon and kind in _REFERRED and text.strip())
            if narrowed:
                if node.lane is None:
                    message = (
                        f"谁办选了{quote('candidates', text)}，但任务不在任何泳道里，"
                        "没有角色，没有人能办；请把任务放进泳道"
                    )
                    report.error(node.file, node.line, node.id, "task-lane", message)
                for problem in _problems(process, node, kind, text, context, writers):
                    report.error(node.file, node.line, node.id, "task-holder", problem)
            if not narrowed or kind == PERSON:
                _scope(process, node, context, writers, report)
    if context.base is not None:
        _changed(bundle, read(context.base, Report()), context, report)


def _problems(
    process: ProcessModel, node: Node, kind: str, text: str, context: CheckContext, writers: Writers
) -> Iterator[str]:
    """Why an expression for the holder gives no unit or no leader."""
    tree = readable(text)
    body = tree.body if tree is not None else None
    place, wanted = f"谁办{quote('candidates', text)}", _WANTED[kind]
    base = body.value if isinstance(body, ast.Attribute) else body
    if isinstance(base, ast.Name) and _may_lack(process, node, base.id, writers):
        yield (
            f"{place}：有一条路走到这里时还没有{data(base.id)}，"
            "没有人能办；请在前面给出，或核对名单上“每一项记作”的名称"
        )
    if constants := _constants(body):
        yield from _codes(place, kind, constants, node, context)
    elif isinstance(body, ast.Name):
        values = writers.values(process, node, body.id)
        if values is not None:
            yield from _codes(place, kind, sorted(values, key=str), node, context)
            return
        for field in writers.fields(process, node, body.id) or ():
            picked = field.schema.get("x-ref")
            if picked != _REFERRED[kind]:
                what = f"选的是{_PICKED.get(str(picked), '别的')}" if picked else "不是从名单里选的"
                yield (
                    f"{place}：字段{data(body.id)}{what}，不会是{wanted}；"
                    f'请改用 "x-ref": "{_REFERRED[kind]}" 的字段，或系统动作给出的{wanted}'
                )


def _constants(body: ast.expr | None) -> list[Any]:
    """The constants to which an expression may come: itself, or the branches of ``甲 if 条件 else 乙``."""
    if isinstance(body, ast.IfExp):
        return [*_constants(body.body), *_constants(body.orelse)]
    return [body.value] if isinstance(body, ast.Constant) else []


def _codes(place: str, kind: str, values: list[Any], node: Node, context: CheckContext) -> Iterator[str]:
    if kind == PERSON:
        yield from (problem for value in values for problem in _not_there(place, value, node, context))
        return
    if kind == LEADER:
        yield f"{place}：得到的是 {listed(values)}，不是一位领导；请改用给出领导任职的字段"
        return
    wrong = [value for value in values if context.units is not None and value not in context.units]
    if wrong:
        yield f"{place}：{listed(wrong)} 不是组织设置里的单位，没有人能办；请选一个单位，或改用给出单位的字段"


def _not_there(place: str, value: Any, node: Node, context: CheckContext) -> Iterator[str]:
    """Why a named person cannot take the task: there is none of that account, who left, or who has not its role."""
    if not isinstance(value, str):
        yield f"{place}：得到的是 {listed([value])}，不是一个人；请重新选一个人"
    elif context.people is None:
        return
    elif (found := context.people.get(value)) is None:
        yield f"{place}：没有账号 {value}，没有人能办；请重新选一个人"
    elif not found.usable:
        yield f"{place}：{found.name} 已不在岗，或账号已停用；请另选一个人"
    elif node.lane and node.lane not in found.roles:
        yield (
            f"{place}：{found.name} 没有“{code(ROLES, node.lane)}”这个角色，办不了这一步；"
            "请另选一个人，或把任务移到这个人所在角色的泳道，或请系统管理员授予角色"
        )


def _may_lack(process: ProcessModel, node: Node, name: str, writers: Writers) -> bool:
    """Whether on some way to the task nothing gives the name."""
    if name in GIVEN:
        return False
    return any(origin.kind == START for origin in writers.origins(process, node, name) or ())


def _scope(process: ProcessModel, node: Node, context: CheckContext, writers: Writers, report: Report) -> None:
    """A role that sees the tasks of the unit that the data name, where no data name one: everybody's and nobody's."""
    role = _holder(node)[0]
    scope = context.roles.get(role, "")
    name = scope.removeprefix("data:")
    if scope.startswith("data:") and _may_lack(process, node, name, writers):
        message = (
            f"角色「{code(ROLES, role)}」只办{data(name)}所指单位的任务，"
            f"但走到这里时可能还没有{data(name)}，哪个单位的人都能办；"
            "请把任务放进各单位分别办理的图，或在“谁办”里选由哪一项给出单位"
        )
        report.error(node.file, node.line, node.id, "task-holder", message)


def _changed(bundle: Bundle, before: Bundle, context: CheckContext, report: Report) -> None:
    """Tasks that another role may take than in the version before: a deleted lane's fall to the neighbour."""
    held = {(process.id, node.id): _holder(node) for process, node in _tasks(before)}
    lanes = {
        lane.id: lane.name
        for one in (before, bundle)
        for process in one.processes.values()
        for lane in process.lanes.values()
    }
    for process, node in _tasks(bundle):
        was, now = held.get((process.id, node.id)), _holder(node)
        if was is not None and was != now:
            message = (
                f"办理人变了：现行版本是{_said(was, lanes)}，现在是{_said(now, lanes)}；"
                "如果不是有意改的（例如删了泳道），请把任务拖回原来的泳道"
            )
            report.warning(node.file, node.line, node.id, "lane-changed", message)


def _tasks(bundle: Bundle) -> Iterator[tuple[ProcessModel, Node]]:
    for process in bundle.processes.values():
        yield from ((process, node) for node in process.nodes.values() if node.type == "userTask")


def _holder(node: Node) -> tuple[str, str]:
    """(role, narrowing) of a task."""
    candidates = node.properties.get("candidates", "")
    narrowed = candidates.partition(":")[0] in _REFERRED and ":" in candidates
    return (node.lane or "", candidates) if narrowed or not candidates else (candidates, "")


def _said(holder: tuple[str, str], lanes: Mapping[str, str]) -> str:
    role, narrowed = holder
    name = f"“{lanes.get(role, role)}”" if role else "没有人"
    kind, _, text = narrowed.partition(":")
    return f"{name}（只限{quote('candidates', text)}{_ONLY.get(kind, '')}）" if narrowed else name


_ONLY = {UNIT: "的人", LEADER: "本人"}
