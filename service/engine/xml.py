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
MAX_DECLARATION = 400
"""Bytes within which a file's declaration ends."""
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    **dict.fromkeys(("gb18030", "gbk", "gb2312", "gb_2312-80", "x-gbk", "cp936"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs"), "big5"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1", "iso_8859-1"), "latin-1"),
    **dict.fromkeys(("iso-8859-15", "latin-9"), "iso-8859-15"),
    **dict.fromkeys(("windows-1252", "cp1252"), "cp1252"),
}
"""Encodings that editors write, by the names that files give them → Python's."""
_SHOWN = ("UTF-16", "GB18030（GBK、GB2312）", "ISO-8859-1", "Windows-1252", "Big5")
_NAMES = {"utf-8": " UTF-8"}

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
    file is not XML in the encoding that it says, declares a DTD or an entity, holds a processing instruction, or passes
    the limits (2 MB, depth 60, 20,000 elements). Schema location hints are dropped, so that no validator follows them.
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


def utf8(data: bytes, name: str) -> bytes:
    """An XML file as it is kept: in UTF-8, whatever encoding it came in. Raises Invalid where it cannot be read."""
    if _encoding(data) == "utf-8" and _declared(data) in _UTF8:
        return data
    return b'<?xml version="1.0" encoding="UTF-8"?>' + _text(data, name).encode()


def _text(data: bytes, name: str) -> str:
    """The text of a file without its declaration; lines are those of the file."""
    if len(data) > MAX_BYTES:
        _refuse(name, 1, f"文件有 {len(data)} 字节，超过上限 {MAX_BYTES} 字节")
    encoding = _encoding(data)
    if encoding not in _ENCODINGS:
        _refuse(name, 1, f"声明的编码是 {encoding[:20]}，请另存为 UTF-8 后再上传；能读的还有 {'、'.join(_SHOWN)}")
    try:
        text = data.decode(_ENCODINGS[encoding])
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(name, line, f"内容不是{_NAMES.get(encoding, encoding)} 编码，请另存为 UTF-8 后再上传")
    text = text.removeprefix(_BOM)
    declaration = _DECLARATION.match(text)
    if declaration is not None:
        # The declaration is blanked, not cut: line numbers stay, and the encoding that the parser sees is ours alone.
        text = "\n" * declaration.group().count("\n") + text[declaration.end() :]
    return text


def _encoding(data: bytes) -> str:
    """The encoding that a file says or shows, in small letters; UTF-8 without a word."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    for encoding, begin in (("utf-16-le", b"<\x00"), ("utf-16-be", b"\x00<")):
        if data.startswith(begin):
            return encoding
    encoding = _declared(data)
    # a declaration in single bytes is not in UTF-16, whatever it says: somebody saved the file again
    return "utf-8" if encoding in _UTF8 or encoding.startswith(("utf-16", "ucs-2", "unicode")) else encoding


def _declared(data: bytes) -> str:
    """The encoding that a file of single bytes declares, in small letters; UTF-8 where it declares none."""
    head = data[:MAX_DECLARATION].decode("latin-1").removeprefix("\xef\xbb\xbf")
    declaration = _DECLARATION.match(head)
    said = _ENCODING.search(declaration.group()) if declaration is not None else None
    return said.group(1).lower() if said is not None else "utf-8"


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
