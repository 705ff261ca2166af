"""The words of a process about itself for people: its stages by name, when it starts, what for, where it is found."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

from service.checks.bundle import Bundle
from service.checks.findings import CheckContext, Report
from service.checks.model import ProcessModel
from service.checks.titles import PARAMETER_TITLES, PROCESS_TITLES
from service.checks.wording import ACTIONS
from service.checks.wording import code as code_named
from service.processes import properties
from service.processes.properties import BUTTON, GIVEN, NUMBER, ORDER, PAGE, PAGES, PROCESS, PURPOSE, WORK, stages_of
from service.processes.terms import STAGES

LONGEST_STAGE = 12
RULE = "process-property"
_CHINESE = re.compile(r"[\u2e80-\u9fff]")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,15}")


def check(bundle: Bundle, report: Report, entry: str | None) -> None:
    """Rule process-property; ``entry`` is the process that an instance starts with, where it is known."""
    for process in bundle.processes.values():
        called = process.id != entry and entry is not None
        for problem in _problems(process, called, entry or "", bundle):
            report.error(process.file, process.line, process.id, RULE, problem)
        if process.id == entry:
            for missing in _missing(process):
                report.warning(process.file, process.line, process.id, RULE, missing)


def stages(bundle: Bundle, context: CheckContext, report: Report) -> Mapping[str, str]:
    """The stages that the definition's tasks may have: those that its processes name, else the five of a need."""
    named: dict[str, str] = {}
    for process in bundle.processes.values():
        seen: set[str] = set()
        for code, name in stages_of(process.properties.get(properties.STAGES, "")):
            problem = _stage_problem(code, name, seen, context)
            if problem:
                report.error(process.file, process.line, process.id, RULE, problem)
            seen |= {code, name} - {""}
            named[code] = name or context.stages.get(code, code)
    return named or STAGES


def _stage_problem(code: str, name: str, seen: set[str], context: CheckContext) -> str:
    if "：" in code:
        return f"环节“{code}”的代码和名称之间要用英文冒号，例如 {code.replace('：', ':')}"
    if not _CODE.fullmatch(code):
        return f"环节的代码 {code or '（空）'} 应是小写英文字母、数字和下划线，最多 16 个字符，例如 review:审核"
    if not name and code not in context.stages:
        return f"环节 {code} 没有名称，也不在组织设置里；请写上名称，或用已有的：{'、'.join(context.stages.values())}"
    if name and (len(name) > LONGEST_STAGE or not _CHINESE.search(name)):
        return f"环节 {code} 的名称“{name}”应为中文，最多 {LONGEST_STAGE} 个字"
    if code in seen or (name and name in seen):
        return f"环节“{name or context.stages.get(code, '')}”重复，请删去一个或改名"
    return ""


def _problems(process: ProcessModel, called: bool, entry: str, bundle: Bundle) -> Iterator[str]:
    said = process.properties
    for name, value in said.items():
        if name not in PROCESS:
            close = difflib.get_close_matches(name, sorted(PROCESS), n=1)
            yield f"系统不认识流程上写的 {name}{_meant(close)}；请清空它"
        elif called and not PROCESS[name].called:
            yield f"“{PROCESS_TITLES[name]}”只写在主流程里；这张图是被它用到的，请清空"
        elif not value.strip():
            yield f"“{PROCESS_TITLES[name]}”是空的；请填写，例如 {PROCESS[name].example}，或清空"
        elif longest := PROCESS[name].longest:
            yield from _text_problems(name, value, longest, bundle)
    if said.get(PAGE, "").strip() and said[PAGE] not in PAGES:
        pages = "、".join(PAGES.values())
        yield f"“{PROCESS_TITLES[PAGE]}”没有 {said[PAGE]} 这一页；请选一页：{pages}"
    if said.get(ORDER, "").strip() and not re.fullmatch(r"\d{1,4}", said[ORDER]):
        yield f"“{PROCESS_TITLES[ORDER]}”应为 0 至 9999 的整数，例如 40，不能是 {said[ORDER]}"
    for name in (BUTTON, PURPOSE):
        if name in said and GIVEN in said:
            yield f"写了“{PROCESS_TITLES[GIVEN]}”的流程由系统发起，没有发起的按钮；请清空“{PROCESS_TITLES[name]}”"


def _meant(close: Sequence[str]) -> str:
    return f"，是不是“{PROCESS_TITLES[close[0]]}”（{close[0]}）？" if close else ""


def _text_problems(name: str, value: str, longest: int, bundle: Bundle) -> Iterator[str]:
    if len(value) > longest:
        yield f"“{PROCESS_TITLES[name]}”有 {len(value)} 个字，最多 {longest} 个；请写短一些"
    if not _CHINESE.search(value):
        yield f"“{PROCESS_TITLES[name]}”是给人看的文字，请用中文写，例如 {PROCESS[name].example}"
    shown = NUMBER.sub("", value) if PROCESS[name].numbers else value
    if "{" in shown or "}" in shown:
        fix = "花括号里只能写 {动作.参数}，例如 {change_facts.within}" if PROCESS[name].numbers else "请删去花括号"
        yield f"“{PROCESS_TITLES[name]}”里的花括号不对；{fix}"
    for action, parameter in NUMBER.findall(value) if PROCESS[name].numbers else ():
        if not _given(bundle, action, parameter):
            place = f"{{{action}.{parameter}}}"
            given = f"系统动作「{code_named(ACTIONS, action)}」的“{PARAMETER_TITLES.get(parameter, parameter)}”"
            yield f"“{PROCESS_TITLES[name]}”里的 {place} 找不到：{given}都没有写成整数；请核对"


def _given(bundle: Bundle, action: str, parameter: str) -> bool:
    operations = (node.operation for process in bundle.processes.values() for node in process.nodes.values())
    return any(
        one is not None and one.action == action and one.parameters.get(parameter, "").isdecimal() for one in operations
    )


def _missing(process: ProcessModel) -> Iterator[str]:
    """Missing properties for which people find a default: no reason to refuse a diagram that was drawn before."""
    said = process.properties
    if WORK not in said:
        yield f"没有写“{PROCESS_TITLES[WORK]}”，帮助页只显示各环节的名称；例如 {PROCESS[WORK].example}"
    by_hand = GIVEN not in said and any(start.event is None for start in process.starts())
    if by_hand and PURPOSE not in said:
        yield (
            f"没有写“{PROCESS_TITLES[PURPOSE]}”，"
            f"工作台显示的是“{PROCESS_TITLES[WORK]}”；例如 {PROCESS[PURPOSE].example}"
        )
    if by_hand and BUTTON not in said:
        yield f"没有写“{PROCESS_TITLES[BUTTON]}”，显示为“发起{process.name}”；例如 {PROCESS[BUTTON].example}"
