"""系统设置: changed by a page, journaled with its reason, in force at once everywhere, under the environment."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from click.testing import CliRunner

from service import clock, history
from service.cli import liaison
from service.config import Settings
from service.config.editable import CHANGED, DEFAULT, STREAM, by_name, groups
from service.config.office import Office
from service.config.overlay import overlaid, shown, typed, value_of
from service.db import Database
from service.errors import Invalid
from service.http.context import KEY
from service.processes.models import Instance
from service.rights import SYSTEM
from service.usecases import wire
from service.usecases.configuration import SETTINGS, note_configuration
from service.usecases.in_force import over, require
from service.usecases.office_settings import change_settings, sheet
from tests.factories.databases import ON_BOTH
from tests.factories.visitor import Visitor
from tests.factories.workers import mismatches, worker_of
from tests.factories.world import World


def entries(world: World) -> list[Any]:
    with world.database.reading() as session:
        found = [one for one in history.stream_events(session, STREAM) if one.kind == CHANGED]
        session.expunge_all()
    return found


def in_force(world: World) -> Settings:
    with world.database.reading():
        return over(world.database, world.settings)


def save(world: World, code: str, who: str = "admin", **fields: str) -> Any:
    return Visitor(world, who).submit(f"/settings/{code}", **{"reason": "试行后调整", **fields})


def set_now(world: World, **values: Any) -> None:
    with world.transaction() as session:
        change_settings(session, settings=world.settings, values=values, reason="试", actor=SYSTEM, now=world.clock.now)


@ON_BOTH
def test_a_changed_setting_holds_at_once_and_the_journal_says_who_before_after_and_why(world: World) -> None:
    saved = save(world, "contact", **{"contact.name": "区人才办", "contact.phone": "0757-86330000"})
    assert saved.status_code == 302, saved.text
    assert "0757-86330000" in Visitor(world, "liaison-hrss").get("/help").text
    [entry] = entries(world)
    assert (entry.actor, entry.data["reason"]) == ("admin", "试行后调整")
    assert entry.data["changes"] == {"contact.phone": ["—", "0757-86330000"]}
    page = Visitor(world, "admin").get("/settings").text
    assert "原为：—" in page
    assert "设置页" in page
    told = Visitor(world, "auditor").get("/audit/settings", kind=CHANGED).text
    assert "电话：— → 0757-86330000" in told
    assert "理由：试行后调整" in told
    assert mismatches(world) == []


def test_every_setting_says_whether_the_policy_knows_it_and_no_secret_is_shown(world: World) -> None:
    page = Visitor(world, "admin").get("/settings").text
    assert DEFAULT in page
    assert "《实施方案》四（二）" in page
    assert world.settings.secret_key not in page
    for group in groups(world.settings):
        form = Visitor(world, "admin").get(f"/settings/{group.code}").text
        assert all(one.label in page and f'name="{one.name}"' in form for one in group.settings)
    assert Visitor(world, "admin").get("/settings/nothing").status_code == 404


@pytest.mark.parametrize("who", ["office", "auditor", "owner", "security", "handler-edu", "leader"])
def test_only_the_system_administrator_changes_settings(world: World, who: str) -> None:
    assert Visitor(world, who).get("/settings").status_code == 403
    assert save(world, "contact", who, **{"contact.name": "甲"}).status_code == 403
    assert world.api(who).get("/settings").status_code == 403
    assert entries(world) == []


def test_where_administrators_are_separated_the_system_administrator_still_does(world: World) -> None:
    world.rule(accounts=replace(world.settings.accounts, separate=True))
    assert Visitor(world, "admin").get("/settings").status_code == 200
    assert Visitor(world, "security").get("/settings").status_code == 403


@pytest.mark.parametrize(
    ("code", "fields", "told"),
    [
        ("hours", {"office_opens": "18:00", "office_closes": "17:30"}, "下班时间：下班时间 17:30 应晚于上班时间 18:00"),
        ("hours", {"office_opens": "9点", "office_closes": "17:30"}, "上班时间：“9点”格式不对"),
        ("numbers", {"number_format": "{year.__class__}{seq}"}, "受理编号：必须含 {year} 和 {seq}"),
        ("numbers", {"number_format": "{year}需{seq}", "circular_format": "通报"}, "通报文号：必须含"),
        ("numbers", {"counters": "approval | 批示"}, "其他编号系列：第 1 行应写成 4 项，中间用 | 分开"),
        ("numbers", {"counters": "a | 批示 | {seq}号 | 每年"}, "每年重编的编号，必须含 {year} 一次"),
        ("contact", {"contact.name": ""}, "名称：不能为空"),
        ("contact", {"contact.name": "甲", "contact.email": "a b"}, "电子邮箱：“a b”格式不对"),
        ("limits", {"contacts.entry_days": "三"}, "联系后几个工作日内登记为按时：请填写 0 到 60 之间的整数"),
        ("limits", {"contacts.entry_days": "61"}, "61 超出范围，应在 0 到 60 之间"),
        ("supervision", {"supervision.urge.text": "{密码}"}, "催办时先填好的文字：不能使用 {密码}"),
        ("supervision", {"supervision.urge.channels": "phone = 电话"}, "催办的方式：system 缺少此项"),
        ("tags", {"tags": "stationed = 甲\nstationed = 乙"}, "活动标签：第 2 行的代码 stationed 重复"),
        ("assessment", {"assessment.quota": "-1"}, "联系对象达到规定人数：-1 超出范围"),
    ],
)
def test_a_bad_value_is_told_at_its_field_and_changes_nothing(
    world: World, code: str, fields: dict[str, str], told: str
) -> None:
    group = next(one for one in groups(world.settings) if one.code == code)
    present = {one.name: shown(one, value_of(world.settings, one.name)) for one in group.settings}
    answer = Visitor(world, "admin").post(f"/settings/{code}", **{**present, **fields, "reason": "试"})
    assert answer.status_code == 422, answer.text
    assert any(told in one["message"] for one in answer.json["errors"]), answer.json
    assert {one["path"] for one in answer.json["errors"]} & {f"/{name}" for name in fields}
    assert entries(world) == []


def test_a_reason_is_asked_for_and_a_save_that_changes_nothing_leaves_no_entry(world: World) -> None:
    fields = {"contact.name": "区人才办", "contact.phone": "123"}
    answer = Visitor(world, "admin").post("/settings/contact", **fields, reason=" ")
    assert [one["path"] for one in answer.json["errors"]] == ["/reason"]
    assert save(world, "contact", **{"contact.name": "区人才办"}).status_code == 302
    assert entries(world) == []


def test_two_who_change_the_same_group_do_not_undo_each_other_in_silence(world: World) -> None:
    first = Visitor(world, "admin").get("/settings/contact").text
    assert 'name="version" value="0"' in first
    save(world, "contact", version="0", **{"contact.name": "甲"})
    late = Visitor(world, "admin").post("/settings/contact", **{"version": "0", "contact.name": "乙", "reason": "试"})
    assert late.status_code == 409
    assert "名称：" in late.json["errors"][0]["message"]
    assert len(entries(world)) == 1


def test_the_file_holds_again_when_the_page_lets_go(world: World) -> None:
    others = {"contacts.report_days": "10", "extension_days": "20", "most_instances": "500"}
    save(world, "limits", **{"contacts.entry_days": "5"}, **others)
    assert in_force(world).contacts.entry_days == 5
    form = Visitor(world, "admin").get("/settings/limits").text
    assert "恢复为 settings.toml 的值：3 个工作日" in form
    sent = {**others, "reset[]": "contacts.entry_days"}
    assert save(world, "limits", **sent).status_code == 302
    assert entries(world)[-1].data["reset"] == ["contacts.entry_days"]
    assert in_force(world).contacts.entry_days == 3


def test_the_environment_outranks_the_page_which_says_so(world: World) -> None:
    outranked = {"contact.phone": "LIAISON_CONTACT_PHONE"}
    world.rule(outranked=outranked, contact=replace(world.settings.contact, phone="110"))
    form = Visitor(world, "admin").get("/settings/contact").text
    assert "由环境变量 LIAISON_CONTACT_PHONE 设定" in form
    assert save(world, "contact", **{"contact.name": "甲", "contact.phone": "999"}).status_code == 302
    assert list(entries(world)[0].data["changes"]) == ["contact.name"]
    refused = world.api("admin").post("/settings", {"values": {"contact.phone": "999"}, "reason": "试"})
    assert refused.status_code == 422
    assert "LIAISON_CONTACT_PHONE" in refused.json["errors"][0]["message"]
    assert "110" in Visitor(world, "liaison-hrss").get("/help").text


def test_the_api_reads_and_changes_settings_as_the_page_does(world: World) -> None:
    api = world.api("admin")
    found = {one["name"]: one for one in api.get("/settings").json["items"]}
    assert (found["most_instances"]["value"], found["most_instances"]["source"]) == (500, "file")
    series = {"approval": {"name": "批示", "format": "批〔{year}〕{seq}号", "restart": "year"}}
    answer = api.post("/settings", {"values": {"counters": series, "most_instances": 40}, "reason": "需要"})
    assert answer.status_code == 200, answer.text
    found = {one["name"]: one for one in answer.json["items"]}
    assert (found["counters"]["value"], found["counters"]["source"]) == (series, "page")
    assert found["most_instances"]["of_file"] == 500
    assert in_force(world).counters["approval"].name == "批示"
    for values in ({"most_instances": True}, {"most_instances": "4"}, {"secret_key": "x"}, {"counters": [1]}):
        assert api.post("/settings", {"values": values, "reason": "试"}).status_code == 422, values
    nested: Any = []
    for _ in range(30):
        nested = [nested]
    assert api.post("/settings", {"values": {"tags": {"a": nested}}, "reason": "试"}).status_code == 422
    assert len(entries(world)) == 1


@ON_BOTH
def test_another_process_works_with_the_change_from_its_next_transaction_on(world: World) -> None:
    other = Database(world.database.url.render_as_string(hide_password=False))
    wire(other, world.settings, world.organization)
    with other.reading():
        assert over(other, world.settings).number_format == world.settings.number_format
    worker = worker_of(world)
    set_now(world, number_format="需{year}-{seq:03d}", office_opens="08:30")
    world.dispatched("edu")
    with world.database.reading() as session:
        assert session.get_one(Instance, world.case).number == "需2026-001"
    with other.reading() as session:
        assert over(other, world.settings).number_format == "需{year}-{seq:03d}"
        assert f"{session.info['processes'].opening:%H:%M}" == "08:30"
    other.dispose()
    assert f"{worker.settings.office_opens:%H:%M}" == "08:30"
    assert mismatches(world) == []


def test_running_cases_keep_the_settings_of_their_beginning(world: World) -> None:
    world.dispatched("edu")
    set_now(world, **{"process.group_opinion_required": True})
    with world.database.reading() as session:
        assert session.get_one(Instance, world.case).frame["settings"]["group_opinion_required"] is False
    world.dispatched("edu")
    with world.database.reading() as session:
        assert session.get_one(Instance, world.case).frame["settings"]["group_opinion_required"] is True
    assert mismatches(world) == []


def test_a_start_after_a_change_by_page_is_no_further_change(world: World) -> None:
    def start() -> bool:
        world.clock.advance(minutes=1)
        with world.transaction() as session:
            now = over(world.database, world.settings)
            return note_configuration(session, now, world.organization, actor=SYSTEM, now=clock.now())

    assert start()
    set_now(world, office_opens="08:30", tags={"visit": "走访"})
    assert not start()
    with world.transaction() as session:
        change_settings(
            session,
            settings=world.settings,
            values={},
            reset=["tags"],
            reason="试",
            actor=SYSTEM,
            now=world.clock.now,
        )
    assert not start()
    with world.database.reading() as session:
        assert [one.kind for one in history.stream_events(session, STREAM)].count(SETTINGS) == 1


def test_a_file_that_contradicts_the_page_stops_the_start_with_the_way_out(world: World) -> None:
    set_now(world, office_opens="16:00")
    stricter = replace(world.settings, office_closes=world.settings.office_closes.replace(hour=12))
    wire(world.database, stricter, world.organization)
    with pytest.raises(Invalid, match="liaison settings reset"):
        require(world.database)


def test_the_command_line_lists_sets_and_lets_go(world: World) -> None:
    call = CliRunner(env={"LIAISON_DATABASE_URL": world.database.url.render_as_string(hide_password=False)})
    done = call.invoke(liaison, ["settings", "set", "contacts.entry_days", "4", "--reason", "试"])
    assert done.exit_code == 0, done.output
    listed = call.invoke(liaison, ["settings"]).stdout
    assert "contacts.entry_days = 4 个工作日  [设置页，2026-" in listed
    assert "配置文件为 3 个工作日" in listed
    assert call.invoke(liaison, ["settings", "set", "contacts.entry_days", "x", "--reason", "试"]).exit_code == 1
    assert call.invoke(liaison, ["settings", "reset", "contacts.entry_days", "--reason", "试"]).exit_code == 0
    assert "contacts.entry_days = 3 个工作日  [配置文件]" in call.invoke(liaison, ["settings"]).stdout
    assert world.settings.secret_key not in listed


def test_what_contradicts_the_file_is_let_go_by_the_command_that_the_start_names(world: World) -> None:
    set_now(world, office_opens="16:00", most_instances=40)
    stricter = replace(world.settings, office_closes=world.settings.office_closes.replace(hour=12))
    with world.database.reading() as session:
        held = sheet(session, stricter)
    assert "下班时间" in held.fault
    assert {one.value for _, some in held.groups for one in some if one.setting.name == "most_instances"} == {500}

    def let_go(*names: str) -> bool:
        with world.transaction() as session:
            return change_settings(
                session, settings=stricter, values={}, reset=names, reason="试", actor=SYSTEM, now=world.clock.now
            )

    with pytest.raises(Invalid, match="下班时间"):
        let_go("most_instances")
    assert let_go("office_opens")
    with world.database.reading() as session:
        held = sheet(session, stricter)
    assert held.fault == ""
    assert {one.value for _, some in held.groups for one in some if one.setting.name == "most_instances"} == {40}


def test_numbers_that_a_page_would_change_are_the_files_alone(world: World) -> None:
    own = replace(world.settings, process={"rate": 0.5, "far": 10**9, "least": -999_999_999, "word": "甲"})
    known = by_name(own)
    assert {"process.least", "process.word"} <= known.keys()
    assert not {"process.rate", "process.far"} & known.keys()
    assert typed(known["process.least"], "-999999999") == -999_999_999
    for text in ("--5", "5-", "-", "1000000000"):
        with pytest.raises(Invalid):
            typed(known["process.least"], text)


def test_what_is_typed_comes_back_as_it_was_and_nothing_else_changes(world: World) -> None:
    for group in groups(world.settings):
        for one in group.settings:
            value = value_of(world.settings, one.name)
            assert typed(one, shown(one, value)) == value
            if value is not None:
                assert overlaid(world.settings, {one.name: value}) == world.settings


def test_a_change_by_page_keeps_what_the_file_says_of_every_other_setting(world: World) -> None:
    odd = overlaid(
        world.settings,
        {
            "office_opens": "08:00",
            "office_closes": "18:00",
            "number_format": "N{year}-{seq}",
            "circular_format": "C{year}-{seq}",
            "most_instances": 9,
            "extension_days": 9,
            "counters": {"approval": {"name": "批示", "format": "批{year}-{seq}", "restart": "year"}},
            "papers": {"reply_letter": "函{year}-{seq}"},
            "contact.name": "甲",
            "contacts.entry_days": 9,
            "assessment.quota": 9,
            "process.group_opinion_required": True,
            "supervision.circular.step": "审批",
        },
    )
    names = {"supervision", *(one.name for one in fields(Office))}
    assert {name for name in names if getattr(odd, name) == getattr(world.settings, name)} == set()
    assert overlaid(odd, {"contacts.report_days": odd.contacts.report_days}) == odd


def test_papers_are_named_by_their_titles_and_typed_so(world: World) -> None:
    admin = Visitor(world, "admin")
    page, form = admin.get("/settings").text, admin.get("/settings/numbers").text
    assert "会议通知 = 会议通知〔{year}〕{seq}号；会议纪要 = " in page
    assert "meeting_notice" not in page + form
    told = {"number_format": "{year}-需-{seq:04d}", "circular_format": "通报〔{year}〕{seq}号", "counters": ""}
    assert (
        save(world, "numbers", papers="反馈函 = 函{year}第{seq}号\nsubmission = 请{year}-{seq}", **told).status_code
        == 302
    )
    assert in_force(world).paper_formats == {"reply_letter": "函{year}第{seq}号", "submission": "请{year}-{seq}"}
    assert "→ 反馈函 = 函{year}第{seq}号；上会请示 = 请{year}-{seq}" in admin.get("/settings").text
    twice = save(world, "numbers", papers="反馈函 = 函{year}第{seq}号\nreply_letter = 请{year}-{seq}", **told)
    assert twice.status_code == 422
    assert "第 2 行的代码 reply_letter 重复" in twice.text


def test_the_page_says_that_nothing_set_by_it_holds_and_why(world: World) -> None:
    stricter = replace(world.settings, office_closes=world.settings.office_closes.replace(hour=12))
    wired = world.app.extensions[KEY]
    wire(wired.database, stricter, world.organization)
    world.app.extensions[KEY] = replace(wired, settings=stricter)
    admin = Visitor(world, "admin")
    assert "不生效" not in admin.get("/settings").text
    set_now(world, office_opens="16:00")  # by a process with other files
    for page in ("/settings", "/settings/hours"):
        shown = admin.get(page).text
        assert "页面上设的值在这台服务器上都不生效" in shown
        assert "下班时间" in shown.partition("都不生效")[2].partition("</div>")[0]
    let_go = {"office_opens": "09:00", "office_closes": "12:00", "reset[]": "office_opens"}
    assert save(world, "hours", **let_go).status_code == 302
    assert "不生效" not in admin.get("/settings").text
