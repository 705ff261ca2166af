"""How an office supervises: the words of urges, by which ways it urges, what the board does: ``supervision.toml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from types import MappingProxyType

from service.config.reader import Table, braces, invalid, read_file
from service.errors import Finding, Invalid

FILE = "supervision.toml"
FACTS = ("编号", "事项", "单位", "步骤", "主协办", "期限", "时限", "催办次数", "此前催办", "今天")
"""The names that a text may hold in braces: facts of the one matter that it is about."""
SYSTEM = "system"
"""The way of urging that the service itself takes."""
LONGEST_TEXT = 500
_CHANNELS = {SYSTEM: "系统提醒", "phone": "电话", "letter": "书面", "visit": "当面"}


@dataclass(frozen=True, slots=True)
class Supervision:
    """``urge_text`` is the first text of an urge, with ``FACTS`` in braces; ``channels`` code → name.

    ``circular_step`` is what diagrams call the step in which a circular is approved; ``accepting`` and ``issuing`` are
    titles of options: a step whose form has one of them can be done from the board.
    """

    urge_text: str = "{此前催办}请告知办理进展、存在的困难和预计办结的日期。"
    circular_step: str = "通报审批"
    channels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType(dict(_CHANNELS)))
    accepting: Sequence[str] = ("受理",)
    issuing: Sequence[str] = ("发出通报", "签发")


def load_supervision(directory: Path) -> Supervision:
    """The file of a directory, or what the product brings where there is none.

    Raises ``Invalid`` naming every mistake, one in a text with its line.
    """
    path = directory / FILE
    if not path.is_file():
        return Supervision()
    root = Table(read_file(path), "", [])
    made = read_supervision(root, path.read_text(encoding="utf-8-sig").splitlines())
    if root.findings:
        raise invalid(FILE, root.findings)
    return made


def read_supervision(root: Table, lines: Sequence[str] = ()) -> Supervision:
    """The same of what has been read; ``lines`` are those of the file. Mistakes are added to its findings."""
    usual = Supervision()
    urge, circular, operations = root.table("urge"), root.table("circular"), root.table("operations")
    made = Supervision(
        urge_text=_text(urge, "text", usual.urge_text, lines),
        circular_step=circular.text("step", usual.circular_step, longest=40),
        channels=_channels(urge.table("channels")) if urge.has("channels") else usual.channels,
        accepting=operations.texts("accept") if operations.has("accept") else usual.accepting,
        issuing=operations.texts("issue") if operations.has("issue") else usual.issuing,
    )
    for table in (urge, circular, operations, root):
        table.close()
    return made


def fault_of(text: str) -> str:
    """Why a text cannot be filled in with facts, in words for people; empty where it can."""
    try:
        fields = braces(text)
    except ValueError:
        return "花括号不成对"
    unknown = [name for name, spec, how in fields if name not in FACTS or spec or how]
    if not unknown:
        return ""
    return f"不能使用 {{{unknown[0]}}}，花括号里只能写：{'、'.join(FACTS)}"


def filled(text: str, facts: Mapping[str, str]) -> str:
    """The text with its facts. Raises ``Invalid`` (at ``/text``) for one that ``fault_of`` finds fault with."""
    if fault := fault_of(text):
        raise Invalid(fault, [Finding("/text", fault)])
    return "".join(
        literal + (facts[name] if name is not None else "") for literal, name, _, _ in Formatter().parse(text)
    )


def _text(table: Table, key: str, usual: str, lines: Sequence[str]) -> str:
    text = table.text(key, usual, longest=LONGEST_TEXT)
    if fault := fault_of(text):
        table.fault(key, f"第 {_line_of(text, lines)} 行：{fault}" if lines else fault)
        return usual
    return text


def _line_of(text: str, lines: Sequence[str]) -> int:
    """The number of the line that holds the text, or most of it: the file may write a sign of it otherwise."""
    words = [part for part in text.replace('"', "\n").replace("\\", "\n").splitlines() if part]
    return max(range(len(lines)), key=lambda n: sum(len(part) for part in words if part in lines[n]), default=0) + 1


def _channels(table: Table) -> Mapping[str, str]:
    found = {}
    for code in table.names():
        if len(code) > 16 or not (code.isascii() and code.isidentifier() and code.islower()):
            table.fault(code, "代码只能用小写字母、数字和下划线，以字母开头，最多 16 个字符")
        found[code] = table.text(code, code, longest=20)
    if SYSTEM not in found:
        table.fault(SYSTEM, '缺少此项，请补上，例如 system = "系统提醒"')
    return MappingProxyType(found)
