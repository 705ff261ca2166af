"""The auditors' guide explains whatever ``liaison verify`` may say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.audit.verifying import pieces
from service.history import verify
from service.processes import case_checks, replay
from tests.factories.scripts import DOCS


def sentences(source: str) -> Iterator[str]:
    """The Chinese texts of a module, with … where a value stands."""
    tree = ast.parse(source)
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            text = node.value
        else:
            continue
        if re.search(r"[\u4e00-\u9fff]", text):
            yield re.sub("…+", "…", text)


def test_what_a_rebuild_puts_right_is_explained() -> None:
    told = [one for one in sentences(Path(str(pieces.__file__)).read_text()) if "liaison rebuild" in one]
    assert len(told) > 3
    guide = (DOCS / "auditors.zh.md").read_text()
    assert [sentence for sentence in told if sentence not in guide] == []


@pytest.mark.parametrize("module", [verify, replay, case_checks])
def test_every_mismatch_is_explained(module: object) -> None:
    told = list(sentences(Path(str(module.__file__)).read_text()))  # type: ignore[attr-defined]  # a module
    assert len(told) > 8
    guide = (DOCS / "auditors.zh.md").read_text()
    assert [sentence for sentence in told if sentence not in guide] == []
