"""Words for people that say another number of working days than the diagram counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.checks.bundle import Bundle
from service.checks.deadlines import due_days
from service.checks.findings import Report
from service.checks.form_model import subschemas
from service.checks.model import BPMN, Node, ProcessModel
from service.engine.xml import line_of

_SAID = re.compile(r"([0-9０-９]{1,4}|[一二三四五六七八九十]{1,3})\s*个?\s*工作日")
_COUNTED = re.compile(r"working_days(?:_after)?\([^()]*?(-?\d+)\s*\)")
_WHOLE = re.compile(r"-?\d{1,4}")
_BEFORE = re.compile(r"working_days_after\(\s*due_on\s*,\s*(-?\d+)\s*\)")
_DIGITS = {sign: value for value, sign in enumerate("〇一二三四五六七八九")}
_WORDS = ("title", "description", "message")


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
    counted = _counted(bundle)
    for one in _texts(bundle):
        for days in sorted(numbers(one.text) - counted):
            said = f"文字里写着“{days} 个工作日”，流程图里没有这个天数{_instead(one.about)}"
            message = f"{said}；请改文字或改流程图，使两处一致"
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


def _counted(bundle: Bundle) -> set[int]:
    """The numbers of working days that anything in the bundle counts."""
    found: set[int] = set()
    for process in bundle.processes.values():
        for node in process.nodes.values():
            texts = [node.properties.get("due", ""), node.timer.expression if node.timer is not None else ""]
            texts += node.operation.parameters.values() if node.operation is not None else []
            found.update(abs(int(days)) for text in texts for days in _COUNTED.findall(text))
            whole = [node.properties.get("warn", ""), *(texts[2:])]
            found.update(abs(int(text)) for text in whole if _WHOLE.fullmatch(text.strip()))
    for form in bundle.forms.values():
        for part in subschemas(form.schema):
            for word in ("x-within-working-days", "after_working_days", "days", "minimum", "maximum", "const"):
                value = part.get(word)
                if isinstance(value, int) and not isinstance(value, bool):
                    found.add(abs(value))
    return found


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
    for file, root in bundle.diagrams.items():
        for note in root.iter(f"{BPMN}textAnnotation"):
            text = "".join(map(str, note.itertext()))
            yield _Text(file, line_of(note), note.get("id", "-"), text)


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


def _instead(node: Node | None) -> str:
    days = due_days(node) if node is not None else []
    return f"（“{node.name or node.id}”的期限是 {'、'.join(map(str, days))} 个工作日）" if node and days else ""


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
