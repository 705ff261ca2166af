"""走查: an owner has a draft walked, sees what it found in words, and goes the way there in 试办."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest

from service import clock, history, jobs
from service.processes.calendars import current
from service.processes.definitions import latest
from service.proof import Bounds, prove
from service.studio import drafts
from service.studio.models import Draft
from service.usecases.proofs import result_of
from service.usecases.rehearsals import plan_of
from service.usecases.walks import CONTENT
from tests.factories.jobs import work_off
from tests.factories.owners import Owner, ask_for
from tests.factories.world import World

DIAGRAM = "bpmn/eligibility_review.bpmn"


@pytest.fixture
def owner(world: World) -> Owner:
    return Owner(world)


@pytest.fixture
def draft(owner: Owner) -> UUID:
    return owner.draft("eligibility_review")


def walk(owner: Owner, draft: UUID) -> str:
    """The page after a walk."""
    token = owner.visitor.token()
    assert owner.client.post(f"/studio/{draft}/proof", data={"csrf_token": token}).status_code == 302
    assert "排队中" in owner.client.get(f"/studio/{draft}/proof").text
    work_off(owner.world)
    return owner.client.get(f"/studio/{draft}/proof").text


def test_a_sound_draft_is_walked_and_says_how_far(owner: Owner, draft: UUID) -> None:
    ahead = owner.client.get(f"/studio/{draft}/publish").text
    assert "没有走查" in ahead
    assert "会卡住、没有人能办的地方还没有找过" in ahead
    page = walk(owner, draft)
    assert "没有发现错误" in page
    assert "每个步骤、每条连线都走到了" in page
    assert "走查通过" in owner.client.get(f"/studio/{draft}/publish").text


def test_a_planted_mistake_is_told_with_the_way_there(owner: Owner, draft: UUID) -> None:
    found = owner.client.get(f"/studio/{draft}/files/{DIAGRAM}")
    text = found.text.replace("decision == 'end'", "decision == 'end' and working_days(3) &lt; today()")
    assert text != found.text
    assert owner.put(draft, DIAGRAM, text, int(found.headers["ETag"].strip('"'))).status_code == 200
    page = walk(owner, draft)
    told = page.partition("发现的问题")[2]
    assert "终止" in told
    assert re.search(r"没有走到 <span class=\"num\">\d+</span> 处", page)
    way = re.search(rf'href="(/studio/{draft}/try\?proof=[^"]+)"', page)
    assert way is not None
    island = re.search(r'id="studio-try-data">(.*?)</script>', owner.client.get(way[1].replace("&amp;", "&")).text)
    assert island is not None
    begin: dict[str, Any] = json.loads(island[1])["begin"]
    assert begin["steps"][0]["do"] == "review_eligibility"
    assert "走查发现" in owner.client.get(f"/studio/{draft}/publish").text


def test_a_draft_with_errors_is_not_walked_and_each_is_told_with_its_place(owner: Owner, draft: UUID) -> None:
    found = owner.client.get(f"/studio/{draft}/files/{DIAGRAM}")
    text = found.text.replace("decision == 'end'", "decision = 'end'")
    assert text != found.text
    assert owner.put(draft, DIAGRAM, text, int(found.headers["ETag"].strip('"'))).status_code == 200
    page = owner.client.get(f"/studio/{draft}/proof").text
    assert "改好才能走查" in page
    assert re.search(rf'<li><a href="/studio/{draft}/diagram#{DIAGRAM}![^"]+"><b>', page)
    assert re.search(r"<button[^>]* disabled[^>]*>开始走查", page)
    refused = owner.client.post(f"/studio/{draft}/proof", data={"csrf_token": owner.visitor.token()})
    assert (refused.status_code, "没有开始走查" in refused.text) == (422, True)


def test_publishing_says_that_a_walk_is_under_way_and_of_which_content_the_last_one_was(
    owner: Owner, draft: UUID
) -> None:
    token = owner.visitor.token()
    owner.client.post(f"/studio/{draft}/proof", data={"csrf_token": token})
    page = owner.client.get(f"/studio/{draft}/publish").text
    assert "正在走查" in page
    assert "现在发布等于没有走查" in page
    work_off(owner.world)
    found = owner.client.get(f"/studio/{draft}/files/{DIAGRAM}")
    kept, revision = found.text, int(found.headers["ETag"].strip('"'))
    other = kept.replace("decision == 'end'", "'end' == decision")
    assert other != kept
    assert owner.put(draft, DIAGRAM, other, revision).status_code == 200
    assert "走查的不是现在这份内容" in owner.client.get(f"/studio/{draft}/publish").text
    assert "请重新走查" in owner.client.get(f"/studio/{draft}/proof").text
    assert owner.put(draft, DIAGRAM, kept, revision + 1).status_code == 200
    assert "走查通过" in owner.client.get(f"/studio/{draft}/publish").text
    assert "请重新走查" not in owner.client.get(f"/studio/{draft}/proof").text
    assert owner.put(draft, DIAGRAM, other, revision + 2).status_code == 200
    owner.client.post(f"/studio/{draft}/proof", data={"csrf_token": owner.visitor.token()})
    sent = {"note": "改写条件", "csrf_token": owner.visitor.token(), "once": "twice"}
    for _ in range(2):  # the second click is told the same
        done = owner.client.post(f"/studio/{draft}/publish", data=sent)
        assert f'请看<a href="/studio/{draft}/proof">它的结果</a>' in owner.client.get(done.location).text


def test_publishing_waits_for_the_walk_where_the_settings_say_so(owner: Owner, draft: UUID) -> None:
    ask_for(owner.world.app, proof=True)
    found = owner.client.get(f"/studio/{draft}/files/{DIAGRAM}")
    text = found.text.replace("decision == 'end'", "'end' == decision")
    assert owner.put(draft, DIAGRAM, text, int(found.headers["ETag"].strip('"'))).status_code == 200
    assert "点“发布”就开始走查" in owner.client.get(f"/studio/{draft}/publish").text
    fields = {"note": "改写条件", "csrf_token": owner.visitor.token()}
    answer = owner.client.post(f"/studio/{draft}/publish", data=fields)
    assert answer.headers["Location"].endswith(f"/studio/{draft}/proof")
    page = owner.client.get(f"/studio/{draft}/proof").text
    assert "还没有发布" in page
    refused = owner.client.post(f"/studio/{draft}/publish", data={**fields, "csrf_token": owner.visitor.token()})
    assert (refused.status_code, "正在走查" in refused.text) == (409, True)
    work_off(owner.world)
    fields["csrf_token"] = owner.visitor.token()
    answer = owner.client.post(f"/studio/{draft}/publish", data=fields)
    assert "/studio/processes/" in answer.headers["Location"]


def cut_short(owner: Owner, draft: UUID, states: int) -> None:
    """Has the draft walked, with a bound that the walk meets."""
    world = owner.world

    def work(run: jobs.Run) -> dict[str, Any]:
        with world.database.reading() as session:
            files, days = drafts.files(session, session.get_one(Draft, draft)), current(session)
        plan = plan_of(world.settings, world.organization)
        proof = prove(files, "eligibility_review", days, plan, Bounds(states=states))
        run.tell(done=1, state={CONTENT: run.params[CONTENT]})
        return {"revision": 1, CONTENT: run.params[CONTENT], **result_of(proof)}

    kinds = world.database.session_info[jobs.KEY]
    world.database.session_info[jobs.KEY] = {**kinds, "proof": jobs.Kind("proof", "走查", drafts.EDIT, work)}
    owner.client.post(f"/studio/{draft}/proof", data={"csrf_token": owner.visitor.token()})
    work_off(world)
    world.database.session_info[jobs.KEY] = kinds


def test_a_walk_that_was_cut_short_says_so_and_is_published_by_consent_alone(owner: Owner, draft: UUID) -> None:
    ask_for(owner.world.app, proof=True)
    found = owner.client.get(f"/studio/{draft}/files/{DIAGRAM}")
    text = found.text.replace("decision == 'end'", "'end' == decision")
    assert owner.put(draft, DIAGRAM, text, int(found.headers["ETag"].strip('"'))).status_code == 200
    cut_short(owner, draft, states=1)
    page = owner.client.get(f"/studio/{draft}/proof").text
    assert "没有走完：走满了 1 种情形" in page
    assert "没有走完每一种情形" in page
    assert "每个步骤、每条连线都走到了" not in page
    ahead = owner.client.get(f"/studio/{draft}/publish").text
    assert "走查通过" not in ahead.partition("</section>")[0].partition("<h2>检查</h2>")[2]
    assert "走满了 1 种情形" in ahead
    fields = {"note": "改写条件", "csrf_token": owner.visitor.token()}
    refused = owner.client.post(f"/studio/{draft}/publish", data=fields)
    assert (refused.status_code, "我知道走查没有走完，仍要发布" in refused.text) == (422, True)
    asked = owner.world.api("owner").post(f"/drafts/{draft}/deploy", {"note": "改写条件"})
    assert (asked.status_code, asked.json["errors"][0]["path"]) == (422, "/consent")
    done = owner.client.post(f"/studio/{draft}/publish", data={**fields, "consent": "yes"})
    assert done.status_code == 302
    with owner.world.database.reading() as session:
        newest = latest(session, "eligibility_review")
        assert (newest.version, newest.walk) == (2, "cut")
        [told] = [one for one in history.stream_events(session, f"draft:{draft}") if one.kind == "draft_published"]
        walk = told.data["walk"]
        assert (told.actor, walk["standing"], walk["consent"]) == ("owner", "cut", True)
        assert "走满了 1 种情形" in str(walk["unexplored"])
    assert "走查没有走完，发布人确认后发布" in owner.client.get("/studio/processes/eligibility_review").text


def test_a_reason_given_before_a_walk_need_not_be_typed_again(owner: Owner, draft: UUID) -> None:
    """Neither of a publication nor of an earlier version that is put in force again, which says what it is."""
    ask_for(owner.world.app, proof=True)
    found = owner.client.get(f"/studio/{draft}/files/{DIAGRAM}")
    text = found.text.replace("decision == 'end'", "'end' == decision")
    assert owner.put(draft, DIAGRAM, text, int(found.headers["ETag"].strip('"'))).status_code == 200
    fields = {"note": "条件写反了", "csrf_token": owner.visitor.token()}
    owner.client.post(f"/studio/{draft}/publish", data=fields)
    work_off(owner.world)
    assert re.search(
        r'<textarea[^>]*name="note"[^>]*>条件写反了</textarea>', owner.client.get(f"/studio/{draft}/publish").text
    )
    owner.client.post(f"/studio/{draft}/publish", data={**fields, "csrf_token": owner.visitor.token()})
    back = "/studio/processes/eligibility_review"
    fields = {"note": "还是原来的好", "csrf_token": owner.visitor.token()}
    assert owner.client.post(f"{back}/1/back", data=fields).status_code == 409
    work_off(owner.world)
    assert re.search(r'<textarea[^>]*name="note"[^>]*>还是原来的好</textarea>', owner.client.get(back).text)
    assert owner.client.post(f"{back}/1/back", data=fields).status_code == 302
    page = owner.client.get(back).text
    assert "恢复第 1 版" in page.partition("</table>")[0]
    with owner.world.database.reading() as session:
        newest = latest(session, "eligibility_review")
        assert (newest.version, newest.restores, newest.walk) == (3, 1, "clean")


def test_the_last_walk_of_a_draft_is_found_however_many_others_there_were(owner: Owner, draft: UUID) -> None:
    walk(owner, draft)
    now = clock.now()
    with owner.world.transaction() as session:
        actor = owner.world.actor("owner")
        for number in range(120):
            job = jobs.submit(session, kind="proof", params={"draft": f"other {number}"}, actor=actor, now=now)
            job.status = jobs.CANCELLED
    assert "没有发现错误" in owner.client.get(f"/studio/{draft}/proof").text


def test_somebody_elses_job_is_no_way(owner: Owner, draft: UUID) -> None:
    address = f"/studio/{draft}/try?proof=00000000-0000-4000-8000-000000000000&at=0"
    assert owner.client.get(address).status_code == 404
