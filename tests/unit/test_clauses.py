"""Every clause that code, diagrams or documents cite stands in ``docs/clauses.md``, and what stands there is cited."""

from __future__ import annotations

import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.texts import HOME, files_of

PAGE = HOME / "docs/clauses.md"
TEXTS = {".md", ".bpmn", ".dmn", ".json", ".toml", ".typ"}

CODE = re.compile(r"(?<![\w.%/#&;=:-])([A-Z])(\d{1,2})(?:–\1(\d{1,2}))?(?![\w-])|\[[A-Z]\](?!\()|\bCLOCK\b")
"""W6, W1–W13, [A], CLOCK: never part of a longer word, an address or a link."""
PLACE = re.compile(r"实施方案([一二三四](?:（[一二三四五六]）\d?)?)")
"""How people are told a place of the policy: 实施方案三（二）3."""
BETWEEN = {tokenize.INDENT, tokenize.DEDENT, tokenize.NL}
"""The tokens that may stand between the end of a statement and a docstring."""
OTHERS = {"A4", "S3"}
"""A size of paper and a kind of storage, which look like clauses."""


def listed() -> dict[str, str]:
    """Code -> place in the policy, as the tables of the page have them."""
    rows = (line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| "))
    return {row[0].removeprefix("| "): row[1] for row in rows if CODE.fullmatch(row[0].removeprefix("| "))}


def codes(text: str) -> Iterator[str]:
    for found in CODE.finditer(text):
        letter, first, last = found.groups()
        if letter is None:
            yield found[0]
        else:
            yield from (f"{letter}{number}" for number in range(int(first), int(last or first) + 1))


def said(path: Path) -> Iterator[tuple[int, str]]:
    """The words of a file to its readers, with the line: comments and docstrings of Python, all of any other text."""
    text = path.read_text()
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), start=1)
        return
    if CODE.search(text) is None:
        return
    begins = True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and begins):
            yield token.start[0], token.string
        elif token.type not in BETWEEN:
            begins = token.type == tokenize.NEWLINE


def files() -> Iterator[Path]:
    rooms = ("service", "docs", "bpmn", "forms", "config", "tests")
    yield from (path for path in files_of(rooms, {*TEXTS, ".py"}) if path != PAGE)
    yield from sorted(HOME.glob("*.md"))


@pytest.fixture(scope="module")
def cited() -> dict[str, list[str]]:
    """Code or place -> where it is cited."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in files():
        for line, text in said(path):
            for one in [*codes(text), *PLACE.findall(text)]:
                found[one].append(f"{path.relative_to(HOME)}:{line}")
    return found


def test_every_cited_clause_is_listed(cited: dict[str, list[str]]) -> None:
    known = listed()
    codes_cited = {one: where for one, where in cited.items() if CODE.fullmatch(one)}
    assert {one: where for one, where in codes_cited.items() if one not in known and one not in OTHERS} == {}


def test_every_listed_clause_is_cited(cited: dict[str, list[str]]) -> None:
    assert len(listed()) > 40
    assert [one for one in listed() if one not in cited] == []


def test_places_that_people_are_told_are_places_of_the_policy(cited: dict[str, list[str]]) -> None:
    places = set(listed().values())
    known = places | {place.rstrip("123456789") for place in places} | {place[0] for place in places}
    told = {one: where for one, where in cited.items() if PLACE.fullmatch(f"实施方案{one}")}
    assert told
    assert {one: where for one, where in told.items() if one not in known} == {}


def test_codes_are_found_alone_and_in_ranges() -> None:
    assert list(codes("the reply (W6, CLOCK), [A], C1–C3, not W6-2, v1.W7, #F10, [A](a.md)")) == [
        "W6",
        "CLOCK",
        "[A]",
        "C1",
        "C2",
        "C3",
    ]
