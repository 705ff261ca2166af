"""The right to know of a case, speak in it and show it to others: one function decides, for every way in."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from service import auth, clock
from service.processes import replay
from service.rights import SYSTEM
from tests.factories.visitor import Visitor
from tests.factories.world import World

OFFICE, LIAISON, HANDLER, STRANGER = "office", "liaison-hrss", "handler-edu", "handler-health"


def account(world: World, username: str, *grants: tuple[str, str | None]) -> str:
    """A new account for nobody in particular, with these roles from today on."""
    with world.transaction() as session:
        auth.add_user(session, username=username, actor=SYSTEM, now=clock.now())
        for role, unit in grants:
            auth.grant_role(session, username=username, role=role, unit_code=unit, actor=SYSTEM, now=clock.now())
    return username


def copy(world: World, sender: str, *to: str) -> TestResponse:
    return world.api(sender).post(f"/instances/{world.case}/copy", {"to": list(to)})


def sees(world: World, user: str) -> bool:
    return world.api(user).get(f"/instances/{world.case}").status_code == 200


def verified(world: World) -> None:
    with world.database.reading() as session:
        assert list(replay.verify(session)) == []


# --- Copies ---


@pytest.mark.parametrize("sender", [OFFICE, LIAISON, HANDLER])
def test_who_has_or_had_a_part_copies_the_case(world: World, sender: str) -> None:
    world.dispatched()
    assert copy(world, sender, STRANGER).status_code == 201
    assert sees(world, STRANGER)


def test_who_only_looks_on_shows_the_case_to_nobody(world: World) -> None:
    world.dispatched()
    assert copy(world, OFFICE, STRANGER).status_code == 201
    for looker in ("auditor", "leader", STRANGER):
        assert world.api(looker).get(f"/instances/{world.case}").json["may"]["copy"] is False
        assert 'id="box-copy"' not in Visitor(world, looker).get(f"/cases/{world.case}").text
        refused = copy(world, looker, "handler-housing")
        assert refused.status_code == 403
        assert "区人才办" in refused.json["detail"]
        assert Visitor(world, looker).post(f"/cases/{world.case}/copy", to=["handler-housing"]).status_code == 403
    assert not sees(world, "handler-housing")


def test_a_copy_goes_to_accounts_in_use_with_a_role_that_may_know_of_the_talent(world: World) -> None:
    world.dispatched()
    nobody, employer = account(world, "former"), account(world, "factory", ("employer", "sci"))
    with world.transaction() as session:
        auth.disable_user(session, username="handler-housing", actor=SYSTEM, now=clock.now())
    answer = copy(world, OFFICE, "leader", nobody, employer, "handler-housing")
    assert answer.status_code == 422
    said = {error["path"]: error["message"] for error in answer.json["errors"]}
    assert set(said) == {"/to/1", "/to/2", "/to/3"}
    assert "角色" in said["/to/1"]
    assert "人才" in said["/to/2"]
    assert "停用" in said["/to/3"]
    assert world.api(OFFICE).get(f"/instances/{world.case}/copies").json["total"] == 0


def test_a_copy_is_withdrawn_by_its_sender_or_the_office_and_then_shows_nothing(world: World) -> None:
    world.dispatched()
    assert copy(world, HANDLER, STRANGER, "handler-housing").status_code == 201
    withdraw = f"/instances/{world.case}/copy/withdraw"
    assert world.api(STRANGER).post(withdraw, {"to": STRANGER}).status_code == 403
    assert world.api(LIAISON).post(withdraw, {"to": STRANGER}).status_code == 403
    assert "撤回抄送" not in Visitor(world, LIAISON).get(f"/cases/{world.case}").text
    assert "撤回抄送" in Visitor(world, HANDLER).get(f"/cases/{world.case}").text
    left = world.api(HANDLER).post(withdraw, {"to": STRANGER})
    assert [row["username"] for row in left.json["items"]] == ["handler-housing"]
    page = Visitor(world, OFFICE).submit(f"/cases/{world.case}/copy/withdraw", username="handler-housing")
    assert page.status_code == 302
    for user in (STRANGER, "handler-housing"):
        assert not sees(world, user)
        assert world.api(user).get("/requests").json["total"] == 0
        assert "子女入学" not in Visitor(world, user).get("/cases/copied").text
    assert world.api(OFFICE).post(withdraw, {"to": STRANGER}).status_code == 409
    assert "撤回对 苏婉晴 的抄送" in Visitor(world, OFFICE).get(f"/cases/{world.case}").text
    verified(world)
    assert copy(world, OFFICE, STRANGER).status_code == 201
    assert sees(world, STRANGER)
    verified(world)


def test_a_copy_shows_nothing_to_who_has_lost_every_role(world: World) -> None:
    world.dispatched()
    other = account(world, "adviser", ("owner", None))
    assert copy(world, OFFICE, other).status_code == 201
    assert sees(world, other)
    with world.transaction() as session:
        auth.revoke_role(session, username=other, role="owner", actor=SYSTEM, now=clock.now())
    assert not sees(world, other)
    assert "子女入学" not in Visitor(world, other).get("/cases/copied").text


# --- Remarks ---


def test_an_auditor_reads_and_writes_nothing(world: World) -> None:
    world.dispatched()
    task, auditor = world.task("handle").id, world.api("auditor")
    assert auditor.get(f"/instances/{world.case}").json["may"]["comment"] is False
    for path in (f"/instances/{world.case}/comment", f"/tasks/{task}/comment"):
        refused = auditor.post(path, {"text": "请说明"})
        assert refused.status_code == 403
        assert "只能查看" in refused.json["detail"]
    visitor = Visitor(world, "auditor")
    assert visitor.post(f"/cases/{world.case}/comment", text="请说明").status_code == 403
    for page in (f"/cases/{world.case}", f"/tasks/{task}"):
        assert 'id="comment-text"' not in visitor.get(page).text
        assert 'id="comment-text"' in Visitor(world, HANDLER).get(page).text
    assert "请说明" not in world.api(OFFICE).get(f"/instances/{world.case}/history").get_data(as_text=True)


def test_an_auditor_who_also_handles_the_case_may_speak(world: World) -> None:
    world.dispatched()
    both = account(world, "both", ("auditor", None), ("responsible_unit", "edu"))
    assert world.api(both).post(f"/instances/{world.case}/comment", {"text": "正在办理"}).status_code == 201
    other = account(world, "other", ("auditor", None), ("responsible_unit", "health"))
    assert world.api(other).post(f"/instances/{world.case}/comment", {"text": "看看"}).status_code == 403


# --- What is not there and what may not be seen ---


def _calls(case: object, task: object) -> dict[str, dict[str, Any]]:
    """Every call about a case or a task, with a body that is right."""
    reason = {"reason": "说明"}
    return {
        **{f"/instances/{case}/{name}": reason for name in ("suspend", "resume", "terminate")},
        f"/instances/{case}/urge": {"text": "请加快"},
        f"/instances/{case}/comment": {"text": "说明"},
        f"/instances/{case}/copy": {"to": ["leader"]},
        f"/instances/{case}/copy/withdraw": {"to": "leader"},
        f"/instances/{case}/join": {"other": str(uuid4()), **reason},
        f"/instances/{case}/link": {"other": str(uuid4())},
        f"/instances/{case}/unlink": {"other": str(uuid4())},
        f"/instances/{case}/part": reason,
        f"/tasks/{task}/comment": {"text": "说明"},
        f"/tasks/{task}/extension": {"due_on": "2026-09-30", **reason},
        f"/tasks/{task}/extension/agree": {"asked_by": "来电", "due_on": "2026-09-30", **reason},
        f"/tasks/{task}/extension/refuse": reason,
        f"/tasks/{task}/extension/withdraw": {},
        f"/tasks/{task}/complete": {"data": {}},
        f"/tasks/{task}/reassign": {"to": "leader", "reason": "说明"},
        f"/tasks/{task}/return": {"target": "dispatch", "reason": "说明"},
        f"/tasks/{task}/take_back": reason,
        **{f"/tasks/{task}/{name}": {} for name in ("claim", "release", "acknowledge")},
    }


OPERATIONS = re.compile(r"/api/v1(/(?:instances|tasks)/<[^>]+>/.+)")
ELSEWHERE = {"/instances/x/attachments", "/instances/x/put-back"}
"""A file, which tests/service/test_attachments.py asks about; 放回, whose right reaches every case that is stuck."""


def test_every_call_of_a_person_about_a_case_or_a_task_is_in_the_list(world: World) -> None:
    world.dispatched()
    there = {
        OPERATIONS.sub(r"\1", rule.rule)
        for rule in world.app.url_map.iter_rules()
        if "POST" in rule.methods and OPERATIONS.fullmatch(rule.rule) and len(rule.arguments) == 1
    }
    assert {re.sub("<[^>]+>", "x", rule) for rule in there} == {*_calls("x", "x"), *ELSEWHERE}


def test_a_case_that_may_not_be_seen_answers_as_one_that_is_not_there(world: World) -> None:
    world.dispatched()
    done, waiting = world.done("accept").id, world.task("handle").id
    world.api(HANDLER).post(f"/tasks/{waiting}/claim", {})
    for stranger in (STRANGER, "admin", account(world, "nobody")):
        api, missing = world.api(stranger), uuid4()
        for task in (done, waiting):
            there, nowhere = _calls(world.case, task), _calls(missing, missing)
            for (path, body), (other, _) in zip(there.items(), nowhere.items(), strict=True):
                one, two = api.post(path, body), api.post(other, body)
                assert one.status_code == two.status_code == 404, path
                assert one.json["detail"] == two.json["detail"], path
