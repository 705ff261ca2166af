"""``liaison prove``: what it prints and writes, and that a walk in a process of its own ends where it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import liaison
from service.config import load, load_organization
from service.errors import Invalid
from service.proof import Bounds
from service.usecases.proving import House, prove_confined
from tests.factories.diagrams import changed_form, choice, definition, forms
from tests.factories.rehearsals import CONFIG, HOME, calendar

SPOILT = ("bpmn/matter.bpmn", "decision == 'return'", "decision == 'retrun'")


def laid_out(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        kind, _, file = name.partition("/")
        path = folder / kind / "matter" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "bpmn" / "matter"


def house() -> House:
    return House(load(CONFIG, {}), load_organization(CONFIG), calendar())


def test_it_names_each_fault_with_the_way_there_and_writes_it_as_a_scenario(tmp_path: Path) -> None:
    path = laid_out(tmp_path, definition(SPOILT))
    written = tmp_path / "found"
    done = CliRunner().invoke(liaison, ["prove", str(path), "--write", str(written)])
    assert done.exit_code == 1
    first = done.stdout.splitlines()[0]
    assert first.startswith(f"{path}/matter.bpmn:")
    assert " f8 unpassed: 没有一种情形会走连线「退回」" in first
    assert "走法：由 " in done.stdout
    assert "种情形、" in done.stderr
    [scenario, *_] = sorted(written.iterdir())
    beside = path / "scenarios"
    beside.mkdir()
    scenario.rename(beside / scenario.name)
    assert CliRunner().invoke(liaison, ["scenario", "run", str(path)]).exit_code == 0


def test_a_process_that_holds_is_told_so() -> None:
    done = CliRunner().invoke(liaison, ["prove", str(HOME / "bpmn" / "eligibility_review")])
    assert (done.exit_code, done.stdout) == (0, "")
    assert "没有发现问题；走过 3 种情形" in done.stderr


def test_a_walk_that_takes_too_much_memory_is_ended_and_says_so() -> None:
    fields = {
        **forms()["apply.json"]["properties"],
        "category": choice("类别", **{f"c{n:0>8000}": "类" for n in range(200)}),
    }
    read = ("bpmn/slot.bpmn", "unit:unit", "unit:category")
    wide = definition(read, extra=changed_form("apply", properties=fields))
    proof = prove_confined(wide, "matter", house(), Bounds(seconds=20), memory=10_000_000)
    assert [one.kind for one in proof.faults] == ["limit"]
    assert "已经停止" in proof.unexplored[0]
    assert "--" not in proof.unexplored[0]  # an owner reads it too, who has no command line


def test_a_bundle_that_cannot_be_compiled_is_refused() -> None:
    with pytest.raises(Invalid, match=r"XML|流程"):
        prove_confined({"bpmn/matter.bpmn": b"<nothing"}, "matter", house())
