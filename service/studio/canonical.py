"""Saving as an owner of text files would: a diagram comes back from the editor in the words and order of its base.

bpmn-js writes other quotes, orders and white space than people, and no comments. A file that says the same keeps its
bytes; only what was changed is written anew, new elements after the last of their kind. The flows stand in the order
in which they came: the engine takes the first of a gateway whose condition holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.engine.xml import parse_xml, utf8
from service.errors import Invalid
from service.studio.sameness import said
from service.studio.source import Document, Element, Unreadable, escaped, is_comment, read, tag

_BY_TEXT = frozenset({"flowNodeRef", "incoming", "outgoing"})
_STEP = "  "
LARGEST = 500_000
"""Bytes; the largest shipped diagram has a tenth. A larger one is saved as it comes: nobody waits for its merge."""


def canonical(name: str, content: bytes, base: bytes | None, current: bytes | None = None) -> bytes:
    """The bytes to save for what an editor gave.

    ``base`` is the file in the version on which the draft stands, ``current`` as the draft has it. A file
    that is no diagram or table, cannot be read, or holds comments (no editor wrote it) is saved as it came; a diagram
    of another encoding in UTF-8.
    """
    if not name.endswith((".bpmn", ".dmn")):
        return content
    try:
        told = utf8(content, name)
        if told is not content:
            parse_xml(told, name=name)
    except Invalid:
        return content
    content = told
    if len(content) > LARGEST:
        return content
    new, old, mine = _read(name, content), _read(name, base), _read(name, current)
    if new is None or new.comments:
        return content
    if old is not None and said(old.root) == said(new.root):
        return base or content
    if old is None or (mine is not None and mine.comments != old.comments):
        old = mine  # comments that somebody wrote into the draft
    if old is None or old.root.key != new.root.key:
        return content
    return Document(old.before, _merged(old.root, new.root, 0), old.after).written().encode()


def _read(name: str, content: bytes | None) -> Document | None:
    if content is None:
        return None
    try:
        parse_xml(content, name=name)
        return read(utf8(content, name).decode("utf-8-sig"))
    except (Invalid, Unreadable):
        return None


def _merged(old: Element, new: Element, depth: int) -> Element:
    """``new`` in the words of ``old``."""
    if said(old) == said(new):
        return old
    attributes = _attributes(old, new, root=depth == 0)
    changed = attributes != dict(old.attributes)
    if not new.elements and not old.elements:
        inside: list[str | Element] = list(old.inside) if old.text == new.text else [escaped(new.text, attribute=False)]
    else:
        inside = _children(old, new, depth)
    closed = not any(isinstance(one, Element) or one.strip() for one in inside)
    opening = old.opening
    if changed or closed != (not old.closing):
        opening = tag(old.name, attributes, closed=closed)
    closing = "" if closed else (old.closing or f"</{old.name}>")
    return Element(old.name, attributes, opening, old.space, [] if closed else inside, closing)


def _attributes(old: Element, new: Element, *, root: bool) -> dict[str, str]:
    """Those of ``new``, in the order of ``old``; declarations of both at the root."""
    if old.said == new.said and not root:
        return dict(old.attributes)
    prefixes = {uri: prefix for prefix, uri in old.space.items()}
    wanted = {_renamed(name, new.space, prefixes): value for name, value in new.attributes.items()}
    missing = {name: value for name, value in wanted.items() if name.startswith("xmlns") and name not in old.attributes}
    wanted = {name: value for name, value in wanted.items() if not name.startswith("xmlns")}
    if root:  # what names the tool is no change
        wanted |= {name: value for name, value in old.attributes.items() if name in ("exporter", "exporterVersion")}
    kept = {
        name: wanted.get(name, value)
        for name, value in old.attributes.items()
        if name in wanted or name.startswith("xmlns") or _goes_without_saying(old, name)
    }
    fresh = {name: value for name, value in wanted.items() if name not in kept}
    declared = {name: value for name, value in missing.items() if value not in old.space.values()} if root else {}
    return {**kept, **declared, **fresh}


def _goes_without_saying(element: Element, name: str) -> bool:
    return ":" not in name and name not in element.said


def _renamed(name: str, space: Mapping[str, str], prefixes: Mapping[str, str]) -> str:
    """A name with the prefix that the old file has for its namespace."""
    prefix, colon, local = name.rpartition(":")
    if name.startswith("xmlns") or not colon:
        return name
    known = prefixes.get(space.get(prefix, ""))
    return f"{known}:{local}" if known else name


def _children(old: Element, new: Element, depth: int) -> list[str | Element]:
    """The children of ``new``: those that ``old`` has at its places, the others after the last of their kind."""
    wanted = _keyed(new.elements)
    placed: list[Placed] = []
    for (before, child), key in zip(_pairs(old), [*_keyed(old.elements), None], strict=True):
        match = wanted.get(key) if key is not None else None
        if child is not None and match is not None and key is not None:
            placed.append((before, _merged(child, match, depth + 1)))
            wanted[key] = None
        elif child is None or any(is_comment(one) for one in before):
            kept = before if child is None else [*before[: _last_comment(before) + 1]]
            placed.append((kept, None))
    # Where nothing of the old one stands before the end, the white space before its closing tag is missing.
    margin = _margin(old, depth)
    if not old.elements:
        placed = [(["\n" + margin[: -len(_STEP)]], None)]
    placed = _with_new(placed, old, new, wanted, margin)
    _order_flows(placed, new)
    found: list[str | Element] = []
    for before, placed_child in placed:
        found.extend(before)
        if placed_child is not None:
            found.append(placed_child)
    return found


def _pairs(element: Element) -> list[Placed]:
    """Each element with the texts before it; at last the texts before the closing tag, with None."""
    pairs: list[Placed] = []
    before: list[str] = []
    for one in element.inside:
        if isinstance(one, Element):
            pairs.append((before, one))
            before = []
        else:
            before.append(one)
    return [*pairs, (before, None)]


def _last_comment(texts: Sequence[str]) -> int:
    return max(number for number, one in enumerate(texts) if is_comment(one))


Key = tuple[str, str, int]
Placed = tuple[list[str], Element | None]
"""An element with the texts before it; texts alone where it is gone, and before the closing tag."""


def _keyed(elements: Sequence[Element]) -> dict[Key, Element | None]:
    """Elements by what they are known by: id, name of a property, text of a reference, or their place."""
    found: dict[Key, Element | None] = {}
    times: dict[tuple[str, str], int] = {}
    for one in elements:
        own = one.get("id") or (one.text if one.local in _BY_TEXT else one.get("name") or "")
        n = times[one.key, own] = times.get((one.key, own), 0) + 1
        found[one.key, own, n] = one
    return found


def _with_new(
    placed: Sequence[Placed], old: Element, new: Element, wanted: Mapping[Key, Element | None], margin: str
) -> list[Placed]:
    """The elements with the new ones behind the last of their kind, else behind whatever stands before them."""
    last = {one.key: number for number, (_, one) in enumerate(placed) if one is not None}
    behind: dict[int, list[Placed]] = {}
    before = -1  # where the element stands that comes before in the new file
    for key, child in _keyed(new.elements).items():
        if child is None:
            continue
        if wanted.get(key) is not None:
            before = last.get(child.key, before)
            behind.setdefault(before, []).append((["\n" + margin], _written(child, old, margin)))
            last.setdefault(child.key, before)
        else:
            before = last.get(child.key, before)
    found = list(behind.get(-1, ()))
    for number, one in enumerate(placed):
        found += [one, *behind.get(number, ())]
    return found


def _margin(element: Element, depth: int) -> str:
    """The white space at the beginning of the lines of its children."""
    first = next((one for one in element.inside if isinstance(one, str) and not one.strip() and "\n" in one), None)
    return first.rpartition("\n")[2] if first is not None and element.elements else _STEP * (depth + 1)


def _written(element: Element, parent: Element, margin: str) -> Element:
    """A new element, indented, with the prefixes of the old file."""
    prefixes = {uri: prefix for prefix, uri in parent.space.items()}
    prefix = element.name.rpartition(":")[0]
    known = prefixes.get(element.space.get(prefix, ""))
    name = element.name if known is None else f"{known}:{element.local}" if known else element.local
    attributes = {_renamed(key, element.space, prefixes): value for key, value in element.attributes.items()}
    inside: list[str | Element] = []
    for child in element.elements:
        inside += ["\n" + margin + _STEP, _written(child, parent, margin + _STEP)]
    if inside:
        inside.append("\n" + margin)
    elif element.text:
        inside = [escaped(element.text, attribute=False)]
    closing = f"</{name}>" if inside else ""
    return Element(name, attributes, tag(name, attributes, closed=not inside), parent.space, inside, closing)


def _flows(element: Element) -> list[str | None]:
    return [one.get("id") for one in element.elements if one.local == "sequenceFlow"]


def _order_flows(placed: list[Placed], new: Element) -> None:
    """Puts the flows, at the places that flows have, into the order of the new file."""
    wanted = {name: number for number, name in enumerate(_flows(new))}
    spots = [number for number, (_, one) in enumerate(placed) if one is not None and one.local == "sequenceFlow"]
    flows = sorted((placed[spot][1] for spot in spots), key=lambda one: wanted.get(one.get("id") if one else None, 0))
    for spot, flow in zip(spots, flows, strict=True):
        placed[spot] = (placed[spot][0], flow)
