"""A decision table out of its DMN file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from service.checks.model import local
from service.engine.xml import line_of


@dataclass(frozen=True, slots=True)
class Cell:
    """An expression of a table and the line it stands on."""

    id: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: one cell per input and output."""

    id: str
    line: int
    inputs: tuple[Cell, ...]
    outputs: tuple[Cell, ...]

    @property
    def catches_all(self) -> bool:
        """Whether the row holds whatever the inputs are."""
        return all(cell.text in ("", "-") for cell in self.inputs)


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision with its table. ``outputs`` are the names that the result has; ``tables`` counts the file's tables."""

    id: str
    name: str
    file: str
    line: int
    hit_policy: str
    tables: int
    inputs: tuple[Cell, ...]
    outputs: tuple[Cell, ...]
    rules: tuple[Rule, ...]
    others: tuple[str, ...]


def decisions_of(roots: Mapping[str, etree._Element]) -> dict[str, Decision]:
    """The decisions of all DMN files by id. Of two with one id the first counts."""
    found: dict[str, Decision] = {}
    for file, root in sorted(roots.items()):
        for element in _children(root, "decision"):
            found.setdefault(element.get("id", ""), _decision(element, file))
    return found


def _decision(element: etree._Element, file: str) -> Decision:
    tables = _children(element, "decisionTable")
    table = tables[0] if tables else element
    return Decision(
        id=element.get("id", ""),
        name=element.get("name", ""),
        file=file,
        line=line_of(element),
        hit_policy=table.get("hitPolicy", "UNIQUE").upper(),
        tables=len(tables),
        inputs=tuple(_input(each) for each in _children(table, "input")),
        outputs=tuple(
            Cell(each.get("id", ""), each.get("name") or each.get("label") or "", line_of(each))
            for each in _children(table, "output")
        ),
        rules=tuple(
            Rule(
                rule.get("id", ""),
                line_of(rule),
                tuple(_cell(each) for each in _children(rule, "inputEntry")),
                tuple(_cell(each) for each in _children(rule, "outputEntry")),
            )
            for rule in _children(table, "rule")
        ),
        others=tuple(local(child) for child in table if local(child) not in ("input", "output", "rule")),
    )


def _input(element: etree._Element) -> Cell:
    expressions = _children(element, "inputExpression")
    return _cell(expressions[0] if expressions else element, element.get("id", ""))


def _cell(element: etree._Element, cell_id: str | None = None) -> Cell:
    texts = _children(element, "text")
    text = (texts[0].text or "").strip() if texts else ""
    return Cell(cell_id or element.get("id") or "", text, line_of(texts[0] if texts else element))


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if local(child) == name]
