"""打印模板: a draft's templates beside the paper that they make, of a made-up or a real case."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from docx import Document

from service import documents
from service.errors import NotFound
from service.processes.bundles import compile_bundle
from service.processes.calendars import current
from service.rehearsal.scenarios import scenario_of
from service.rehearsal.scenarios.text import read
from service.studio import papers
from service.studio.written import walked
from service.usecases.rehearsals import plan_of
from tests.factories.owners import Owner
from tests.factories.versions import changed
from tests.factories.visitor import island
from tests.factories.world import HOME, World

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


def shape(value: Any) -> Any:
    """The names and kinds of data, lists by their first item."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__ if value is not None else "str"


def test_a_scenario_gives_the_papers_of_the_step_it_is_walked_to(world: World) -> None:
    files = changed({})
    made = compile_bundle(files, "request")
    named = scenario_of(read((HOME / "bpmn/request/scenarios/late_and_named.yaml").read_bytes(), "late_and_named.yaml"))
    plan = plan_of(world.settings, world.organization)
    with world.database.reading() as session:
        reader, calendar = world.actor("owner"), current(session)
        whole = walked(named, made, plan, calendar)
        data = papers.rehearsed_data(session, whole, "circular", reader)
        assert {one: shape(data[one]) for one in documents.SAMPLES["circular"]} == shape(documents.SAMPLES["circular"])
        told = papers.rehearsed_data(session, whole, "sheet", reader)
        assert told.keys() >= documents.SAMPLES["sheet"].keys()
        assert told["person"] == documents.SAMPLES["sheet"]["person"]
        [unit] = told["units"]
        assert (unit["text"], unit["after"][0].partition("：")[2]) == ("已配租", "同意办结")
        assert "（超期6个工作日）" in unit["facts"][-1]
        assert (data["sign"]["name"], data["sign"]["on_behalf_of"]) == ("区人才办", None)
        begun = papers.rehearsed_data(session, walked(named, made, plan, calendar, 1), "sheet", reader)
        assert (begun["units"][0]["heading"], begun["office"][0]["text"]) == ("", "")
        assert [one["id"] for one in begun["waiting"]] == ["accept"]
        with pytest.raises(NotFound):
            papers.rehearsed_data(session, walked(named, made, plan, calendar, 1), "circular", reader)


def also_signed(box: str, *steps: str) -> list[tuple[str, str]]:
    """The edits by which steps sign a box of the form."""
    forms = [f'<spiffworkflow:property name="form" value="{step}" />' for step in steps]
    return [(form, f'<spiffworkflow:property name="sign" value="{box}" />{form}') for form in forms]


def test_a_step_of_no_unit_is_never_printed_as_a_unit_without_a_name(world: World) -> None:
    """The office signs 办理情况 outside a slot, in a slot before the unit's answer and after it; and 转办意见."""
    signed = {
        "bpmn/unit_handling.bpmn": also_signed("unit", "approve_circular", "redispatch", "review_reply"),
        "bpmn/request.bpmn": [*also_signed("unit", "feedback_accepted"), *also_signed("office", "accept")],
    }
    made, plan = compile_bundle(changed(signed), "request"), plan_of(world.settings, world.organization)

    def printed(name: str, steps: int | None = None) -> Any:
        text = (HOME / "bpmn/request/scenarios" / name).read_bytes()
        walk = walked(scenario_of(read(text, name)), made, plan, calendar, steps)
        return papers.rehearsed_data(session, walk, "sheet", world.actor("owner"))

    with world.database.reading() as session:
        calendar = current(session)
        late, begun, back = (
            printed("late_and_named.yaml"),
            printed("late_and_named.yaml", 3),
            printed("handed_back.yaml"),
        )
    told, circular, unit = late["units"]
    assert (told["heading"], told["sign"]["name"]) == ("反馈受理情况", "区人才办")
    assert circular["heading"].startswith("通报审批")
    assert (unit["heading"].endswith("（主办）"), unit["text"], len(unit["after"])) == (True, "已配租", 1)
    assert [one["heading"] for one in late["office"]] == ["受理审核", ""]
    assert ("反馈受理情况", "办理：尚未办理") in [(one["heading"], one["facts"][-1]) for one in begun["units"]]
    first, second, _ = back["units"]
    assert ([line.partition("（")[0] for line in first["after"]], second["after"][0][:7]) == (
        ["改派"],
        "区人才办审核（",
    )
    printed_heads = [one["heading"] for each in (late, begun, back) for one in each["units"]]
    assert not [heading for heading in printed_heads if not heading or heading.startswith("（")]


def test_the_preview_walks_a_scenario_and_knows_a_case_by_its_number(owner: Owner, draft: UUID) -> None:
    world = owner.world
    assert owner.put(draft, "print/note.typ", NOTE, 1).status_code == 200
    page = island(owner.client.get(f"/studio/{draft}{PAGE}"), "studio-prints-data")
    [plain] = [one for one in page["scenarios"] if one["name"] == "scenarios/plain.yaml"]
    assert (plain["steps"][0], page["sees"]) == ("第 1 步　登记需求", False)
    shown = asked(owner, draft, name="note", scenario=plain["name"], upto="2")
    assert (shown.status_code, shown.json.get("count")) == (200, 1), shown.text
    assert asked(owner, draft, name="note", scenario="scenarios/none.yaml").status_code == 404
    world.accepted(title="保密的事项")
    refused = asked(owner, draft, name="note", number="2026-需-0001")
    assert (refused.status_code, "没有编号为 2026-需-0001 的事项" in refused.json["detail"]) == (404, True)
    with world.database.reading() as session:
        office = world.actor("office")
        assert papers.case_numbered(session, "request", "2026-需-0001", office) == world.case


def test_a_word_template_is_taken_down_changed_and_sent_up_beside_what_it_makes(owner: Owner, draft: UUID) -> None:
    base = f"/studio/{draft}/prints"
    page = island(owner.client.get(f"/studio/{draft}{PAGE}"), "studio-prints-data")
    assert "print/meeting_notice.docx" in page["house_words"]
    assert page["words"] == []
    house = owner.client.get(f"{base}/house/meeting_notice.docx")
    assert house.data == documents.house_templates()["meeting_notice.docx"]
    assert owner.client.get(f"{base}/house/nothing.docx").status_code == 404
    paper = Document(BytesIO(house.data))
    paper.add_paragraph("会议编号：{{ case.number }}")
    made = BytesIO()
    paper.save(made)
    assert owner.put(draft, "print/meeting_notice.docx", made.getvalue(), 1).status_code == 200
    page = island(owner.client.get(f"/studio/{draft}{PAGE}"), "studio-prints-data")
    assert (page["words"], page["pictures"]) == (["print/meeting_notice.docx"], [])
    assert "会议编号：2026-需-0001" in owner.client.get(f"{base}/meeting_notice/words").json["paragraphs"]
    filled = owner.client.get(f"{base}/meeting_notice.docx")
    assert "会议编号：2026-需-0001" in documents.words_of(filled.data)
    assert owner.client.get(f"{base}/sheet.docx").status_code == 404


def test_a_word_template_with_an_unknown_name_is_found_with_its_paragraph(owner: Owner, draft: UUID) -> None:
    paper, made = Document(), BytesIO()
    paper.add_paragraph("会议通知")
    paper.add_paragraph("{{ said.nobody }}")
    paper.save(made)
    assert owner.put(draft, "print/meeting_notice.docx", made.getvalue(), 1).status_code == 200
    assert owner.put(draft, "print/other.docx", made.getvalue(), 2).status_code == 200
    headers = {"X-CSRFToken": owner.visitor.token(), "Accept": "application/json"}
    found = owner.client.post(f"/studio/{draft}/check", json={}, headers=headers).json["findings"]
    told = {one["file"]: one["message"] for one in found if one["file"].endswith(".docx")}
    assert "第 2 段“{{ said.nobody }}”：没有“nobody”这项内容" in told["print/meeting_notice.docx"]
    assert "没有同名的打印模板" in told["print/other.docx"]
