"""Odd files of type on a machine stop no print: the typesetter takes them, what they have cannot be looked into."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from fontTools.ttLib import TTFont, TTLibError
from structlog.testing import capture_logs

from service import documents
from service.documents import type as types
from service.documents.type import UNREADABLE
from tests.factories.documents import MADE_AT, RARE, sheet, text_of, with_type
from tests.factories.documents import TEMPLATES as PAPERS

Table = Callable[[bytearray, int, list[int]], None]
"""Spoils a file in place, told where its ``cmap`` stands and where that one's parts are."""


def group_count(data: bytearray, at: int, parts: list[int]) -> None:
    for part in parts:
        if struct.unpack(">H", data[at + part : at + part + 2])[0] == 12:
            data[at + part + 12 : at + part + 16] = struct.pack(">L", 99_999)


def short_header(data: bytearray, at: int, parts: list[int]) -> None:
    for part in parts:
        data[at + part + 2 : at + part + 4] = struct.pack(">H", 5)


def beyond_the_end(data: bytearray, at: int, parts: list[int]) -> None:
    for place in range(len(parts)):
        data[at + 8 + 8 * place : at + 12 + 8 * place] = struct.pack(">L", 0x7FFFFFFF)


def nothing_in_it(data: bytearray, at: int, parts: list[int]) -> None:
    data[at + 2 : at + 4] = b"\x00\x00"


def spoiled(folder: Path, spoil: Table) -> Path:
    """The supplied type and a face with a rare character, whose table of characters is spoiled."""
    with_type(folder, "Odd Song", f"一{RARE}")
    file = folder / "Odd Song.ttf"
    data = bytearray(file.read_bytes())
    for record in range(12, 12 + 16 * struct.unpack(">H", data[4:6])[0], 16):
        tag, at = data[record : record + 4], struct.unpack(">L", data[record + 8 : record + 12])[0]
        if tag == b"cmap":
            count = struct.unpack(">H", data[at + 2 : at + 4])[0]
            parts = [struct.unpack(">L", data[at + 8 + 8 * n : at + 12 + 8 * n])[0] for n in range(count)]
            spoil(data, at, parts)
    file.write_bytes(bytes(data))
    return folder


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logger that no earlier test has bound: a bound one keeps to the settings of that time."""
    monkeypatch.setattr(types, "log", structlog.get_logger("type"))


@pytest.mark.parametrize("spoil", [group_count, short_header, beyond_the_end, nothing_in_it])
def test_a_face_whose_signs_cannot_be_read_is_not_counted_on(tmp_path: Path, spoil: Table, heard: None) -> None:
    folder = spoiled(tmp_path, spoil)
    with capture_logs() as logs:
        found = types.type_of(folder)
    assert "Odd Song" in found.families, "the typesetter takes it"
    said = [one for one in logs if one["event"] == "type_unreadable"]
    assert [one["file"] for one in said] == ([] if spoil is nothing_in_it else ["Odd Song.ttf"])
    assert documents.unprintable(RARE, folder) == (RARE,)
    data = sheet(person={"name": f"试{RARE}", "work": "", "contact": ""})
    made = documents.render(PAPERS / "sheet.typ", data, made_at=MADE_AT, type_folder=folder)
    assert made.missing == (RARE,)
    assert "试〓" in text_of(made.content)


def test_a_file_that_is_taken_away_meanwhile_is_passed_over(tmp_path: Path, heard: None) -> None:
    folder = with_type(tmp_path, "Rare Song", f"一{RARE}")
    found = types.type_of(folder)
    (folder / "Rare Song.ttf").unlink()
    with capture_logs() as logs:
        characters = types._characters(found.faces)
    assert ord(RARE) not in characters
    assert [(one["file"], one["error"]) for one in logs] == [("Rare Song.ttf", "FileNotFoundError")]


@pytest.mark.parametrize("cut", [13, 40, 200, 400])
def test_a_file_that_is_cut_off_raises_nothing_that_is_not_foreseen(tmp_path: Path, cut: int) -> None:
    file = with_type(tmp_path, "Rare Song", f"一{RARE}") / "Rare Song.ttf"
    file.write_bytes(file.read_bytes()[:cut])
    with (
        file.open("rb") as stream,
        pytest.raises((*UNREADABLE, TTLibError)),
        TTFont(stream, fontNumber=0, lazy=True) as font,
    ):
        font.getBestCmap()
    assert documents.unprintable(RARE, tmp_path) == (RARE,)
