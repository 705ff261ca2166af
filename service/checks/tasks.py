"""The properties of a task: its stage, lane, candidates, deadline, form, action and instances."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from service.checks import profile
from service.checks.bundle import Bundle
from service.checks.expressions import known_data
from service.checks.findings import CheckContext, Report
from service.checks.form_model import Field
from service.checks.model import MultiInstance, Node, ProcessModel
from service.checks.titles import PARAMETER_TITLES, TASK_TITLES
from service.checks.titles import SIGNS as SIGN_TITLES
from service.checks.wording import ACTIONS, ROLES, code, codes, table
from service.engine.expressions import LITERALS
from service.processes.properties import TASK
from service.processes.rules import REGISTER
from service.processes.terms import ABOUT, LEADER, PERSON, SLOTS, UNIT

SIGNS = frozenset(SIGN_TITLES)
_PRINTED = frozenset({"office", "unit"})

_OTHER = frozenset({"stage"})
NARROWING = {UNIT: "单位代码", LEADER: "领导任职编号", PERSON: "一个人的账号"}
"""The words that may stand before the colon of ``candidates``, and what the expression after it must give."""
EXAMPLES = {UNIT: "unit", LEADER: "leader_id", PERSON: "initiator"}
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
                message = (
                    f"泳道「{lane.name}」（{lane.id}）不是组织设置里的角色；"
                    f"请在右边选一个：{codes(ROLES, context.roles)}"
                )
                report.error(process.file, lane.line, lane.id, "lane-role", message)
        for node in process.nodes.values():
            _properties(node, stages, report)
            if node.type == "userTask":
                _user_task(process, node, bundle, stages, context, report)
            elif node.type == "serviceTask":
                _service_task(node, context, report)
            elif node.type == "businessRuleTask" and node.decision not in bundle.decisions:
                message = (
                    f"没有规则表 {node.decision or '（未填）'}；请在右边选一张："
                    f"{'、'.join(table(one) for one in sorted(bundle.decisions)) or '（无）'}"
                )
                report.error(node.file, node.line, node.id, "decision-unresolved", message)
            if node.loop is not None:
                _multi_instance(node, node.loop, known, report)


def _properties(node: Node, stages: Mapping[str, str], report: Report) -> None:
    known = TASK.keys() if node.type == "userTask" else _OTHER
    for name in node.properties:
        if name not in known:
            close = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"，是不是“{TASK_TITLES[close[0]]}”（{close[0]}）？" if close else ""
            report.error(node.file, node.line, node.id, "task-property", f"系统不认识这里写的 {name}{hint}；请清空它")
    stage = node.properties.get("stage")
    if stage is not None and stage not in stages:
        options = "、".join(stages.values())
        report.error(node.file, node.line, node.id, "task-stage", f"没有环节 {stage or '（空）'}；请选一个：{options}")


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
        error("task-stage", f"没有选环节；请选一个：{'、'.join(stages.values())}")
    if node.form not in bundle.forms:
        error("form-missing", f"没有表单 {node.form}；请新建，或在“表单”里选已有的")
    elif node.id != REGISTER and properties.get("sign") not in _PRINTED:
        for field in bundle.forms[node.form].fields.values():
            if field.schema.get("x-print") is True:
                message = (
                    f"字段「{field.schema.get('title', field.name)}」要印在需求处理单上，而这一步"
                    "没有选转办意见或办理情况的签署栏，印不出来；请在“处理单签署栏”里选一栏，或去掉“印在需求处理单上”"
                )
                report.warning(node.file, node.line, node.id, "print-nowhere", message)
    candidates = properties.get("candidates")
    if candidates is None and node.lane is None:
        error("task-lane", "任务不在任何泳道里，也没有选谁办，没有人能办；请拖进一条泳道")
    if candidates is not None:
        for problem in candidate_problems(candidates, context):
            error("task-lane", problem)
    for message in _property_problems(properties):
        error("task-property", message)
    upstream = process.upstream(node.id)
    if properties.get(ABOUT, "").startswith(SLOTS) and not any(process.nodes[one].loop for one in upstream):
        message = (
            f"“{TASK_TITLES[ABOUT]}”写了 {SLOTS}，但到这里之前没有几个单位同时各办一份的地方；请改写成给出单位的式子"
        )
        error("task-property", message)


def candidate_problems(candidates: str, context: CheckContext) -> Iterator[str]:
    """Why the words for a holder name nobody."""
    kind, colon, expression = candidates.partition(":")
    if colon and kind in NARROWING:
        if not expression.strip():
            yield f"谁办：还没有写由哪一项给出{NARROWING[kind]}；请选一项，例如 {kind}:{EXAMPLES[kind]}"
    elif candidates not in context.roles:
        yield (
            f"谁办：没有 {candidates or '（空）'} 这个角色；"
            f"请选一个角色（{codes(ROLES, context.roles)}），或选由哪一项给出单位、领导，或指定一个人"
        )


def _property_problems(properties: Mapping[str, str]) -> Iterator[str]:
    if properties.get("sign", "office") not in SIGNS:
        yield f"处理单签署栏请选一栏：{'、'.join(SIGN_TITLES.values())}"
    if properties.get("clock", "paused") != "paused":
        yield "“不计期限，只显示天数”只能勾或不勾；请重新勾一次"
    if properties.get("clock") == "paused" and "due" in properties:
        yield "勾了“不计期限，只显示天数”，就不能再写期限；请去掉一样"
    if "warn" in properties and "due" not in properties:
        yield "写了提前几个工作日变黄灯，但没有期限；请补上期限，或清空它"
    if properties.get(ABOUT, "").strip() == SLOTS:
        yield f"“{TASK_TITLES[ABOUT]}”的 {SLOTS} 后面要写条件，例如 {SLOTS}decision == 'refer'"
    for name in ("due", "warn", ABOUT):
        if properties.get(name) == "":
            yield f"“{TASK_TITLES[name]}”是空的；请填写或清空"


def _service_task(node: Node, context: CheckContext, report: Report) -> None:
    operation = node.operation
    if operation is None or not operation.action:
        message = f"没有选做什么；请选一个：{codes(ACTIONS, context.actions)}"
        report.error(node.file, node.line, node.id, "action-unknown", message)
        return

    def error(rule: str, message: str) -> None:
        report.error(node.file, operation.line, node.id, rule, message)

    action = f"系统动作「{code(ACTIONS, operation.action)}」"
    signature = context.actions.get(operation.action)
    if signature is None:
        error("action-unknown", f"没有系统动作 {operation.action}；请选一个：{codes(ACTIONS, context.actions)}")
        return
    for name, required in signature.parameters.items():
        if required and not operation.parameters.get(name):
            error("action-parameter", f"{action}还没有写“{PARAMETER_TITLES.get(name, name)}”；请填写")
    for name in operation.parameters:
        if name not in signature.parameters:
            options = "、".join(PARAMETER_TITLES.get(one, one) for one in signature.parameters) or "（无）"
            error("action-parameter", f"{action}不用“{PARAMETER_TITLES.get(name, name)}”，请清空；它用的是：{options}")
    if signature.kept and not operation.result:
        error("action-result", f"{action}的结果要有名称；请在“结果记作”里写，例如 days")
    if operation.result is not None:
        if not signature.result:
            error("action-result", f"{action}没有结果；请清空“结果记作”")
        if not _NAME.fullmatch(operation.result) or operation.result in _GIVEN | context.functions | LITERALS.keys():
            error(
                "data-name", f"“结果记作”里的 {operation.result} 应用小写英文字母、数字和下划线，且不能是系统给出的名称"
            )


def _multi_instance(node: Node, loop: MultiInstance, known: frozenset[str], report: Report) -> None:
    for message in _loop_problems(node, loop, known):
        report.error(node.file, loop.line, node.id, "multi-instance", message)
    for name in (loop.item, loop.output_collection, loop.output_item):
        if name and (not _NAME.fullmatch(name) or name in _GIVEN | LITERALS.keys()):
            message = f"数据名称 {name} 应用小写英文字母、数字和下划线，且不能是系统给出的名称"
            report.error(node.file, loop.line, node.id, "data-name", message)


def _loop_problems(node: Node, loop: MultiInstance, known: frozenset[str]) -> Iterator[str]:
    if node.type not in ("callActivity", "userTask"):
        yield "“名单上每一项同时各办一份”只能用在“要人办的任务”或“另一张图”上；请把要重复的部分做成另一张图"
    if loop.sequential:
        yield "只能同时各办一份（三条竖线）；要依次办理请画返回的连线"
    if bool(loop.collection) == bool(loop.cardinality):
        yield "“名单上每一项同时各办一份”还没有写是哪份名单；请填写"
    if loop.collection and not loop.item:
        yield "写了名单，还要写“每一项记作”什么，例如 unit"
    if bool(loop.output_collection) != bool(loop.output_item):
        yield "“每一份最后的结论”和“各份结论收进”要么都写，要么都不写"
    if loop.output_collection and loop.output_collection == loop.collection:
        yield "“各份结论收进”不能和名单同名，否则再次走到这里时没有名单；请换个名称"
    for name, what in ((loop.collection, "名单"), (loop.output_item, "每一份最后的结论")):
        if name and name not in known:
            yield f"{what} {name} 不是哪张表单的字段，也不是系统动作或规则表的结果；请改成已有的数据"


def reserved(field: Field, functions: frozenset[str]) -> bool:
    """Whether a form's field has a name that it cannot have."""
    return not _NAME.fullmatch(field.name) or field.name in _GIVEN | functions | LITERALS.keys()
