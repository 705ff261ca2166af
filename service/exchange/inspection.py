"""Looks at an uploaded workbook's parts as bytes, before any parser sees them. Pure.

A small file can unpack to a thousand times its size, or hold a million cells: parsing that takes a worker's memory and
time from everybody else. Here parts are only counted, block by block, and refused at the first that is too many.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from service.errors import Invalid

MAX_ROWS = 20_000
"""Rows of data in one file; more is split into several files."""
MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 120 * 1024 * 1024
"""All parts together: a full sheet of 20,000 talents has 60 MB at most."""
MAX_CELLS = 500_000
"""Cells of one sheet that hold something: 20,000 rows of the widest template, and some more."""
SPARE_ROWS = 1_000
"""So many rows beyond them do no harm."""

ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of a compound file: an old .xls, or a new file under a password."""
TAGS_OF_A_CELL, MOST_TAGS_ASIDE = 6, 60_000
"""Tags, opening and closing, of a cell with its text inside; and of all that is no cell (styles, names, widths)."""
BLOCK = 1 << 20
OVERLAP = 160
"""Bytes of the former block that a search also sees: as long as the tags that are counted."""
ROW, CELL, STRING = (re.compile(rb"<(?:\w+:)?%s[\s/>]" % tag) for tag in (b"row", b"c", b"si"))
NUMBERED_ROW = re.compile(rb"<(?:\w+:)?row(?=\s)[^<>]*?\sr=\"\d+\"")
NUMBERED_CELL = re.compile(rb"<(?:\w+:)?c(?=\s)[^<>]*?\sr=\"[A-Z]{1,3}\d+\"")
EMPTY_CELL = re.compile(rb"<(?:\w+:)?c(?=\s)(?>[^<>]*?\sr=\"[A-Z]{1,3}\d+\")[^<>]*?/>")
"""Rows and cells that say where they stand, so that empty ones can be left out (``slim``).

A part once matched is not looked for again (``(?>…)``): a tag made of many references would take hours.
"""
DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([\w.-]+)")
ENCODINGS = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")
"""How a text begins whose characters have two bytes: a search for tags would find none of them."""


STRICT = b"http://purl.oclc.org/ooxml/"
"""How the namespaces of strict OOXML begin, which the reader does not know."""
SAVE_AS = "请用 Excel 或 WPS 打开它，另存为“Excel 工作簿（*.xlsx）”后上传"
OTHER_PACKAGES = {
    "xl/workbook.bin": "二进制工作簿（.xlsb）",
    "content.xml": "OpenDocument 表格（.ods）",
    "word/document.xml": "Word 文档（.docx）",
    "ppt/presentation.xml": "演示文稿（.pptx）",
}
"""A part that tells another kind of package → what it is."""


def inspect(content: bytes) -> None:
    """Refuses what is not a plain workbook of a bearable size. Raises ``Invalid``."""
    if not content:
        raise Invalid("文件是空的，请选择填写好的模板")
    if len(content) > MAX_BYTES:
        raise Invalid(f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请分成几个文件导入")
    if content.startswith(ENCRYPTED):
        raise Invalid(_compound(content))
    if not content.startswith(b"PK"):
        raise Invalid(_no_package(content))
    try:
        with ZipFile(BytesIO(content)) as packed:
            parts = packed.infolist()
            _inspect_names(parts)
            for name in sorted({info.filename for info in parts}):
                with packed.open(name) as part:
                    _inspect_part(part, name)
    except (BadZipFile, NotImplementedError, OSError, EOFError) as error:
        raise Invalid("不是 Excel 工作簿（.xlsx），或文件已损坏；请下载模板填写后上传") from error


def _inspect_names(parts: list[ZipInfo]) -> None:
    names = {info.filename for info in parts}
    if len(names) < len(parts):
        raise Invalid("文件内有重名的部分，不是正常保存的工作簿；请在 Excel 或 WPS 中打开，另存后重试")
    if sum(info.file_size for info in parts) > MAX_UNPACKED:
        raise Invalid("文件解压后过大，请删去图片和空行，或分成几个文件导入")
    if any(info.flag_bits & 1 for info in parts):
        raise Invalid("文件设有密码，请去掉密码后重试")
    if "xl/workbook.xml" not in names:
        kind = next((said for part, said in OTHER_PACKAGES.items() if part in names), "")
        raise Invalid(f"不是 Excel 工作簿（.xlsx）{kind and f'，而是{kind}'}；{SAVE_AS}")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Invalid("文件带有宏，请另存为不带宏的“Excel 工作簿（*.xlsx）”后重试")


def _inspect_part(part: IO[bytes], name: str) -> None:
    """No document type (and so no entity), not more rows, cells and elements than a bearable file has.

    A part is judged by how it begins, not by its name: a workbook may call its sheet a picture.
    """
    seen = part.read(BLOCK)
    if seen.startswith(WIDE):
        raise Invalid("文件的编码不是 UTF-8，请用 Excel 或 WPS 重新保存后上传")
    start = seen.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"<"):
        return  # a picture or the like: no parser takes it for a sheet
    declared = DECLARED.match(start)
    if declared and declared[1].lower() not in ENCODINGS:
        raise Invalid("文件的编码不是 UTF-8，请用 Excel 或 WPS 重新保存后上传")
    if name == "xl/workbook.xml" and STRICT in seen:
        raise Invalid("文件是“严格 Open XML”格式，请用 Excel 或 WPS 另存为“Excel 工作簿（*.xlsx）”后上传")
    rows = numbered = cells = empty = strings = tags = 0
    last = b""
    while seen:
        both = last + seen
        if b"<!DOCTYPE" in both or b"<!ENTITY" in both:
            raise Invalid("文件里有不允许的内容（文档类型声明），请用 Excel 或 WPS 重新保存后上传")
        rows += _more(ROW, both, last)
        numbered += _more(NUMBERED_ROW, both, last)
        if rows - numbered > MAX_ROWS + SPARE_ROWS:
            raise Invalid(f"一次最多导入 {MAX_ROWS} 行，请分成几个文件导入")
        cells += _more(CELL, both, last)
        empty += _more(EMPTY_CELL, both, last)
        strings += _more(STRING, both, last)
        tags += seen.count(b"<")
        aside = tags - TAGS_OF_A_CELL * (cells + strings) - 2 * rows
        if max(cells - empty, strings) > MAX_CELLS or aside > MOST_TAGS_ASIDE:
            raise Invalid("表格的单元格过多，请使用模板，删去多余的列、空行和格式后重新上传")
        last, seen = both[-OVERLAP:], part.read(BLOCK)


def _compound(content: bytes) -> str:
    """The fault of a compound file: a password, or a format of before 2007."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        return f"文件设有打开密码，请去掉密码后重试；{SAVE_AS}"
    if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        return f"文件是旧的 Excel 格式（.xls）或 WPS 表格格式（.et），改后缀名不能转换；{SAVE_AS}"
    return f"文件设有打开密码，或是旧的 .xls、.et 格式；请去掉密码，{SAVE_AS}"


def _no_package(content: bytes) -> str:
    """The kind of a file that is no package of parts at all."""
    start = content[:2048].lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith(b"%PDF"):
        said = "PDF 文件"
    elif start.startswith(b"<"):
        said = "网页或 XML 文件（有的系统导出的“.xls”就是网页）"
    elif b"\x00" not in content[:2048]:
        said = "文本文件（如 .csv）"
    else:
        said = ""
    return f"不是 Excel 工作簿（.xlsx）{said and f'，而是{said}'}，或文件已损坏；{SAVE_AS}"


def _more(sought: re.Pattern[bytes], both: bytes, last: bytes) -> int:
    return len(sought.findall(both)) - len(sought.findall(last))
