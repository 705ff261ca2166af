"""规则表: a draft's tables with the choices of their columns by name, and what they answer."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest

from tests.factories.jobs import work_off
from tests.factories.owners import Owner
from tests.factories.world import World

DISPATCH = "bpmn/dispatch.dmn"


@pytest.fixture
def owner(world: World) -> Owner:
    return Owner(world)


@pytest.fixture
def draft(owner: Owner) -> UUID:
    return owner.draft()


def island(owner: Owner, draft: UUID) -> Any:
    page = owner.client.get(f"/studio/{draft}/tables").text
    found = re.search(r'<script type="application/json" id="studio-tables-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def refused(owner: Owner, draft: UUID, body: dict[str, Any]) -> Any:
    answer = owner.client.post(
        f"/studio/{draft}/tables/ask",
        json=body,
        headers={"X-CSRFToken": owner.visitor.token(), "Accept": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    return answer.json


def test_columns_have_the_choices_of_forms_and_settings_by_name(owner: Owner, draft: UUID) -> None:
    page = island(owner, draft)
    columns = page["columns"]
    assert columns["town"]["title"] == "所在镇街"
    assert {"code": "xiqiao", "name": "西樵镇"} in columns["town"]["choices"]
    assert {"code": "edu", "name": "区教育局"} in columns["lead_unit"]["choices"]
    assert (columns["lead_unit"]["many"], columns["assisting_units"]["many"]) == (False, True)
    assert list(page["files"]) == [DISPATCH]


def test_a_table_as_it_is_typed_answers_by_the_engine(owner: Owner, draft: UUID) -> None:
    table = island(owner, draft)["files"][DISPATCH]
    given = {"category": "education", "town": "xiqiao"}
    said = owner.ask(f"/studio/{draft}/tables/ask", {"name": DISPATCH, "text": table, "data": given})
    assert said == {
        "rules": ["rule_01"],
        "outputs": {"lead_unit": "edu", "assisting_units": ["xiqiao"], "basis": "competent"},
    }
    changed = table.replace('"edu"', '"hrss"', 1)
    said = owner.ask(f"/studio/{draft}/tables/ask", {"name": DISPATCH, "text": changed, "data": given})
    assert said["outputs"]["lead_unit"] == "hrss"


def test_a_table_that_cannot_run_is_refused_in_words(owner: Owner, draft: UUID) -> None:
    table = island(owner, draft)["files"][DISPATCH]
    body = {"name": DISPATCH, "data": {"category": "education", "town": "xiqiao"}}
    assert refused(owner, draft, {**body, "text": "<definitions/>"})["errors"]
    assert refused(owner, draft, {**body, "text": table.replace("[town]", "__import__('os')")})["errors"]
    assert refused(owner, draft, {**body, "text": "<!DOCTYPE a [<!ENTITY b 'c'>]>" + table})["errors"]
    assert refused(owner, draft, {"name": DISPATCH, "text": table, "data": "x"})["errors"][0]["path"] == "/data"


def test_a_count_stands_below_the_table_and_leads_to_the_cases(world: World) -> None:
    owner = Owner(world)
    draft = owner.draft()
    world.dispatched("housing")
    page = f"/studio/{draft}/tables"
    body = {"csrf_token": owner.visitor.token(), "from": "2026-09-01", "to": "2026-12-31"}
    assert owner.client.post(f"/studio/{draft}/rates", data={**body, "to": ""}).status_code == 422
    assert owner.client.post(f"/studio/{draft}/rates", data=body).status_code == 302
    work_off(world)
    told = owner.client.get(page).text
    link = re.search(rf'href="(/studio/{draft}/rates/[^"]+/cases\?decision=dispatch[^"]+)"><b>100%', told)
    assert link is not None
    assert "改派率 = 合计改派 ÷ 已定" in told
    listed = owner.client.get(link[1].replace("&amp;", "&")).text
    assert "填的与建议不同：主办单位" in listed
    assert f"/cases/{world.case}" not in listed
    assert owner.client.get(link[1].replace("&amp;", "&").replace("rule_01", "rule_99")).status_code == 404
    sheet = link[1].partition("/cases")[0] + ".xlsx"
    assert owner.client.get(sheet).status_code == 200
