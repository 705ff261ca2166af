"""Pages of the monthly briefs: whose task it is, what the brief is made of, and where the leader reads it (R3)."""

from __future__ import annotations

import re

from tests.factories.briefs import RELEASE, brief_of, sign, signing
from tests.factories.rounds import calendar_starts
from tests.factories.visitor import Visitor, island
from tests.factories.workers import work_all
from tests.factories.world import World


def test_the_office_sees_whose_brief_it_signs_and_what_it_is_made_of(world: World) -> None:
    calendar_starts(world, "leader_brief", "every_month")
    office, task = Visitor(world, "office"), signing(world)
    todo = office.get("/tasks").text
    assert all(f"签发 · 签发专报：{name}" in todo for name in ("陈砚秋", "程望津", "温如故"))
    page = office.get(f"/tasks/{task.id}")
    assert island(page, "form-data")["data"] == {"text": brief_of(world).text}
    assert "陈砚秋（副区长）" in page.text
    assert "程望津（区委常委）" not in page.text
    assert f'href="/briefs/{brief_of(world).id}"' in page.text
    assert "事项内容" not in page.text  # what another slot says is not what this one is about
    case = office.get(f"/cases/{world.case}").text
    assert all(name in case for name in ("陈砚秋（副区长）", "程望津（区委常委）"))
    answer = office.post(f"/tasks/{task.id}/complete", data=RELEASE)
    assert answer.status_code == 200
    assert "已签发" in office.get(f"/tasks/{task.id}").text


def test_the_leader_goes_from_the_inbox_to_the_brief_and_sees_no_round(world: World) -> None:
    calendar_starts(world, "leader_brief", "every_month")
    sign(world)
    work_all(world)
    leader = Visitor(world, "leader")
    assert "有 1 份专报待您阅知" in leader.get("/").text
    assert "份专报待您阅知" not in Visitor(world, "office").get("/").text
    inbox = leader.get("/notices").text
    assert "专报：2026年11月联系服务高层次人才情况专报" in inbox
    found = re.search(r'action="(/notices/[0-9a-f-]+/open)"', inbox)
    assert found is not None
    opened = leader.submit(found[1])
    assert opened.headers["Location"] == f"/briefs/{brief_of(world).id}"
    assert "本月情况正常。" in leader.get(opened.headers["Location"]).text
    assert leader.get(f"/cases/{world.case}").status_code == 404
    assert leader.get(f"/briefs/{brief_of(world, '程望津').id}").status_code == 404


def test_an_auditor_is_led_to_released_briefs_only(world: World) -> None:
    calendar_starts(world, "leader_brief", "every_month")
    sign(world)
    case = Visitor(world, "auditor").get(f"/cases/{world.case}").text
    assert re.findall(r'href="(/briefs/[^"]+)"', case) == [f"/briefs/{brief_of(world).id}"]
