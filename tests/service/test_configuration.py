"""The settings that a start finds are journaled where they differ; who works at the command line is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service import clock, history
from service.audit.replay.named import NamesThen
from service.cli import liaison, setup
from service.config.editable import ORGANIZATION
from service.errors import Invalid
from service.history.records import record
from service.rights import COMMAND_LINE, SYSTEM, at_command_line, service_name
from service.usecases.configuration import SETTINGS, STREAM, note_configuration
from tests.factories.visitor import Visitor
from tests.factories.world import CONFIG, World


def test_an_entry_that_tells_no_values_is_passed_over(world: World) -> None:
    """One such entry kept every replay of a case from being shown, and the service from its next start."""
    world.dispatched("edu")
    with world.transaction() as session:
        for kind in (ORGANIZATION, SETTINGS):
            history.append(session, stream=STREAM, kind=kind, actor="system", at=clock.now(), data={"changes": {}})
    assert Visitor(world, "auditor").get(f"/cases/{world.case}/replay").status_code == 200
    assert Visitor(world, "admin").get("/settings").status_code == 200
    with world.transaction() as session:
        names = NamesThen(session, clock.today())
        assert names.role("talent_office", clock.today()) == "区人才办"
        assert note_configuration(session, world.settings, world.organization, actor=SYSTEM, now=clock.now())


def test_changed_settings_and_roles_are_journaled_once_and_no_secret_with_them(world: World) -> None:
    def start(**changes: Any) -> bool:
        world.clock.advance(minutes=1)
        found = replace(world.settings, **changes)
        with world.transaction() as session:
            return note_configuration(session, found, world.organization, actor=SYSTEM, now=clock.now())

    assert start()
    assert not start()
    assert start(longest_jump=world.settings.longest_jump * 2)
    assert start(longest_jump=world.settings.longest_jump * 2, database_url="postgresql://a:geheim@b/c")
    with world.database.reading() as session:
        events = history.stream_events(session, STREAM)
        told = [(one.kind, one.data["changes"]) for one in events]
        assert [kind for kind, _ in told] == ["settings_loaded", "organization_loaded", *["settings_loaded"] * 2]
        assert told[0][1] == {}
        assert told[2][1] == {"longest_jump": ["1 day, 0:00:00", "2 days, 0:00:00"]}
        assert list(told[3][1]) == ["database_url"]
        assert "geheim" not in str([one.data for one in events])
        assert world.settings.secret_key not in str([one.data for one in events])


def test_no_secret_of_any_setting_stands_in_the_journal(world: World) -> None:
    mail = world.settings.mail
    found = replace(
        world.settings,
        read_url="postgresql://a:geheim@b/c",
        files=replace(world.settings.files, key="geheim-key", secret="geheim-secret"),
        mail=replace(mail, password="geheim", wechat=replace(mail.wechat, robot="geheim-robot", secret="geheim")),
    )
    with world.transaction() as session:
        note_configuration(session, found, world.organization, actor=SYSTEM, now=clock.now())
    with world.database.reading() as session:
        assert "geheim" not in str([one.data for one in history.stream_events(session, STREAM)])


def test_a_secret_that_was_journaled_before_is_shown_to_nobody_and_no_change(world: World) -> None:
    """Versions before kept ``read_url`` as it was."""
    found = replace(world.settings, read_url="postgresql://a:geheim@b/c")

    def noted() -> bool:
        with world.transaction() as session:
            return note_configuration(session, found, world.organization, actor=SYSTEM, now=clock.now())

    assert noted()
    with world.transaction() as session:
        last = history.last_of(session, STREAM, "settings_loaded")
        assert last is not None
        plain = {**last.data["values"], "read_url": found.read_url}
        changes = {"read_url": ["", found.read_url]}
        for data in ({"values": plain, "changes": {}}, {"values": plain, "changes": changes}):
            record(session, STREAM, "settings_loaded", data, actor=SYSTEM, now=clock.now())
    assert not noted()
    page = world.as_user("auditor").get("/audit/settings").text
    assert "read_url" in page
    assert "geheim" not in page
    assert "geheim" not in str(world.api("auditor").get("/audit/settings").json)


def test_who_works_at_the_command_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_(*arguments: str) -> Any:
        with liaison.make_context("liaison", [*arguments, "user", "list"], obj=CONFIG):
            return setup.doer()

    assert as_("--as", "张三") == at_command_line("张三")
    assert as_("--as", "张三").is_system
    assert service_name(as_("--as", "张三").username) == "命令行（张三）"
    monkeypatch.setenv("SUDO_USER", "lisi")
    assert as_().username == "command-line:lisi"
    monkeypatch.delenv("SUDO_USER")
    monkeypatch.setattr(setup, "_user", lambda: None)  # a container that knows no name for its number
    assert as_() == COMMAND_LINE
    for name, value in {"ENV": "production", "SECRET_KEY": "x" * 40, "DEMO": "false"}.items():
        monkeypatch.setenv(f"LIAISON_{name}", value)
    with pytest.raises(Invalid, match="--as"):
        as_()
