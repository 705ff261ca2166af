"""走查: an owner has a draft walked, sees what it found in words, and goes the way there in 试办."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest

from tests.factories.jobs import work_off
from tests.factories.owners import Owner
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
    assert "没有走查" in owner.client.get(f"/studio/{draft}/publish").text
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


def test_somebody_elses_job_is_no_way(owner: Owner, draft: UUID) -> None:
    address = f"/studio/{draft}/try?proof=00000000-0000-4000-8000-000000000000&at=0"
    assert owner.client.get(address).status_code == 404
