"""The fixed words of diagrams and forms, by themselves: what checks a definition is loaded in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping

STAGES: Mapping[str, str] = {
    "intake": "受理",
    "dispatch": "派单",
    "handling": "办理",
    "supervision": "督办",
    "feedback": "反馈",
}

STATUSES: Mapping[str, str] = {
    "running": "在办",
    "suspended": "已挂起",
    "completed": "已办结",
    "terminated": "已终止",
}
"""The names for the state of a case, on every page, list and export."""

ABOUT, SLOTS = "about", "slots:"
"""The property of a user task that says which units it is about; what stands there before a condition over slots."""

LEADER, UNIT, PERSON = "leader", "unit", "person"
"""The words before the colon of ``candidates``: the holder of one leader's post, the people of one unit, one person."""
NARROWING = (LEADER, UNIT, PERSON)

TYPES: Mapping[str, str] = {
    "string": "文字",
    "boolean": "是或否",
    "integer": "整数",
    "number": "数字",
    "array": "列表",
    "object": "对象",
    "null": "空",
}
"""The names that people use for the types of a JSON Schema."""

FILE_KINDS = ("pdf", "ofd", "png", "jpg", "jpeg", "docx", "xlsx", "doc", "xls", "wps", "et")
"""Ends of the names of files that may be attached; ``storage.rules`` knows what each must hold."""

MAX_DAYS = 1000
"""Working days that an expression may count from a date."""

KEYWORD, TODAY, STEP = "x-dates", "today", "step:"
"""Under what word a form compares dates, and what may name a day there besides a field."""

FILL, FACTS, TALENT, FILLER = "x-fill", "facts", "talent", "filler"
"""Under what word a form says what a field is filled with, and the names there for facts of the case, of its talent and
of who fills the form in."""

FORM_FACTS: Mapping[str, str] = {
    "number": "受理编号",
    "title": "事项标题",
    "step": "步骤",
    "unit": "单位",
    "part": "主办或协办",
    "received": "收到的日期",
    "due": "期限",
    "left": "还剩或超期几个工作日",
    "urges": "已催办几次",
    "today": "今天的日期",
    "answered": "单位答复的日期，还没有答复的不填",
    "handed_back": "单位退回改派的日期，没有退回的不填",
    "units": "本轮各承办单位的名称，主办在前",
    "unit_codes": "本轮各承办单位，填选单位的字段用",
    "reply_by": "尚未答复的单位中最晚的期限",
    "answers": "本轮各单位最近的答复",
    "results": "本轮各单位最近的答复，以及本轮会议议定的内容",
}
"""Facts of the case that a field may be filled with. Those of one step are of the unit on which the step decides,
else of the step itself."""
TALENT_FACTS: Mapping[str, str] = {
    "name": "姓名",
    "employer": "工作单位",
    "town": "所在镇街",
    "leader": "联系领导，填选领导的字段用",
}
"""Facts of the talent that the form picks, or whose the case is, that a field may be filled with."""

FILLER_FACTS: Mapping[str, str] = {
    "name": "姓名",
    "unit": "所在单位，填选单位的字段用",
    "leader": "现任的领导职务，填选领导的字段用；不是领导的，或不止一个职务的，不填",
}
"""Facts of who fills the form in that a field may be filled with."""

SAID_AT_END = ("outcome", "explanation", "policy_reference")
"""The values of a need's data that tell its result: a need that was joined to it ends with the same."""
