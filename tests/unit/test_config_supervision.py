"""supervision.toml: texts with facts in braces, ways of urging; each mistake is told with its place, and its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.config.supervision import FACTS, Supervision, filled, load_supervision
from service.errors import Invalid
from tests.factories.world import CONFIG

SHIPPED = (CONFIG / "supervision.toml").read_text()
KNOWN = dict.fromkeys(FACTS, "甲")


def test_the_shipped_file_and_none_at_all_are_good(tmp_path: Path) -> None:
    for made in (load_supervision(CONFIG), load_supervision(tmp_path)):
        assert "甲" in filled(made.urge_text, KNOWN)
        assert made.channels["system"] == "系统提醒"
    assert load_supervision(tmp_path) == Supervision()


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("{此前催办}", "{还剩几天}", "不能使用 {还剩几天}"),
        ("{此前催办}", "{催办次数.__class__}", "不能使用 {催办次数.__class__}"),
        ("{此前催办}", "{催办次数:>99}", "不能使用 {催办次数}"),
        ("{此前催办}", "{催办次数", "花括号不成对"),
    ],
)
def test_an_unknown_name_in_a_text_is_refused_with_its_line(tmp_path: Path, was: str, now: str, said: str) -> None:
    (tmp_path / "supervision.toml").write_text(SHIPPED.replace(was, now))
    lines = [number for number, line in enumerate(SHIPPED.splitlines(), start=1) if line.startswith("text =")]
    with pytest.raises(Invalid) as refused:
        load_supervision(tmp_path)
    told = {one.path: one.message for one in refused.value.findings}
    assert list(told) == ["urge.text"]
    for number, message in zip(lines, told.values(), strict=True):
        assert message.startswith(f"第 {number} 行：")
        assert said in message


@pytest.mark.parametrize(
    ("was", "now", "path"),
    [
        ('system = "系统提醒"', "", "urge.channels.system"),
        ('phone = "电话"', 'Phone = "电话"', "urge.channels.Phone"),
        ('accept = ["受理"]', 'accept = "受理"', "operations.accept"),
        ("[operations]", '[operations]\nfly = ["飞"]', "operations.fly"),
        ('step = "通报审批"', 'step = ""', "circular.step"),
    ],
)
def test_other_mistakes_are_named(tmp_path: Path, was: str, now: str, path: str) -> None:
    (tmp_path / "supervision.toml").write_text(SHIPPED.replace(was, now, 1))
    with pytest.raises(Invalid) as refused:
        load_supervision(tmp_path)
    assert path in [one.path for one in refused.value.findings]
