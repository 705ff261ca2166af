"""``liaison scenario run`` and ``liaison check`` run the scenarios of a process folder and say how they went."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import liaison
from tests.factories.rehearsals import CONFIG, HOME

KEPT = "given_back.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The process ``request`` with one scenario, to be changed."""
    shutil.copytree(HOME / "forms/request", tmp_path / "forms/request")
    shutil.copytree(HOME / "bpmn/request", tmp_path / "bpmn/request")
    for path in (tmp_path / "bpmn/request/scenarios").iterdir():
        if path.name != KEPT:
            path.unlink()
    return tmp_path / "bpmn/request"


def said(*words: str | Path) -> Result:
    return CliRunner().invoke(liaison, ["--config", str(CONFIG), *map(str, words)])


def test_scenarios_that_pass_say_what_they_cover(folder: Path) -> None:
    result = said("scenario", "run", folder)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "1 个用例全部通过；走过连线 " in result.stderr
    assert "规则 1/10" in result.stderr
    assert "没有用例走过：escalation/submit_topic、" in result.stderr


def test_a_difference_is_said_at_its_line_and_ends_with_1(folder: Path) -> None:
    path = folder / "scenarios" / KEPT
    path.write_text(path.read_text().replace("handle/jiujiang", "handle/dali"))
    line = path.read_text().splitlines().index("  open: [feedback_accepted, handle/dali]") + 1
    for words in (("scenario", "run", folder), ("scenario", "run", path), ("check", folder)):
        result = said(*words)
        assert result.exit_code == 1, result.output
        assert f"{KEPT}:{line} 用例「" in result.stdout
        assert "应有「办理」（大沥镇人民政府），实为「反馈受理情况」、「办理」（九江镇人民政府）" in result.stdout


def test_a_calendar_beside_the_scenario_counts(folder: Path) -> None:
    path = folder / "scenarios" / KEPT
    closed = '[[closures]]\nfrom = 2026-03-03\nreason = "台风停工"\n'
    (path.parent / "storm.toml").write_text(closed)
    text = path.read_text().replace("fill: true", "calendar: [storm.toml]\nfill: true")
    path.write_text(text.replace("expect:\n", "expect:\n  due: {record_need: 2026-03-05}\n"))
    assert said("scenario", "run", folder).exit_code == 0
    path.write_text(path.read_text().replace("[storm.toml]", "[../storm.toml]"))
    result = said("scenario", "run", folder)
    assert result.exit_code == 1
    assert "没有文件 ../storm.toml，请放在用例旁边" in result.stdout


def test_a_folder_without_scenarios_is_told_where_they_go(folder: Path) -> None:
    shutil.rmtree(folder / "scenarios")
    result = said("scenario", "run", folder)
    assert result.exit_code == 1
    assert "请把用例（.yaml）放在流程目录的 scenarios 目录里" in result.stderr
    assert said("check", folder).exit_code == 0
