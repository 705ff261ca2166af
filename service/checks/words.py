"""Words for people that say another number of working days than the diagram counts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.checks.bundle import Bundle
from service.checks.deadlines import due_days
from service.checks.findings import Report
from service.checks.form_model import subschemas
from service.checks.model import BPMN, Node, ProcessModel
from service.checks.wording import node as named
from service.engine.expressions import readable
from service.engine.xml import line_of
from service.processes.rules import one_line

_SAID = re.compile(r"([0-9０-９]{1,4}|[一二三四五六七八九十]{1,3})\s*个?\s*工作日")
_COUNTING = frozenset({"working_days", "working_days_after"})
_WHOLE = re.compile(r"-?\d{1,4}")
_BEFORE = re.compile(r"working_days_after\(\s*due_on\s*,\s*(-?\d+)\s*\)")
_CLOCKS = ("逾期", "超期", "前", "后", "提前")
"""Words before the days of a clock."""
_DIGITS = {sign: value for value, sign in enumerate("〇一二三四五六七八九")}
_WORDS = ("title", "description", "message")


@dataclass(frozen=True, slots=True)
class _Source:
    """A part of the definition that counts working days: in one case or another these; ``step`` where it is due."""

    days: frozenset[int]
    name: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class _Text:
    """Words for people: where they stand, and whose due date they may be about (None: anybody's)."""

    file: str
    line: int
    element: str
    text: str
    about: Node | None = None


def check(bundle: Bundle, report: Report) -> None:
    """Rule words-due."""
    sources = list(_sources(bundle))
    counted = frozenset[int]().union(*(one.days for one in sources))
    for one in _texts(bundle):
        said = numbers(one.text)
        for days in sorted(said - counted):
            told = f"文字里写着“{days} 个工作日”，流程图里没有这个天数{_instead(one.about, bundle)}"
            message = f"{told}；请改文字或改流程图，使两处一致"
            report.warning(one.file, one.line, one.element, "words-due", message)
        for days, source in _half(one, sources):
            message = (
                f"文字里只写着“{days} 个工作日”，而「{one_line(source.name)}」的期限分情况是 "
                f"{_listed(source.days)} 个工作日；请把各种情况的天数都写上，或不写天数"
            )
            report.warning(one.file, one.line, one.element, "words-due", message)
    for process in bundle.processes.values():
        for node in process.nodes.values():
            _clock(node, report)


def numbers(text: str) -> set[int]:
    """The numbers of working days that a text names, in figures of any width or in Chinese up to 99."""
    return {number for found in _SAID.findall(text) if (number := _number(found)) is not None}


def _number(text: str) -> int | None:
    if text[0] not in _DIGITS and text[0] != "十":
        return int(text)  # figures of full width are figures to Python
    tens, ten, ones = text.partition("十")
    if not ten:
        return _DIGITS[text] if len(text) == 1 else None
    if len(tens) > 1 or len(ones) > 1:
        return None
    return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)


def _sources(bundle: Bundle) -> Iterator[_Source]:
    """All that counts working days: due dates, clocks, warnings, actions and forms."""
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if due := node.properties.get("due"):
                yield _Source(_days(due, bundle), node.name or "未命名的任务", node.id)
            texts = [node.timer.expression] if node.timer is not None else []
            texts += node.operation.parameters.values() if node.operation is not None else []
            yield _Source(frozenset(day for text in texts for day in _days(text, bundle)))
            whole = [node.properties.get("warn", ""), *texts]
            yield _Source(frozenset(abs(int(text)) for text in whole if _WHOLE.fullmatch(text.strip())))
    for form in bundle.forms.values():
        for part in subschemas(form.schema):
            for word in ("x-within-working-days", "after_working_days", "days", "minimum", "maximum", "const"):
                value = part.get(word)
                if isinstance(value, int) and not isinstance(value, bool):
                    yield _Source(frozenset({abs(value)}))


def _days(text: str, bundle: Bundle) -> frozenset[int]:
    """The numbers of working days that an expression counts in one case or another, those of a table among them."""
    tree = readable(text) if "working_days" in text else None
    calls = (one for one in ast.walk(tree) if isinstance(one, ast.Call)) if tree is not None else ()
    named = (one for one in calls if isinstance(one.func, ast.Name) and one.func.id in _COUNTING and one.args)
    return frozenset(day for one in named for day in _numbers(one.args[-1], bundle))


def _numbers(node: ast.expr, bundle: Bundle) -> Iterator[int]:
    if isinstance(node, ast.IfExp):
        yield from (*_numbers(node.body, bundle), *_numbers(node.orelse, bundle))
    elif isinstance(node, ast.BoolOp):
        yield from (day for one in node.values for day in _numbers(one, bundle))
    elif isinstance(node, ast.UnaryOp):
        yield from _numbers(node.operand, bundle)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
        yield abs(node.value)
    elif isinstance(node, ast.Name):
        for table in bundle.decisions.values():
            for column, output in enumerate(table.outputs):
                cells = [rule.outputs[column].text for rule in table.rules if column < len(rule.outputs)]
                yield from (int(text) for text in cells if output.text == node.id and _WHOLE.fullmatch(text))


def _half(one: _Text, sources: Sequence[_Source]) -> Iterator[tuple[int, _Source]]:
    """The deadlines by cases of which a text says some days and not all.

    A text that is about no step speaks of the only one that counts so many days, if there is only one. The days of a
    clock (逾期 5 个工作日) are no deadline.
    """
    mentions = _SAID.finditer(one.text)
    said = numbers(
        "，".join(found[0] for found in mentions if not one.text[: found.start()].rstrip().endswith(_CLOCKS))
    )
    for days in sorted(said):
        counting = [source for source in sources if days in source.days]
        for source in counting:
            about = one.about is not None and one.about.id == source.step
            if len(source.days) > 1 and source.step and not source.days <= said and (about or len(counting) == 1):
                yield days, source


def _listed(days: Iterable[int]) -> str:
    return "、".join(str(one) for one in sorted(days))


def _texts(bundle: Bundle) -> Iterator[_Text]:
    users: dict[str, Node] = {}
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.form is not None:
                users.setdefault(node.form, node)
    for form in bundle.forms.values():
        for part in subschemas(form.schema):
            for text in _words(part):
                if "工作日" in text:
                    yield _Text(form.file, form.line_of(text), form.name, text, users.get(form.name))
    for process in bundle.tops:
        if not _uncounted(process):
            yield from _documentation(bundle, process)
    nodes = {name: node for process in bundle.processes.values() for name, node in process.nodes.items()}
    for file, root in bundle.diagrams.items():
        ends = [(one.get("sourceRef", ""), one.get("targetRef", "")) for one in root.iter(f"{BPMN}association")]
        at = {**dict(ends), **{theirs: mine for mine, theirs in ends}}
        for note in root.iter(f"{BPMN}textAnnotation"):
            text = "".join(map(str, note.itertext()))
            yield _Text(file, line_of(note), note.get("id", "-"), text, nodes.get(at.get(note.get("id", ""), "")))


def _words(part: Mapping[str, Any]) -> Iterator[str]:
    for word in _WORDS:
        if isinstance(part.get(word), str):
            yield part[word]


def _documentation(bundle: Bundle, process: ProcessModel) -> Iterator[_Text]:
    root = bundle.diagrams.get(process.file)
    for element in root.iterfind(f"{BPMN}process") if root is not None else ():
        if element.get("id") == process.id:
            for note in element.iterfind(f"{BPMN}documentation"):
                yield _Text(process.file, line_of(note), process.id, note.text or "")


def _uncounted(process: ProcessModel) -> bool:
    """Whether a date of the process comes from elsewhere: then its words may be about that."""
    return any(node.properties.get("due") and not due_days(node) for node in process.nodes.values())


def _instead(node: Node | None, bundle: Bundle) -> str:
    days = _days(node.properties.get("due", ""), bundle) if node is not None else ()
    return f"（{named(node)}的期限是 {_listed(days)} 个工作日）" if node and days else ""


def _clock(node: Node, report: Report) -> None:
    """A clock whose name says when it strikes."""
    if node.type != "boundaryEvent" or node.timer is None:
        return
    counted = _BEFORE.fullmatch(node.timer.expression.strip())
    said = numbers(node.name)
    if counted is None or len(said) != 1:
        return
    days, name = int(counted[1]), "".join(node.name.split())
    before, after = "前" in name, "逾期" in name or "后" in name or "超期" in name
    if abs(days) not in said or (before and not after and days > 0) or (after and not before and days < 0):
        strikes = f"到期前 {-days} 个工作日" if days < 0 else f"到期后 {days} 个工作日" if days else "到期当日"
        message = f"名称是“{name}”，实际在{strikes}触发；请把名称或时间改成一致"
        report.warning(node.file, node.line, node.id, "words-due", message)
