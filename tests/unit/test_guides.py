"""Everything that the guides name is there: files, folders, and the names in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
PLACE = re.compile(r"`((?:service|tests|docs|bpmn|forms|config)/[a-zA-Z0-9_/.-]*)`")
NAMED = re.compile(r"`((?:service|tests|docs)/[\w/-]+\.py)`,\s+`(\w+)`(?:\s+and\s+`(\w+)`)?")
LINK = re.compile(r"\]\(([^)#: ]+)(?:#[^)]*)?\)")


def guides() -> Iterator[Path]:
    yield from (HOME / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md"))
    yield from sorted((HOME / "docs").glob("*.md"))


def test_files_and_folders_that_a_guide_names_are_there() -> None:
    named = [(guide.name, place) for guide in guides() for place in PLACE.findall(guide.read_text())]
    assert len(named) > 100
    assert [(guide, place) for guide, place in named if not (HOME / place).exists()] == []


def test_links_of_a_guide_lead_somewhere() -> None:
    links = [(guide, link) for guide in guides() for link in LINK.findall(guide.read_text())]
    assert links
    assert [(guide.name, link) for guide, link in links if not (guide.parent / link).exists()] == []


def test_what_a_guide_names_in_a_file_is_there() -> None:
    named = [found for guide in guides() for found in NAMED.findall(guide.read_text())]
    assert len(named) > 10
    missing = [
        (place, name)
        for place, *names in named
        for name in filter(None, names)
        if not re.search(rf"\b{name}\b", (HOME / place).read_text())
    ]
    assert missing == []
