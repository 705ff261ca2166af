"""The faults of a Word template, told with the paragraph that they stand in; and what no template may hold."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO

from docx import Document
from docx.oxml.ns import qn
from jinja2 import TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment
from lxml import etree

MOST_UNPACKED = 20_000_000
"""Bytes that a template may have once unpacked: ours have 0.3 million."""

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_MISSING = re.compile(r"^'([^']+)' is undefined|has no attribute '([^']+)'")
_MACRO = re.compile(r"vbaProject|/embeddings/|/activeX/")
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError),
    *(RuntimeError, EOFError, OSError, ValueError, KeyError),
)
NO_WORD = "不是完整的 Word 文件（.docx），请用 Word 另存为 .docx 后重新上传"


def unfit(template: bytes) -> str | None:
    """Why a file can be no Word template, in Chinese with the way out; None where it can.

    A template is data from a person: the papers made of it are opened in Word, so it may call nothing from outside.
    """
    try:
        with zipfile.ZipFile(BytesIO(template)) as packed:
            parts = packed.infolist()
            if sum(one.file_size for one in parts) > MOST_UNPACKED:
                return f"解开后超过 {MOST_UNPACKED // 1_000_000} MB，请删去大的图片"
            if "word/document.xml" not in packed.namelist():
                return NO_WORD
            if any(_MACRO.search(one.filename) for one in parts):
                return "带有宏或嵌入的对象，请删去后另存为 .docx"
            links = (packed.read(one) for one in parts if one.filename.lower().endswith(".rels"))
            if any(_leads_outside(content) for content in links):
                return "引用了文件外的内容（链接的图片、附加的模板），请改为嵌入后重新保存"
    except (*_UNREADABLE, etree.XMLSyntaxError):
        return NO_WORD
    return None


def _leads_outside(links: bytes) -> bool:
    """Whether a part of relationships names something outside the file; a link that people click may."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    for one in etree.fromstring(links, parser).iter("{*}Relationship"):
        kind = str(one.get("Type", "")).rpartition("/")[2]
        if str(one.get("TargetMode", "")).lower() == "external" and kind != "hyperlink":
            return True
    return False


def fault_of(template: bytes, error: BaseException) -> str:
    """The fault of a template, told for people by its ``error``: the paragraph, the tag, and why."""
    try:
        tags = list(_tags(template))
    except Exception:  # noqa: BLE001 - a file that cannot be read
        return NO_WORD
    if isinstance(error, UndefinedError):
        found = _MISSING.search(error.message or "")
        name = (found[1] or found[2]) if found else ""
        return _told(
            tags, lambda tag: bool(name) and re.search(rf"\b{re.escape(name)}\b", tag), f"没有“{name}”这项内容"
        )
    if isinstance(error, SecurityError):
        return _told(tags, lambda tag: "__" in tag or "(" in tag, "模板里不能这样写")
    if isinstance(error, TemplateSyntaxError):
        return _told(tags, _unreadable, "写法有误，请核对花括号、引号和 {% … %} 是否成对")
    if isinstance(error, MemoryError):
        return "内容过多，请精简"
    return f"用样例内容填不出来（{type(error).__name__}），请核对其中的 {{{{ … }}}} 和 {{% … %}}"


def words_of(content: bytes) -> list[str]:
    """The paragraphs of a Word file as plain text, those of tables too, empty ones left out."""
    return [text for _, text in _paragraphs(content) if text.strip()]


def _told(tags: list[tuple[int, str]], at: Callable[[str], object], why: str) -> str:
    place = next(((number, tag) for number, tag in tags if at(tag)), None)
    return f"第 {place[0]} 段“{place[1][:80]}”：{why}" if place is not None else why


def _unreadable(tag: str) -> bool:
    """Whether an expression cannot be read by itself; blocks stand in several paragraphs."""
    if not tag.startswith("{{"):
        return False
    try:
        SandboxedEnvironment().parse(tag)
    except TemplateSyntaxError:
        return True
    return False


def _tags(template: bytes) -> Iterator[tuple[int, str]]:
    for number, text in _paragraphs(template):
        for tag in _TAG.findall(text):
            yield number, tag


def _paragraphs(content: bytes) -> Iterator[tuple[int, str]]:
    document = Document(BytesIO(content))
    for number, paragraph in enumerate(document.element.body.iter(qn("w:p")), 1):
        yield number, "".join(one.text or "" for one in paragraph.iter(qn("w:t")))
