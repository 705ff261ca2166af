"""The meaning of a file, whatever its spelling: two files are the same program, or the same picture, or neither."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Literal

from service.engine.xml import parse_xml, utf8
from service.errors import Invalid
from service.studio.source import Element, Unreadable, read

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_DRAWN = frozenset({"BPMNDiagram", "DMNDI"})
_NOTES = frozenset({"textAnnotation", "association", "group", "category"})
"""Of BPMN, what only people read on the drawing."""
_DERIVED = frozenset({"incoming", "outgoing"})
_TOOL = frozenset({"exporter", "exporterVersion"})

Sort = Literal["same", "layout", "content"]
"""How two versions differ: not at all, in the drawing alone, or in what happens."""


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Sort:
    """How two bundles differ. Files with the same bytes are not read."""
    same = {name for name, content in before.items() if after.get(name) == content}
    before, after = ({name: one for name, one in files.items() if name not in same} for files in (before, after))
    if program_digest(before) != program_digest(after):
        return "content"
    return "same" if picture_digest(before) == picture_digest(after) else "layout"


def program_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) of what a bundle says: layout, notes on the drawing, white space and spelling say nothing."""
    return _digest(files, _program)


def picture_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) of all that a bundle says and shows; white space, comments and order of attributes say nothing."""
    return _digest(files, _everything)


def said(element: Element, keep: Callable[[Element], bool] | None = None) -> str:
    """The digest of an element: equal for equal meaning. ``keep`` says which elements below it count (default: all)."""
    if keep is None and element.digest:
        return element.digest
    inner = [one for one in element.elements if keep is None or keep(one)]
    parts = [said(one, keep) for one in inner]
    if element.key.startswith(BPMN):
        # Of the flows of one gateway the engine takes the first that holds; nothing else in a diagram has an order.
        flows = [(one.get("sourceRef") or "", part) for one, part in zip(inner, parts, strict=True) if _is_flow(one)]
        others = [part for one, part in zip(inner, parts, strict=True) if not _is_flow(one)]
        parts = [part for _, part in sorted(flows, key=lambda pair: pair[0])] + sorted(others)
    attributes = sorted((name, value) for name, value in element.said.items() if name not in _TOOL)
    found = _sealed([element.key, attributes, "" if inner else element.text, parts])
    if keep is None:
        element.digest = found
    return found


def _is_flow(element: Element) -> bool:
    return element.local == "sequenceFlow"


def _digest(files: Mapping[str, bytes], of: Callable[[str, bytes], str]) -> str:
    seal = sha256()
    for name in sorted(files):
        seal.update(f"{name}\0{of(name, files[name])}\0".encode())
    return seal.hexdigest()


def _program(name: str, content: bytes) -> str:
    return _meaning(name, content, _counts)


def _everything(name: str, content: bytes) -> str:
    return _meaning(name, content, None)


def _counts(element: Element) -> bool:
    if element.local in _DRAWN:
        return False
    return not (element.key.startswith(BPMN) and element.local in _NOTES | _DERIVED)


def _meaning(name: str, content: bytes, keep: Callable[[Element], bool] | None) -> str:
    """The digest of what a file says; of bytes that cannot be read, of the bytes. Kept: a page of a draft asks for it
    over and over, and reading a large diagram takes a second."""
    key = (name.rpartition(".")[2], sha256(content).digest(), keep is None)
    if (known := _known.get(key)) is None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        known = _known[key] = _read_meaning(name, content, keep)
    return known


MOST_KNOWN = 2000
_known: dict[tuple[str, bytes, bool], str] = {}


def _read_meaning(name: str, content: bytes, keep: Callable[[Element], bool] | None) -> str:
    if name.endswith((".bpmn", ".dmn")):
        try:
            parse_xml(content, name=name)
            return said(read(utf8(content, name).decode("utf-8-sig")).root, keep)
        except (Invalid, Unreadable):
            pass
    elif name.endswith(".json"):
        try:
            return _sealed(json.loads(content))
        except (ValueError, RecursionError):
            pass
    return sha256(content).hexdigest()


def _sealed(value: Any) -> str:
    return sha256(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")).hexdigest()
