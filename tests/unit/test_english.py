"""Code of the service and its tests is read once: a sentence begins with its subject, in the words of the glossary."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.texts import HOME, files_of

EXCUSED = {HOME / "docs/glossary.md", HOME / "CHANGELOG.md"}
"""The list of the avoided words itself, and what was said at the time."""
END_OF_SENTENCE = re.compile(r"(?<=[.!?:;])\s+")
NOUN_CLAUSE = re.compile(r"[-* ]*(?:Who|Whom|Whose|Whoever|What|Whatever|Which|That)\b(?!.*\?$)", re.DOTALL)
AVOIDED = re.compile(r"\b(?:deeds?|gear tasks?)\b", re.IGNORECASE)


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """The line and text of each string that stands as a statement: of modules, classes, functions and constants."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def noun_clauses(text: str) -> list[str]:
    """The sentences of a docstring that begin with Who, What, Which or That and ask nothing."""
    return [one for one in END_OF_SENTENCE.split(text.strip()) if NOUN_CLAUSE.match(one)]


@pytest.fixture(scope="module")
def said() -> list[tuple[str, str]]:
    """Where, and what, the docstrings of the service and its tests say."""
    return [
        (f"{path.relative_to(HOME)}:{line}", text)
        for path in files_of(("service", "tests"), {".py"})
        for line, text in docstrings(path.read_text())
    ]


def test_no_sentence_of_a_docstring_begins_with_a_noun_clause(said: list[tuple[str, str]]) -> None:
    assert len(said) > 4000
    assert {where: found for where, text in said if (found := noun_clauses(text))} == {}


def test_code_keeps_to_the_words_of_the_glossary() -> None:
    """In names, strings and comments as well, down to a part of a name such as ``_deeds``."""
    avoided = re.compile(r"(?<![a-z])(?:deeds?|gears?)(?![a-z])", re.IGNORECASE)
    found = {
        str(path.relative_to(HOME)): sorted(words)
        for path in files_of(("service", "tests"), {".py", ".html", ".css", ".js", ".jsx"})
        if path != Path(__file__) and (words := set(avoided.findall(path.read_text())))
    }
    assert found == {}


def documents() -> list[Path]:
    return [path for path in (*HOME.glob("*.md"), *HOME.glob("docs/*.md")) if path not in EXCUSED]


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(HOME)))
def test_documents_keep_to_the_words_of_the_glossary(path: Path) -> None:
    assert AVOIDED.findall(path.read_text()) == []


def test_sentences_are_found_wherever_they_stand() -> None:
    text = "The end. What comes after: that is lower case. Who asks?\n\nWhich one; Whose it is."
    assert noun_clauses(text) == ["What comes after:", "Which one;", "Whose it is."]
    assert list(docstrings('"""Module."""\nA = 1\n"""Of A."""\n')) == [(1, "Module."), (3, "Of A.")]
