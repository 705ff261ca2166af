"""Publishing: what changed in words, layout alone, back, two pairs of eyes, a base that was superseded."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from service import jobs
from service.history import stream_events
from service.processes.replay import verify
from service.studio import drafts
from tests.api.test_drafts import made, save
from tests.factories.jobs import work_off
from tests.factories.owners import ask_for
from tests.factories.world import World

DIAGRAM, SCENARIO = "bpmn/request.bpmn", "scenarios/one.yaml"
DUE = (b'name="due" value="working_days(2)"', b'name="due" value="working_days(5)"')
MOVED = (b'x="160" y="80"', b'x="150" y="80"')


def edited(world: World, *swap: bytes, user: str = "owner") -> dict[str, Any]:
    """A draft in which one thing was changed. The shipped scenarios, which know other dates, are left out."""
    draft, api = made(world, user), world.api(user)
    before = api.get(f"/drafts/{draft['id']}/files/{DIAGRAM}").data
    old, new = swap
    assert old in before
    revision = save(world, draft, DIAGRAM, before.replace(old, new, 1), 1, user).json["revision"]
    for one in draft["files"]:
        if one["name"].startswith("scenarios/") and new not in MOVED:
            gone = api.delete(f"/drafts/{draft['id']}/files/{one['name']}", headers={"If-Match": str(revision)})
            revision = gone.json["revision"]
    return draft


def deploy(world: World, draft: dict[str, Any], note: str = "改期限", user: str = "owner") -> Any:
    return world.api(user).post(f"/drafts/{draft['id']}/deploy", {"note": note})


def sound(world: World) -> bool:
    with world.database.reading() as session:
        return list(verify(session)) == []


def test_a_draft_becomes_the_next_version_with_its_note_and_what_changed(world: World) -> None:
    draft, api = edited(world, *DUE), world.api("owner")
    told = api.get(f"/drafts/{draft['id']}/difference").json
    assert (told["sort"], told["base"]) == ("content", 1)
    assert "步骤「登记需求」：期限由“2 个工作日”改为“5 个工作日”" in told["lines"]
    assert told["elements"]["request"] == {"record_need": "changed"}
    assert deploy(world, draft, note=" ").json["errors"][0]["path"] == "/note"
    done = deploy(world, draft)
    assert (done.status_code, done.json["outcome"], done.json["version"]) == (201, "version", 2), done.json
    definition = done.json["definition"]
    assert (definition["deployed_by"], definition["note"], definition["approved_by"]) == ("owner", "改期限", None)
    told = api.get("/definitions/request/history").json["items"]
    assert [one["kind"] for one in told] == 2 * ["deployed", "scenarios_kept"]
    last = told[-2]
    assert (last["actor"], last["data"]["note"]) == ("owner", "改期限")
    assert "步骤「登记需求」：期限由“2 个工作日”改为“5 个工作日”" in last["data"]["changes"]
    kinds = [one["kind"] for one in api.get(f"/drafts/{draft['id']}/history").json["items"]]
    assert kinds == ["draft_made", "draft_published"]
    assert deploy(world, draft).status_code == 409, "it is published"
    assert api.get("/drafts").json["total"] == 0
    between = api.get("/definitions/request/difference", before=1, after=2).json
    assert "步骤「登记需求」：期限由“2 个工作日”改为“5 个工作日”" in between["lines"]
    assert sound(world)


def test_an_earlier_version_is_brought_back_by_one_call(world: World) -> None:
    assert deploy(world, edited(world, *DUE)).status_code == 201
    api = world.api("owner")
    back = api.post("/definitions/request/back", {"version": 1, "note": "改错了"})
    assert (back.status_code, back.json["version"]) == (201, 3), back.json
    rows = [one for one in api.get("/definitions").json["items"] if one["key"] == "request"]
    assert rows[0]["digest"] == rows[2]["digest"] != rows[1]["digest"]
    assert api.post("/definitions/request/back", {"version": 1, "note": "再来"}).status_code == 409, "no difference"
    assert api.post("/definitions/request/back", {"version": 9, "note": "x"}).status_code == 404
    names = [one["name"] for one in made(world)["files"]]
    assert "scenarios/plain.yaml" in names, "the scenarios of the version came back too"
    assert world.api("liaison-hrss").post("/instances", {"process": "request"}).json["version"] == 3
    assert sound(world)


def test_layout_alone_is_a_picture_of_the_same_version(world: World) -> None:
    case = world.dispatched()
    done = deploy(world, edited(world, *MOVED))
    assert (done.status_code, done.json["outcome"], done.json["version"]) == (201, "layout", 1), done.json
    shown = world.api("office").get(f"/instances/{case}/diagram").json["drawings"]
    assert MOVED[1].decode() in next(one["xml"] for one in shown if one["process"] == "request")
    api = world.api("owner")
    [row] = [one for one in api.get("/definitions").json["items"] if one["key"] == "request"]
    assert row["version"] == 1
    again = made(world)
    assert MOVED[1] in api.get(f"/drafts/{again['id']}/files/{DIAGRAM}").data, "the next draft begins with it"
    nothing = deploy(world, again)
    assert (nothing.status_code, "没有差别" in nothing.json["detail"]) == (409, True)
    assert sound(world)


def test_scenarios_alone_make_no_version_and_those_that_fail_forbid_it(world: World) -> None:
    draft = made(world)
    good = b"title: a\nstarts: 2026-03-02T09:30\nsteps: []\nexpect: {open: [record_need]}\n"
    assert save(world, draft, SCENARIO, good.replace(b"record_need", b"accept"), 1).status_code == 200
    refused = deploy(world, draft)
    assert refused.status_code == 422
    assert refused.json["errors"][0]["path"] == f"{SCENARIO}:4"
    assert save(world, draft, SCENARIO, good, 2).status_code == 200
    done = deploy(world, draft)
    assert (done.json["outcome"], done.json["version"]) == ("scenarios", 1)
    assert SCENARIO in [one["name"] for one in made(world)["files"]]
    broken = edited(world, b"bpmn:userTask", b"bpmn:scriptTask")
    assert deploy(world, broken).status_code == 422
    assert sound(world)


def test_a_second_person_publishes_what_was_proposed(world: World) -> None:
    draft = edited(world, *DUE)
    ask_for(world.app, four_eyes=True)
    asked = deploy(world, draft)
    assert (asked.status_code, asked.json["outcome"], asked.json["version"]) == (202, "proposed", None), asked.json
    assert "期限由“2 个工作日”改为“5 个工作日”" in "".join(asked.json["lines"])
    assert deploy(world, draft).status_code == 409, "not by the same person"
    with world.database.reading() as session:
        stream = drafts.stream_of(UUID(draft["id"]))
        told = [one.data["to"]["role"] for one in stream_events(session, stream) if one.kind == "notice"]
    assert sorted(told) == ["admin", "owner"], "whoever may publish hears of it"
    seen = world.api("admin").get(f"/drafts/{draft['id']}").json
    assert (seen["proposed_by"], seen["proposed_note"]) == ("owner", "改期限")
    assert world.api("admin").post(f"/drafts/{draft['id']}/recall").json["proposed_by"] is None
    assert deploy(world, draft).status_code == 202
    done = deploy(world, draft, note="", user="admin")
    assert done.status_code == 201, done.json
    definition = done.json["definition"]
    assert (definition["deployed_by"], definition["approved_by"], definition["note"]) == ("owner", "admin", "改期限")
    assert sound(world)


def test_a_change_after_the_proposal_voids_it(world: World) -> None:
    draft = edited(world, *DUE)
    ask_for(world.app, four_eyes=True)
    assert deploy(world, draft).status_code == 202
    revision = world.api("owner").get(f"/drafts/{draft['id']}").json["revision"]
    good = b"title: a\nstarts: 2026-03-02T09:30\nsteps: []\nexpect: {open: [record_need]}\n"
    assert save(world, draft, SCENARIO, good, revision).status_code == 200
    assert deploy(world, draft, user="admin").status_code == 202, "it is the admin's own proposal now"


def test_a_superseded_draft_is_set_on_the_newest_version_file_by_file(world: World) -> None:
    mine, theirs, api = edited(world, *DUE), edited(world, DUE[0], DUE[1].replace(b"5", b"7")), world.api("owner")
    form = api.get(f"/drafts/{theirs['id']}/files/forms/accept.json").data
    revision = api.get(f"/drafts/{theirs['id']}").json["revision"]
    assert (
        save(
            world, theirs, "forms/accept.json", form.replace("受理".encode(), "接收".encode(), 1), revision
        ).status_code
        == 200
    )
    assert deploy(world, theirs).status_code == 201
    refused = deploy(world, mine)
    assert (refused.status_code, "第 2 版" in refused.json["detail"]) == (409, True)
    path, revision = f"/drafts/{mine['id']}/rebase", api.get(f"/drafts/{mine['id']}").json["revision"]
    asked = api.post(path, {}, headers={"If-Match": str(revision)})
    assert (asked.status_code, asked.json["undecided"]) == (409, [DIAGRAM])
    done = api.post(path, {"keep": {DIAGRAM: "mine"}}, headers={"If-Match": str(revision)}).json
    assert done["base_version"] == 2
    assert "接收".encode() in api.get(f"/drafts/{mine['id']}/files/forms/accept.json").data
    assert DUE[1] in api.get(f"/drafts/{mine['id']}/files/{DIAGRAM}").data
    assert deploy(world, mine).json["version"] == 3
    assert sound(world)


GATEWAY = """<bpmn:exclusiveGateway id="good" name="好？" default="again">
  <bpmn:incoming>filled_in</bpmn:incoming><bpmn:outgoing>ok</bpmn:outgoing><bpmn:outgoing>again</bpmn:outgoing>
</bpmn:exclusiveGateway><bpmn:endEvent id="finished\""""
FLOWS = """targetRef="good" /><bpmn:sequenceFlow id="again" name="否" sourceRef="good" targetRef="fill_in" />
<bpmn:sequenceFlow id="ok" name="是" sourceRef="good" targetRef="finished">
  <bpmn:conditionExpression>title == note and note == '甲' and title != '甲'</bpmn:conditionExpression>
</bpmn:sequenceFlow>"""
DRAWN = """<bpmndi:BPMNShape id="g_di" bpmnElement="good"><dc:Bounds x="470" y="190" width="30" height="30"/>
</bpmndi:BPMNShape>
<bpmndi:BPMNEdge id="o_di" bpmnElement="ok"><di:waypoint x="500" y="205"/><di:waypoint x="530" y="178"/>
</bpmndi:BPMNEdge>
<bpmndi:BPMNEdge id="a_di" bpmnElement="again"><di:waypoint x="470" y="205"/><di:waypoint x="400" y="200"/>
</bpmndi:BPMNEdge></bpmndi:BPMNPlane>"""
INCOMING, NODE = "<bpmn:incoming>begun</bpmn:incoming>", "<bpmn:flowNodeRef>finished<"
LAST = "<bpmn:incoming>filled_in</bpmn:incoming>\n    </bpmn:endEvent>"
NEVER = (
    ('<bpmn:endEvent id="finished"', GATEWAY),
    (LAST, LAST.replace("filled_in", "ok")),
    (INCOMING, f"{INCOMING}<bpmn:incoming>again</bpmn:incoming>"),
    (NODE, f"<bpmn:flowNodeRef>good</bpmn:flowNodeRef>{NODE}"),
    ('targetRef="finished" />', FLOWS),
    ("</bpmndi:BPMNPlane>", DRAWN),
)
"""A step that nobody can leave: no check sees that the condition never holds, whoever walks every way does."""


def test_where_the_settings_ask_for_it_every_way_is_walked_before(world: World) -> None:
    ask_for(world.app, proof=True)
    api = world.api("owner")
    fine = api.post("/drafts", {"process": "own_one", "name": "走访", "template": "empty"}).json
    bad = api.post("/drafts", {"process": "own_two", "name": "走访", "template": "empty"}).json
    name = "bpmn/own_two.bpmn"
    text = api.get(f"/drafts/{bad['id']}/files/{name}").data.decode()
    for old, new in NEVER:
        assert old in text, old
        text = text.replace(old, new, 1)
    assert save(world, bad, name, text.encode(), 1).status_code == 200
    gone = api.delete(f"/drafts/{bad['id']}/files/scenarios/plain.yaml", headers={"If-Match": "2"})
    assert gone.status_code == 200
    for draft in (fine, bad):
        begun = deploy(world, draft)
        assert (begun.status_code, "已开始走查" in begun.json["detail"]) == (409, True), begun.json
    again = deploy(world, fine)
    assert (again.status_code, "正在走查" in again.json["detail"]) == (409, True), again.json
    work_off(world)
    assert deploy(world, fine).status_code == 201
    refused = deploy(world, bad)
    assert (refused.status_code, refused.json["detail"][:4]) == (422, "走查发现"), refused.json
    assert refused.json["errors"][0]["path"].startswith(f"{name}:")
    ask_for(world.app, proof=False)
    assert deploy(world, bad).status_code == 201, "the checks alone let it pass"


def own(world: World) -> dict[str, Any]:
    draft: dict[str, Any] = (
        world.api("owner").post("/drafts", {"process": "own_one", "name": "走访", "template": "empty"}).json
    )
    return draft


def retitled(world: World, draft: dict[str, Any], revision: int, title: str) -> int:
    """The draft's form with another title; the revision that it makes."""
    name = next(one["name"] for one in draft["files"] if one["name"].startswith("forms/") and ".ui." not in one["name"])
    form = json.loads(world.api("owner").get(f"/drafts/{draft['id']}/files/{name}").data)
    content = json.dumps({**form, "title": title}, ensure_ascii=False).encode()
    saved: int = save(world, draft, name, content, revision).json["revision"]
    return saved


def test_a_walk_is_of_a_content_not_of_a_draft_or_its_revision(world: World) -> None:
    ask_for(world.app, proof=True)
    draft = own(world)
    two = retitled(world, draft, 1, "甲")
    assert "已开始走查" in deploy(world, draft).json["detail"]
    three = retitled(world, draft, two, "乙")
    assert "正在走查" in deploy(world, draft).json["detail"], "one that waits walks what is there at its turn"
    work_off(world)
    four = retitled(world, draft, three, "甲")
    refused = deploy(world, draft).json["detail"]
    assert "已开始走查" in refused, "the content that waited first has not been walked"
    retitled(world, draft, four, "乙")
    assert deploy(world, draft).status_code == 201, "this one has, whatever the revision"


def test_an_earlier_version_is_walked_before_it_comes_back(world: World) -> None:
    draft = own(world)
    assert deploy(world, draft).status_code == 201
    next_one = made(world, process="own_one")
    retitled(world, next_one, 1, "丙")
    assert deploy(world, next_one).status_code == 201
    ask_for(world.app, proof=True)
    back, api = {"version": 1, "note": "恢复"}, world.api("owner")
    begun = api.post("/definitions/own_one/back", back)
    assert (begun.status_code, "已开始走查" in begun.json["detail"]) == (409, True)
    assert [one["title"] for one in api.get("/drafts?process=own_one").json["items"]] == ["恢复第 1 版"]
    assert "正在走查" in api.post("/definitions/own_one/back", back).json["detail"]
    work_off(world)
    assert api.post("/definitions/own_one/back", back).json["version"] == 3


def test_a_walk_that_was_cut_short_does_not_count(world: World) -> None:
    ask_for(world.app, proof=True)
    draft, api = own(world), world.api("owner")
    api.post(f"/drafts/{draft['id']}/prove", {"seconds": 1})
    work_off(world)
    with world.transaction() as session:
        job = session.query(jobs.Job).one()
        job.result = {**job.result, "left": 5}
    assert "已开始走查" in deploy(world, draft).json["detail"]
