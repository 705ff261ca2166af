"""The YAML of scenarios: plain data with lines. Less than YAML, on purpose: no aliases, no tags, no hidden dates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from service.errors import Finding, Invalid
from service.spelling import unusable

LARGEST, DEEPEST, MOST_NODES = 200_000, 20, 20_000
"""Bytes of a file, how deep it nests, and how many values it holds."""

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_WORDS: Mapping[str, Any] = {"": None, "null": None, "~": None, "true": True, "false": False}

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file. ``lines`` maps a place in ``value`` (keys and positions) to its line; () is the whole."""

    file: str
    value: Any
    lines: Mapping[Place, int]

    def line(self, *place: str | int) -> int:
        """The line of a place, or of the nearest one around it that there is."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def finding(self, message: str, *place: str | int) -> Finding:
        """Something wrong at a place."""
        return Finding(f"{self.file}:{self.line(*place)}", message)


def read(content: bytes, file: str) -> Text:
    """Reads a file named ``file``.

    A plain scalar is a number, true, false, null or text: ``2026-03-02`` and ``09:30`` stay text. Raises Invalid,
    naming file and line, for what is no YAML or more than a scenario needs.
    """
    if len(content) > LARGEST:
        raise _refused(file, 1, f"文件过大，最多 {LARGEST:,} 字节")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(file, 1, "不是 UTF-8 文字，请另存为 UTF-8") from None
    _only_plain(text, file)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise _broken(file, error) from error
    lines: dict[Place, int] = {}
    value = _value(root, (), lines, file) if root is not None else None
    return Text(file, value, lines)


def written(value: Any) -> str:
    """The file of a scenario that says ``value``, plain values throughout.

    A value that stands twice is written twice: a reference to it would not be read again.
    """
    plain = json.loads(json.dumps(value, ensure_ascii=False))
    text: str = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)
    return text


def _only_plain(text: str, file: str) -> None:
    """Before anything is built: aliases and tags are refused, and what nests or grows beyond all measure."""
    depth = count = documents = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = event.start_mark.line + 1
            count += 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _refused(file, line, "用例里不能用锚点和引用（& 和 *），请直接写出内容")
            if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) not in (None, "!"):
                raise _refused(file, line, "用例里不能用类型标记（!），请直接写出内容")
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > DEEPEST or count > MOST_NODES or documents > 1:
                raise _refused(file, line, "内容过多、嵌套过深或有多份文档，一个文件只写一个用例")
    except (yaml.YAMLError, RecursionError) as error:
        raise _broken(file, error) from error


def _value(node: Node, place: Place, lines: dict[Place, int], file: str) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, ScalarNode) else None
            line = key_node.start_mark.line + 1
            if not isinstance(key, str) or not key:
                raise _refused(file, line, "名称只能是一行文字")
            if key in found:
                raise _refused(file, line, f"{key} 写了两次，请删去一个")
            found[key] = _value(value_node, (*place, key), lines, file)
            lines[*place, key] = line
        return found
    if isinstance(node, SequenceNode):
        return [_value(item, (*place, number), lines, file) for number, item in enumerate(node.value)]
    return _scalar(node, file)


def _scalar(node: Node, file: str) -> Any:
    text = str(node.value)
    if fault := unusable(text, allowed="\n\t"):
        raise _refused(file, node.start_mark.line + 1, f"文字里有不能用的字符：{fault}")
    if node.style is not None:  # in quotes, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _refused(file: str, line: int, message: str) -> Invalid:
    return Invalid(f"{file}:{line} {message}", [Finding(f"{file}:{line}", message)])


def _broken(file: str, error: Exception) -> Invalid:
    mark = getattr(error, "problem_mark", None)
    return _refused(file, mark.line + 1 if mark is not None else 1, "不是有效的 YAML，请核对缩进、冒号和引号")
