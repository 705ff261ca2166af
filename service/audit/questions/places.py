"""The words of the pages and calls through which data was looked at; entries of the access log keep their addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from service.access_log.entries import WAYS

GROUPS: Mapping[str, str] = {
    "acknowledgements": "核验确认",
    "": "首页",
    "access-proposals": "权限审批",
    "account": "本人账号",
    "account-rules": "登录与密码规则",
    "accounts": "账号",
    "activities": "活动",
    "api": "接口说明",
    "assessment": "考核指标",
    "attachments": "附件",
    "audit": "审计查询",
    "backtests": "流程回测",
    "board": "督办台",
    "briefs": "专报",
    "calendar": "工作日历",
    "cases": "事项",
    "circulars": "通报登记",
    "contacts": "联系记录",
    "definitions": "流程定义",
    "drafts": "流程草稿",
    "event-logs": "事件日志",
    "favicon.ico": "图标",
    "files": "附件",
    "healthz": "运行检查",
    "help": "帮助",
    "imports": "批量导入",
    "incidents": "异常",
    "instances": "事项",
    "interviews": "访谈进度",
    "jobs": "后台任务",
    "leaders": "领导任职",
    "ledger": "台账",
    "letters": "函件",
    "liaison-officers": "联络员",
    "liaisons": "联络员",
    "licences": "许可",
    "limited-needs": "政策受限事项",
    "links": "联系关系",
    "lookup": "查找账号",
    "matters": "单位事项",
    "me": "本人",
    "metrics": "运行指标",
    "migrations": "流程版本迁移",
    "my-talents": "我联系的人才",
    "notices": "提醒",
    "opinions": "意见建议",
    "people": "人员",
    "policy-changes": "政策变化",
    "posts": "任职",
    "processes": "流程图",
    "quotas": "配额",
    "phrases": "常用语",
    "stamps": "印章与签名",
    "rates": "流程草稿的办理统计",
    "readyz": "运行检查",
    "reports": "半年报告",
    "requests": "需求",
    "revisits": "政策受限事项",
    "rosters": "名单",
    "seals": "封存",
    "search": "全站检索",
    "settings": "系统设置",
    "service-teams": "工作团队",
    "session": "登录",
    "sign-in": "登录",
    "sign-out": "退出",
    "static": "静态文件",
    "statistics": "统计",
    "stuck": "无法继续的事项",
    "studio": "流程管理",
    "substitutes": "代理",
    "summaries": "联络员小结",
    "system": "系统状态",
    "talents": "人才信息库",
    "tasks": "待办",
    "teams": "人才团队",
    "units": "单位",
    "urges": "催办登记",
    "verifications": "核验",
    "waiting": "待办和提醒数目",
    "ways": "流程图谱",
}
"""The first part of an address → the words of its group of pages."""
PARTS: Mapping[str, str] = {
    "backtest": "回测",
    "cases": "事项",
    "circulars": "通报",
    "copied": "抄送我的",
    "correct": "更正",
    "diagram": "流程图",
    "done": "已办",
    "edit": "修改",
    "end": "结束任职",
    "events": "日志",
    "evidence": "证据包",
    "forms": "表单",
    "known": "预填",
    "liaison": "联络员",
    "new": "新建",
    "papers": "文书",
    "photo": "照片",
    "previews": "预览",
    "prints": "打印模板",
    "records": "本步骤的记录",
    "replay": "回放",
    "results": "办理结果",
    "roll-up": "汇总",
    "sheet": "办理单",
    "sheets": "处理单",
    "started": "我发起的",
    "wall": "大屏",
}
"""Further parts of an address → their words; others add nothing."""


def place(way: str, route: str) -> str:
    """The page or call of a ``route`` (``/cases/<uuid:instance_id>/replay``) in words: 网页 事项·回放."""
    parts = route.removeprefix("/api/v1").strip("/").split("/")
    words = [GROUPS.get(parts[0].partition(".")[0], GROUPS.get(parts[0], "其他页面"))]
    words += [PARTS[name] for one in parts[1:] if (name := one.partition(".")[0]) in PARTS]
    if len(parts) == 2 and parts[1].startswith("<"):
        words.append("详情")
    return f"{WAYS.get(way, way)} {'·'.join(dict.fromkeys(words))}"


ASKED: Mapping[str, str] = {
    "account": "账号",
    "act": "方式",
    "activity": "活动",
    "against": "未照派单规则派出",
    "all": "包括已停用、已卸任的",
    "answers": "答复件次",
    "answers_since": "答复件次自",
    "as_of": "截至",
    "asked": "派往单位",
    "assisting": "协办",
    "body": "领导班子",
    "by": "方式",
    "case": "事项",
    "category": "类别",
    "channel": "渠道",
    "class": "类别（A、B）",
    "confirmed": "核实早于",
    "confirmed_before": "核实早于",
    "day": "日期",
    "done_in": "办过的环节",
    "due_since": "期限从",
    "due_unit": "期限单位",
    "due_until": "期限到",
    "eligible": "符合条件",
    "employer_unit": "用人单位所属",
    "end": "结束方式",
    "ended_since": "结束日期从",
    "ended_until": "结束日期到",
    "figure": "统计口径",
    "first_due_since": "原定期限从",
    "first_due_until": "原定期限到",
    "form": "联系方式",
    "from": "从",
    "half": "半年",
    "inbound": "人才来访",
    "include_former": "包括已卸任的",
    "include_inactive": "包括已停用的",
    "instance": "事项",
    "interview": "访谈",
    "kind": "种类",
    "klass": "类别（A、B）",
    "late": "时限",
    "late_steps": "其他环节超期",
    "lead": "主办",
    "leader": "联系领导",
    "leader_id": "联系领导",
    "liaison": "联络员",
    "light": "亮灯",
    "member": "只看成员单位",
    "member_units_only": "只看成员单位",
    "month": "月份",
    "number": "编号",
    "office": "联络员单位",
    "on": "日期",
    "origin": "登记单位",
    "outcome": "办理结果",
    "person": "人员",
    "process": "流程",
    "q": "检索",
    "receipt": "签收",
    "received_since": "收到从",
    "received_until": "收到到",
    "released": "已签发",
    "role": "角色",
    "rounds": "轮次不少于",
    "rule": "照派单规则派出",
    "said": "表单中填写的内容",
    "said_is": "表单内容的比较方式",
    "said_text": "表单内容的文字",
    "scope": "范围",
    "series": "系列",
    "short": "只看不足的",
    "short_only": "只看不足的",
    "since": "日期从",
    "solved": "已解决",
    "sort": "排序",
    "sort_said": "按表单内容排序",
    "stage": "阶段",
    "state": "状态",
    "status": "状态",
    "step_due_since": "环节期限从",
    "step_due_until": "环节期限到",
    "tag": "标签",
    "talent": "人才",
    "task": "步骤",
    "talent_id": "人才",
    "to": "到",
    "topic": "话题",
    "town": "镇街",
    "type": "类型",
    "unit": "单位",
    "until": "到",
    "urged": "已催办",
    "urges": "催办次数不少于",
    "username": "账号",
    "variant": "路径",
    "version": "版本",
    "warned": "有提示的",
    "withdrawn": "已撤回",
    "year": "年度",
}
"""Filter of an address → its word."""
OF_UNITS = frozenset(
    {"asked", "assisting", "due_unit", "employer_unit", "lead", "office", "origin", "unit"},
)
"""Filters whose value is the code of a unit."""
POSITIONS = frozenset(
    {"after", "at", "before", "col", "cursor", "limit", "offset", "once", "page", "sort", "v", "view"},
)
"""Parts of an address that say where on a page, and nothing of what was looked for."""
_ONLY_COUNTED = frozenset({"件事项", "行"})
"""The words that the command line once kept instead of what was asked for."""
_YES = frozenset({"yes", "true"})
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def filters_words(asked: Mapping[str, Any], unit: Callable[[str], str | None] | None = None) -> str:
    """The filters of an address in words: 人员：office；日期：2026-11-30. Empty ones and positions are left out.

    ``unit`` calls the unit of a code by its name; without it, and of a unit that is not known, the code stands.
    """

    def said(name: str, value: Any) -> str:
        if str(value).lower() in _YES:
            return "是"
        if name in OF_UNITS and unit is not None:
            return "、".join(unit(code) or code for code in str(value).split("、"))
        return _ID.sub("（一条记录）", str(value))

    return "；".join(
        f"{ASKED.get(name, name)}：{said(name, value)}"
        for name, value in asked.items()
        if value and name not in POSITIONS
    )


def asked_words(text: str) -> str:
    """The same of filters that were kept as one text: ``person=office；day=``."""
    if text in _ONLY_COUNTED:
        return "当时没有记下条件"
    parts = [one.partition("=") for one in text.split("；")]
    plain = all(sign and name.isidentifier() for name, sign, _ in parts)
    return filters_words({name: value for name, _, value in parts}) if plain else text


def way_words(text: str) -> str:
    """The way of an export in words: of 网页 /audit/exports.xlsx 网页 审计查询."""
    word, _, route = text.partition(" ")
    way = next((key for key, known in WAYS.items() if known == word), "")
    return place(way, route) if way and route.startswith("/") else text
