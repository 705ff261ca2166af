"""Rules for files that may be attached. Pure."""

from __future__ import annotations

import lzma
import re
import zlib
from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo

UNREADABLE = (
    *(BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(RuntimeError, NotImplementedError, ValueError, KeyError),
)
"""The errors of a packed file that cannot be unpacked."""
LARGEST = 10_000_000
"""Bytes of one file."""
UNPACKED = 200_000_000
"""Bytes that the parts of a packed file may have together when they are unpacked."""
PARTS = 10_000
"""Parts of a packed file."""
SMALL, TIMES = 10_000_000, 100
"""A part of more bytes than the first that unpacks to more than so many times its size is no document: what people
write and count packs ten to fifty times at most."""

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OFFICE = "application/vnd.openxmlformats-officedocument."

KINDS = {
    "pdf": ("application/pdf", b"%PDF-"),
    "ofd": ("application/ofd", _ZIP),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpg": ("image/jpeg", b"\xff\xd8\xff"),
    "jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    "docx": (f"{_OFFICE}wordprocessingml.document", _ZIP),
    "xlsx": (f"{_OFFICE}spreadsheetml.sheet", _ZIP),
    "doc": ("application/msword", _OLE),
    "xls": ("application/vnd.ms-excel", _OLE),
    "wps": ("application/wps-office.wps", _OLE),
    "et": ("application/wps-office.et", _OLE),
}
"""The end of a file's name → its media type and the bytes that such a file begins with."""

SHOWN = frozenset({"application/pdf", "image/png", "image/jpeg"})
"""Media types that a browser shows by itself."""

CALLED = {
    "ofd": "OFD 版式文件",
    "docx": "Word 文档",
    "doc": "Word 文档",
    "xlsx": "Excel 表格",
    "xls": "Excel 表格",
    "wps": "WPS 文字",
    "et": "WPS 表格",
}
"""Kind → what people call files that no browser shows."""

_PART_OF = {
    "docx": ("[Content_Types].xml", "word/document.xml"),
    "xlsx": ("[Content_Types].xml", "xl/workbook.xml"),
    "ofd": ("OFD.xml",),
}
"""Kind → the parts that a packed file of it must hold."""
_ALSO_PACKED = {"wps": "docx", "et": "xlsx"}
"""Kinds that newer programs write packed, as another kind."""

_REFUSED = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')
TAKEN = "PDF、OFD、Word、Excel、WPS 文件和 PNG、JPG 图片"


def plain_name(name: str) -> str:
    """The name of a file without its folders and without characters that no system lets a name hold."""
    return _REFUSED.sub("", name.replace("\\", "/").rpartition("/")[2]).strip(" .")


def kind_of(name: str) -> str:
    """The end of a file's name, in small letters."""
    return name.rpartition(".")[2].lower()


def fault(name: str, content: bytes) -> str | None:
    """Why a file cannot be attached, in Chinese with the way out; ``None`` where it can."""
    kind = kind_of(name)
    if not name or "." not in name or kind not in KINDS:
        return f"只能上传 {TAKEN}，请另存为其中一种后上传"
    if not content:
        return f"文件“{name}”是空的，请检查后重新上传"
    if len(content) > LARGEST:
        return f"文件“{name}”超过 {LARGEST // 1_000_000} MB，请压缩或拆分后上传"
    packed = kind in _PART_OF or (kind in _ALSO_PACKED and content.startswith(_ZIP))
    if not content.startswith(_ZIP if packed else KINDS[kind][1]):
        return f"文件“{name}”的内容与它的后缀“.{kind}”不符，请用原软件重新保存后上传"
    return _packed_fault(name, _ALSO_PACKED.get(kind, kind), content) if packed else None


def _packed_fault(name: str, kind: str, content: bytes) -> str | None:
    """Why a packed file cannot be attached. It is unpacked to nowhere, no further than ``UNPACKED`` bytes."""
    otherwise = f"文件“{name}”的内容与它的后缀不符，或已损坏，请用原软件重新保存后上传"
    try:
        with ZipFile(BytesIO(content)) as packed:
            parts = packed.infolist()
            large = sum(one.file_size for one in parts) > UNPACKED or any(map(_swells, parts))
            if len(parts) > PARTS or large:
                return f"文件“{name}”解开后过大，不能上传，请用原软件重新保存后上传"
            names = {one.filename for one in parts}
            if not names.issuperset(_PART_OF[kind]):
                return otherwise
            if any(one.lower().endswith("vbaproject.bin") for one in names):
                return f"文件“{name}”含有宏，请另存为不带宏的文件后上传"
            left = UNPACKED
            for one in parts:
                with packed.open(one) as part:
                    while piece := part.read(1_000_000):
                        left -= len(piece)
                        if left < 0:
                            return f"文件“{name}”解开后过大，不能上传，请用原软件重新保存后上传"
    except UNREADABLE:
        return otherwise
    return None


def _swells(part: ZipInfo) -> bool:
    return part.file_size > SMALL and part.file_size > TIMES * max(part.compress_size, 1)


def media_type(name: str) -> str:
    """The media type by which a file is given out: that of its name, never one that the sender claimed."""
    return KINDS[kind_of(name)][0]
