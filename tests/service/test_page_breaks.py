"""The 需求处理单 of a need with many units: what stands on a page break is neither lost nor printed over."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import combinations
from typing import Any

import pytest
from pypdf import PageObject, PdfReader

from tests.factories.documents import NOBODY, entry, printed, sheet

WORDS = "已与学校沟通并逐项落实"
AROUND = re.compile(
    r"第\d+页共\d+页|南海区直接联系服务高层次人才需求处理单（续）编号：2026-需-0001|（接上页：相关部门办理情况）"
    r"|「复原」：.*?由系统填入。"
)


def answers(units: int, lines: int) -> list[dict[str, Any]]:
    """Answers whose every line is another one and some of which are longer than a page."""
    told = []
    for unit in range(units):
        count = 1 + (unit * 7 + lines) % lines
        text = "\n".join(f"【{unit}·{line}】{WORDS * (1 + (unit + line) % 5)}" for line in range(count))
        sign = {**NOBODY, "name": f"经办{unit}"}
        told.append(entry(heading=f"单位{unit}", facts=[f"期限{unit}"], text=text, after=[f"审核{unit}"], sign=sign))
    return told


def lines_of(page: PageObject) -> list[tuple[float, float, float, float]]:
    """(left, foot, right, height) of every piece of text, about."""
    found: list[tuple[float, float, float, float]] = []

    def seen(text: str, to_page: list[float], place: list[float], _: object, size: float) -> None:
        letters = text.strip()
        if letters:
            left = place[4] * to_page[0] + to_page[4]
            foot = place[5] * to_page[3] + to_page[5]
            high = abs(size * place[3] * to_page[3])
            wide = sum(high if ord(sign) > 0x2E80 else high / 2 for sign in letters)
            found.append((left, foot, left + wide, high))

    page.extract_text(visitor_text=seen)
    return found


@pytest.mark.parametrize(("units", "lines"), [(12, 9), (9, 40), (30, 3), (5, 90)])
def test_the_answers_of_many_units_stand_in_order_and_whole(units: int, lines: int) -> None:
    told = answers(units, lines)
    reader = PdfReader(BytesIO(printed(sheet(units=told)).content))
    assert len(reader.pages) > 2
    whole = AROUND.sub("", "".join("".join(page.extract_text().split()) for page in reader.pages))
    place = 0
    for one in told:
        for piece in [one["heading"], *one["facts"], *one["text"].split("\n"), *one["after"], one["sign"]["name"]]:
            at = whole.find("".join(piece.split()), place)
            assert at >= 0, piece
            place = at
    assert whole.count(WORDS) == sum(one["text"].count(WORDS) for one in told)


@pytest.mark.parametrize(("units", "lines"), [(12, 9), (9, 40), (30, 3)])
def test_no_line_stands_on_another_or_beyond_the_paper(units: int, lines: int) -> None:
    for page in PdfReader(BytesIO(printed(sheet(units=answers(units, lines))).content)).pages:
        pieces = lines_of(page)
        assert len(pieces) > 3
        for left, foot, right, high in pieces:
            assert 20 < left < right < float(page.mediabox.width) - 20
            assert 20 < foot < float(page.mediabox.height) - high
        for one, other in combinations(pieces, 2):
            apart = abs(one[1] - other[1])
            beside = one[2] <= other[0] + 1 or other[2] <= one[0] + 1
            assert beside or apart < 0.5 or apart > 0.7 * min(one[3], other[3]), (one, other)
