"""走查: an owner has a draft walked, sees what it found in words, and goes the way there in 试办."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest

from service import clock, jobs
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
    assert "每个环节、每条连线都走到了" in page
    assert "走查通过" in owner.client.get(f"/studio/{draft}/publish").text


def test_a_planted_mistake_is_told_with_the_way_there(owner: Owner, draft: UUID) -> None:
    found = owner.client.get(f"/studio/{draft}/files/{DIAGRAM}")
    text = found.text.replace("decision == 'end'", "decision == 'end' and working_days(3) &lt; today()")
    assert text != found.text
    assert owner.put(draft, DIAGRAM, text, int(found.headers["ETag"].strip('"'))).status_code == 200
    page = walk(owner, draft)
    told = page.partition("发现的问题")[2]
    assert "终止" in told
    assert "没有走到：" in page
    way = re.search(rf'href="(/studio/{draft}/try\?proof=[^"]+)"', page)
    assert way is not None
    island = re.search(r'id="studio-try-data">(.*?)</script>', owner.client.get(way[1].replace("&amp;", "&")).text)
    assert island is not None
    begin: dict[str, Any] = json.loads(island[1])["begin"]
    assert begin["steps"][0]["do"] == "review_eligibility"
    assert "走查发现" in owner.client.get(f"/studio/{draft}/publish").text


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
