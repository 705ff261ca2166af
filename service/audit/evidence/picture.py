"""A diagram as SVG, from the places that its drawing gives: for pages that open without this service.

Each node is ``<g data-id="…">``, so that a page can mark it; what is inside follows its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from service.engine.xml import parse_xml

NS = {
    "b": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "di": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "p": "http://www.omg.org/spec/DD/20100524/DI",
}
MARGIN, LETTER, LINE = 20, 12, 15
"""Around the drawing; the width of a sign; the height of a line."""
ROUND = ("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent")
HOLLOW = ("participant", "lane", "group", "textAnnotation", "subProcess")


def picture(xml: str) -> str:
    """The SVG of the first drawing in ``xml``. Raises Invalid for text that is no diagram."""
    root = parse_xml(xml.encode(), name="diagram")
    named: dict[str, Any] = {str(one.get("id")): one for one in root.iter() if one.get("id")}
    shapes, corners = list[str](), list[tuple[float, float]]()
    for shape in root.iterfind(".//di:BPMNShape", NS):
        bounds = shape.find("dc:Bounds", NS)
        if bounds is None:
            continue
        x, y, w, h = (float(bounds.get(name, "0")) for name in ("x", "y", "width", "height"))
        corners += [(x, y), (x + w, y + h)]
        shapes.append("".join(_shape(named.get(str(shape.get("bpmnElement"))), shape, x, y, w, h)))
    edges = []
    for edge in root.iterfind(".//di:BPMNEdge", NS):
        points = [(float(one.get("x", "0")), float(one.get("y", "0"))) for one in edge.iterfind("p:waypoint", NS)]
        corners += points
        edges.append("".join(_edge(named.get(str(edge.get("bpmnElement"))), edge, points)))
    left, top = min((x for x, _ in corners), default=0.0), min((y for _, y in corners), default=0.0)
    right, bottom = max((x for x, _ in corners), default=0.0), max((y for _, y in corners), default=0.0)
    box = f"{left - MARGIN:.0f} {top - MARGIN:.0f} {right - left + 2 * MARGIN:.0f} {bottom - top + 2 * MARGIN:.0f}"
    width = f"{right - left + 2 * MARGIN:.0f}"
    return f'<svg viewBox="{box}" width="{width}" role="img">{"".join(edges)}{"".join(shapes)}</svg>'


def _shape(element: Any, shape: Any, x: float, y: float, w: float, h: float) -> Iterator[str]:
    kind = element.tag.rpartition("}")[2] if element is not None and isinstance(element.tag, str) else ""
    key, name = escape(str(shape.get("bpmnElement") or ""), quote=True), _name(element)
    yield f'<g data-id="{key}" class="{"hollow" if kind in HOLLOW else "node"}">'
    if kind in ROUND:
        thick = 3 if kind == "endEvent" else 1.5
        yield f'<circle cx="{x + w / 2}" cy="{y + h / 2}" r="{w / 2}" stroke-width="{thick}"/>'
    elif kind.endswith("Gateway"):
        yield f'<path d="M{x + w / 2} {y}L{x + w} {y + h / 2}L{x + w / 2} {y + h}L{x} {y + h / 2}Z"/>'
    else:
        yield f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{0 if kind in HOLLOW else 8}"/>'
    if kind in ("participant", "lane"):
        yield f'<text transform="translate({x + 18} {y + h / 2}) rotate(-90)">{escape(name)}</text>'
    elif kind in ROUND or kind.endswith("Gateway") or kind == "group":
        label = shape.find("di:BPMNLabel/dc:Bounds", NS)
        if label is not None and name:
            at = {one: float(label.get(one, "0")) for one in ("x", "y", "width")}
            yield from _text(name, at["x"] + at["width"] / 2, at["y"] + LINE / 2, max(at["width"], 60))
    else:
        lines = _wrapped(name, w - 10)
        yield from _text(name, x + w / 2, y + h / 2 - (len(lines) - 1) * LINE / 2, w - 10)
    yield "</g>"


def _edge(element: Any, edge: Any, points: list[tuple[float, float]]) -> Iterator[str]:
    if len(points) < 2:
        return
    source, target = (str(element.get(one) or "") if element is not None else "" for one in ("sourceRef", "targetRef"))
    way = "".join(f"{'L' if n else 'M'}{x} {y}" for n, (x, y) in enumerate(points))
    yield f'<g class="flow" data-way="{escape(source, quote=True)} {escape(target, quote=True)}"><path d="{way}"/>'
    label, name = edge.find("di:BPMNLabel/dc:Bounds", NS), _name(element)
    if label is not None and name:
        x, y, w = (float(label.get(one, "0")) for one in ("x", "y", "width"))
        yield from _text(name, x + w / 2, y + LINE / 2, max(w, 60))
    yield "</g>"


def _text(text: str, x: float, y: float, width: float) -> Iterator[str]:
    for number, line in enumerate(_wrapped(text, width)):
        yield f'<text x="{x}" y="{y + number * LINE + 4}">{escape(line)}</text>'


def _wrapped(text: str, width: float) -> list[str]:
    most = max(int(width // LETTER), 2)
    return [text[n : n + most] for n in range(0, len(text), most)] if text else []


def _name(element: Any) -> str:
    if element is None:
        return ""
    said: Mapping[str, str] = element.attrib
    text = element.find("b:text", NS)
    return str(said.get("name") or (text.text if text is not None else "") or "").strip()
