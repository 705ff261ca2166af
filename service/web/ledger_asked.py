"""The question in an address of the ledger: what nobody could have chosen on the page is refused, and named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from service import clock
from service.errors import Finding, Invalid
from service.fields import Condition, conditions
from service.ids import as_id
from service.processes.filters import UNSAID, CaseFilter
from service.processes.rules import NEED, STATUSES
from service.spelling import half_width
from service.web.answers import typed_day

Choices = Mapping[str, Mapping[str, str]]
"""Filter → the values that it takes, each with its words."""

DATES: Mapping[str, str] = {
    "received_since": "收到从",
    "received_until": "收到到",
    "due_since": "期限从",
    "due_until": "期限到",
    "first_due_since": "原定期限从",
    "first_due_until": "原定期限到",
    "step_due_since": "环节期限从",
    "step_due_until": "环节期限到",
    "ended_since": "结束日期从",
    "ended_until": "结束日期到",
    "answers_since": "答复件次自",
}
LABELS: Mapping[str, str] = {
    "q": "检索",
    "status": "状态",
    "stage": "阶段",
    "number": "编号",
    "talent": "联系对象",
    "leader": "联系领导",
    "category": "类别",
    "town": "镇街",
    "unit": "责任单位",
    "origin": "登记单位",
    "office": "联络员单位",
    "lead": "主办",
    "assisting": "协办",
    "due_unit": "期限单位",
    "outcome": "办理结果",
    "urges": "催办次数不少于",
    "rounds": "轮次不少于",
    "end": "结束方式",
    "figure": "统计口径",
    "asked": "派往单位",
    "done_in": "办过的环节",
    "answers": "答复件次",
    "rule": "照派单规则派出",
    "against": "未照派单规则派出",
    "late": "时限",
    "since": "登记日期从",
    "until": "登记日期到",
    "as_of": "截至",
    "sort": "排序",
    "said": "表单中填写的内容",
    "said_is": "表单内容的比较方式",
    "said_text": "表单内容的文字",
    **DATES,
}
"""Filter → how the page calls it."""
LATE = {"yes": {"late": True}, "no": {"late": False}, "steps": {"late_steps": True}}
BESIDE = frozenset({"col", "offset", "view"})
"""Parts of the address that are no filters."""
LONGEST = 100


def asked_of(args: MultiDict[str, str], choices: Choices) -> CaseFilter:
    """The filter that an address asks for. Raises ``Invalid`` with a finding for each part that is none of the page's.

    Of the ends of a process, whose names are the diagrams' own, any text will do.
    """
    found: dict[str, Any] = {"process": NEED}
    wrong: list[Finding] = []
    known = {one.page: one for one in conditions(CaseFilter) if one.page in LABELS}
    for name in dict.fromkeys(args):
        given = args.get(name, "").strip()[:LONGEST]
        if name in BESIDE or not given:
            continue
        if name not in known:
            wrong.append(Finding(f"/{name}", f"台账没有“{name[:40]}”这个筛选条件，请从地址里删去"))
            continue
        try:
            found |= _read(known[name], given, choices.get("said" if name == "sort" else name))
        except ValueError as error:
            wrong.append(Finding(f"/{name}", f"“{LABELS[name]}”{error}"))
    today, on = clock.today(), found.get("as_of")
    if on is not None and on > today:
        wrong.append(Finding("/as_of", f"截至日期不能晚于今天（{today.isoformat()}）"))
    if wrong:
        raise Invalid("不能这样筛选", wrong)
    return CaseFilter(**found)


def _read(one: Condition, given: str, choices: Mapping[str, str] | None) -> dict[str, Any]:
    """The value of a filter under its name. Raises ``ValueError`` that says what is wrong with it."""
    if one.page == "late":
        if given not in LATE:
            raise ValueError("没有这个选项，请在页面上选择")
        return LATE[given]
    if one.kind.__name__ == "date":
        try:
            return {one.name: typed_day(given)}
        except ValueError:
            raise ValueError("不是日期，请写成 2026-01-31 的格式") from None
    if one.kind is int:
        number = half_width(given)
        if not (number.isascii() and number.isdecimal() and len(number) < 5 and int(number) in one.choices):
            raise ValueError(f"应是 {min(one.choices)} 到 {max(one.choices)} 之间的整数")
        return {one.name: int(number)}
    if one.page == "sort" and given.removeprefix("-") in (choices or ()):
        return {"sort_said": given}
    allowed = (
        STATUSES if one.page == "status" else choices if choices is not None and one.page != "sort" else one.choices
    )
    if allowed and given not in allowed:
        raise ValueError(
            "没有这个选项，请在页面上选择" if one.page == "sort" else f"没有“{given[:40]}”，请在页面上选择"
        )
    if one.page == "leader" and given != UNSAID and as_id(given) is None:
        raise ValueError("不是名录里的领导，请在页面上选择")
    return {one.name: given}
