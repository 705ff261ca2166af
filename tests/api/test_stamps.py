"""Seals and signatures by the API: kept, asked for, consented to for exactly the paper that was looked at."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

from service import ids
from service.people.stamps import NO_USE, NONE
from tests.factories.pictures import seal
from tests.factories.steps import assessed, events
from tests.factories.workers import mismatches
from tests.factories.world import OFFICE, World

NOTICE = "meeting_notice"


def convened(world: World) -> str:
    assessed(world, "meeting")
    world.do(OFFICE, "convene_meeting")
    return f"/instances/{world.case}/papers/{NOTICE}/{events(world, 'completed')[-1].seq}"


def body(**more: Any) -> dict[str, Any]:
    said = {"name": "区人才办印章", "valid_from": "2026-01-01", "unit": "talent_office", "keepers": [OFFICE]}
    return {**said, "picture": b64encode(seal()).decode(), **more}


def test_a_seal_is_put_on_the_paper_that_was_looked_at(world: World) -> None:
    paper, office = convened(world), world.api(OFFICE)
    made = office.post("/stamps", body())
    assert made.status_code == 201, made.text
    stamp = made.json["id"]
    assert (made.json["kind"], made.json["may_use"], made.json["may_keep"]) == ("seal", True, True)
    assert office.get("/stamps").json["items"] == [made.json]
    assert office.get(f"/stamps/{stamp}/picture").data == seal()
    seen = sha256(office.get(f"{paper}/with/{stamp}.pdf").data).hexdigest()
    sent = {"stamp": stamp, "consent": True, "seen": seen}
    assert office.post(f"{paper}/stamp", sent | {"consent": False}).status_code == 422
    assert office.post(f"{paper}/stamp", sent | {"seen": "0" * 64}).status_code == 409
    assert office.post(f"{paper}/number", {}).status_code == 200
    moved = office.post(f"{paper}/stamp", sent)
    assert moved.status_code == 409
    assert "不是同一份" in moved.json["detail"]
    sent["seen"] = sha256(office.get(f"{paper}/with/{stamp}.pdf").data).hexdigest()
    used = office.post(f"{paper}/stamp", sent)
    assert used.status_code == 200, used.text
    assert (used.json["status"], used.json["paper_sha256"], used.json["stamp_name"]) == (
        "used",
        sent["seen"],
        "区人才办印章",
    )
    assert sha256(office.get(f"{paper}.pdf").data).hexdigest() == sent["seen"]
    assert office.get(f"{paper}/stamps").json["items"] == [used.json]
    assert office.get(f"/stamps/{stamp}/uses").json["items"] == [used.json]
    assert office.post(f"{paper}/stamp", sent).status_code == 409
    assert mismatches(world) == []


def test_a_stamp_is_asked_for_declined_and_asked_no_more(world: World) -> None:
    paper, office, keeper = convened(world), world.api(OFFICE), world.api("leader")
    stamp = office.post("/stamps", body(keepers=["leader"])).json["id"]
    assert office.post(f"{paper}/stamp", {"stamp": stamp, "consent": True, "seen": "0" * 64}).status_code == 403
    use = office.post(f"{paper}/ask", {"stamp": stamp, "note": "请盖章"})
    assert use.status_code == 201, use.text
    assert keeper.post(f"/stamp-uses/{use.json['id']}/recall", {}).status_code == 403
    assert office.post(f"/stamp-uses/{use.json['id']}/recall", {}).json["status"] == "recalled"
    again = office.post(f"{paper}/ask", {"stamp": stamp}).json
    declined = keeper.post(f"/stamp-uses/{again['id']}/decline", {"reason": "内容有误"})
    assert (declined.json["status"], declined.json["refusal"]) == ("declined", "内容有误")
    assert {one["status"] for one in office.get(f"{paper}/stamps").json["items"]} == {"recalled", "declined"}
    changed = office.post(f"/stamps/{stamp}", {"name": "公章", "valid_from": "2026-01-01", "keepers": [OFFICE]})
    assert (changed.json["name"], changed.json["keepers"]) == ("公章", [OFFICE])
    assert office.post(f"/stamps/{stamp}/withdraw", {"reason": "换章"}).json["withdrawn_at"] is not None
    assert mismatches(world) == []


def test_who_may_not_see_stamp_or_paper_finds_none_and_what_is_wrong_is_named(world: World) -> None:
    paper, office, stranger = convened(world), world.api(OFFICE), world.api("handler-health")
    stamp = office.post("/stamps", body()).json["id"]
    for address in (
        f"/stamps/{stamp}/picture",
        f"/stamps/{stamp}/uses",
        f"{paper}/with/{stamp}.pdf",
        f"{paper}/stamps",
    ):
        assert stranger.get(address).status_code == 404, address
    assert stranger.post(f"{paper}/ask", {"stamp": stamp}).status_code == 404
    assert stranger.get("/stamps").json["items"] == []
    assert stranger.post("/stamps", body()).status_code == 403
    for more, path in (
        ({"picture": "§"}, "/picture"),
        ({"picture": b64encode(b"GIF89a").decode()}, "/picture"),
        ({"keepers": []}, "/keepers"),
        ({"keepers": ["nobody"]}, "/keepers"),
        ({"valid_to": "2025-01-01"}, "/valid_to"),
        ({"unit": None}, "/unit"),
    ):
        refused = office.post("/stamps", body(**more))
        assert (refused.status_code, [one["path"] for one in refused.json["errors"]]) == (422, [path]), refused.text
    assert len(office.get("/stamps").json["items"]) == 1


def test_who_may_not_keep_a_stamp_learns_neither_of_accounts_nor_of_stamps(world: World) -> None:
    paper, office, stranger = convened(world), world.api(OFFICE), world.api("handler-health")
    stamp = office.post("/stamps", body()).json["id"]
    use = office.post(f"{paper}/ask", {"stamp": stamp}).json["id"]
    said = {"name": "公章", "valid_from": "2026-01-01"}

    def told(path: str, sent: dict[str, Any]) -> tuple[int, str]:
        answer = stranger.post(path, sent)
        return answer.status_code, answer.json["detail"]

    assert told("/stamps", body()) == told("/stamps", body(keepers=["nobody"]))
    assert told("/stamps", body())[0] == 403
    for keepers in ([OFFICE], ["nobody"], []):
        for path in (f"/stamps/{stamp}", f"/stamps/{ids.new()}"):
            assert told(path, said | {"keepers": keepers}) == (404, NONE)
    assert told(f"/stamps/{stamp}/withdraw", {"reason": "换章"}) == (404, NONE)
    for path in (f"/stamp-uses/{use}", f"/stamp-uses/{ids.new()}"):
        assert told(f"{path}/decline", {"reason": "内容有误"}) == told(f"{path}/recall", {}) == (404, NO_USE)
