"""Changes in decision tables, by rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from service.checks.decision_model import Cell, Decision, Rule, decisions_of
from service.checks.model import local
from service.engine.xml import parse_xml
from service.studio.difference.names import Names
from service.studio.difference.shape import ADDED, CHANGED, REMOVED, Change, other, turned, value

_POLICIES: Mapping[str, str] = {
    "FIRST": "取第一条相符的",
    "UNIQUE": "只能有一条相符",
    "ANY": "相符的须一致",
    "COLLECT": "取所有相符的",
}


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two versions of a table, the headings of its columns and the words for its cells."""

    table: Decision
    labels: Mapping[str, str]
    names: Names

    def cells(self, rule: Rule) -> dict[str, tuple[str, str]]:
        """The id of a column → the field that it is about, and the text of the rule's cell."""
        columns, cells = (*self.table.inputs, *self.table.outputs), (*rule.inputs, *rule.outputs)
        return {column.id: (column.text, cell.text) for column, cell in zip(columns, cells, strict=False)}

    def rule(self, rule: Rule) -> str:
        """A rule as a sentence: what must hold, and what comes out."""
        held, given = [], []
        for column, (field, text) in self.cells(rule).items():
            if column in {one.id for one in self.table.outputs}:
                given.append(f"{self.labels.get(column, field)}{self.names.cell(field, text)}")
            elif text not in ("", "-"):
                held.append(f"{self.labels.get(column, field)}{self.names.cell(field, text)}")
        return f"{'、'.join(held) or '其余情况'} → {'、'.join(given)}"


MOST_RULES = 300
"""Beyond these it is not told which of them moved."""


def changes(
    before: Mapping[str, bytes], after: Mapping[str, bytes], mine_named: Names, theirs_named: Names
) -> Iterator[Change]:
    """The changes, table by table. Raises Invalid for a table that cannot be read."""
    old_roots = {name: parse_xml(content, name=name) for name, content in before.items()}
    new_roots = {name: parse_xml(content, name=name) for name, content in after.items()}
    old, new = decisions_of(old_roots), decisions_of(new_roots)
    labels = {**_labels(old_roots), **_labels(new_roots)}
    for key in [*new, *(key for key in old if key not in new)]:
        mine, theirs = old.get(key), new.get(key)
        if theirs is not None and mine is None:
            told = f"新增规则表「{theirs.name or key}」，共 {len(theirs.rules)} 条规则"
            yield Change(ADDED, theirs.file, key, key, (told,))
        elif mine is not None and theirs is None:
            yield Change(REMOVED, mine.file, key, key, (f"删除规则表「{mine.name or key}」",))
        elif mine is not None and theirs is not None:
            yield from _table(_Side(mine, labels, mine_named), _Side(theirs, labels, theirs_named), labels)


def _table(before_side: _Side, after_side: _Side, labels: Mapping[str, str]) -> Iterator[Change]:
    old, new = before_side.table, after_side.table
    said = f"规则表「{new.name or new.id}」"
    whole = []
    if old.name != new.name:
        whole.append(f"规则表{other('名称', old.name, new.name)}")
    if old.hit_policy != new.hit_policy:
        mine, theirs = (_POLICIES.get(one, one) for one in (old.hit_policy, new.hit_policy))
        whole.append(f"{said}：{other('取用规则的方式', mine, theirs)}")
    for what, mine_cells, their_cells in (("条件", old.inputs, new.inputs), ("结果", old.outputs, new.outputs)):
        whole += [
            f"{said}：{line}" for line in _columns(what, mine_cells, their_cells, (before_side, after_side), labels)
        ]
    if whole:
        yield Change(CHANGED, new.file, new.id, new.id, tuple(whole))
    before = {rule.id: (number, rule) for number, rule in enumerate(old.rules, 1)}
    after = {rule.id: (number, rule) for number, rule in enumerate(new.rules, 1)}
    for name, (number, rule) in after.items():
        if name not in before:
            told = f"{said}：新增第 {number} 条规则，{after_side.rule(rule)}"
            yield Change(ADDED, new.file, new.id, name, (told,))
        elif lines := list(_cells(before[name][1], rule, before_side, after_side)):
            yield Change(CHANGED, new.file, new.id, name, tuple(f"{said}第 {number} 条：{line}" for line in lines))
    for name, (number, rule) in before.items():
        if name not in after:
            told = f"{said}：删除原第 {number} 条规则，{before_side.rule(rule)}"
            yield Change(REMOVED, new.file, new.id, name, (told,))
    yield from _order(said, new, [name for name in before if name in after], [name for name in after if name in before])


def _order(said: str, new: Decision, old_order: Sequence[str], new_order: Sequence[str]) -> Iterator[Change]:
    """One line a rule that passed others: those that keep their order among themselves are the longest row."""
    if old_order == new_order:
        return
    if len(new_order) > MOST_RULES:
        yield Change(CHANGED, new.file, new.id, new.id, (f"{said}：规则的先后有变",))
        return
    numbers = {rule.id: number for number, rule in enumerate(new.rules, 1)}
    for name in _moved(old_order, new_order):
        yield Change(CHANGED, new.file, new.id, name, (f"{said}：有一条规则移到了第 {numbers[name]} 条",))


def _moved(old_order: Sequence[str], new_order: Sequence[str]) -> list[str]:
    place = {name: number for number, name in enumerate(old_order)}
    best: list[list[str]] = []
    for name in new_order:  # the longest row that keeps its order
        rows = [one for one in best if place[one[-1]] < place[name]]
        best.append([*(max(rows, key=len) if rows else []), name])
    longest = max(best, key=len)
    return [name for name in new_order if name not in longest]


def _columns(
    what: str, old: Sequence[Cell], new: Sequence[Cell], sides: tuple[_Side, _Side], labels: Mapping[str, str]
) -> Iterator[str]:
    before, after = (side.names for side in sides)
    mine, theirs = {one.id: one for one in old}, {one.id: one for one in new}
    for name, cell in theirs.items():
        if name not in mine:
            yield f"新增{what}列「{labels.get(name) or cell.text}」"
        elif mine[name].text != cell.text:
            was, now = before.data(mine[name].text), after.data(cell.text)
            yield turned(f"{what}列「{labels.get(name) or cell.text}」的内容", was, now)
    for name, cell in mine.items():
        if name not in theirs:
            yield f"删除{what}列「{labels.get(name) or cell.text}」"


def _cells(old: Rule, new: Rule, before: _Side, after: _Side) -> Iterator[str]:
    mine, theirs = before.cells(old), after.cells(new)
    for column, (field, text) in theirs.items():
        if column in mine and mine[column][1] != text:
            was, now = before.names.cell(*mine[column]), after.names.cell(field, text)
            if was == now:  # two spellings of the same
                was, now = value(mine[column][1]), value(text)
            yield f"「{after.labels.get(column, field)}」由{was}改为{now}"


def _labels(roots: Mapping[str, etree._Element]) -> dict[str, str]:
    """The id of a column → its heading. A column of conditions is known by the id of its table cell or expression."""
    found: dict[str, str] = {}
    for root in roots.values():
        for column in root.iter():
            if local(column) in ("input", "output") and (label := column.get("label")):
                found[column.get("id", "")] = label
                found |= {one.get("id", ""): label for one in column if local(one) == "inputExpression"}
    return found
