"""表单: a draft's forms with what their fields may be, and where a field is used beside its form."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from tests.factories.owners import Owner
from tests.factories.visitor import island
from tests.factories.world import World


@pytest.fixture
def owner(world: World) -> Owner:
    return Owner(world)


@pytest.fixture
def draft(owner: Owner) -> UUID:
    return owner.draft()


def used(owner: Owner, draft: UUID, form: str, field: str) -> list[tuple[str, str]]:
    found = owner.ask(f"/studio/{draft}/forms/uses", {"form": form, "field": field})["uses"]
    return [(one["place"], one["words"]) for one in found]


def test_the_page_holds_forms_tasks_lists_and_days(owner: Owner, draft: UUID) -> None:
    page = island(owner.client.get(f"/studio/{draft}/forms"), "studio-forms-data")
    assert page["open"] == "record_need"
    assert {"forms/handle.json", "forms/handle.ui.json"} <= set(page["files"])
    assert {"id": "handle", "name": "办理", "form": "handle"} in page["tasks"]
    assert page["lists"]["towns"]["title"] == "镇街"
    assert {"const": "xiqiao", "title": "西樵镇"} in page["lists"]["towns"]["choices"]
    assert {"form": "convene_meeting", "name": "held_on", "title": "会议日期（召集专题工作会议）"} in page["days"]


def test_uses_of_a_field_are_told_by_place(owner: Owner, draft: UUID) -> None:
    found = used(owner, draft, "handle", "result")
    assert any(words.startswith("条件：result == ") for _, words in found)
    assert any(place.startswith("用例“") for place, _ in found)
    town = used(owner, draft, "record_need", "town")
    assert any("规则表" in place or words.startswith("规则表的条件列") for place, words in town)
    held = used(owner, draft, "convene_meeting", "held_on")
    assert any(words == "日期的先后同它比较" for _, words in held)
    assert any(words.startswith("条件：") for _, words in held)
    assert used(owner, draft, "handle", "no_such_field") == []


def test_a_print_template_that_names_a_field_uses_it(owner: Owner, draft: UUID) -> None:
    assert owner.put(draft, "print/note.typ", '// 便笺\n#field("next_date")\n', 1).status_code == 200
    assert ("打印模板“便笺”", "打印时取它的内容") in used(owner, draft, "handle", "next_date")


def test_findings_on_a_form_lead_to_this_tab(owner: Owner, draft: UUID) -> None:
    page = island(owner.client.get(f"/studio/{draft}/forms"), "studio-forms-data")
    form = json.loads(page["files"]["forms/handle.json"])
    form["properties"]["result"].pop("title")
    assert owner.put(draft, "forms/handle.json", json.dumps(form), page["draft"]["revision"]).status_code == 200
    found = owner.ask(f"/studio/{draft}/check", {})["findings"]
    (one,) = [one for one in found if one["rule"] == "form-title"]
    assert one["address"] == f"/studio/{draft}/forms#forms/handle.json!{one['line']}"
