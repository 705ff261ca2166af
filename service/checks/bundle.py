"""From the files of a definition to what the checks look at; files that cannot be read are findings."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from service.checks.decision_model import Decision, decisions_of
from service.checks.findings import Report
from service.checks.form_model import Form, form_of
from service.checks.model import ProcessModel, model_of
from service.engine import schemas
from service.engine.xml import parse_xml
from service.errors import Invalid
from service.processes.bounds import LARGEST_FORM, unfolded

MAX_FILES = 200
MAX_FILE_BYTES = 2_000_000
MAX_JSON_BYTES = 256_000
MAX_BUNDLE_BYTES = 16_000_000
MAX_JSON_DEPTH = 40

_STEM = r"[a-z][a-z0-9_]{0,59}"
_NAMES = (
    re.compile(rf"bpmn/{_STEM}\.(bpmn|dmn)"),
    re.compile(rf"forms/{_STEM}(\.ui)?\.json"),
    re.compile(rf"(forms|print)/{_STEM}\.(typ|docx|toml|svg|png)"),
)


def fits_bundle(name: str) -> bool:
    """Whether a file of a bundle may be called ``name``."""
    return any(pattern.fullmatch(name) for pattern in _NAMES)


@dataclass(slots=True)
class Bundle:
    """The readable content of a definition. ``forms`` by form name, ``decisions`` by decision id."""

    files: Mapping[str, bytes]
    diagrams: dict[str, etree._Element] = field(default_factory=dict)
    tables: dict[str, etree._Element] = field(default_factory=dict)
    processes: dict[str, ProcessModel] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    ui: dict[str, Any] = field(default_factory=dict)

    @property
    def tops(self) -> list[ProcessModel]:
        """The processes themselves, without the embedded sub-processes."""
        return [process for process in self.processes.values() if process.parent is None]


def read(files: Mapping[str, bytes], report: Report) -> Bundle:
    """The bundle as far as it can be read; everything unreadable is reported (file-name, file-limit, xml, json)."""
    bundle = Bundle(files)
    if not _limits_hold(files, report):
        return bundle
    for name, data in sorted(files.items()):
        report.looking_at(_shown(name))
        if not fits_bundle(name):
            report.error(
                _shown(name),
                1,
                "-",
                "file-name",
                "文件名不合规定：应为 bpmn/名称.bpmn、bpmn/名称.dmn、forms/名称.json、forms/名称.ui.json 或 "
                "forms/、print/ 下的打印模板，名称用小写英文字母、数字和下划线，不含其他路径",
            )
        elif name.endswith(".bpmn"):
            _read_xml(name, data, bundle.diagrams, report)
        elif name.endswith(".dmn"):
            _read_xml(name, data, bundle.tables, report)
        elif name.endswith(".json"):
            _read_form(name, data, bundle, report)
    if not any(name.endswith(".bpmn") for name in files):
        report.error("-", 0, "-", "file-missing", "定义里没有流程图（bpmn/*.bpmn）")
    bundle.processes = model_of(bundle.diagrams)
    bundle.decisions = decisions_of(bundle.tables)
    return bundle


def check_schemas(bundle: Bundle, report: Report) -> None:
    """BPMN, extension and DMN files against their XML Schemas (rule schema)."""
    for name, root in bundle.diagrams.items():
        report.looking_at(name)
        for line, message in schemas.bpmn_problems(root):
            report.error(name, line, "-", "schema", f"不符合 BPMN 2.0 规范：{message}")
    for name, root in bundle.tables.items():
        report.looking_at(name)
        for line, message in schemas.dmn_problems(root):
            report.error(name, line, "-", "schema", f"不符合 DMN 规范：{message}")


def _limits_hold(files: Mapping[str, bytes], report: Report) -> bool:
    if len(files) > MAX_FILES:
        report.error("-", 0, "-", "file-limit", f"文件有 {len(files)} 个，超过上限 {MAX_FILES} 个")
        return False
    if sum(len(data) for data in files.values()) > MAX_BUNDLE_BYTES:
        report.error("-", 0, "-", "file-limit", f"文件合计超过上限 {MAX_BUNDLE_BYTES} 字节")
        return False
    for name, data in files.items():
        limit = MAX_JSON_BYTES if name.endswith(".json") else MAX_FILE_BYTES
        if len(data) > limit:
            report.error(_shown(name), 1, "-", "file-limit", f"文件有 {len(data)} 字节，超过上限 {limit} 字节，请精简")
    return not report.failed


def _read_xml(name: str, data: bytes, found: dict[str, etree._Element], report: Report) -> None:
    try:
        found[name] = parse_xml(data, name=name)
    except Invalid as error:
        for finding in error.findings:
            report.error(name, int(finding.path.rpartition(":")[2]), "-", "xml", finding.message)


def _read_form(name: str, data: bytes, bundle: Bundle, report: Report) -> None:
    try:
        content = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_no_repeats, parse_constant=_no_constant)
    except UnicodeDecodeError:
        report.error(name, 1, "-", "json", "文件不是 UTF-8 编码，请另存为 UTF-8 后再上传")
        return
    except json.JSONDecodeError as error:
        report.error(name, error.lineno, "-", "json", f"JSON 写法有误（第 {error.colno} 列）：{_json_words(error.msg)}")
        return
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _JsonRefused) else "嵌套太深或数字太长"
        report.error(name, 1, "-", "json", f"JSON 不能使用：{reason}")
        return
    if _too_deep(content):
        report.error(name, 1, "-", "json", f"JSON 不能使用：嵌套超过 {MAX_JSON_DEPTH} 层")
        return
    stem = name.removeprefix("forms/")
    if not stem.endswith(".ui.json") and not _unfolds(name, content, report):
        return
    if stem.endswith(".ui.json"):
        bundle.ui[stem.removesuffix(".ui.json")] = content
    else:
        form = form_of(stem.removesuffix(".json"), name, data.decode("utf-8-sig"), content)
        bundle.forms[form.name] = form


_JSON_WORDS = {
    "Expecting ',' delimiter": "缺少逗号，或括号没有配对",
    "Expecting ':' delimiter": "名称后面缺少冒号",
    "Expecting property name": "名称要用双引号括起来；最后一项后面不能有逗号",
    "Expecting value": "缺少内容；最后一项后面不能有逗号",
    "Illegal trailing comma": "最后一项后面不能有逗号",
    "Extra data": "结尾之后还有多余的内容",
    "Unterminated string": "文字没有以双引号结束",
    "Invalid control character": "文字里不能直接换行，请写成 \\n",
    "Invalid \\": "反斜杠要写成两个（\\\\）",
    "Unexpected UTF-8 BOM": "文件开头有多余的标记，请另存为 UTF-8",
}


def _json_words(message: str) -> str:
    return next(
        (words for character, words in _JSON_WORDS.items() if message.startswith(character)), "请核对引号、逗号和括号"
    )


def _unfolds(name: str, content: Any, report: Report) -> bool:
    """Whether the form may be looked at with all references followed (rules form-size, form-reference)."""
    parts = unfolded(content)
    if parts is None:
        report.error(name, 1, "-", "form-reference", "引用（$ref）绕回了自己，没有尽头；请把引用的内容抄进来")
    elif parts > LARGEST_FORM:
        message = f"引用展开后有 {parts:,} 处，超过上限 {LARGEST_FORM:,} 处；请减少引用（$ref）和 allOf，或拆成几张表单"
        report.error(name, 1, "-", "form-size", message)
    else:
        return True
    return False


class _JsonRefused(ValueError):
    """JSON that Python would read but that we do not take."""


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        repeated = next(name for name, count in counted.items() if count > 1)
        raise _JsonRefused(f"名称 {repeated[:60]} 在同一对象里写了两次")
    return content


def _no_constant(name: str) -> Any:
    raise _JsonRefused(f"{name} 不是 JSON 的数")


def _too_deep(content: Any) -> bool:
    level: list[Any] = [content]
    for _ in range(MAX_JSON_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


def _shown(name: str) -> str:
    """A file name fit for a message: one line, printable, short."""
    return "".join(char if char.isprintable() else "?" for char in name)[:120]
