"""The shipped drawings can be read: whole on a small screen, no word over another, notes true to the clocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).parents[2] / "bpmn"
DRAWINGS = sorted(ROOT.glob("*/*.bpmn"))
NAMES = {
    "b": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "di": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
}
SCREEN = (1366, 700)
"""The room for a drawing at full screen on 1366 x 768, in pixels."""
LETTER, LINE = 12, 14
"""Height of the editor's letters and of its lines, in units of the drawing."""
SMALLEST = 9.5
"""Pixels that a Chinese character needs to be read."""
STEPS = {"userTask", "serviceTask", "businessRuleTask", "callActivity", "subProcess"}
EVENTS = {"startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent"}
GATEWAYS = {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"}


@dataclass(frozen=True)
class Box:
    of: str
    x: float
    y: float
    width: float
    height: float

    def touches(self, other: Box) -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


def read(path: Path) -> etree._Element:
    return etree.parse(path).getroot()


def box_of(bounds: etree._Element, of: str) -> Box:
    x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return Box(of, x, y, width, height)


def boxes(root: etree._Element) -> list[Box]:
    found = root.iterfind(".//{*}BPMNShape")
    return [box_of(shape.find("dc:Bounds", NAMES), str(shape.get("bpmnElement"))) for shape in found]


def labels(root: etree._Element) -> list[Box]:
    found = [*root.iterfind(".//{*}BPMNShape"), *root.iterfind(".//{*}BPMNEdge")]
    named = [(one, one.find("{*}BPMNLabel/dc:Bounds", NAMES)) for one in found]
    return [box_of(bounds, str(one.get("bpmnElement"))) for one, bounds in named if bounds is not None]


def kinds(root: etree._Element) -> dict[str, str]:
    return {str(one.get("id")): etree.QName(one).localname for one in root.iter("{*}*") if one.get("id")}


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_a_whole_drawing_is_readable_at_full_screen(path: Path) -> None:
    drawn = boxes(read(path))
    width = max(one.x + one.width for one in drawn) - min(one.x for one in drawn)
    height = max(one.y + one.height for one in drawn) - min(one.y for one in drawn)
    assert min(SCREEN[0] / width, SCREEN[1] / height) * LETTER >= SMALLEST, (width, height)


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_no_words_stand_over_others_or_over_a_step(path: Path) -> None:
    root = read(path)
    kind, words = kinds(root), labels(root)
    solid = [one for one in boxes(root) if kind[one.of] in STEPS | EVENTS | GATEWAYS]
    over = [(one.of, other.of) for one, other in combinations(words, 2) if one.touches(other)]
    hidden = [(one.of, other.of) for one in words for other in solid if one.touches(other)]
    # a diamond fills half of its square: words may stand in an empty corner of it
    assert (over, [pair for pair in hidden if kind[pair[1]] not in GATEWAYS]) == ([], [])


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_a_note_stands_within_its_bracket(path: Path) -> None:
    root = read(path)
    drawn = {one.of: one for one in boxes(root)}
    for note in root.iterfind(".//b:textAnnotation", NAMES):
        lines = str(note.findtext("b:text", namespaces=NAMES)).splitlines()
        bracket = drawn[str(note.get("id"))]
        assert len(lines) * LINE <= bracket.height, (note.get("id"), bracket)
        widest = max(sum(LETTER if ord(char) > 255 else LETTER / 2 for char in line) for line in lines)
        assert widest <= bracket.width, (note.get("id"), bracket)


def test_the_clocks_beside_the_call_are_those_of_the_called_process() -> None:
    clocks = {0 if rule == "due_on" else int(rule.split(",")[1].rstrip(") ")) for rule in rules_of_clocks()}
    note = read(ROOT / "request/request.bpmn").findtext(
        ".//b:textAnnotation[@id='note_seven_days']/b:text", None, NAMES
    )
    assert note is not None
    told = {-int(days) for days in re.findall(r"到期前(\d+)个工作日", note)}
    told |= {int(days) for days in re.findall(r"逾期(\d+)个工作日", note)}
    told |= {0} if "到期当日" in note else set()
    assert told == clocks
    assert len(clocks) == 4


def rules_of_clocks() -> list[str]:
    found = read(ROOT / "request/unit_handling.bpmn").iterfind(".//b:boundaryEvent//b:timeDate", NAMES)
    return [str(one.text).strip() for one in found]
