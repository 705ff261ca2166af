"""Rules for files that may be attached. Pure."""

from __future__ import annotations

import re

LARGEST = 10_000_000
"""Bytes of one file."""

KINDS = {
    "pdf": ("application/pdf", b"%PDF-"),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpg": ("image/jpeg", b"\xff\xd8\xff"),
    "jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
    "doc": ("application/msword", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    "xls": ("application/vnd.ms-excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
}
"""The end of a file's name → its media type and the bytes that such a file begins with."""

_REFUSED = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')


def plain_name(name: str) -> str:
    """The name of a file without its folders and without characters that no system lets a name hold."""
    return _REFUSED.sub("", name.replace("\\", "/").rpartition("/")[2]).strip(" .")


def fault(name: str, content: bytes) -> str | None:
    """Why a file cannot be attached, in Chinese with the way out; ``None`` where it can."""
    kind = name.rpartition(".")[2].lower()
    if not name or kind not in KINDS:
        return "只能上传 PDF、Word、Excel 文件和 PNG、JPG 图片，请另存为其中一种后上传"
    if not content:
        return f"文件“{name}”是空的，请检查后重新上传"
    if len(content) > LARGEST:
        return f"文件“{name}”超过 {LARGEST // 1_000_000} MB，请压缩或拆分后上传"
    if not content.startswith(KINDS[kind][1]):
        return f"文件“{name}”的内容与它的后缀“.{kind}”不符，请用原软件重新保存后上传"
    return None


def media_type(name: str) -> str:
    """The media type by which a file is given out: that of its name, never one that the sender claimed."""
    return KINDS[name.rpartition(".")[2].lower()][0]
