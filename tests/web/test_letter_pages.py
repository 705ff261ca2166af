"""发信记录, 提醒设置 and 提醒样式 as people see and use them."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from service import clock, notifications
from service.http.context import KEY as WIRED
from service.processes import operations
from service.rights import SYSTEM
from tests.factories.exports import exported_rows
from tests.factories.mail import sink
from tests.factories.visitor import Visitor
from tests.factories.workers import mismatches, work_all, worker_of
from tests.factories.world import CONFIG, World

EDU, EDU_2 = "handler-edu", "handler-edu-2"


def _mailing(world: World, port: int) -> None:
    mail = replace(world.settings.mail, enabled=True, host="127.0.0.1", port=port, sender="zhilian@office.test")
    world.rule(mail=mail)
    with world.transaction() as session:
        for username in (EDU, EDU_2):
            address = f"{username}@office.test"
            notifications.set_mail_address(session, username=username, address=address, actor=SYSTEM, now=clock.now())


def _urged(world: World) -> None:
    with world.transaction() as session:
        office = world.actor("office")
        operations.urge(session, instance_id=world.case, text="请尽快办理", actor=office, now=clock.now())


def test_every_letter_is_listed_with_what_became_of_it_and_tried_again_one_by_one(world: World) -> None:
    world.dispatched("edu")
    work_all(world)
    with sink() as server:
        _mailing(world, server.port)
        server.unknown = {f"{EDU}@office.test"}
        _urged(world)
        worker = worker_of(world)
        work_all(world, worker)
        admin = Visitor(world, "admin")
        owed = admin.get("/system/letters").text
        assert "不再自动重试 1 封" in owed
        assert "拒收发给该收件人的邮件（代码 550）" in owed
        assert "子女入学" not in owed  # administrators have no business with the matter
        sent = admin.get("/system/letters", state="sent")
        assert "已发出" in sent.text
        assert re.search(r"共 1 条", sent.text)
        assert [row[4].value for row in exported_rows(admin, "/system/letters.xlsx")] == ["不再自动重试"]
        assert [row[4].value for row in exported_rows(admin, "/system/letters.xlsx?state=sent")] == ["已发出"]
        assert "没有符合条件的信" in admin.get("/system/letters", channel="wechat").text
        server.unknown = set()
        key = dict(re.findall(r'name="(event_id|channel|recipient)" value="([^"]+)"', owed))
        assert admin.submit("/system/letters/retry-one", **key).status_code == 302
        work_all(world, worker)
        assert sorted(server.addresses) == sorted(f"{name}@office.test" for name in (EDU, EDU_2))
        assert admin.submit("/system/letters/retry-one", **key).status_code == 404  # gone out meanwhile
        for number in ("x", "9" * 18, "9" * 30):
            answer = admin.submit("/system/letters/retry-one", event_id=number, channel="", recipient="")
            assert answer.status_code == 404
    assert Visitor(world, "office").get("/system/letters").status_code == 403
    assert mismatches(world) == []


def test_the_api_tries_one_letter_again(world: World) -> None:
    world.dispatched("edu")
    work_all(world)
    with sink() as server:
        _mailing(world, server.port)
        server.unknown = {f"{EDU}@office.test"}
        _urged(world)
        worker = worker_of(world)
        work_all(world, worker)
        api = world.api("admin")
        assert api.get("/letters", state="sent").get_json()["total"] == 1
        [letter] = api.get("/letters", state="given_up").get_json()["items"]
        key = {name: letter[name] for name in ("event_id", "channel", "recipient")}
        server.unknown = set()
        assert api.post("/letters/retry-one", key).get_json() == {"retried": 1}
        work_all(world, worker)
        assert api.get("/letters", state="sent").get_json()["total"] == 2
        assert api.post("/letters/retry-one", key).status_code == 404
        for number in (0, 2**63):
            assert api.post("/letters/retry-one", {**key, "event_id": number}).status_code == 422


def test_each_enters_the_own_address_and_chooses(world: World) -> None:
    edu = Visitor(world, EDU)
    assert "目前只有系统内的提醒" in edu.get("/notices/settings").text
    with sink() as server:
        _mailing(world, server.port)
        refused = edu.post("/notices/settings/address", channel="mail", address="李光")
        assert refused.status_code == 422
        assert "邮箱：应写成 名称@域名" in refused.text
        edu.submit("/notices/settings/address", channel="mail", address=" liguang@office.test ")
        assert 'value="liguang@office.test"' in edu.get("/notices/settings").text
        edu.submit("/notices/settings", **{"urge.mail": "off", "task.mail": "now"})
        page = edu.get("/notices/settings").text
        assert re.search(r'name="urge.mail"[^>]*>.*?<option value="off" selected>', page, re.DOTALL)
        assert edu.post("/notices/settings", **{"urge.mail": "sometimes"}).status_code == 422
        world.dispatched("edu")
        _urged(world)
        work_all(world)
        assert server.addresses.count("liguang@office.test") == 1
        edu.submit("/notices/settings/address", channel="mail", address="")
        _urged(world)
        work_all(world)
        assert server.addresses.count("liguang@office.test") == 1
        api = world.api(EDU)
        body = {"choices": [{"kind": "urge", "channel": "mail", "way": "digest"}]}
        told = api.post("/me/notice-choices", body).get_json()
        assert [one["kind"] for one in told["choices"] if one["way"] == "digest"] == ["urge"]
        assert told["channels"] == [{"channel": "mail", "name": "邮件", "address": None, "way": None}]
        again = api.post("/me/notice-addresses", {"channel": "mail", "address": "liguang@office.test"}).get_json()
        assert again["channels"][0]["address"] == "liguang@office.test"
        assert api.post("/me/notice-choices", {"choices": [*body["choices"], *body["choices"]]}).status_code == 422
    assert mismatches(world) == []


def test_an_office_sees_how_notices_read_and_what_is_wrong_with_its_file(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Visitor(world, "office")
    page = office.get("/notices/wordings").text
    assert "“示例：学位协调”已由区人才办受理，编号 2026-需-0000" in page
    assert "登记人、联系领导" in page
    assert "【直联平台】催办（2026-需-0000）" in page
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    monkeypatch.setitem(world.app.extensions, WIRED, replace(world.app.extensions[WIRED], config=config))
    file = config / "notifications.toml"
    file.write_text(file.read_text().replace("编号 {number}。办理", "编号 {nummer}。办理"))
    wrong = office.get("/notices/wordings").text
    assert re.search(r"accepted.text</b>：第 \d+ 行：不能使用 {nummer}", wrong)
    assert Visitor(world, EDU).get("/notices/wordings").status_code == 403
