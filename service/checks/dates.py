"""Rules of a form on dates that contradict (``x-dates``): what they name must be there, what they say readable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from service.checks.bundle import Bundle
from service.checks.findings import Report
from service.checks.form_model import Form
from service.processes.terms import KEYWORD, STEP, TODAY

WORDS = frozenset({"field", "value", "not_before", "not_after", "days", "message", "refuse"})
MOST_DAYS = 36_500
LONGEST = 200
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_BRACES = re.compile(r"\{(?!date\})|(?<!\{date)\}")


def check(bundle: Bundle, report: Report) -> None:
    """Rule form-dates."""
    steps = {node.id for process in bundle.processes.values() for node in process.nodes.values() if node.form}
    dates = {name for form in bundle.forms.values() for name, field in form.fields.items() if _is_date(field.schema)}
    for form in bundle.forms.values():
        rules = form.schema.get(KEYWORD) if isinstance(form.schema, dict) else None
        if rules is None:
            continue
        for problem in _problems(form, rules, steps, dates):
            report.error(form.file, form.line(KEYWORD), form.name, "form-dates", problem)


def _problems(form: Form, rules: Any, steps: set[str], dates: set[str]) -> Iterator[str]:
    if not isinstance(rules, list):
        yield "x-dates 应为列表"
        return
    for rule in rules:
        if not isinstance(rule, dict) or set(rule) - WORDS:
            yield f"x-dates 的每一项应只有 {'、'.join(sorted(WORDS))}"
            continue
        yield from _problems_of(form, rule, steps, dates)


def _problems_of(form: Form, rule: Mapping[str, Any], steps: set[str], dates: set[str]) -> Iterator[str]:
    field = rule.get("field")
    named = form.fields.get(field) if isinstance(field, str) else None
    if named is None:
        yield f"x-dates 的 field 应为本表单的字段，不能是 {str(field)[:60]}"
    elif "value" not in rule and not _is_date(named.schema):
        yield f"x-dates 的 {field} 不是日期字段；比较别的日子请写 value"
    if ("not_before" in rule) == ("not_after" in rule):
        yield "x-dates 的每一项应写 not_before（不早于）或 not_after（不晚于）之一"
    for word in ("value", "not_before", "not_after"):
        if word in rule and (problem := _unknown(rule[word], steps, dates)):
            yield f"x-dates 的 {word}：{problem}"
    days = rule.get("days", 0)
    if not isinstance(days, int) or isinstance(days, bool) or abs(days) > MOST_DAYS:
        yield f"x-dates 的 days 应为整数（天），最多 {MOST_DAYS}"
    if not isinstance(rule.get("refuse", False), bool):
        yield "x-dates 的 refuse 应为 true（拒绝）或 false（只提醒）"
    message = rule.get("message")
    if not isinstance(message, str) or not _CHINESE.search(message) or len(message) > LONGEST:
        yield f"x-dates 的每一项应有中文提示（message），不超过 {LONGEST} 字"
    elif _BRACES.search(message):
        yield "x-dates 的提示（message）里的花括号只能写 {date}"


def _unknown(name: object, steps: set[str], dates: set[str]) -> str | None:
    if not isinstance(name, str):
        return "应为文字"
    if name.startswith(STEP):
        step = name.removeprefix(STEP)
        return None if step in steps else f"没有编号为 {step[:60]} 的任务；请改正"
    if name == TODAY or name in dates:
        return None
    return f"{name[:60]} 应为 {TODAY}（今天）、{STEP}任务的 id（该步骤完成的日期），或某张表单的日期字段"


def _is_date(schema: Mapping[str, Any]) -> bool:
    return schema.get("format") == "date"
