"""The type that there is to print with, and its characters: the lack of one is told before and on the paper."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
import typst
from fontTools.ttLib import TTFont, TTLibError

from service.documents.text import clean
from service.errors import Incident
from service.spelling import code_point

log = structlog.get_logger(__name__)

OFFICE_TYPE = ("FangSong_GB2312", "仿宋_GB2312", "FangSong", "仿宋", "STFangsong", "FZFangSong-Z02")
"""The office's own 仿宋 by the names under which machines know it, the best first."""

OFFICIAL_TYPE: Mapping[str, tuple[str, ...]] = {
    "title": (
        "FZXiaoBiaoSong-B05S",
        "方正小标宋简体",
        "FZXiaoBiaoSong-B05",
        "方正小标宋_GBK",
        "小标宋体",
        "STZhongsong",
    ),
    "hei": ("SimHei", "黑体", "FZHei-B01S", "STHeiti"),
    "kai": ("KaiTi_GB2312", "楷体_GB2312", "KaiTi", "楷体", "STKaiti", "FZKai-Z03S"),
    "song": ("SimSun", "宋体", "NSimSun", "STSong", "FZShuSong-Z01S"),
}
"""The other faces of an official document (GB/T 9704-2012): of the title, of levels 1 and 2, of page numbers. The
names under which machines know each, the best first."""

KIND_NAMES: Mapping[str, str] = {"body": "仿宋", "title": "小标宋", "hei": "黑体", "kai": "楷体", "song": "宋体"}
"""How people call a kind of face; ``body`` is that of ``OFFICE_TYPE``."""

SUPPLIED_TYPE = "Noto Serif SC"
"""The type that comes with the product, in ``TYPE_FOLDER``."""

TYPE_FOLDER = Path(__file__).resolve().parents[1] / "web" / "static" / "dist" / "print"
"""The supplied type stands with the pages' built files: both are made by one command."""

MARK = "〓"
"""Stands on paper for a character that no type has, as wide as the character that is written there by hand."""

HEADER = "Unprintable-Signs"
"""The header of an answer with a PDF that names the characters behind the marks: ``U+2EBF3 U+E863``."""

UNREADABLE = (OSError, ValueError, LookupError, AssertionError, AttributeError, TypeError, struct.error)
"""Errors that the reader of type raises over odd files: one such file in the system stops no print."""

LATIN_A, HAN_ONE = 0x41, 0x4E00

RANGES = (
    ("基本汉字", 0x4E00, 0x9FFF),
    ("扩展 A", 0x3400, 0x4DBF),
    ("扩展 B", 0x20000, 0x2A6DF),
    ("扩展 C", 0x2A700, 0x2B739),
    ("扩展 D", 0x2B740, 0x2B81D),
    ("扩展 E", 0x2B820, 0x2CEA1),
    ("扩展 F", 0x2CEB0, 0x2EBE0),
    ("扩展 G", 0x30000, 0x3134A),
    ("扩展 H", 0x31350, 0x323AF),
    ("扩展 I", 0x2EBF0, 0x2EE5D),
    ("私用区", 0xE000, 0xF8FF),
)
"""The ranges that Chinese names are written with (GB 18030-2022 and its amendment), and private use."""


@dataclass(frozen=True, slots=True)
class Covered:
    """How many of the characters from ``first`` to ``last`` some installed type has."""

    name: str
    first: int
    last: int
    there: int

    @property
    def of(self) -> int:
        """How many characters the range has."""
        return self.last - self.first + 1

    @property
    def places(self) -> str:
        """The range as people name it."""
        return f"{code_point(chr(self.first))}–{code_point(chr(self.last))}"


@dataclass(frozen=True, slots=True)
class Type:
    """The installed type and that of one folder; ``office`` are the office's own names among it."""

    faces: typst.Fonts
    office: tuple[str, ...]
    families: tuple[str, ...]
    characters: frozenset[int]


@lru_cache(maxsize=4)
def faces_of(folder: Path) -> tuple[typst.Fonts, tuple[str, ...]]:
    """The faces that there are, and the office's own names among them; quick, as their characters are not read.

    Raises Incident where no Chinese type is there.
    """
    # Type inside the program cannot be looked into, so it is left out: what a character is printed with must be known.
    found = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=[str(folder)])
    names = {name.lower() for name in found.families()}
    office = tuple(name for name in OFFICE_TYPE if name.lower() in names)
    if not office and SUPPLIED_TYPE.lower() not in names:
        raise Incident("没有可用的中文打印字体，请先运行 make setup")
    return found, office


def official_faces(folder: Path = TYPE_FOLDER) -> dict[str, list[str]]:
    """The installed names of each kind of face of an official document, the best first; none of a kind that lacks.

    Raises Incident where no Chinese type is there.
    """
    found, office = faces_of(folder)
    names = {name.lower() for name in found.families()}
    asked = {"body": office, **OFFICIAL_TYPE}
    return {kind: [one for one in known if one.lower() in names] for kind, known in asked.items()}


def replaced_faces(folder: Path = TYPE_FOLDER) -> tuple[str, ...]:
    """The kinds of face (仿宋, 小标宋 …) that no installed type has, so that papers show ``SUPPLIED_TYPE`` instead."""
    return tuple(KIND_NAMES[kind] for kind, names in official_faces(folder).items() if not names)


@lru_cache(maxsize=4)
def type_of(folder: Path) -> Type:
    """The type that a paper is printed with; found once in a process.

    Raises Incident where no Chinese type is there.
    """
    found, office = faces_of(folder)
    return Type(found, office, tuple(found.families()), frozenset(_characters(found)))


def coverage(folder: Path = TYPE_FOLDER) -> tuple[Covered, ...]:
    """How much of each of ``RANGES`` can be printed on this machine. Raises Incident as ``type_of``."""
    characters = type_of(folder).characters
    return tuple(
        Covered(name, first, last, sum(character in characters for character in range(first, last + 1)))
        for name, first, last in RANGES
    )


def log_coverage(folder: Path = TYPE_FOLDER) -> None:
    """Says in the log which type there is and which characters of names it lacks, for whoever starts the service."""
    try:
        ranges = coverage(folder)
    except Incident as error:
        log.warning("type_missing", what=error.message)
        return
    told = {one.name: f"{one.there}/{one.of}" for one in ranges}
    log.info("type_found", families=type_of(folder).families, characters=told)
    if replaced := replaced_faces(folder):
        log.warning("type_replaced", faces=replaced, what=f"没有安装公文用的这些字体，打印时用 {SUPPLIED_TYPE} 代替")
    if lacking := [f"{one.name} {one.places}" for one in ranges if not one.there]:
        log.warning("type_lacks", ranges=lacking, what="没有这些范围的字体，打印时以“〓”代替；请安装含有这些字的字体")


def unprintable(data: Any, folder: Path = TYPE_FOLDER) -> tuple[str, ...]:
    """The characters in ``data`` (JSON) that no type on this machine has, each once, in the order of the text."""
    known = type_of(folder).characters
    used = dict.fromkeys("".join(text for text in map(clean, _texts(data)) if not text.isascii()))
    return tuple(character for character in used if _lacking(character, known))


def marked(data: Any, missing: tuple[str, ...]) -> Any:
    """``data`` with ``MARK`` for each character of ``missing``."""
    return _replaced(data, str.maketrans(dict.fromkeys(missing, MARK))) if missing else data


def _lacking(character: str, known: frozenset[int]) -> bool:
    place = ord(character)
    selects = 0xFE00 <= place <= 0xFE0F or 0xE0100 <= place <= 0xE01EF  # says which form of the character before it
    return place not in known and not selects and not character.isspace()


def _characters(found: typst.Fonts) -> set[int]:
    """Every character of the files found. Of faces in one file, and of the weights of one family, the first speaks."""
    characters: set[int] = set()
    files: set[str] = set()
    families: set[str] = set()
    for face in sorted(found.fonts(), key=lambda face: (abs(face.weight - 400), face.index)):
        if face.path is None or face.path in files or face.family in families:
            continue
        families.add(face.family)
        files.add(face.path)
        try:
            with Path(face.path).open("rb") as stream, TTFont(stream, fontNumber=face.index, lazy=True) as font:
                has = set(font.getBestCmap() or ())
        except (*UNREADABLE, TTLibError) as error:  # what cannot be read is not counted on
            log.warning("type_unreadable", file=Path(face.path).name, error=type(error).__name__)
            continue
        # Where a face has letters and no Chinese, its characters of private use are icons and nobody's name.
        characters |= (
            {character for character in has if not _is_private(character)}
            if LATIN_A in has and HAN_ONE not in has
            else has
        )
    return characters


def _is_private(character: int) -> bool:
    return 0xE000 <= character <= 0xF8FF or character >= 0xF0000


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _replaced(value: Any, table: dict[int, str]) -> Any:
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, dict):
        return {name: _replaced(item, table) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, table) for item in value]
    return value
