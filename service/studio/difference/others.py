"""Changes in print templates, scenarios and whatever cannot be read part by part: by file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from service.documents.templates import CIRCULAR, COMMON, SHEET, about
from service.studio.difference.shape import ADDED, CHANGED, REMOVED, Change

_KINDS: Mapping[str, str] = {
    ".typ": "打印模板",
    ".docx": "打印模板",
    ".toml": "打印模板",
    ".svg": "图片",
    ".png": "图片",
    ".yaml": "用例",
    ".yml": "用例",
    ".bpmn": "流程图文件",
    ".dmn": "规则表文件",
    ".json": "表单文件",
}
_HOUSE: Mapping[str, str] = {SHEET: "需求处理单", CIRCULAR: "通报", COMMON: "公用的部分"}
_TITLE = re.compile(r"^title:\s*[\"']?(.{1,100}?)[\"']?\s*$", re.MULTILINE)
MOST_LINES = 4_000
"""Beyond these, lines are not counted: comparing would take long and tell nobody anything."""


def changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[Change]:
    """One change a file that is other than before."""
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if old is None:
            yield Change(ADDED, name, name, name, (f"新增{_titled(name, new)}",))
        elif new is None:
            yield Change(REMOVED, name, name, name, (f"删除{_titled(name, old)}",))
        else:
            yield Change(CHANGED, name, name, name, (f"{_titled(name, new)}{_how(old, new)}",))


def _titled(name: str, content: bytes | None) -> str:
    folder, _, file = name.partition("/")
    stem, dot, suffix = file.rpartition(".")
    kind = _KINDS.get(dot + suffix, "文件")
    if folder == "house":
        file = file.rpartition("/")[2]
        title = about(content).title if content is not None else ""
        return f"系统的打印模板「{_HOUSE.get(file) or title or file}」"
    if folder == "scenarios" and content is not None:
        found = _TITLE.search(content.decode(errors="replace"))
        stem = found[1] if found else stem
        return f"{kind}「{stem}」"
    return f"{kind}「{file}」"


def _how(old: bytes, new: bytes) -> str:
    try:
        mine, theirs = (one.decode("utf-8-sig").splitlines() for one in (old, new))
    except UnicodeDecodeError:
        return "已换"
    if len(mine) + len(theirs) > MOST_LINES:
        return "有改动"
    lines = list(difflib.unified_diff(mine, theirs, n=0, lineterm=""))[2:]
    gone, fresh = (sum(line.startswith(sign) for line in lines) for sign in ("-", "+"))
    return f"有改动（增加 {fresh} 行，减少 {gone} 行）"
