"""回测: an owner has finished cases run by a draft, and sees what would be other: in numbers, drawn, as a sheet."""

from __future__ import annotations

import re
from io import BytesIO
from uuid import UUID

import pytest
from openpyxl import load_workbook

from service import auth, clock
from service.processes.definitions import deploy
from service.rights import SYSTEM
from service.studio import drafts
from tests.factories.bundles import unchecked
from tests.factories.jobs import work_off
from tests.factories.owners import Owner
from tests.factories.versions import FIVE_DAYS, SIGNED, changed
from tests.factories.visitor import island
from tests.factories.world import OFFICE, World

PERIOD = {"from": "2026-09-01", "to": "2026-12-31", "limit": "50"}


@pytest.fixture
def owner(world: World) -> Owner:
    """An owner, beside a finished case that took eight days to handle."""
    world.dispatched()
    world.do(OFFICE, "feedback_accepted")
    world.pass_days(8)
    world.do("handler-edu", "handle")
    world.do(OFFICE, "review_reply")
    world.do(OFFICE, "feedback_result")
    return Owner(world)


def of(world: World, files: dict[str, bytes]) -> UUID:
    with world.transaction() as session:
        return drafts.create(session, process="request", files=files, actor=world.actor("owner"), now=clock.now()).id


def test_a_draft_is_tried_on_finished_cases(owner: Owner) -> None:
    """The dates by step, both counts on the drawing, the sheet; and the case for who may see cases, no one else."""
    world, draft = owner.world, of(owner.world, changed(FIVE_DAYS))
    begun = owner.client.post(f"/studio/{draft}/backtest", data={"csrf_token": owner.visitor.token(), **PERIOD})
    assert begun.status_code == 302, begun.text
    assert "排队中" in owner.client.get(begun.location).text
    work_off(world)
    page = owner.client.get(begun.location)
    assert re.search(r"走法相同</span></td><td class=\"num\" data-label=\"件数\">1</td>", page.text)
    for words in ("早 2 个工作日", "期限提早", "会逾期"):
        assert words in page.text
    [main] = [one for one in island(page, "diagram-data")["diagrams"] if one["id"] == "request"]
    assert ["accept", "acceptance", 1, 1] in main["counts"]
    sheet = re.search(rf'href="(/studio/{draft}/backtest/[^"]+\.xlsx)"', page.text)
    assert sheet is not None
    assert load_workbook(BytesIO(owner.client.get(sheet[1]).data)).active["B2"].value == "走法相同"

    assert f"/cases/{world.case}" not in page.text
    assert "子女入学" not in page.text
    with world.transaction() as session:
        now = clock.now()
        auth.grant_role(session, username="owner", role="talent_office", unit_code=None, actor=SYSTEM, now=now)
    assert f"/cases/{world.case}" in owner.client.get(begun.location).text

    text = changed({})["bpmn/unit_handling.bpmn"].decode()
    assert "请重新回测" not in page.text
    assert owner.put(draft, "bpmn/unit_handling.bpmn", text, 1).status_code == 200
    assert "回测以后草稿又有改动" in owner.client.get(begun.location).text


def test_a_new_step_is_supposed_as_its_form_asks_and_the_result_says_on_how_many_it_rests(owner: Owner) -> None:
    world, draft = owner.world, of(owner.world, changed(SIGNED))
    page = owner.client.get(f"/studio/{draft}/backtest").text
    assert "新步骤「科长审签」照下面的办" in page
    assert '<option value="yes" selected>同意</option>' in page
    wish = {"csrf_token": owner.visitor.token(), **PERIOD, "suppose:request/sign_off": "yes"}
    supposed = {"answer:request/sign_off/signed": "yes", "answer:request/sign_off/sign_note": "同意"}
    asked = {**wish, **supposed, "days:request/sign_off": "bald"}
    refused = owner.client.post(f"/studio/{draft}/backtest", data=asked)
    assert (refused.status_code, "几个工作日后办，应填整数" in refused.text) == (422, True)
    begun = owner.client.post(f"/studio/{draft}/backtest", data={**asked, "days:request/sign_off": "2"})
    work_off(world)
    page = owner.client.get(begun.location).text
    assert "走法相同" in page
    assert "件的结论建立在设想上" in page
    assert "审签意见 同意，说明 同意，2 个工作日后办" in page
    assert "照设想办了「科长审签」" in page
    most = {**wish, "most:request/sign_off/sign_note": "yes", "answer:request/sign_off/signed": "yes"}
    failed = owner.client.post(f"/studio/{draft}/backtest", data=most)
    work_off(world)
    assert "没有人填过「说明」，不能照多数人填的，请写明" in owner.client.get(failed.location).text


def test_a_step_that_was_published_since_is_still_new_to_the_cases_that_ended_before(owner: Owner) -> None:
    world, files = owner.world, changed(SIGNED)
    with world.transaction() as session:
        assert deploy(session, unchecked("request", files), actor=SYSTEM, now=clock.now()).version == 2
    draft = of(world, files)
    page = owner.client.get(f"/studio/{draft}/backtest").text
    assert "新步骤「科长审签」照下面的办" in page
    wish = {"csrf_token": owner.visitor.token(), **PERIOD, "suppose:request/sign_off": "yes"}
    supposed = {"answer:request/sign_off/signed": "yes", "answer:request/sign_off/sign_note": "同意"}
    begun = owner.client.post(f"/studio/{draft}/backtest", data={**wish, **supposed})
    work_off(world)
    assert "照设想办了「科长审签」" in owner.client.get(begun.location).text


def test_the_questions_follow_the_period_that_is_being_chosen_and_keep_what_was_answered(owner: Owner) -> None:
    """Cases of two periods ran by two versions: the draft adds to the one what the other has already."""
    world, files, ended = owner.world, changed(SIGNED), clock.today()
    with world.transaction() as session:
        assert deploy(session, unchecked("request", files), actor=SYSTEM, now=clock.now()).version == 2
    world.clock.advance(days=30)
    world.recorded(on_the_spot=True, answer="已当场解答")
    draft, now = of(world, files), clock.today()
    step = "request/sign_off"
    typed = {f"suppose:{step}": "yes", f"answer:{step}/sign_note": "已核", f"days:{step}": "7"}
    page = f"/studio/{draft}/backtest"
    both = owner.client.get(page, query_string={"from": str(ended), "to": str(now), **typed}).text
    assert "新步骤「科长审签」照下面的办" in both
    assert 'value="已核"' in both
    assert 'min="0" max="250" value="7"' in both
    late = owner.client.get(page, query_string={"from": str(now), "to": str(now), **typed}).text
    assert "新步骤「科长审签」" not in late
    assert "这段时间办结 1 件" in late
    assert "新步骤「科长审签」" in owner.client.get(page, query_string={"from": "2026-1", "to": ""}).text


def test_bad_wishes_are_refused_at_the_field_and_other_drafts_jobs_not_shown(owner: Owner) -> None:
    draft, other = of(owner.world, changed({})), of(owner.world, changed(FIVE_DAYS))
    token = owner.visitor.token()
    for field, value in (("from", "gestern"), ("to", "2026-08-01"), ("limit", "0"), ("limit", "9999")):
        body = {"csrf_token": token, **PERIOD, field: value}
        assert owner.client.post(f"/studio/{draft}/backtest", data=body).status_code == 422, (field, value)
    job = owner.client.post(f"/studio/{draft}/backtest", data={"csrf_token": token, **PERIOD}).location.split("=")[1]
    assert owner.client.get(f"/studio/{other}/backtest?job={job}").status_code == 404
    assert owner.client.get(f"/studio/{other}/backtest/{job}.xlsx").status_code == 404
    steering = f"/studio/{draft}/backtest/{job}"
    assert owner.client.post(f"{steering}/turn", data={"csrf_token": token}).status_code == 404
    assert owner.client.post(f"{steering}/pause", data={"csrf_token": token}).status_code == 302
    assert "已暂停" in owner.client.get(f"/studio/{draft}/backtest").text
