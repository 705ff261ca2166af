"""XML from people, read without trust: no DTD, no entities, no network, nothing huge.

Every diagram and decision table passes through :func:`parse_xml` before anything else looks at it.
"""

from __future__ import annotations

import re
from typing import NoReturn, cast

from lxml import etree

from service.errors import Finding, Invalid

MAX_BYTES = 2_000_000
MAX_DEPTH = 60
MAX_ELEMENTS = 20_000
MAX_ATTRIBUTES = 40

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(r"""encoding\s*=\s*["']([^"']*)["']""")
_UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}
_BOM = "\ufeff"

_EXPLANATIONS = (
    ("mismatch", "开始标签与结束标签不配对"),
    ("Premature end", "文件不完整，结尾缺失"),
    ("Start tag expected", "内容不是 XML"),
    ("Document is empty", "内容不是 XML"),
    ("Extra content", "根元素之后还有多余内容"),
    ("redefined", "同一属性写了两次"),
    ("AttValue", "属性值没有写在引号里"),
    ("Namespace prefix", "用了没有声明的命名空间前缀"),
    ("EntityRef: expecting", "& 号请写成 &amp;"),
    ("Entity", "引用了未定义的实体，特殊符号请写成 &amp; &lt; &gt;"),
    ("out of allowed range", "含有 XML 不允许的控制字符"),
    ("Excessive depth", "元素嵌套太深"),
    ("Comment", "注释 <!-- … --> 没有写完整"),
    ("invalid Char", "含有 XML 不允许的控制字符"),
    ("PCDATA invalid", "含有 XML 不允许的控制字符"),
)


def parse_xml(data: bytes, *, name: str) -> etree._Element:
    """The root element of an untrusted XML file; ``sourceline`` of each element is its line in ``data``.

    ``name`` is the file's name in the bundle. Raises Invalid with one finding whose path is ``name:line`` when the
    file is not UTF-8 XML, declares a DTD or an entity, holds a processing instruction, or passes the limits
    (2 MB, depth 60, 20,000 elements). Schema location hints are dropped, so that no validator follows them.
    """
    text = _text(data, name)
    _refuse_doctype(text, name)
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        _refuse(name, error.lineno or 1, _explain(str(error.msg)))
    for after in root.itersiblings():
        _refuse(name, line_of(after), "根元素之后不允许处理指令（<?…?>），请删去")
    _check_tree(root, name)
    return root


def line_of(element: etree._Element) -> int:
    """An element's line in its file, from 1."""
    return cast("int | None", element.sourceline) or 1  # the stubs leave its type out


def _text(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        _refuse(name, 1, f"文件有 {len(data)} 字节，超过上限 {MAX_BYTES} 字节")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(name, line, "文件不是 UTF-8 编码，请另存为 UTF-8 后再上传")
    text = text.removeprefix(_BOM)
    declaration = _DECLARATION.match(text)
    if declaration is not None:
        encoding = _ENCODING.search(declaration.group())
        if encoding is not None and encoding.group(1).lower() not in _UTF8:
            _refuse(name, 1, f"声明的编码是 {encoding.group(1)[:20]}，只接受 UTF-8，请另存为 UTF-8 后再上传")
        # The declaration is blanked, not cut: line numbers stay, and the encoding below is ours alone.
        text = "\n" * declaration.group().count("\n") + text[declaration.end() :]
    return text


def _refuse_doctype(text: str, name: str) -> None:
    """A DTD can only stand before the root element; refusing it here means that libxml2 never reads one."""
    at = 0
    while at < len(text):
        if text[at] in " \t\r\n":
            at += 1
        elif text.startswith("<!--", at):
            end = text.find("-->", at + 4)
            if end < 0:
                return
            at = end + 3
        elif text.startswith("<?", at):
            _refuse(name, _line(text, at), "不允许处理指令（<?…?>），请删去")
        elif text.startswith("<!", at):
            _refuse(name, _line(text, at), "不允许文档类型声明（DOCTYPE）和实体（ENTITY），请删去")
        else:
            return


def _check_tree(root: etree._Element, name: str) -> None:
    count, depth = 0, 0
    for event, element in etree.iterwalk(root, events=("start", "end", "pi")):
        if event == "end":
            depth -= 1
            continue
        line = line_of(element)
        if event == "pi":
            _refuse(name, line, "不允许处理指令（<?…?>），请删去")
        count, depth = count + 1, depth + 1
        if depth > MAX_DEPTH:
            _refuse(name, line, f"元素嵌套超过 {MAX_DEPTH} 层")
        if count > MAX_ELEMENTS:
            _refuse(name, line, f"元素超过 {MAX_ELEMENTS} 个，请把流程拆成被调用的子流程")
        if len(element.attrib) > MAX_ATTRIBUTES:
            _refuse(name, line, f"一个元素的属性超过 {MAX_ATTRIBUTES} 个")
        for hint in ("schemaLocation", "noNamespaceSchemaLocation"):
            element.attrib.pop(_XSI + hint, None)


def _explain(message: str) -> str:
    for sign, explanation in _EXPLANATIONS:
        if sign in message:
            return f"XML 写法有误：{explanation}"
    return f"XML 写法有误：{message}"


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _refuse(name: str, line: int, message: str) -> NoReturn:
    raise Invalid(f"文件 {name} 不能读取：{message}", [Finding(f"{name}:{line}", message)])
