"""The difference between two versions of a process, in words that an owner reads, and by element for the drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from service.errors import Invalid
from service.studio.difference import diagrams, forms, others, scenarios, tables
from service.studio.difference.names import Names
from service.studio.difference.shape import ADDED, CHANGED, MOVED, REMOVED, Change, Difference
from service.studio.panel import NOTHING_KNOWN, Choices
from service.studio.sameness import difference as sort_of

__all__ = ["ADDED", "CHANGED", "MOVED", "REMOVED", "Change", "Difference", "compare"]

Files = Mapping[str, bytes]


def compare(before: Files, after: Files, house: Choices = NOTHING_KNOWN) -> Difference:
    """The difference between two versions' files, scenarios among them. Files that cannot be read differ as a whole.

    ``house`` names the codes of units, roles, actions and lists; what a file names itself is known without it.
    """
    parts: list[Change] = []
    old, new = Names(before, house), Names(after, house)
    for told, suffixes in ((diagrams.changes, (".bpmn",)), (tables.changes, (".dmn",)), (forms.changes, (".json",))):
        mine, theirs = _of(before, suffixes), _of(after, suffixes)
        parts += _told(partial(told, mine_named=old, theirs_named=new), mine, theirs)
    rest = (".bpmn", ".dmn", ".json")
    mine, theirs = _without(before, rest), _without(after, rest)
    parts += others.changes(_runs(mine), _runs(theirs))
    parts += scenarios.changes(_scenarios(mine), _scenarios(theirs), old, new)
    return Difference(sort_of(_runs(before), _runs(after)), tuple(parts))


def _told(told: Callable[[Files, Files], Iterator[Change]], before: Files, after: Files) -> list[Change]:
    try:
        return list(told(before, after))
    except Invalid:  # a draft at times holds what nobody can read: what its file is called is told then
        return list(others.changes(before, after))


def _of(files: Files, suffixes: tuple[str, ...]) -> Files:
    return {name: content for name, content in files.items() if name.endswith(suffixes)}


def _without(files: Files, suffixes: tuple[str, ...]) -> Files:
    return {name: content for name, content in files.items() if not name.endswith(suffixes)}


def _runs(files: Files) -> Files:
    return {name: content for name, content in files.items() if not name.startswith(scenarios.FOLDER)}


def _scenarios(files: Files) -> Files:
    return {name: content for name, content in files.items() if name.startswith(scenarios.FOLDER)}
