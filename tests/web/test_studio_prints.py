"""打印模板: a draft's templates beside the paper that they make, of a made-up or a real case."""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from uuid import UUID

import pytest

from service.errors import NotFound
from service.studio import papers
from tests.factories.owners import Owner
from tests.factories.visitor import island
from tests.factories.world import World

NOTE = '// 便笺\n#import "common.typ": *\n#show: paper.with(title: "便笺")\n#titled("title")\n'
PAGE = "/prints"


@pytest.fixture
def owner(world: World) -> Owner:
    return Owner(world)


@pytest.fixture
def draft(owner: Owner) -> UUID:
    return owner.draft()


def asked(owner: Owner, draft: UUID, **body: str) -> Any:
    return owner.client.post(
        f"/studio/{draft}/prints/preview",
        json={"case": "", **body},
        headers={"X-CSRFToken": owner.visitor.token(), "Accept": "application/json"},
    )


def test_the_page_holds_the_templates_and_what_they_may_name(owner: Owner, draft: UUID) -> None:
    assert owner.put(draft, "print/note.typ", NOTE, 1).status_code == 200
    page = island(owner.client.get(f"/studio/{draft}{PAGE}"), "studio-prints-data")
    assert page["files"] == {"print/note.typ": NOTE}
    assert page["house"]["print/sheet.typ"]["title"] == "需求处理单"
    fields = {one["id"]: (one["title"], one["of"]) for one in page["names"]["fields"]}
    assert fields["reply"] == ("办理情况（回复）", "办理")
    assert "number" in fields
    assert {"id": "handle", "title": "办理", "of": ""} in page["names"]["steps"]
    assert page["cases"] == []  # an owner sees no case


def test_a_template_is_shown_on_made_up_data_and_told_what_is_wrong(owner: Owner, draft: UUID) -> None:
    assert owner.put(draft, "print/note.typ", NOTE, 1).status_code == 200
    shown = asked(owner, draft, name="note").json
    assert shown["count"] == 1
    assert b64decode(shown["pages"][0].removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert owner.client.get(f"/studio/{draft}{PAGE}/sheet.pdf").data.startswith(b"%PDF")
    assert owner.put(draft, "print/note.typ", "// 便笺\n#nothing_known\n", 2).status_code == 200
    refused = asked(owner, draft, name="note")
    assert refused.status_code == 422
    assert "nothing_known" in refused.json["errors"][0]["message"]
    assert asked(owner, draft, name="no_such").status_code == 404


def test_a_real_case_is_shown_to_who_may_see_it_alone(owner: Owner, draft: UUID) -> None:
    case = owner.world.recorded(title="保密的事项")
    assert asked(owner, draft, name="note", case=str(case)).status_code == 404
    assert owner.put(draft, "print/note.typ", NOTE, 1).status_code == 200
    assert asked(owner, draft, name="note", case=str(case)).status_code == 404
    assert asked(owner, draft, name="note", case="x").status_code == 404


def test_a_finished_case_gives_its_data_to_who_may_see_it(world: World) -> None:
    case = world.finished(title="子女入学")
    with world.database.reading() as session:
        office, owner = world.actor("office"), world.actor("owner")
        assert [one.id for one in papers.finished(session, "request", office)] == [case]
        assert papers.finished(session, "request", owner) == []
        assert papers.case_data(session, "request", case, "note", office)["fields"]["title"]["value"] == "子女入学"
        assert papers.case_data(session, "request", case, "sheet", office)["matter"]["title"] == "子女入学"
        with pytest.raises(NotFound):
            papers.case_data(session, "roster", case, "note", office)
        with pytest.raises(NotFound):
            papers.case_data(session, "request", case, "note", owner)
