"""The words of the pages and calls through which data was looked at; entries of the access log keep their addresses."""

from __future__ import annotations

from collections.abc import Mapping

from service.access_log.entries import WAYS

GROUPS: Mapping[str, str] = {
    "": "首页",
    "access-proposals": "权限审批",
    "account": "本人账号",
    "accounts": "账号",
    "activities": "活动",
    "api": "接口说明",
    "assessment": "考核指标",
    "attachments": "附件",
    "audit": "审计查询",
    "backtests": "流程回测",
    "briefs": "专报",
    "calendar": "工作日历",
    "cases": "事项",
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
    "posts": "任职",
    "processes": "流程图",
    "quotas": "配额",
    "rates": "流程草稿的办理统计",
    "readyz": "运行检查",
    "reports": "半年报告",
    "requests": "需求",
    "rosters": "名单",
    "seals": "封存",
    "service-teams": "工作团队",
    "session": "登录",
    "sign-in": "登录",
    "sign-out": "退出",
    "static": "静态文件",
    "stuck": "无法继续的事项",
    "studio": "流程管理",
    "substitutes": "代理",
    "system": "系统状态",
    "talents": "人才信息库",
    "tasks": "待办",
    "teams": "人才团队",
    "units": "单位",
    "verifications": "核验",
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
    "liaison": "联络员",
    "new": "新建",
    "papers": "文书",
    "photo": "照片",
    "prints": "打印模板",
    "records": "本环节的记录",
    "replay": "回放",
    "roll-up": "汇总",
    "sheet": "办理单",
    "started": "我发起的",
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
