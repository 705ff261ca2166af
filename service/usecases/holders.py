"""The people whom diagrams name: who they are today, for checks and for the words of the studio."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from sqlalchemy.orm import Session

from service import clock
from service.auth.holders import Holder, named
from service.checks.bundle import read
from service.checks.findings import Enough, Report, Somebody
from service.checks.model import Node
from service.engine.expressions import readable
from service.processes.terms import PERSON
from service.studio.names import bundle_of


def named_people(session: Session, *versions: Mapping[str, bytes]) -> dict[str, Holder]:
    """The accounts that the diagrams of these files name, by sign-in name; two statements where there are any."""
    return dict(named(session, {name for files in versions for name in _names(files)}, clock.today()))


def known_people(found: Mapping[str, Holder]) -> dict[str, Somebody]:
    """The same, as the checks know them."""
    return {name: Somebody(one.name, one.usable, one.roles) for name, one in found.items()}


def people_in_words(found: Mapping[str, Holder]) -> dict[str, str]:
    """Sign-in name → 张三（区教育局，科长）."""
    return {name: f"{one.name}（{one.post}）" if one.post else one.name for name, one in found.items()}


def _names(files: Mapping[str, bytes]) -> Iterator[str]:
    diagrams = {name: content for name, content in bundle_of(files).items() if name.endswith(".bpmn")}
    if not any(f"{PERSON}:".encode() in content for content in diagrams.values()):
        return
    try:
        bundle = read(diagrams, Report())
    except Enough:  # nothing but faults: the checks tell them
        return
    for process in bundle.processes.values():
        for node in process.nodes.values():
            yield from _named_by(node)


def _named_by(node: Node) -> Iterator[str]:
    kind, _, text = node.properties.get("candidates", "").partition(":")
    tree = readable(text) if kind == PERSON else None
    for part in ast.walk(tree) if tree is not None else ():
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
