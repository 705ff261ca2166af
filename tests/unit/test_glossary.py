"""Each word of the glossary stands there once, the code uses it, and people read its Chinese."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.factories.texts import HOME, files_of

ROW = re.compile(r"^\| ([^|]+) \| `(\w+)` \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
READ = {".py", ".html", ".toml", ".json", ".bpmn", ".typ"}


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str, str]]:
    return ROW.findall((HOME / "docs/glossary.md").read_text())


@pytest.fixture(scope="module")
def texts() -> str:
    """All that the service says, code and texts alike, and the guides for people."""
    found = [*files_of(("service", "bpmn", "forms", "config"), READ), *sorted((HOME / "docs").glob("*.zh.md"))]
    return "\n".join(path.read_text() for path in found)


def test_no_word_stands_twice(rows: list[tuple[str, str, str]]) -> None:
    assert len(rows) > 60
    for column in zip(*rows, strict=True):
        assert [word for word, count in Counter(column).items() if count > 1] == []


def test_the_code_uses_every_word(rows: list[tuple[str, str, str]], texts: str) -> None:
    words = set(re.findall(r"\w+", texts, re.ASCII))
    assert [name for _, name, _ in rows if name not in words] == []


def test_people_read_every_chinese_word(rows: list[tuple[str, str, str]], texts: str) -> None:
    chinese = [word for _, _, said in rows for word in said.split("、")]
    assert [word for word in chinese if word not in texts] == []
