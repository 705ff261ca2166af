"""The diagram is drawn: every node has its place, every flow its line, and people can read them in Chinese."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from service.checks.bundle import Bundle
from service.checks.findings import Report
from service.checks.model import BPMN, Node, ProcessModel
from service.checks.speaking import kind_name
from service.checks.wording import node as named
from service.engine.xml import line_of

_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_DC = "{http://www.omg.org/spec/DD/20100524/DC}"
_WAY = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_CHOOSING = frozenset({"exclusiveGateway", "inclusiveGateway"})
_SILENT = frozenset({"parallelGateway", "eventBasedGateway"})
_PAGES = (f"{BPMN}process", f"{BPMN}collaboration")
_FAR = 100_000


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: _Box) -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


def check(bundle: Bundle, report: Report) -> None:
    """Rules drawing-missing, drawing-dangling, drawing-overlap and label."""
    for file, root in bundle.diagrams.items():
        shapes = _shapes(file, root, report)
        edges = _edges(file, root, report)
        ids = {element.get("id") for element in root.iter() if not element.tag.startswith(_DI)}
        for element_id, line in _drawn(root):
            if element_id not in ids:
                message = "这个图形没有对应的内容，请删去"
                report.error(file, line, element_id or "-", "drawing-dangling", message)
        _planes(file, root, report)
        for process in bundle.processes.values():
            if process.file == file:
                _process(process, shapes, edges, report)
        for participant in root.iterfind(f"{BPMN}collaboration/{BPMN}participant"):
            _label(file, line_of(participant), participant.get("id", "-"), participant.get("name", ""), "泳池", report)


def _planes(file: str, root: etree._Element, report: Report) -> None:
    """Each page of the drawing is of something that has a page; a viewer shows nothing of any other."""
    pages = {page.get("id") for name in _PAGES for page in root.iterfind(name)}
    inner = {scope.get("id") for scope in root.iter(f"{BPMN}subProcess")}
    drawn = [(plane.get("bpmnElement"), line_of(plane)) for plane in root.iter(f"{_DI}BPMNPlane")]
    lost = [(element_id, line) for element_id, line in drawn if element_id is None or element_id not in pages | inner]
    for element_id, line in lost:
        given = f"指向 {element_id}" if element_id else "没有指明画的是什么"
        options = "、".join(sorted(page for page in pages if page))
        message = f"图面（BPMNPlane）{given}，页面上无法显示；应为流程的编号：{options}；请在编辑器里重新画"
        report.error(file, line, element_id or "-", "drawing-dangling", message)
    if not lost and not any(element_id in pages for element_id, _ in drawn):
        message = "文件里没有流程的图面（BPMNPlane），页面上无法显示；请在编辑器里画出来并保存"
        report.error(file, line_of(root), root.get("id", "-"), "drawing-missing", message)


def _process(process: ProcessModel, shapes: dict[str, _Box], edges: set[str], report: Report) -> None:
    for lane in process.lanes.values():
        _label(process.file, lane.line, lane.id, lane.name, "泳道", report)
        if lane.id not in shapes:
            report.error(process.file, lane.line, lane.id, "drawing-missing", "泳道没有画出来，请在图上画出")
    aside = _aside(process)
    for node in process.nodes.values():
        if node.id not in shapes:
            report.error(node.file, node.line, node.id, "drawing-missing", "图形没有画出来，请在图上画出")
        if node.name or (_needs_label(node) and node.id not in aside):
            _label(node.file, node.line, node.id, node.name, f"“{kind_name(node)}”", report)
    for flow in process.flows.values():
        if flow.id not in edges:
            report.error(process.file, flow.line, flow.id, "drawing-missing", "连线没有画出来，请在图上画出")
        source = process.nodes.get(flow.source)
        chosen = source is not None and source.type in _CHOOSING and len(source.outgoing) > 1
        if flow.name or chosen:
            _label(process.file, flow.line, flow.id, flow.name, "从“选一条路”引出的连线", report)
    if process.parent is None:
        _label(process.file, process.line, process.id, process.name, "流程", report)
    _overlaps(process, shapes, report)


def _needs_label(node: Node) -> bool:
    """Whether people need words to read the node: not for joins and parallel forks."""
    if node.type in _CHOOSING:
        return len(node.outgoing) > 1
    return node.type not in _SILENT


def _aside(process: ProcessModel) -> frozenset[str]:
    """Ends to which only reminders beside the way lead: there is no outcome to name."""
    main: set[str] = set()
    waiting = [start.id for start in process.starts()]
    while waiting:
        current = waiting.pop()
        if current in main:
            continue
        main.add(current)
        waiting.extend(node.id for node in process.after(current) if node.attached_to != current or node.interrupting)
    return frozenset(end.id for end in process.ends() if end.id not in main and end.event is None)


def _label(file: str, line: int, element: str, name: str, what: str, report: Report) -> None:
    if not _CHINESE.search(name):
        given = f"名称“{name}”不是中文" if name else "没有中文名称"
        report.error(file, line, element, "label", f"{what}{given}，请补上")


def _overlaps(process: ProcessModel, shapes: dict[str, _Box], report: Report) -> None:
    drawn = sorted(
        (
            (shapes[node.id], node)
            for node in process.nodes.values()
            if node.id in shapes and node.type != "boundaryEvent"
        ),
        key=lambda pair: pair[0].x,
    )
    for index, (box, node) in enumerate(drawn):
        for other_box, other in drawn[index + 1 :]:
            if other_box.x >= box.x + box.width:
                break
            if box.overlaps(other_box):
                message = f"与{named(other)}重叠，请移开"
                report.warning(node.file, node.line, node.id, "drawing-overlap", message)


def _shapes(file: str, root: etree._Element, report: Report) -> dict[str, _Box]:
    found: dict[str, _Box] = {}
    for shape in root.iter(f"{_DI}BPMNShape"):
        bounds, element_id = shape.find(f"{_DC}Bounds"), shape.get("bpmnElement", "")
        if bounds is None:
            continue  # the schema check names it
        try:
            numbers = [float(bounds.get(side, "nan")) for side in ("x", "y", "width", "height")]
        except ValueError:
            continue
        if not all(math.isfinite(number) and abs(number) < _FAR for number in numbers) or min(numbers[2:]) <= 0:
            message = "图形的位置或大小不对，请在图上重新摆放"
            report.error(file, line_of(shape), element_id or "-", "drawing-missing", message)
            continue
        found[element_id] = _Box(*numbers)
    return found


def _edges(file: str, root: etree._Element, report: Report) -> set[str]:
    found: set[str] = set()
    for edge in root.iter(f"{_DI}BPMNEdge"):
        element_id = edge.get("bpmnElement", "")
        try:
            points = [(float(way.get("x", "nan")), float(way.get("y", "nan"))) for way in edge.iterfind(_WAY)]
        except ValueError:
            continue
        values = [value for point in points for value in point]
        if len(points) < 2 or not all(math.isfinite(value) and abs(value) < _FAR for value in values):
            message = "连线的路径不对，请在图上重新画"
            report.error(file, line_of(edge), element_id or "-", "drawing-missing", message)
            continue
        found.add(element_id)
    return found


def _drawn(root: etree._Element) -> Iterator[tuple[str | None, int]]:
    for element in root.iter(f"{_DI}BPMNShape", f"{_DI}BPMNEdge"):
        yield element.get("bpmnElement"), line_of(element)
