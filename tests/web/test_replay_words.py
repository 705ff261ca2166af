"""The words of a replay, on the page and offline: what went keeps the title under which it was filled in."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from service import clock, history
from service.audit.evidence.telling import steps
from service.config.notifications import load_notifications
from service.notifications import Delivery, Office
from service.notifications.queries import reached
from service.processes import operations
from service.processes.models import Instance
from service.processes.recording import stream_of
from service.usecases.replay_paper import replay_draft
from tests.factories.replays import eventful, replayed
from tests.factories.steps import DONE, NOT_OURS
from tests.factories.visitor import Visitor
from tests.factories.world import CONFIG, LIAISON, OFFICE, World


def offline(world: World) -> list[dict[str, Any]]:
    """The steps of the case as the offline page tells them."""
    with world.database.reading() as session:
        case = session.get_one(Instance, world.case)
        return steps(session, case, history.stream_events(session, stream_of(case.id)))


def page_of(world: World, seq: int, user: str = "auditor") -> str:
    """The part of the replay's page about a step."""
    return Visitor(world, user).get(f"/cases/{world.case}/replay/{seq}").text


def seq_of(world: World, kind: str, step: str = "") -> int:
    """The number of the last step of its kind."""
    found = [one.step for one in replayed(world, "auditor").shown]
    return next(one.seq for one in reversed(found) if one.kind == kind and (not step or one.step == step))


def take_back(world: World, user: str, task: UUID) -> None:
    with world.transaction() as session:
        operations.take_back(session, task_id=task, reason="点错了", actor=world.actor(user), now=clock.now())


def rows(told: list[dict[str, Any]], seq: int, head: str) -> list[list[str]]:
    return [
        row for step in told if step["seq"] == seq for name, found in step["parts"] if name == head for row in found
    ]


def test_a_share_that_goes_keeps_its_title(world: World) -> None:
    world.dispatched("edu")
    take_back(world, "handler-edu", world.do("handler-edu", "handle", unit="edu"))
    seq = seq_of(world, "taken_back")
    told = dict(rows(offline(world), seq, "数据的变化"))
    assert told["承办单位　区教育局"] == "区教育局 → （空）"
    assert not [title for title in told if "改派至" in title]
    assert re.search(r"承办单位<br><small[^>]*>区教育局</small></th><td>区教育局</td><td>—", page_of(world, seq))


def test_a_value_that_goes_keeps_the_title_of_its_form(world: World) -> None:
    world.recorded()
    seen = world.do(OFFICE, "accept", {"decision": "return", "reason": "请补材料"})
    take_back(world, OFFICE, seen)
    seq = seq_of(world, "taken_back")
    told = dict(rows(offline(world), seq, "数据的变化"))
    assert told["理由"] == "请补材料 → （空）"
    page = page_of(world, seq)
    assert re.search(r"理由</th><td>请补材料</td><td>—", page)
    assert "备注（选填）" not in page


def test_a_form_offline_says_what_stood_there_as_the_page_does(world: World) -> None:
    world.start()
    world.do(LIAISON, "record_need", world.need(title="改过的事项"))
    world.do(OFFICE, "accept")
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "edu", "assisting_units": []})
    take_back(world, "handler-edu", world.do("handler-edu", "handle", DONE, unit="edu"))
    world.do("handler-edu", "handle", NOT_OURS, unit="edu")
    first, last = seq_of(world, "completed", "record_need"), seq_of(world, "completed", "handle")
    whole, changed = offline(world), "改过的事项（原为 子女入学）"
    told = dict(rows(whole, first, "填写的内容"))
    assert told["事项标题"] == changed
    assert "所在镇街" in told["日志没有留存预填的"]
    assert dict(rows(whole, last, "填写的内容"))["办理情况（回复）"] == f"{DONE['reply']}（打开时已有，没有提交）"
    assert re.search(r"事项标题</th><td[^>]*>子女入学</td><td[^>]*>改过的事项", page_of(world, first))
    with world.database.reading() as session:
        draft, _, _ = replay_draft(session, world.case, world.actor("auditor"))
    on_paper = [part for one in draft.data["steps"] if one["seq"] == first for part in one["parts"]]
    assert ["事项标题", changed] in next(part["rows"] for part in on_paper if part["heading"] == "填写的内容")


def test_a_migration_tells_its_versions_and_dates_offline(world: World) -> None:
    eventful(world)
    told = dict(rows(offline(world), seq_of(world, "migrated"), "说明"))
    assert told["版本"] == "第 1 版 → 第 2 版"
    assert told["期限"].startswith("期限按第 2 版重新计算")
    assert "digest" not in str(told)


def test_a_return_by_form_is_told_among_the_steps_and_beside_the_usual_way(world: World) -> None:
    world.finished()
    world.recorded()
    world.do(OFFICE, "accept", {"decision": "return", "reason": "请补材料"})
    page = Visitor(world, "auditor").get(f"/cases/{world.case}/replay").text
    assert "完成「受理审核」（退回补正）" in page
    assert re.search(r"另有：<a [^>]*>退回补正</a>", page)


def test_a_notice_whose_receivers_the_office_chose_names_them(world: World) -> None:
    world.finished()
    seq = seq_of(world, "completed", "feedback_result")
    assert ["办结", "→ 尚无账号收到：办结"] in rows(offline(world), seq, "发出的提醒")
    delivery = Delivery(world.database, Office(load_notifications(CONFIG), world.settings.mail))
    while delivery.deliver(world.clock.now):
        pass
    with world.database.reading() as session:
        case = session.get_one(Instance, world.case)
        told = reached(session, case.id)
        named = world.actor(case.initiator).name
    assert told
    [said] = [text for kind, text in rows(offline(world), seq, "发出的提醒") if kind == "办结"]
    assert named in said
    assert re.search(rf"办结 → [^<]*{named}", page_of(world, seq))


def test_a_late_step_is_late_offline_as_on_the_page(world: World) -> None:
    world.dispatched("edu")
    world.pass_days(25)
    world.do("handler-edu", "handle", unit="edu")
    seq = seq_of(world, "completed", "handle")
    [[_, late]] = [row for row in rows(offline(world), seq, "说明") if row[0] == "时限"]
    assert re.fullmatch(r"超期 \d+ 个工作日", late)
    assert late in page_of(world, seq)
