"""A diagram comes back from the editor in the words of its base; two files say the same whatever their spelling."""

from __future__ import annotations

import difflib
import json
import subprocess
from functools import cache
from time import process_time

import pytest

from service.studio.canonical import canonical
from service.studio.sameness import difference
from service.studio.source import read
from tests.factories.node import ASSETS, node_path
from tests.factories.world import HOME

DIAGRAMS = {path.name: path for path in sorted((HOME / "bpmn").glob("*/*.bpmn"))}
SAVE_ALL = """
import { readFileSync } from "node:fs";
import { BpmnModdle } from "bpmn-moddle";
const found = {};
for (const [name, xml] of Object.entries(JSON.parse(readFileSync(0, "utf-8")))) {
  const { rootElement } = await new BpmnModdle().fromXML(xml);
  found[name] = (await new BpmnModdle().toXML(rootElement, { format: true })).xml;
}
process.stdout.write(JSON.stringify(found));
"""
NAME = "bpmn/request.bpmn"


@cache
def saved() -> dict[str, bytes]:
    """Every shipped diagram as bpmn-js saves it, by the library with which it reads and writes."""
    given = json.dumps({name: path.read_text() for name, path in DIAGRAMS.items()})
    done = subprocess.run(
        [node_path(), "--input-type=module", "--eval", SAVE_ALL],
        input=given.encode(),
        cwd=ASSETS,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return {name: xml.encode() for name, xml in json.loads(done.stdout).items()}


def base() -> bytes:
    return DIAGRAMS["request.bpmn"].read_bytes()


def edited(old: str, new: str, times: int = 1) -> bytes:
    """The diagram ``request`` as the editor saves it after a change."""
    text = saved()["request.bpmn"].decode()
    assert old in text, old
    return text.replace(old, new, times).encode()


def changed_lines(after: bytes, before: bytes | None = None) -> list[str]:
    lines = difflib.unified_diff(
        (before or base()).decode().splitlines(), after.decode().splitlines(), lineterm="", n=0
    )
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


@pytest.mark.parametrize("name", DIAGRAMS)
def test_an_unchanged_drawing_keeps_its_bytes(name: str) -> None:
    before = DIAGRAMS[name].read_bytes()
    assert read(before.decode()).written().encode() == before
    assert saved()[name] != before
    assert canonical(f"bpmn/{name}", saved()[name], before) == before


def test_only_the_changed_line_is_written_anew() -> None:
    after = canonical(NAME, edited('name="登记需求"', 'name="登记诉求 &#38; 建议"'), base())
    assert len(changed_lines(after)) == 2
    assert '<bpmn:userTask id="record_need" name="登记诉求 &amp; 建议">' in after.decode()
    assert canonical(NAME, saved()["request.bpmn"], base(), after) == base(), "undone, it is the base again"


def test_a_new_step_stands_after_the_last_of_its_kind() -> None:
    task = '<bpmn:userTask id="sign_off" name="会签"><bpmn:incoming>x</bpmn:incoming></bpmn:userTask>'
    after = canonical(NAME, edited('<bpmn:userTask id="record_need"', f'{task}<bpmn:userTask id="record_need"'), base())
    assert all(line.startswith("+") for line in changed_lines(after)), changed_lines(after)
    assert len(changed_lines(after)) == 3
    assert changed_lines(after)[0].startswith("+    <"), "indented as its siblings"
    ids = [one.get("id") for one in read(after.decode()).root.walk() if one.local == "userTask"]
    assert ids[-1] == "sign_off"


def test_a_removed_step_leaves_its_comments() -> None:
    commented = base().replace(
        b'    <bpmn:userTask id="record_need"', b"    <!-- K -->\n" + b'    <bpmn:userTask id="record_need"'
    )
    text = saved()["request.bpmn"].decode()
    start = text.index('<bpmn:userTask id="record_need"')
    gone = text[:start] + text[text.index("</bpmn:userTask>", start) + len("</bpmn:userTask>") :]
    after = canonical(NAME, gone.encode(), commented)
    assert b"<!-- K -->" in after
    assert b'userTask id="record_need"' not in after
    assert all(line.startswith("-") for line in changed_lines(after, commented))


def test_flows_stay_in_the_order_in_which_they_came() -> None:
    text = saved()["request.bpmn"].decode()
    flows = [one for one in read(text).root.walk() if one.local == "sequenceFlow"]
    source = next(
        one.get("sourceRef") for one in flows if sum(o.get("sourceRef") == one.get("sourceRef") for o in flows) > 1
    )
    first, second = [one for one in flows if one.get("sourceRef") == source][:2]
    swapped = (
        text.replace(first.written(), "@").replace(second.written(), first.written()).replace("@", second.written())
    )
    after = canonical(NAME, swapped.encode(), base())
    assert after != base()
    ids = [one.get("id") for one in read(after.decode()).root.walk() if one.local == "sequenceFlow"]
    assert ids.index(second.get("id")) < ids.index(first.get("id"))
    assert difference({NAME: base()}, {NAME: after}) == "content"


def test_what_no_editor_wrote_is_saved_as_it_came() -> None:
    by_hand = base().replace(b"<bpmn:process ", b"<!-- by hand -->\n  <bpmn:process ", 1)
    assert canonical(NAME, by_hand, base()) == by_hand
    again = canonical(NAME, edited('name="登记需求"', 'name="登记"'), base(), by_hand)
    assert b"<!-- by hand -->" in again, "the editor does not take comments out of the draft"
    for broken in (b"", b"<x", b"\xff\xfe", b"<!DOCTYPE x []><x/>"):
        assert canonical(NAME, broken, base()) == broken
    assert canonical("forms/a.json", b"{ }", b"{}") == b"{ }"
    assert canonical(NAME, saved()["request.bpmn"], None) == saved()["request.bpmn"], "nothing to go by"


def test_layout_is_no_content() -> None:
    moved = canonical(NAME, edited('x="160" y="80"', 'x="170" y="80"'), base())
    assert len(changed_lines(moved)) == 2
    assert difference({NAME: base()}, {NAME: moved}) == "layout"
    assert difference({NAME: base()}, {NAME: saved()["request.bpmn"]}) == "same"
    due = edited('value="working_days(2)"', 'value="working_days(5)"')
    assert difference({NAME: base()}, {NAME: due}) == "content"
    assert difference({"forms/a.json": b'{"a":1,"b":2}'}, {"forms/a.json": b'{ "a": 1, "b": 2 }'}) == "same"
    assert difference({"forms/a.json": b'{"a":1,"b":2}'}, {"forms/a.json": b'{"b":2,"a":1}'}) == "content"
    assert difference({"a.typ": b"x"}, {}) == "content"


def test_a_large_file_is_merged_in_time_that_grows_with_its_size() -> None:
    """Elements that are new, gone or moved cost no search through all others."""
    head = '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"><bpmn:process id="p">'

    def drawn(letter: str) -> bytes:
        tasks = "".join(f'<bpmn:task id="{letter}{number}"/>' for number in range(6_000))
        return f"{head}{tasks}</bpmn:process></bpmn:definitions>".encode()

    begun = process_time()
    after = canonical("bpmn/p.bpmn", drawn("b"), drawn("a"))
    assert after.count(b"<bpmn:task") == 6_000
    assert process_time() - begun < 8, "a second or two; the square of it takes minutes"
    large = drawn("c") * 4
    assert canonical("bpmn/p.bpmn", large, drawn("a")) is large
