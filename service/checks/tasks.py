"""The properties of a task: its stage, lane, candidates, deadline, form, action and instances."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

from service.checks import profile
from service.checks.bundle import Bundle
from service.checks.expressions import known_data
from service.checks.findings import CheckContext, Report
from service.checks.form_model import Field
from service.checks.model import MultiInstance, Node, ProcessModel
from service.engine.expressions import LITERALS
from service.processes.properties import TASK
from service.processes.rules import REGISTER
from service.processes.terms import ABOUT, LEADER, SLOTS, UNIT

SIGNS = frozenset({"office", "unit", "group"})
_PRINTED = frozenset({"office", "unit"})

_OTHER = frozenset({"stage"})
NARROWING = {UNIT: "单位代码", LEADER: "领导任职编号"}
"""The words that may stand before the colon of ``candidates``, and what the expression after it must give."""
EXAMPLES = {UNIT: "unit", LEADER: "leader_id"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_GIVEN = frozenset({"settings", "initiator", "initiator_unit", "initiator_roles", "scheduled", "due_on"})
"""Data that the service gives: nothing in a diagram may write it."""


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rules task-stage, task-property, task-lane, lane-role, form-missing, action-unknown, action-parameter,
    action-result, data-name, decision-unresolved, print-nowhere and multi-instance."""
    known = known_data(bundle)
    stages = profile.stages(bundle, context, report)
    for process in bundle.processes.values():
        for lane in process.lanes.values():
            if lane.id not in context.roles:
                message = f"泳道 {lane.id} 不是组织设置里的角色；可用：{_list(context.roles)}"
                report.error(process.file, lane.line, lane.id, "lane-role", message)
        for node in process.nodes.values():
            _properties(node, stages, report)
            if node.type == "userTask":
                _user_task(process, node, bundle, stages, context, report)
            elif node.type == "serviceTask":
                _service_task(node, context, report)
            elif node.type == "businessRuleTask" and node.decision not in bundle.decisions:
                message = f"决策 {node.decision or '（未填）'} 不在本定义的决策表里；可用：{_list(bundle.decisions)}"
                report.error(node.file, node.line, node.id, "decision-unresolved", message)
            if node.loop is not None:
                _multi_instance(node, node.loop, known, report)


def _properties(node: Node, stages: Mapping[str, str], report: Report) -> None:
    known = TASK.keys() if node.type == "userTask" else _OTHER
    for name in node.properties:
        if name not in known:
            close = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"，是不是 {close[0]}？" if close else f"；可用：{_list(known)}"
            report.error(node.file, node.line, node.id, "task-property", f"不认识属性 {name}{hint}")
    stage = node.properties.get("stage")
    if stage is not None and stage not in stages:
        options = "、".join(f"{stage_id}（{name}）" for stage_id, name in stages.items())
        report.error(node.file, node.line, node.id, "task-stage", f"阶段 {stage or '（空）'} 不对；应为 {options} 之一")


def _user_task(
    process: ProcessModel,
    node: Node,
    bundle: Bundle,
    stages: Mapping[str, str],
    context: CheckContext,
    report: Report,
) -> None:
    def error(rule: str, message: str) -> None:
        report.error(node.file, node.line, node.id, rule, message)

    properties = node.properties
    if "stage" not in properties:
        error("task-stage", f"用户任务没有写阶段（stage）；应为 {_list(stages)} 之一")
    if node.form not in bundle.forms:
        error("form-missing", f"没有表单 forms/{node.form}.json；请添加，或用属性 form 指定已有的表单")
    elif node.id != REGISTER and properties.get("sign") not in _PRINTED:
        for field in bundle.forms[node.form].fields.values():
            if field.schema.get("x-print") is True:
                message = (
                    f"字段「{field.schema.get('title', field.name)}」要印在需求处理单上，而这个环节"
                    "没有选转办意见或办理情况的签署栏，印不出来；请在“处理单签署栏”里选一栏，或去掉“印在需求处理单上”"
                )
                report.warning(node.file, node.line, node.id, "print-nowhere", message)
    candidates = properties.get("candidates")
    if candidates is None and node.lane is None:
        error("task-lane", "用户任务不在任何泳道里，也没有写办理人（candidates），没有人能办；请拖进一条泳道")
    if candidates is not None:
        for problem in candidate_problems(candidates, context):
            error("task-lane", problem)
    for message in _property_problems(properties):
        error("task-property", message)
    upstream = process.upstream(node.id)
    if properties.get(ABOUT, "").startswith(SLOTS) and not any(process.nodes[one].loop for one in upstream):
        message = f"about 写了 {SLOTS}，但到这里之前没有几个单位同时办的环节（多实例）；请改写成给出单位代码的式子"
        error("task-property", message)


def candidate_problems(candidates: str, context: CheckContext) -> Iterator[str]:
    """Why the words for a holder name nobody."""
    kind, colon, expression = candidates.partition(":")
    if colon and kind in NARROWING:
        if not expression.strip():
            yield f"办理人 {kind}: 后面要写给出{NARROWING[kind]}的表达式，例如 {kind}:{EXAMPLES[kind]}"
    elif candidates not in context.roles:
        yield f"办理人 {candidates or '（空）'} 应为角色（{_list(context.roles)}）、unit:表达式或 leader:表达式"


def _property_problems(properties: Mapping[str, str]) -> Iterator[str]:
    if properties.get("sign", "office") not in SIGNS:
        yield f"签批栏 sign 应为 {_list(SIGNS)} 之一"
    if properties.get("clock", "paused") != "paused":
        yield "clock 只能是 paused（不计时）"
    if properties.get("clock") == "paused" and "due" in properties:
        yield "不计时的任务（clock=paused）不能再写办理期限 due"
    if "warn" in properties and "due" not in properties:
        yield "写了预警天数 warn，但没有办理期限 due"
    if properties.get(ABOUT, "").strip() == SLOTS:
        yield f"about 的 {SLOTS} 后面要写条件，例如 {SLOTS}decision == 'refer'"
    for name in ("due", "warn", ABOUT):
        if properties.get(name) == "":
            yield f"{name} 是空的；请填写或删去"


def _service_task(node: Node, context: CheckContext, report: Report) -> None:
    operation = node.operation
    if operation is None or not operation.action:
        message = f"服务任务没有指定动作；可用：{_list(context.actions)}"
        report.error(node.file, node.line, node.id, "action-unknown", message)
        return

    def error(rule: str, message: str) -> None:
        report.error(node.file, operation.line, node.id, rule, message)

    signature = context.actions.get(operation.action)
    if signature is None:
        error("action-unknown", f"没有动作 {operation.action}；可用：{_list(context.actions)}")
        return
    for name, required in signature.parameters.items():
        if required and not operation.parameters.get(name):
            error("action-parameter", f"动作 {operation.action} 缺少参数 {name}")
    for name in operation.parameters:
        if name not in signature.parameters:
            options = _list(signature.parameters) or "（无）"
            error("action-parameter", f"动作 {operation.action} 没有参数 {name}；可用：{options}")
    if signature.kept and not operation.result:
        error("action-result", f"动作 {operation.action} 的结果要有名称，请写结果变量（resultVariable），例如 days")
    if operation.result is not None:
        if not signature.result:
            error("action-result", f"动作 {operation.action} 没有结果，请删去结果变量 {operation.result}")
        if not _NAME.fullmatch(operation.result) or operation.result in _GIVEN | context.functions | LITERALS.keys():
            error("data-name", f"结果变量 {operation.result} 应用小写英文字母、数字和下划线，且不能是系统给出的名称")


def _multi_instance(node: Node, loop: MultiInstance, known: frozenset[str], report: Report) -> None:
    for message in _loop_problems(node, loop, known):
        report.error(node.file, loop.line, node.id, "multi-instance", message)
    for name in (loop.item, loop.output_collection, loop.output_item):
        if name and (not _NAME.fullmatch(name) or name in _GIVEN | LITERALS.keys()):
            message = f"数据名称 {name} 应用小写英文字母、数字和下划线，且不能是系统给出的名称"
            report.error(node.file, loop.line, node.id, "data-name", message)


def _loop_problems(node: Node, loop: MultiInstance, known: frozenset[str]) -> Iterator[str]:
    if node.type not in ("callActivity", "userTask"):
        yield "多实例只能用在调用活动或用户任务上；请把要重复的部分做成被调用的流程"
    if loop.sequential:
        yield "只支持并行的多实例（三条竖线）；要依次办理请画返回的连线"
    if bool(loop.collection) == bool(loop.cardinality):
        yield "多实例应写明输入集合（loopDataInputRef）或个数（loopCardinality），且只写一种"
    if loop.collection and not loop.item:
        yield "多实例写了输入集合，还要写每一项的名称（inputDataItem）"
    if bool(loop.output_collection) != bool(loop.output_item):
        yield "输出集合（loopDataOutputRef）与每一项的输出（outputDataItem）要同时写"
    if loop.output_collection and loop.output_collection == loop.collection:
        yield "输出集合不能与输入集合同名，否则再次进入时没有输入"
    for name, what in ((loop.collection, "输入集合"), (loop.output_item, "每一项的输出")):
        if name and name not in known:
            yield f"{what} {name} 不是本定义的表单字段，也不是动作或决策表的结果；请改成已有的数据"


def reserved(field: Field, functions: frozenset[str]) -> bool:
    """Whether a form's field has a name that it cannot have."""
    return not _NAME.fullmatch(field.name) or field.name in _GIVEN | functions | LITERALS.keys()


def _list(names: Iterable[str]) -> str:
    return "、".join(sorted(names))
