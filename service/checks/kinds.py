"""Findings by kind: the name of each rule for people, and findings grouped so that nobody scrolls through hundreds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.checks.findings import DefinitionFinding, Severity

MOST_SHOWN = 5
"""Findings of one kind that are shown in full."""

RULES: Mapping[str, str] = {
    "file-name": "文件名不合规定",
    "file-limit": "文件太大、太多",
    "file-missing": "缺少流程图",
    "xml": "文件不能读取",
    "json": "文件不能读取",
    "schema": "不符合规范",
    "check-limit": "检查超时",
    "engine": "引擎不能执行",
    "script-forbidden": "不能写脚本",
    "element-unsupported": "不能运行的图形",
    "event-unsupported": "不支持的事件",
    "extension-unknown": "不认识的扩展",
    "process-size": "流程太大",
    "id-format": "编号写法不对",
    "id-duplicate": "编号重复",
    "reference-broken": "引用的东西不在",
    "start-event": "开始不对",
    "unreachable": "走不到",
    "dead-end": "没有出路",
    "flow-multiple": "引出多条连线",
    "flow-condition": "连线的条件不对",
    "gateway-default": "没有写其他情况",
    "event-gateway": "等先发生的一件不对",
    "join-waits": "汇合等不到",
    "merge-twice": "会办两遍",
    "message-unsent": "消息没有谁发",
    "loop-without-wait": "死循环",
    "call-unresolved": "用到的图不在",
    "call-recursive": "图用到自己",
    "call-depth": "图套图太深",
    "entry-process": "主流程不对",
    "task-stage": "环节不对",
    "process-property": "流程的属性不对",
    "task-property": "任务的属性不对",
    "task-lane": "没有办理人",
    "task-holder": "办理人不对",
    "lane-changed": "办理人变了",
    "lane-role": "泳道不是角色",
    "form-missing": "缺少表单",
    "print-nowhere": "字段印不出来",
    "action-unknown": "没有这个动作",
    "action-parameter": "动作的参数不对",
    "action-value": "动作不认识的值",
    "action-result": "动作的结果不对",
    "data-name": "数据的名称不对",
    "decision-unresolved": "缺少规则表",
    "multi-instance": "各办一份的写法不对",
    "expression-syntax": "表达式写法不对",
    "unknown-data": "不认识的数据",
    "settings-unknown": "没有这项设置",
    "expression-fails": "表达式算不出来",
    "data-unwritten": "数据还没有填",
    "value-unknown": "没有的值",
    "condition-overlap": "条件会同时成立",
    "text-value": "说明里的式子不对",
    "due-date": "期限不对",
    "warn-early": "预警太早",
    "timer": "定时不对",
    "timer-early": "定时太早",
    "timer-interrupts": "定时会中断任务",
    "words-due": "文字与期限不一致",
    "decision-table": "规则表不对",
    "decision-catch-all": "规则表没有兜底",
    "decision-shadowed": "规则轮不到",
    "decision-output": "规则表的结果没有用到",
    "decision-unused": "规则表没有用到",
    "unit-unknown": "没有这个单位",
    "form-schema": "表单写法不对",
    "form-reference": "表单的引用不对",
    "form-closed": "表单没有封闭",
    "form-title": "表单缺少标题",
    "form-text-limit": "文字没有上限",
    "form-list-limit": "列表没有上限",
    "form-size": "表单太大",
    "form-pattern": "格式要求太复杂",
    "form-keyword": "表单的关键字不对",
    "form-options": "选项的来源不对",
    "form-dates": "日期比较不对",
    "field-shared": "同名字段选项不同",
    "field-ambiguous": "字段的意思不明",
    "form-unsatisfiable": "表单无法提交",
    "form-default": "决定去向的字段有默认值",
    "form-fill": "预先填上的式子不对",
    "form-ui": "界面设置不对",
    "form-unused": "表单没有用到",
    "print-template": "打印模板印不出来",
    "relied-on": "别处按名称读",
    "drawing-missing": "没有画出来",
    "drawing-dangling": "图形没有对应的元素",
    "drawing-overlap": "图形重叠",
    "label": "没有中文名称",
}
"""Rule → its name for people, as docs/diagram-checks.md has them."""


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one rule and severity, by file and line. ``total`` counts those left out of ``shown`` too."""

    rule: str
    name: str
    severity: Severity
    total: int
    shown: Sequence[DefinitionFinding]

    @property
    def more(self) -> str:
        """The words for those that are not shown; empty where all are."""
        left = self.total - len(self.shown)
        return f"另有 {left} 处" if left else ""


def grouped(findings: Iterable[DefinitionFinding], most: int = MOST_SHOWN) -> list[Group]:
    """The findings by kind: errors before warnings, then as the rules stand in the guide."""
    kinds: dict[tuple[str, Severity], list[DefinitionFinding]] = {}
    for one in sorted(findings):
        kinds.setdefault((one.rule, one.severity), []).append(one)
    order = {rule: at for at, rule in enumerate(RULES)}
    return [
        Group(rule, RULES.get(rule, rule), severity, len(every), tuple(every[:most]))
        for (rule, severity), every in sorted(
            kinds.items(), key=lambda kind: (kind[0][1] != "error", order.get(kind[0][0], len(order)), kind[0][0])
        )
    ]


def totals(findings: Iterable[DefinitionFinding]) -> str:
    """How many errors and warnings there are, in words; empty without any."""
    severities = [one.severity for one in findings]
    counts = ((severities.count("error"), "处错误"), (severities.count("warning"), "处提醒"))
    return "、".join(f"{count} {what}" for count, what in counts if count)
