"""登录与密码规则: what holds, where it is set, who changed it when; and lengths of time in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from service import clock
from service.clock import lasting, span_words
from service.rights import at_command_line
from service.usecases.account_rules import GROUPS
from service.usecases.configuration import note_configuration
from tests.factories.visitor import Visitor
from tests.factories.world import World


def start(world: World, who: str) -> None:
    with world.transaction() as session:
        note_configuration(session, world.settings, world.organization, actor=at_command_line(who), now=world.clock.now)


def test_each_rule_tells_what_holds_where_it_is_set_and_who_changed_it(world: World) -> None:
    start(world, "钱工")
    world.clock.advance(days=1)
    stricter = replace(world.settings.passwords, shortest=12, longest_age=timedelta(days=30))
    world.rule(passwords=stricter, sessions=replace(world.settings.sessions, idle=timedelta(hours=8)))
    start(world, "孙工")
    page = Visitor(world, "security").get("/account-rules").text
    for told in (
        "新密码至少 12 个字符",
        "[passwords] shortest",
        "LIAISON_PASSWORDS_SHORTEST",
        "原为：8",
        "30 天后须更换",
        "原为：90 天",
        "8 小时没有操作，自动退出",
        "session_idle_minutes",
        "LIAISON_SESSION_IDLE_MINUTES",
        "原为：30 分钟",
        "命令行（孙工）",
        "2026-09-16（周三）09:00 首次启动以来没有改过",
    ):
        assert told in page, told
    assert ":00:00" not in page
    asked = Visitor(world, "auditor").get("/audit/settings", kind="settings_loaded").text
    assert "密码最长使用时间（[passwords] longest_days）：90 天 → 30 天" in asked
    assert "空闲自动退出（session_idle_minutes）：30 分钟 → 8 小时" in asked
    items = {one["setting"]: one for one in world.api("security").get("/account-rules").json["items"]}
    assert len(items) == sum(map(len, GROUPS.values()))
    assert items["[passwords] shortest"]["before"] == "8"
    assert items["[passwords] classes"]["before"] is None
    assert clock.today().isoformat() in items["[passwords] shortest"]["changed_at"]
    assert Visitor(world, "office").get("/account-rules").status_code == 403


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("8:00:00", "8 小时"),
        ("0:30:00", "30 分钟"),
        ("90 days, 0:00:00", "90 天"),
        ("1 day, 1:02:03", "1 天 1 小时 2 分钟 3 秒"),
        ("0:00:00", "不限时"),
        ("09:00:00 起", "09:00:00 起"),
    ],
)
def test_lengths_of_time_are_told_in_words(kept: str, told: str) -> None:
    assert span_words(kept) == told
    assert lasting(timedelta(hours=1, minutes=30)) == "1 小时 30 分钟"
