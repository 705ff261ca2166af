"""Links through the API: a link's life, quotas, teams and rosters, and who is refused."""

from __future__ import annotations

from service.demonstration.organization import derived
from tests.factories import serving
from tests.factories.databases import ON_BOTH
from tests.factories.statements import counted
from tests.factories.world import World

SECOND, THIRD = str(derived("leader", "程望津")), str(derived("leader", "温如故"))


def paths(refused) -> list[str]:
    return [error["path"] for error in refused.json["errors"]]


def test_the_life_of_a_link(world: World) -> None:
    office = world.api("office")
    body = {"leader": SECOND, "talent": "T0001", "reason": "platform", "starts_on": "2026-09-16"}
    made = office.post("/links", body)
    assert (made.status_code, made.json["status"]) == (201, "active")
    assert made.json["warnings"] == ["这位人才另由陈砚秋联系，请避免重复"]
    assert office.post("/links", body).status_code == 409
    talent = office.get("/talents", q="T0001").json["items"][0]
    assert [one["name"] for one in talent["leaders"]] == ["陈砚秋", "程望津"]
    assert talent["leader_name"] == "陈砚秋"
    found = office.get("/links", talent="T0001", on="2026-09-16", warned="true").json
    assert {one["leader"]["name"] for one in found["items"]} == {"陈砚秋", "程望津"}

    address = f"/links/{made.json['id']}"
    oneself = office.post(f"{address}/hand-over", {"successor": SECOND, "starts_on": "2026-09-20"})
    assert (oneself.status_code, oneself.json["errors"][0]["path"]) == (422, "/successor")
    taken = office.post(f"{address}/hand-over", {"successor": THIRD, "starts_on": "2026-09-20", "note": "已交接"})
    assert (taken.status_code, taken.json["previous_id"]) == (201, made.json["id"])
    assert office.get(address).json["ends_on"] == "2026-09-19"
    ended = office.post(f"/links/{taken.json['id']}/end", {"ends_on": "2026-09-30", "reason": "避免重复"})
    assert ended.json["status"] == "ended"
    assert office.post(f"/links/{taken.json['id']}/activate", {}).status_code == 409


def test_wrong_input_is_named_and_others_are_refused(world: World) -> None:
    office = world.api("office")
    answer = office.post(
        "/links", {"leader": "nobody", "talent": "T9999", "reason": "known", "starts_on": "2025-12-31"}
    )
    assert [error["path"] for error in answer.json["errors"]] == ["/leader", "/talent"]
    early = {"leader": SECOND, "talent": "T0001", "reason": "known", "starts_on": "2025-12-31"}
    assert office.post("/links", early).json["errors"][0]["path"] == "/starts_on"
    assert office.get("/links", **{"class": "C"}).status_code == 422
    fine = {**early, "starts_on": "2026-09-16"}
    assert world.api("liaison-hrss").post("/links", fine).status_code == 403  # class A is the Talent Office's
    assert world.api("handler-edu").get("/links").status_code == 403
    assert office.post("/links/hold", {"leader": SECOND, "held_from": "2026-09-16"}).status_code == 422


def test_everybody_sees_their_own(world: World) -> None:
    totals = {
        user: world.api(user).get("/links").json["total"]
        for user in ("office", "auditor", "leader", "liaison-district_office", "liaison-hrss")
    }
    assert (totals["office"], totals["auditor"], totals["liaison-hrss"]) == (15, 15, 0)
    assert 0 < totals["leader"] < totals["liaison-district_office"] < 15
    mine = world.api("liaison-cppcc_office").get("/links").json["items"][0]
    assert world.api("leader").get(f"/links/{mine['id']}").status_code == 404


def test_quotas_of_any_day_and_suggestions(world: World) -> None:
    office = world.api("office")
    now = office.get("/quotas", on="2026-09-16").json
    assert now["totals"] == [{"class": "A", "leaders": 3, "short": 0, "links": 15}]
    assert {one["required"] for one in now["items"]} == {2}
    assert office.get("/quotas", on="2025-12-31").json["total"] == 0
    assert office.get("/quotas", short_only="true").json["items"] == []
    assert office.get("/quotas", on="yesterday").status_code == 422
    assert office.get("/links/suggestions", leader=SECOND).status_code == 200
    assert world.api("leader").get("/links/suggestions", leader=SECOND).status_code == 404


def test_a_team_and_a_roster(world: World) -> None:
    office = world.api("office")
    person = {name: str(derived("person", name)) for name in ("程望津", "liaison-district_office", "handler-edu")}
    team = office.post(
        "/service-teams",
        {
            "leader": SECOND,
            "head": person["程望津"],
            "liaison": person["liaison-district_office"],
            "members": [{"person": person["handler-edu"], "post": "区教育局局长"}],
            "starts_on": "2026-09-16",
        },
    )
    assert (team.status_code, team.json["members"][0]["post"]) == (201, "区教育局局长")
    assert office.get("/service-teams", leader=SECOND).json["items"][1]["ends_on"] == "2026-09-15"

    lines = [{"leader": SECOND, "talent": "T0001", "reason": "known"}]
    draft = office.post("/rosters", {"scope": "A", "items": lines})
    assert (draft.status_code, draft.json["version"], len(draft.json["added"])) == (201, 1, 1)
    address = f"/rosters/{draft.json['id']}"
    decided = office.post(f"{address}/decide", {"document_no": "南人才办〔2026〕3号", "decided_on": "2026-09-16"})
    assert (decided.status_code, decided.json["status"]) == (200, "decided")
    [only] = office.get("/links", on="2026-09-16").json["items"]
    assert (only["leader"]["name"], only["talent"]["id"]) == ("程望津", "T0001")
    assert office.post(f"{address}/file", {}).status_code == 409  # the office's own
    assert office.post("/rosters", {"scope": "A", "items": []}).json["errors"][0]["path"] == "/items"


def test_a_units_roster_is_filed(world: World) -> None:
    with world.transaction() as session:
        leader = str(serving.leader_b(session).id)
    liaison, office = world.api("liaison-hrss"), world.api("office")
    line = {"leader": leader, "talent": "T0001", "reason": "related", "note": "人才政策兑现"}
    address = f"/rosters/{liaison.post('/rosters', {'scope': 'hrss', 'items': [line]}).json['id']}"
    decision = {"document_no": "南人社〔2026〕3号", "decided_on": "2026-09-16"}
    assert liaison.post(f"{address}/decide", decision).json["status"] == "decided"
    assert liaison.post(f"{address}/file", {}).status_code == 403
    assert office.post(f"{address}/file", {}).json["filed_on"] == "2026-09-16"


@ON_BOTH
def test_lists_take_as_many_statements_for_one_as_for_many(world: World) -> None:
    office = world.api("office")
    for path in ("/links", "/quotas", "/service-teams"):
        counts = []
        office.get(path)  # when a token was last used is written once a minute
        for limit in (1, 50):
            with counted(world) as sent:
                assert office.get(path, limit=limit).status_code == 200
            counts.append(len(sent))
        assert counts[0] == counts[1] <= 12, path


def test_refusals_name_the_fields_of_the_request(world: World) -> None:
    office = world.api("office")
    wrong = {"leader": "x", "talent": "T9999", "reason": "known", "starts_on": "2026-09-16"}
    assert paths(office.post("/links", wrong)) == ["/leader", "/talent"]
    again = office.post("/links", {**wrong, "leader": world.leader_id, "talent": "T0002"})
    assert (again.status_code, paths(again)) == (409, ["/talent"])
    line = {"leader": "x", "talent": "T9999", "reason": "known"}
    assert paths(office.post("/rosters", {"scope": "A", "items": [line]})) == ["/items/0/leader", "/items/0/talent"]
    team = {"leader": world.leader_id, "head": "x", "liaison": "", "members": [{"person": "x"}]}
    refused = office.post("/service-teams", {**team, "starts_on": "2026-09-16"})
    assert paths(refused) == ["/head", "/liaison", "/members/0/person"]
    for body in ({"kind": "foo"}, {"kind": "bureau", "town": "nowhere"}):
        refused = office.post("/units", {"code": "new", "name": "新单位", **body})
        assert paths(refused) == [f"/{list(body)[-1]}"]
        assert "foo" not in refused.json["detail"]
