"""Papers: the data of a processing form, printed and read back."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pypdf import PdfReader

from service import documents
from service.documents import TEMPLATE_FOLDER as TEMPLATES

MADE_AT = datetime(2026, 9, 30, 8, 0, tzinfo=UTC)


NOBODY = {"name": None, "on_behalf_of": None, "on": None}


TYPE_FOLDER = documents.TYPE_FOLDER


def pages(content: bytes) -> list[str]:
    """The text of each page without blanks: where lines break is the typesetter's business."""
    return ["".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages]


def text_of(content: bytes) -> str:
    """The text of all pages without blanks."""
    return "".join(pages(content))


def entry(**changes: Any) -> dict[str, Any]:
    """One opinion, or one unit's answer."""
    return {"heading": "", "facts": [], "text": "", "after": [], "sign": NOBODY, **changes}


def sheet(**changes: Any) -> dict[str, Any]:
    """The data of a 处理单."""
    return {
        "number": "2026-需-0001",
        "filed": {"unit": "区人力资源和社会保障局", "name": "林晓岚", "on": "2026年9月16日"},
        "person": {"name": "欧阳振华", "work": "季华实验室　研究员", "contact": "0757-00000000"},
        "matter": {"title": "子女转学", "text": "希望协调子女入读公办学校。", "facts": ["类别：子女教育"]},
        "office": [entry(text="请研究办理。")],
        "units": [entry(heading="区教育局（主办）", text="已协调。")],
        "meetings": [],
        "group": None,
        **changes,
    }


def printed(data: dict[str, Any], *, template: str = "sheet", made_at: datetime = MADE_AT) -> documents.Printed:
    """A shipped template as it is made."""
    return documents.render(TEMPLATES / f"{template}.typ", data, made_at=made_at, type_folder=TYPE_FOLDER)


RARE, PRIVATE = "\U0002ebf3", "\ue863"


def with_type(folder: Path, family: str, characters: str) -> Path:
    """A folder with the supplied type and a face ``family`` that has ``characters``."""
    for file in TYPE_FOLDER.glob("*.ttf"):
        (folder / file.name).symlink_to(file)
    names = {ord(character): f"s{place}" for place, character in enumerate(characters)}
    glyphs = [".notdef", *names.values()]
    pen = TTGlyphPen(None)
    for step, point in enumerate(((0, 0), (0, 800), (800, 800), (800, 0))):
        pen.moveTo(point) if step == 0 else pen.lineTo(point)
    pen.closePath()
    box = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(glyphs)
    builder.setupCharacterMap(names)
    builder.setupGlyf(dict.fromkeys(glyphs, box))
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular", "psName": family.replace(" ", "")})
    builder.setupOS2()
    builder.setupPost()
    builder.save(folder / f"{family}.ttf")
    return folder
