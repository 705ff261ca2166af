"""The words of a diagram about itself and its steps: the words of its properties, declared once.

The deployment checks, the pages and the guide's tables (``docs/tables/make.py``) all read this. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Property:
    """A property: ``does`` says in Chinese what it tells the service, ``example`` is a value.

    Of a process: ``called`` whether a diagram that another one calls may have it too, ``longest`` the characters of a
    text for people; 0: an expression or a code. ``numbers``: the text may show numbers that an action is given.
    """

    does: str
    example: str
    called: bool = False
    longest: int = 0
    numbers: bool = False


OCCASION, WORK, BUTTON, PURPOSE, PAGE, ORDER = "occasion", "work", "button", "purpose", "page", "order"
TITLE, STAGES, GIVEN = "title", "stages", "given"

PROCESS: Mapping[str, Property] = {
    TITLE: Property(
        "事项的标题，写成式子；不写的用表单里的 `title`。被调用的图里，是这一份是谁的，显示在任务名称后面，"
        "如“签发专报：某某”，不写的按单位区分",
        "'半年总结：' + period.name if period else '半年总结'",
        called=True,
    ),
    STAGES: Property(
        "有哪些环节，按先后写“代码:名称”，用空格隔开；不写名称的，名称在 `config/organization.toml` 的 `[[stages]]`。"
        "整个属性不写的是需求的五个环节",
        "compile:总结 review:审核",
        called=True,
    ),
    GIVEN: Property("由系统动作发起时带来的数据名称；写了的，不能手工发起", "leader_id"),
    OCCASION: Property(
        "什么时候办，显示在帮助页；定时开始的日子不用写，由图上的钟得出，两样都有的写成“每年 3 月 1 日，或按需要”。"
        "都没有的，显示“随时”",
        "按需要",
        longest=40,
    ),
    WORK: Property(
        "谁做什么，显示在帮助页；不写的显示各环节的名称",
        "联络员登记人才的需求，区人才办受理、派单，责任单位办理",
        longest=200,
        numbers=True,
    ),
    BUTTON: Property("手工发起的按钮上的字；不写的是“发起”和流程的名称", "报告变动", longest=12),
    PURPOSE: Property(
        "为什么发起，显示在工作台“我可以发起的事项”；不写的同 `work`",
        "人才工作变动、职务调整、重大奖惩",
        longest=100,
        numbers=True,
    ),
    PAGE: Property(
        "它的记录在哪一页，写代码（见下表）：帮助页连到那里，发起的按钮也放在那里（待办除外）；不写的是待办", "rosters"
    ),
    ORDER: Property("排在第几，写整数，小的在前；不写的排在最后", "40"),
}
"""Of the process. The default for a missing property, as in a version deployed before there was such a property, stands
in ``profiles``."""

TASK: Mapping[str, Property] = {
    "stage": Property(
        "环节，是流程属性 `stages` 里的一个；需求的是 intake、dispatch、handling、supervision、feedback", "handling"
    ),
    "form": Property("用哪张表单；不写的与任务的 id 同名", "handle"),
    "candidates": Property(
        "谁可以办；不写就是所在泳道的角色。`unit:unit` 是“数据 unit 里的那个单位”，`leader:leader_id` "
        "是“数据 leader_id 里那项任职的领导本人”（联系领导泳道）；`person:'li.si'` 是账号 li.si 那一个人，"
        '`person:initiator` 是发起人本人，`person:checker` 是表单字段 checker（`"x-ref": "people"`）里选的人，'
        "都要有所在泳道的角色",
        "unit:unit",
    ),
    "due": Property("期限：一个日期，多是今天起第几个工作日", "working_days(2)"),
    "due_basis": Property(
        "期限的文件依据，可以含花括号里的值，如 `{due_days}` 个工作日。不写的，页面上显示“本系统默认，非文件规定”",
        "实施方案三（二）3",
    ),
    "warn": Property(
        "到期前几个工作日变黄灯；不写的，期限 7 个工作日以上的为 3，更短的按比例减少，1、2 个工作日的到期当日才变黄",
        "3",
    ),
    "sign": Property("签在处理单的哪一栏：office 转办意见、unit 办理情况、group 领导小组意见", "unit"),
    "clock": Property("`paused`：不计期限，只显示天数（待上会）", "paused"),
    "about": Property("这一步决定的是哪些单位的事，见下", "slots:decision == 'refer'"),
}
"""Of a user task; any other node has ``stage`` alone."""

TODO = "todo"
PAGES: Mapping[str, str] = {
    TODO: "待办",
    "ledger": "需求台账",
    "contacts": "联系记录",
    "opinions": "意见建议",
    "activities": "活动",
    "matters": "单位事项",
    "interviews": "访谈进度",
    "links": "联系关系",
    "quotas": "配额",
    "service_teams": "工作团队",
    "rosters": "名单",
    "reports": "半年报告",
    "briefs": "专报",
    "assessment": "考核指标",
    "talents": "人才信息库",
    "units": "单位与人员",
}
"""The pages that ``page`` may name, by code: the page's name in the menu."""

NUMBER = re.compile(r"\{\s*([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)\s*\}")
"""A number within a text: ``{change_facts.within}`` is what the diagrams give that action as that parameter."""


def stages_of(text: str) -> list[tuple[str, str]]:
    """(code, name) of each stage of a property ``stages``, in its order; an empty name where it says none."""
    pairs = (part.partition(":") for part in text.split())
    return [(code, name) for code, _, name in pairs]


def with_numbers(text: str, number: Callable[[str, str], int | None]) -> str:
    """``text`` with every ``{action.parameter}`` replaced by what ``number`` says of it; 若干 where it knows none."""

    def said(found: re.Match[str]) -> str:
        known = number(found[1], found[2])
        return "若干" if known is None else str(known)

    return NUMBER.sub(said, text)
