"""The XML Schemas of BPMN 2.0, DMN and the engine's extension, as the engine ships them."""

from __future__ import annotations

import re
from functools import cache
from threading import Lock
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator
from SpiffWorkflow.dmn.parser.BpmnDmnParser import SCHEMAS
from SpiffWorkflow.spiff.parser.process import VALIDATOR

from service.engine.xml import line_of

MAX_MESSAGES = 20

_NAMESPACE = re.compile(r"\{[^}]*\}")
_lock = Lock()


def bpmn_problems(root: etree._Element) -> list[tuple[int, str]]:
    """Where a BPMN file breaks the schemas: (line, message in Chinese with the validator's own words); empty: nowhere.

    At most 20 messages. ``root`` comes from ``engine.xml.parse_xml`` and is not changed.
    """
    return _problems(VALIDATOR.validator, root)


def dmn_problems(root: etree._Element) -> list[tuple[int, str]]:
    """As :func:`bpmn_problems` for a decision table; an unknown DMN namespace is one problem."""
    namespace = etree.QName(root).namespace or ""
    if namespace not in SCHEMAS:
        return [(line_of(root), f"不认识的规则表版本 {namespace[:80]}，请保存为 DMN 1.3")]
    return _problems(_dmn_schema(namespace), root)


@cache
def _dmn_schema(namespace: str) -> etree.XMLSchema:
    schema = BpmnValidator(SCHEMAS[namespace]).validator
    if not isinstance(schema, etree.XMLSchema):
        raise TypeError("the engine's validator is no XML Schema")
    return schema


def _problems(schema: etree.XMLSchema, root: etree._Element) -> list[tuple[int, str]]:
    with _lock:  # a schema keeps its error log in itself
        if schema.validate(root):
            return []
        log: Any = schema.error_log  # the stubs leave its type out
        entries = [(int(entry.line), str(entry.message)) for entry in log]
    return [(line, _explain(message)) for line, message in entries[:MAX_MESSAGES]]


def _explain(message: str) -> str:
    plain = _NAMESPACE.sub("", message)
    if "atomic type 'xs:ID'" in plain:
        return f"id 重复或写法不对（{plain}）"
    if "This element is not expected" in plain:
        return f"元素放错了位置，或不属于 BPMN（{plain}）"
    if "No matching global declaration" in plain:
        return f"不是 BPMN 或 DMN 文件（{plain}）"
    if "is required but missing" in plain:
        return f"缺少必需的属性（{plain}）"
    if "is not allowed" in plain:
        return f"有不允许的属性（{plain}）"
    if "Missing child element" in plain:
        return f"缺少必需的下级元素（{plain}）"
    return f"不符合规范（{plain}）"
