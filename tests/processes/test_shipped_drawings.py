"""The shipped diagrams are drawn so that a person reads them: measured on the diagram interchange, nothing rendered."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from math import hypot
from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).parents[2]
DIAGRAMS = sorted(ROOT.glob("bpmn/*/*.bpmn"))
STAGES = {
    stage["code"]: stage["name"] for stage in tomllib.loads((ROOT / "config/organization.toml").read_text())["stages"]
}

NS = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "spiff": "http://spiffworkflow.org/bpmn/schema/1.0/core",
}
CHINESE = re.compile(r"[\u3400-\u9fff]")
LABEL_FONT = 11
"""Pixels of bpmn-js's outer labels; a Chinese character is as wide as the font is high."""
TASK_FONT = 12

Point = tuple[float, float]
Segment = tuple[Point, Point]


@dataclass(frozen=True)
class Box:
    """A rectangle of the drawing, y downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    def grown(self, by: float) -> Box:
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def overlaps(self, other: Box) -> bool:
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def contains(self, other: Box) -> bool:
        return self.x <= other.x and other.right <= self.right and self.y <= other.y and other.bottom <= self.bottom

    def sides(self) -> list[Segment]:
        corners = [(self.x, self.y), (self.right, self.y), (self.right, self.bottom), (self.x, self.bottom)]
        return list(pairwise([*corners, corners[0]]))


def touches(box: Box, segment: Segment) -> bool:
    """Whether an upright or level line runs through the inside of a box."""
    (x1, y1), (x2, y2) = segment
    return min(x1, x2) < box.right and max(x1, x2) > box.x and min(y1, y2) < box.bottom and max(y1, y2) > box.y


@dataclass
class Drawing:
    """One diagram: its elements by id, the boxes, lines and labels that draw them."""

    root: etree._Element
    elements: dict[str, etree._Element]
    shapes: dict[str, Box] = field(default_factory=dict)
    edges: dict[str, list[Point]] = field(default_factory=dict)
    labels: dict[str, Box] = field(default_factory=dict)
    drawn: list[str] = field(default_factory=list)

    def tag(self, element_id: str) -> str:
        return etree.QName(self.elements[element_id]).localname

    def name(self, element_id: str) -> str:
        element = self.elements[element_id]
        if self.tag(element_id) == "group":
            value = self.elements[element.get("categoryValueRef", "")]
            return str(value.get("value", ""))
        return str(element.get("name", ""))

    def nodes(self) -> dict[str, Box]:
        """The shapes that people must be able to tell apart: flow nodes and notes, without the frames around them."""
        frames = {"participant", "lane", "group"}
        return {key: box for key, box in self.shapes.items() if self.tag(key) not in frames}

    def of(self, tag: str) -> dict[str, Box]:
        return {key: box for key, box in self.shapes.items() if self.tag(key) == tag}

    def segments(self) -> Iterator[tuple[str, Segment]]:
        for key, points in self.edges.items():
            for segment in pairwise(points):
                yield key, segment

    def ends(self, edge: str) -> tuple[str, str]:
        element = self.elements[edge]
        return element.get("sourceRef", ""), element.get("targetRef", "")

    def stage(self, element_id: str) -> str | None:
        found = self.elements[element_id].find(".//spiff:property[@name='stage']", NS)
        return None if found is None else str(found.get("value"))


def box_of(bounds: etree._Element) -> Box:
    return Box(*(float(bounds.get(key, "nan")) for key in ("x", "y", "width", "height")))


def read(path: Path) -> Drawing:
    root = etree.parse(path).getroot()
    elements = {
        element.get("id", ""): element
        for element in root.iter()
        if isinstance(element.tag, str) and element.tag.startswith(f"{{{NS['bpmn']}}}") and element.get("id")
    }
    drawing = Drawing(root, elements)
    for shape in root.iterfind(".//bpmndi:BPMNShape", NS):
        key = shape.get("bpmnElement", "")
        drawing.drawn.append(key)
        drawing.shapes[key] = box_of(shape.find("dc:Bounds", NS))
    for edge in root.iterfind(".//bpmndi:BPMNEdge", NS):
        key = edge.get("bpmnElement", "")
        drawing.drawn.append(key)
        points = edge.iterfind("di:waypoint", NS)
        drawing.edges[key] = [(float(point.get("x", "nan")), float(point.get("y", "nan"))) for point in points]
    for label in root.iterfind(".//bpmndi:BPMNLabel", NS):
        bounds = label.find("dc:Bounds", NS)
        if bounds is not None:
            drawing.labels[label.getparent().get("bpmnElement", "")] = box_of(bounds)
    return drawing


@pytest.fixture(params=DIAGRAMS, ids=lambda path: path.stem)
def drawing(request: pytest.FixtureRequest) -> Drawing:
    return read(request.param)


def test_the_four_diagrams_of_a_need_are_shipped() -> None:
    shipped = {path.stem for path in DIAGRAMS if path.parent.name == "request"}
    assert {"request", "unit_handling", "special_meeting", "escalation"} <= shipped


def test_every_element_is_drawn_once_and_nothing_else_is(drawing: Drawing) -> None:
    flow_nodes = "//bpmn:process/*[contains(name(), 'Event') or contains(name(), 'ask') or contains(name(), 'Gateway')"
    visible = drawing.root.xpath(
        f"{flow_nodes} or self::bpmn:callActivity or self::bpmn:subProcess] | //bpmn:participant | //bpmn:lane"
        " | //bpmn:group | //bpmn:textAnnotation | //bpmn:sequenceFlow | //bpmn:association",
        namespaces=NS,
    )
    assert sorted(drawing.drawn) == sorted(element.get("id") for element in visible)


def test_what_is_named_outside_its_shape_has_a_place_for_the_name(drawing: Drawing) -> None:
    outside = [
        key
        for key in drawing.drawn
        if drawing.tag(key).endswith(("Event", "Gateway", "Flow", "group")) and drawing.name(key)
    ]
    assert sorted(drawing.labels) == sorted(outside)


def test_a_name_fits_into_its_place(drawing: Drawing) -> None:
    for key, box in drawing.labels.items():
        lines = wrapped(drawing.name(key), box.width, LABEL_FONT)
        assert lines * 14 <= box.height, f"{key}: {lines} lines do not fit into {box}"
    for key, box in drawing.nodes().items():
        if drawing.tag(key).endswith(("ask", "callActivity")):
            assert wrapped(drawing.name(key), box.width - 14, TASK_FONT) <= 2, key


def wrapped(text: str, width: float, font: int) -> int:
    """How many lines bpmn-js breaks a text into: at spaces, or inside a word that is too long."""
    lines, used = 1, 0.0
    for word in text.split():
        wide = sum(font if ord(letter) > 0x2000 else font * 0.6 for letter in word)
        if used and used + font * 0.3 + wide > width:
            lines, used = lines + 1, 0.0
        while wide > width:
            lines, wide = lines + 1, wide - width
        used += wide + font * 0.3
    return lines


def test_shapes_keep_their_distance(drawing: Drawing) -> None:
    for (one, first), (other, second) in combinations(drawing.nodes().items(), 2):
        hosts = {drawing.elements[key].get("attachedToRef") for key in (one, other)}
        if one in hosts or other in hosts:
            continue
        assert not first.grown(10).overlaps(second), f"{one} and {other}"


def test_a_boundary_event_sits_on_the_edge_of_its_task(drawing: Drawing) -> None:
    for key, box in drawing.of("boundaryEvent").items():
        host = drawing.shapes[drawing.elements[key].get("attachedToRef", "")]
        assert on_border(host, "task", box.centre), key


def test_a_line_starts_and_ends_on_what_it_joins(drawing: Drawing) -> None:
    for key, points in drawing.edges.items():
        for end, point in zip(drawing.ends(key), (points[0], points[-1]), strict=True):
            assert on_border(drawing.shapes[end], drawing.tag(end), point), f"{key} at {end}"


def on_border(box: Box, tag: str, point: Point) -> bool:
    across, down = abs(point[0] - box.centre[0]), abs(point[1] - box.centre[1])
    if tag.endswith("Gateway"):
        return abs(across / (box.width / 2) + down / (box.height / 2) - 1) < 0.05
    if tag.endswith("Event"):
        return abs(hypot(across, down) - box.width / 2) <= 1
    on_side = abs(across - box.width / 2) <= 1 and down <= box.height / 2
    return on_side or (abs(down - box.height / 2) <= 1 and across <= box.width / 2)


def test_lines_run_upright_or_level(drawing: Drawing) -> None:
    for key, (start, end) in drawing.segments():
        assert start[0] == end[0] or start[1] == end[1], key


def test_lines_go_around_shapes(drawing: Drawing) -> None:
    for key, segment in drawing.segments():
        for node, box in drawing.nodes().items():
            hosts = {drawing.elements[end].get("attachedToRef") for end in drawing.ends(key)}
            if node not in drawing.ends(key) and node not in hosts:
                assert not touches(box, segment), f"{key} runs through {node}"
            elif node in drawing.ends(key):
                assert not runs_inside(box, drawing.tag(node), segment), f"{key} runs inside {node}"


def runs_inside(box: Box, tag: str, segment: Segment) -> bool:
    """Whether a line goes on inside the shape on whose border it ends."""
    if tag.endswith("Gateway"):
        (x1, y1), (x2, y2) = segment
        steps = [number / 40 for number in range(41)]
        return any(over_diamond(Box(x1 + (x2 - x1) * at, y1 + (y2 - y1) * at, 0, 0), box.grown(-2)) for at in steps)
    return touches(box.grown(-6), segment)


def test_no_two_lines_cross_or_share_a_stretch(drawing: Drawing) -> None:
    for (one, first), (other, second) in combinations(drawing.segments(), 2):
        if one != other:
            assert not meet(first, second), f"{one} and {other}"


def meet(first: Segment, second: Segment) -> bool:
    """Whether two upright or level lines cross or run together; several may arrive at the same point of a shape."""
    (ax1, ay1), (ax2, ay2) = first
    (bx1, by1), (bx2, by2) = second
    if {first[0], first[1]} & {second[0], second[1]}:
        return False
    level = min(max(ax1, ax2), max(bx1, bx2)) - max(min(ax1, ax2), min(bx1, bx2))
    upright = min(max(ay1, ay2), max(by1, by2)) - max(min(ay1, ay2), min(by1, by2))
    return level >= 0 and upright >= 0


def test_names_cover_neither_shapes_nor_each_other(drawing: Drawing) -> None:
    for key, label in drawing.labels.items():
        for node, box in drawing.nodes().items():
            if drawing.tag(node).endswith("Gateway"):
                assert not over_diamond(label, box), f"the name of {key} covers {node}"
            else:
                assert not label.overlaps(box), f"the name of {key} covers {node}"
    for (one, first), (other, second) in combinations(drawing.labels.items(), 2):
        assert not first.overlaps(second), f"the names of {one} and {other}"


def over_diamond(label: Box, diamond: Box) -> bool:
    """The nearest point of the label lies inside the diamond."""
    x = min(max(diamond.centre[0], label.x), label.right)
    y = min(max(diamond.centre[1], label.y), label.bottom)
    across, down = abs(x - diamond.centre[0]), abs(y - diamond.centre[1])
    return across / (diamond.width / 2) + down / (diamond.height / 2) < 1


def test_lines_and_frames_cross_no_name(drawing: Drawing) -> None:
    frames = [
        (key, side)
        for key, box in drawing.shapes.items()
        if drawing.tag(key) in {"participant", "lane", "group"}
        for side in box.sides()
    ]
    for key, label in drawing.labels.items():
        for line, segment in [*drawing.segments(), *frames]:
            assert not touches(label, segment), f"{line} crosses the name of {key}"


def test_a_task_stands_in_its_lane_and_lanes_fill_the_pool(drawing: Drawing) -> None:
    lanes = drawing.of("lane")
    (pool,) = drawing.of("participant").values()
    assert sum(lane.height for lane in lanes.values()) == pool.height
    assert all(pool.contains(lane) for lane in lanes.values())
    placed: dict[str, str] = {}
    for lane in lanes:
        for ref in drawing.elements[lane].iterfind("bpmn:flowNodeRef", NS):
            placed[str(ref.text)] = lane
    for key, box in drawing.nodes().items():
        if drawing.tag(key) != "textAnnotation":
            middle = Box(*box.centre, 0, 0)
            assert [lane for lane, area in lanes.items() if area.contains(middle)] == [placed[key]], key


def test_a_task_stands_under_the_heading_of_its_stage(drawing: Drawing) -> None:
    groups = drawing.of("group")
    for key, box in drawing.nodes().items():
        stage = drawing.stage(key)
        if stage is not None:
            around = [drawing.name(group) for group, area in groups.items() if area.contains(box)]
            assert len(around) == 1, f"{key} stands in {around}"
            assert STAGES[stage] in around[0], f"{key} stands under {around[0]}"


def test_the_need_shows_its_five_stages_in_order() -> None:
    drawing = read(ROOT / "bpmn/request/request.bpmn")
    headings = " ".join(drawing.name(group) for group in drawing.of("group"))
    for number, stage in zip("①②③④⑤", list(STAGES.values())[:5], strict=True):
        assert f"{number} {stage}" in headings


def test_people_read_chinese_and_programs_read_english_ids(drawing: Drawing) -> None:
    for key in drawing.drawn:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", key), key
        name = drawing.name(key)
        needs_name = drawing.tag(key).endswith(("ask", "Event", "callActivity", "participant", "lane", "group"))
        assert CHINESE.search(name) if (name or needs_name) else True, key
    for gateway in drawing.of("exclusiveGateway"):
        flows = [key for key in drawing.edges if drawing.ends(key)[0] == gateway]
        assert drawing.elements[gateway].get("default") in flows, f"{gateway} has no default"
        for flow in flows:
            has_condition = drawing.elements[flow].find("bpmn:conditionExpression", NS) is not None
            assert has_condition != (drawing.elements[gateway].get("default") == flow), flow
            assert len(flows) == 1 or CHINESE.search(drawing.name(flow)), f"{flow} says no condition in words"
