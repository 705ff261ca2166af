"""Every kind of entry that the code writes into the journal has a word, and one word."""

from __future__ import annotations

import ast
import importlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import service
from service import attachments
from service.access_log.fields import ENTRIES as OF_ACCESS_LOG
from service.audit.fields import ENTRIES as OF_VERIFICATIONS
from service.auth.fields import ENTRIES as OF_ACCOUNTS
from service.contacts.fields import ENTRIES as OF_CONTACTS
from service.exchange.fields import ENTRIES as OF_IMPORTS
from service.history import bulk, journal, notices, records
from service.jobs.fields import ENTRIES as OF_JOBS
from service.ledger.circulars import ENTRIES as OF_CIRCULARS
from service.ledger.fields import ENTRIES as OF_LEDGER
from service.ledger.reported import ENTRIES as OF_REPORTED
from service.liaisons.fields import ENTRIES as OF_LIAISONS
from service.notifications.fields import ENTRIES as OF_NOTIFICATIONS
from service.people.fields import ENTRIES as OF_PEOPLE
from service.processes import effects, operations
from service.processes.fields import ENTRIES as OF_PROCESSES
from service.reports.fields import ENTRIES as OF_REPORTS
from service.seals.fields import ENTRIES as OF_SEALS
from service.studio.fields import ENTRIES as OF_DRAFTS
from service.talents.fields import ENTRIES as OF_TALENTS
from service.web import changes

HOME = Path(service.__file__).parent
FEATURES = {
    "accounts": OF_ACCOUNTS,
    "attachments": attachments.ENTRIES,
    "circulars": OF_CIRCULARS,
    "contacts": OF_CONTACTS,
    "drafts": OF_DRAFTS,
    "history": notices.ENTRIES,
    "imports": OF_IMPORTS,
    "jobs": OF_JOBS,
    "ledger": OF_LEDGER,
    "liaisons": OF_LIAISONS,
    "notifications": OF_NOTIFICATIONS,
    "people": OF_PEOPLE,
    "processes": OF_PROCESSES,
    "reported": OF_REPORTED,
    "reports": OF_REPORTS,
    "seals": OF_SEALS,
    "access_log": OF_ACCESS_LOG,
    "talents": OF_TALENTS,
    "verifications": OF_VERIFICATIONS,
}
WRITERS: Mapping[Any, tuple[int | None, str]] = {
    journal.append: (None, "kind"),
    bulk.begin_streams: (None, "kind"),
    bulk.extend_streams: (None, "kind"),
    records.record: (2, "kind"),
    operations.record: (None, "kind"),
    operations.Input: (0, "kind"),
    effects.Effect: (0, "kind"),
}
"""The function that writes an entry, or is written as one → where its kind stands among the arguments."""
NO_ENTRY = {"event.kind", "effect.kind", "what.kind"}
"""Kinds that are read from an entry, an input or an effect that was made elsewhere."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> Iterator[tuple[ModuleType, ast.Module]]:
    for path in sorted(HOME.rglob("*.py")):
        if "migrations" in path.parts or path.name == "__main__.py":
            continue
        name = ".".join(("service", *path.relative_to(HOME).with_suffix("").parts)).removesuffix(".__init__")
        yield importlib.import_module(name), ast.parse(path.read_text(encoding="utf-8"))


def meant(module: ModuleType, node: ast.expr) -> Any:
    """The value of a name or a dotted name of a module; None for what is known only when the code runs."""
    if isinstance(node, ast.Name):
        return getattr(module, node.id, None)
    if isinstance(node, ast.Attribute):
        owner = meant(module, node.value)
        return getattr(owner, node.attr, None) if isinstance(owner, ModuleType) else None
    return None


def kind_in(call: ast.Call, place: tuple[int | None, str]) -> ast.expr | None:
    position, keyword = place
    named = next((one.value for one in call.keywords if one.arg == keyword), None)
    if named is None and position is not None and len(call.args) > position:
        return call.args[position]
    return named


def parameters(function: Function) -> list[str]:
    known = function.args
    return [one.arg for one in (*known.posonlyargs, *known.args, *known.kwonlyargs)]


def place_of(function: Function, parameter: str) -> tuple[int | None, str]:
    plain = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    return (plain.index(parameter) if parameter in plain else None), parameter


def values(module: ModuleType, function: Function | None, node: ast.expr) -> set[str] | str:
    """The kinds that an expression may be; the name of a parameter where the caller says; else what it reads."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        both = [values(module, function, one) for one in (node.body, node.orelse)]
        return set().union(*(one for one in both if isinstance(one, set)))
    if isinstance(node, ast.Name) and function is not None:
        if node.id in parameters(function):
            return node.id
        for one in ast.walk(function):
            if isinstance(one, ast.Assign) and any(isinstance(to, ast.Name) and to.id == node.id for to in one.targets):
                return values(module, function, one.value)
            if isinstance(one, ast.For) and isinstance(one.iter, ast.Name):
                listed = meant(module, one.iter)
                if isinstance(one.target, ast.Name) and one.target.id == node.id and isinstance(listed, tuple):
                    return set(listed)
    known = meant(module, node)
    return {known} if isinstance(known, str) else ast.unparse(node)


def calls(tree: ast.Module) -> Iterator[tuple[Function | None, ast.Call]]:
    def below(node: ast.AST, function: Function | None) -> Iterator[tuple[Function | None, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield function, child
            yield from below(child, child if isinstance(child, ast.FunctionDef) else function)

    return below(tree, None)


@pytest.fixture(scope="module")
def written() -> dict[str, set[str]]:
    """Every kind that the code writes → the modules that do; asserts that each kind can be read from the code."""
    known, found, unread = dict(WRITERS), defaultdict[str, set[str]](set), set[str]()
    trees = [(module, [*calls(tree)]) for module, tree in modules()]
    for _ in range(4):  # a function that hands its own parameter on writes as well
        unread.clear()
        for module, there in trees:
            for function, call in there:
                place = known.get(meant(module, call.func)) if _hashable(meant(module, call.func)) else None
                node = kind_in(call, place) if place is not None else None
                if node is None:
                    continue
                kinds = values(module, function, node)
                if isinstance(kinds, set):
                    for kind in kinds:
                        found[kind].add(module.__name__)
                elif function is not None and kinds in parameters(function):
                    writer = getattr(module, function.name, None)
                    if writer is not None:
                        known.setdefault(writer, place_of(function, kinds))
                elif kinds not in NO_ENTRY:
                    unread.add(f"{module.__name__}: {kinds}")
    assert unread == set()
    return found


def _hashable(one: object) -> bool:
    return callable(one) and getattr(one, "__hash__", None) is not None


def test_the_code_tells_what_it_writes(written: dict[str, set[str]]) -> None:
    assert len(written) > 110
    for kind in ("talent_added", "signed_in", "mail_address_removed", "started", "due_changed", "notice", "brief_read"):
        assert kind in written


def test_every_kind_that_is_written_has_its_word_at_one_feature(written: dict[str, set[str]]) -> None:
    homes = Counter(kind for entries in FEATURES.values() for kind in entries)
    assert sorted(written.keys() - homes.keys()) == []
    assert [kind for kind, times in homes.items() if times > 1] == []
    assert sorted(homes.keys() - written.keys() - OLDER) == []


OLDER: frozenset[str] = frozenset()
"""Kinds that only journals from before hold."""


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_a_word_is_said_of_one_kind(feature: str) -> None:
    words = Counter(entry.word for entry in FEATURES[feature].values())
    assert [word for word, times in words.items() if times > 1 or not word] == []


def test_pages_collect_the_words_and_make_none_of_their_own() -> None:
    collected = {kind: entry for entries in FEATURES.values() for kind, entry in entries.items()}
    assert dict(changes.ENTRIES) == {kind: collected[kind] for kind in changes.ENTRIES}
