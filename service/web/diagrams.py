"""The input of a page's diagram island: each drawn process of a bundle, its name, position and path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache

from service.engine.program import BPMN_NAMES
from service.engine.xml import parse_xml, utf8


@dataclass(slots=True)
class Picture:
    """One diagram. ``done`` and ``active`` are ids of elements, ``ways`` pairs (from, to) of passed elements.

    ``marks`` says of elements what became of them since another version: added, removed, changed or moved; ``counts``
    are (from, to, how often the way between them was gone, how often it would be). ``flows`` are (from, to, label, in
    words, address, weight from 0 to 1) of ways that are told by a label and the breadth of their line, ``badges``
    (element, label, in words, address, tone: plain, slow or late) of elements. ``heat`` is how hot elements are, from 1
    to 5. A ``hidden`` one is not offered until
    the page says so.
    """

    id: str
    name: str
    xml: str
    active: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    ways: list[tuple[str, str]] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    counts: list[tuple[str, str, int, int]] = field(default_factory=list)
    flows: list[tuple[str, str, str, str, str, float]] = field(default_factory=list)
    badges: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    hidden: bool = False
    heat: dict[str, int] = field(default_factory=dict)


def pictures(files: Mapping[str, bytes], main: str) -> list[Picture]:
    """The diagrams among a bundle's files, the one of process ``main`` first."""
    found = []
    for name, content in files.items():
        if not name.endswith(".bpmn"):
            continue
        for process in parse_xml(content, name=name).findall("b:process", BPMN_NAMES):
            key = str(process.get("id"))
            found.append(Picture(key, str(process.get("name") or "未命名流程"), utf8(content, name).decode()))
    return sorted(found, key=lambda picture: (picture.id != main, picture.name))


def travelled(drawn: list[Picture], passed: Iterable[tuple[str, str, str | None]]) -> list[Picture]:
    """``drawn`` with the path so far: ``passed`` are (process, element, from which element).

    Where a token stands inside a called process, the calling activity is a present position too.
    """
    by_id = {picture.id: picture for picture in drawn}
    for process, node, source in passed:
        if process in by_id:
            by_id[process].done.append(node)
            if source is not None:
                by_id[process].ways.append((source, node))
    standing = {picture.id for picture in drawn if picture.active}
    for _ in drawn:  # a call within a call: one level more each time
        for picture in drawn:
            for activity, called, sources in _calls(picture.xml):
                reached = activity in picture.done or sources & set(picture.done)
                if called in standing and reached and activity not in picture.active:
                    picture.active.append(activity)
                    standing.add(picture.id)
    return drawn


def calls(picture: Picture) -> list[tuple[str, str]]:
    """(call activity, called process) of a diagram."""
    return [(activity, called) for activity, called, _ in _calls(picture.xml)]


@lru_cache(maxsize=64)
def _calls(xml: str) -> tuple[tuple[str, str, frozenset[str]], ...]:
    """(call activity, called process, the elements before it) of a diagram; the same few are asked for all day."""
    root = parse_xml(xml.encode(), name="diagram")
    before: dict[str, set[str]] = {}
    for flow in root.iterfind(".//b:sequenceFlow", BPMN_NAMES):
        before.setdefault(str(flow.get("targetRef")), set()).add(str(flow.get("sourceRef")))
    calls = [
        (str(one.get("id")), str(one.get("calledElement"))) for one in root.iterfind(".//b:callActivity", BPMN_NAMES)
    ]
    return tuple((activity, called, frozenset(before.get(activity, ()))) for activity, called in calls)


def island(drawn: Sequence[Picture], present: str | None = None) -> dict[str, object]:
    """The JSON of the island; ``present`` is the diagram to open first, default the first."""
    return {"diagrams": [asdict(picture) for picture in drawn], "open": present or (drawn[0].id if drawn else "")}
