"""用印: who may use a seal consents to it on one paper; PDF and Word bear it, and two journals tell of the use."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from service import clock, documents
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.people import stamps
from service.people.models import StampUse
from service.processes import sharing
from service.usecases.issuing import number_paper
from service.usecases.stamping import ask_stamp, stamp_paper, usable_keepers, with_stamp
from tests.factories.databases import ON_BOTH
from tests.factories.pictures import seal
from tests.factories.steps import act, assessed, events
from tests.factories.visitor import Visitor
from tests.factories.workers import at_once, mismatches, work_all
from tests.factories.world import OFFICE, World

pytestmark = ON_BOTH
NOTICE = "meeting_notice"
DAY = date(2026, 1, 1)
HELD = {"name": "区人才办印章", "valid_from": DAY, "valid_to": None}


def kept(world: World, *keepers: str, **more: Any) -> UUID:
    """A seal of the Talent Office."""
    with world.transaction() as session:
        said = {"fields": HELD, "content": seal(), "unit_code": "talent_office", **more}
        return stamps.add_stamp(
            session, keepers=keepers or (OFFICE,), actor=world.actor(OFFICE), now=clock.now(), **said
        ).id


def convened(world: World) -> int:
    assessed(world, "meeting")
    world.do(OFFICE, "convene_meeting")
    return events(world, "completed")[-1].seq


def stamped(world: World, stamp: UUID, n: int, user: str = OFFICE, **more: Any) -> StampUse:
    with world.database.reading() as session:
        draft = with_stamp(session, stamp, world.case, NOTICE, n, world.actor(OFFICE))
    digest = sha256(documents.print_apart(draft).content).hexdigest()
    with world.transaction() as session:
        return stamp_paper(
            session,
            stamp_id=stamp,
            instance_id=world.case,
            name=NOTICE,
            n=n,
            paper_sha256=digest,
            **{"seen": digest, "consent": True, "actor": world.actor(user), "now": clock.now(), **more},
        )


def shown(world: World, keeper: str) -> None:
    """The keeper of a seal gets a copy of the case: without one nobody may be asked to look at its papers."""
    act(world, OFFICE, sharing.copy, instance_id=world.case, to=[keeper])


def pictures_of(pdf: bytes) -> int:
    return sum(len(page.images) for page in PdfReader(io.BytesIO(pdf)).pages)


def test_a_seal_stands_on_pdf_and_word_and_its_use_in_both_journals(world: World) -> None:
    seq, stamp = convened(world), kept(world)
    office, address = Visitor(world, OFFICE), f"/cases/{world.case}/papers/{NOTICE}/{seq}"
    assert pictures_of(office.get(f"{address}.pdf").data) == 0
    before = office.get(address).text
    assert f"{address}/with/{stamp}" in before
    assert "请先编文号：用印后不能再编号" in before
    page = office.get(f"{address}/with/{stamp}").text
    assert "我已核对，同意用印" in page
    looked = office.get(f"{address}/with/{stamp}.pdf")
    assert pictures_of(looked.data) == 1
    assert "frame-ancestors 'self'" in looked.headers["Content-Security-Policy"]
    seen = sha256(looked.data).hexdigest()
    assert f'name="seen" value="{seen}"' in page
    assert office.get(f"{address}/with/{stamp}.pdf?seen={'0' * 64}").status_code == 409
    headers = {"X-CSRFToken": office.token(), "Accept": "application/json"}
    without = office.client.post(f"{address}/stamp", json={"stamp": str(stamp)}, headers=headers)
    assert without.status_code == 422
    assert without.json["errors"][0]["path"] == "/consent"
    body = {"stamp": str(stamp), "consent": "yes"}
    unseen = office.client.post(f"{address}/stamp", json=body, headers=headers)
    assert [one["path"] for one in unseen.json["errors"]] == ["/seen"]
    answer = office.client.post(f"{address}/stamp", json=body | {"seen": seen}, headers=headers)
    assert answer.status_code == 200, answer.text
    made = office.get(f"{address}.pdf").data
    assert pictures_of(made) == 1
    [event] = events(world, "stamped")
    assert event.data["paper_sha256"] == sha256(made).hexdigest()
    assert (event.actor, event.data["of"], event.data["name"]) == (OFFICE, seq, "区人才办印章")
    with zipfile.ZipFile(io.BytesIO(office.get(f"{address}.docx").data)) as word:
        assert [one for one in word.namelist() if one.startswith("word/media/")]
        assert b"<wp:anchor" in word.read("word/document.xml")
    page = office.get(f"/stamps/{stamp}").text
    assert event.data["paper_sha256"] in page
    assert "已用印" in office.get(address).text
    assert "用印：区人才办印章" in office.get(f"/cases/{world.case}").text
    assert office.get(f"/stamps/{stamp}/picture").mimetype == "image/png"
    assert mismatches(world) == []


def test_only_a_keeper_uses_a_seal_and_others_ask(world: World) -> None:
    seq, stamp = convened(world), kept(world, "leader")
    shown(world, "leader")
    with pytest.raises(NotAllowed, match="只有保管人可以使用"):
        stamped(world, stamp, seq)
    told: dict[str, Any] = {"stamp_id": stamp, "instance_id": world.case, "name": NOTICE, "n": seq}
    with world.transaction() as session:
        use = ask_stamp(session, **told, note="请盖章", actor=world.actor(OFFICE), now=clock.now()).id
    with world.transaction() as session, pytest.raises(Conflict, match="已经申请用印"):
        ask_stamp(session, **told, note="", actor=world.actor(OFFICE), now=clock.now())
    with world.transaction() as session, pytest.raises(NotAllowed):
        stamps.decline_stamp(session, use_id=use, reason="x", actor=world.actor(OFFICE), now=clock.now())
    with world.transaction() as session:
        stamps.decline_stamp(session, use_id=use, reason="内容有误", actor=world.actor("leader"), now=clock.now())
    assert "内容有误" in Visitor(world, OFFICE).get(f"/cases/{world.case}/papers/{NOTICE}/{seq}").text
    with world.transaction() as session:
        again = ask_stamp(session, **told, note="已改", actor=world.actor(OFFICE), now=clock.now()).id
    assert "待我同意的用印申请" in Visitor(world, "leader").get("/stamps").text
    work_all(world)
    assert "用印申请：会议通知" in Visitor(world, "leader").get("/notices").text
    assert "不同意，内容有误" in Visitor(world, OFFICE).get("/notices").text
    used = stamped(world, stamp, seq, "leader", use_id=again)
    assert (used.status, used.asked_by, used.decided_by) == ("used", OFFICE, "leader")
    with pytest.raises(NotFound):
        stamped(world, stamp, seq, "leader", use_id=again)
    with pytest.raises(Conflict, match="已经用印"):
        stamped(world, stamp, seq, "leader")
    assert mismatches(world) == []


def test_a_keeper_who_may_not_see_the_case_is_not_asked(world: World) -> None:
    seq, stamp = convened(world), kept(world, "handler-health", "handler-housing")
    told: dict[str, Any] = {"stamp_id": stamp, "instance_id": world.case, "name": NOTICE, "n": seq, "note": "请盖章"}
    with pytest.raises(Conflict, match="都无权查看这件事项"), world.transaction() as session:
        ask_stamp(session, **told, actor=world.actor(OFFICE), now=clock.now())
    shown(world, "handler-housing")
    with world.transaction() as session:
        ask_stamp(session, **told, actor=world.actor(OFFICE), now=clock.now())
    work_all(world)
    assert "用印申请：会议通知" in Visitor(world, "handler-housing").get("/notices").text
    assert "用印申请：会议通知" not in Visitor(world, "handler-health").get("/notices").text
    with world.database.reading() as session:
        assert session.scalars(select(StampUse.status)).all() == ["asked"]
    assert mismatches(world) == []


def test_who_asked_for_a_stamp_takes_it_back_and_the_paper_is_free(world: World) -> None:
    seq, stamp = convened(world), kept(world, "leader")
    shown(world, "leader")
    told: dict[str, Any] = {"stamp_id": stamp, "instance_id": world.case, "name": NOTICE, "n": seq, "note": ""}
    with world.transaction() as session:
        use = ask_stamp(session, **told, actor=world.actor(OFFICE), now=clock.now()).id
    with world.transaction() as session, pytest.raises(NotAllowed, match="只有申请人"):
        stamps.recall_stamp(session, use_id=use, actor=world.actor("leader"), now=clock.now())
    office, address = Visitor(world, OFFICE), f"/cases/{world.case}/papers/{NOTICE}/{seq}"
    assert f"/stamps/uses/{use}/recall" in office.get(address).text
    headers = {"X-CSRFToken": office.token(), "Accept": "application/json"}
    assert office.client.post(f"/stamps/uses/{use}/recall", json={}, headers=headers).status_code == 200
    assert "已撤回申请" in office.get(address).text
    with pytest.raises(NotFound):
        stamped(world, stamp, seq, "leader", use_id=use)
    with world.transaction() as session:
        again = ask_stamp(session, **told, actor=world.actor(OFFICE), now=clock.now()).id
    assert stamped(world, stamp, seq, "leader", use_id=again).status == "used"
    assert mismatches(world) == []


def test_who_consents_consents_to_the_paper_that_was_seen(world: World) -> None:
    seq, stamp = convened(world), kept(world)
    office, address = Visitor(world, OFFICE), f"/cases/{world.case}/papers/{NOTICE}/{seq}"
    seen = sha256(office.get(f"{address}/with/{stamp}.pdf").data).hexdigest()
    formats = {NOTICE: "〔{year}〕{seq}号"}
    act(world, OFFICE, number_paper, instance_id=world.case, name=NOTICE, seq=seq, formats=formats)
    body = {"stamp": str(stamp), "consent": "yes", "seen": seen}
    headers = {"X-CSRFToken": office.token(), "Accept": "application/json"}
    answer = office.client.post(f"{address}/stamp", json=body, headers=headers)
    assert answer.status_code == 409
    assert "不是同一份" in answer.text
    assert events(world, "stamped") == []
    assert office.get(f"{address}/with/{stamp}.pdf?seen={seen}").status_code == 409


def test_of_two_who_ask_at_once_one_asks(world: World) -> None:
    seq = convened(world)
    both = [kept(world, OFFICE), kept(world, OFFICE, fields=HELD | {"name": "另一枚印章"})]

    def ask(stamp: UUID) -> None:
        with world.transaction() as session:
            told: dict[str, Any] = {"instance_id": world.case, "name": NOTICE, "n": seq, "note": ""}
            ask_stamp(session, stamp_id=stamp, **told, actor=world.actor(OFFICE), now=clock.now())

    done = at_once(*(lambda stamp=stamp: ask(stamp) for stamp in both))
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "NoneType"], done
    assert mismatches(world) == []


def test_a_stamp_out_of_use_is_put_on_nothing_and_stays_where_it_is(world: World) -> None:
    seq, stamp = convened(world), kept(world)
    stamped(world, stamp, seq)
    before = Visitor(world, OFFICE).get(f"/cases/{world.case}/papers/{NOTICE}/{seq}.pdf").data
    with world.transaction() as session:
        stamps.withdraw_stamp(session, stamp_id=stamp, reason="换章", actor=world.actor(OFFICE), now=clock.now())
    assert Visitor(world, OFFICE).get(f"/cases/{world.case}/papers/{NOTICE}/{seq}.pdf").data == before
    later = convened(world)
    with pytest.raises(Conflict, match="已停用或不在使用期限内"):
        stamped(world, stamp, later)
    today = clock.today()
    for valid in (
        {"valid_from": today + timedelta(days=1), "valid_to": None},
        {"valid_from": DAY, "valid_to": today - timedelta(days=1)},
    ):
        with pytest.raises(Conflict, match="已停用或不在使用期限内"):
            stamped(world, kept(world, fields=HELD | valid), later)
    with world.transaction() as session, pytest.raises(Conflict, match="已经停用"):
        stamps.withdraw_stamp(session, stamp_id=stamp, reason="再停", actor=world.actor(OFFICE), now=clock.now())


def test_a_paper_that_bears_a_seal_is_numbered_no_more(world: World) -> None:
    seq, stamp = convened(world), kept(world)
    stamped(world, stamp, seq)
    formats = {NOTICE: "〔{year}〕{seq}号"}
    with world.transaction() as session, pytest.raises(Conflict, match="已经用印"):
        number_paper(
            session,
            instance_id=world.case,
            name=NOTICE,
            seq=seq,
            formats=formats,
            actor=world.actor(OFFICE),
            now=clock.now(),
        )


def test_who_has_no_part_in_a_stamp_neither_sees_nor_keeps_it(world: World) -> None:
    seq, stamp = convened(world), kept(world)
    stranger = Visitor(world, "handler-edu")
    for address in (
        f"/stamps/{stamp}",
        f"/stamps/{stamp}/picture",
        f"/cases/{world.case}/papers/{NOTICE}/{seq}/with/{stamp}.pdf",
    ):
        assert stranger.get(address).status_code == 404
    assert "区人才办印章" not in stranger.get("/stamps").text
    assert Visitor(world, "auditor").get(f"/stamps/{stamp}").status_code == 200
    liaison = world.actor("liaison-hrss")
    said: dict[str, Any] = {"fields": HELD, "content": seal(), "actor": liaison, "now": clock.now()}
    with world.transaction() as session, pytest.raises(NotAllowed):
        stamps.add_stamp(session, unit_code="talent_office", keepers=["liaison-hrss"], **said)
    with world.transaction() as session:
        own = stamps.add_stamp(session, unit_code="hrss", keepers=["liaison-hrss"], **said).id
    assert Visitor(world, "liaison-hrss").get(f"/stamps/{own}").status_code == 200


def test_a_signature_is_its_persons_alone(world: World) -> None:
    seq = convened(world)
    person = world.actor("leader").person_id
    with world.transaction() as session:
        stamp = stamps.add_stamp(
            session,
            fields=HELD | {"name": "签名"},
            content=seal(220),
            person_id=person,
            actor=world.actor("leader"),
            now=clock.now(),
        ).id
    with pytest.raises(NotAllowed, match="只有本人可以使用"):
        stamped(world, stamp, seq)
    assert stamped(world, stamp, seq, "leader").stamp.kind == "signature"
    assert stamped(world, kept(world), seq).stamp.kind == "seal"
    assert pictures_of(Visitor(world, OFFICE).get(f"/cases/{world.case}/papers/{NOTICE}/{seq}.pdf").data) == 2


def test_what_is_wrong_is_told_at_its_field_and_keeps_nothing(world: World) -> None:
    for more, path in (
        ({"content": seal(ground=255)}, "/picture"),
        ({"keepers": ()}, "/keepers"),
        ({"fields": HELD | {"name": " "}}, "/name"),
        ({"fields": HELD | {"valid_to": date(2025, 1, 1)}}, "/valid_to"),
        ({"person_id": world.actor(OFFICE).person_id}, "/unit_code"),
    ):
        said: dict[str, Any] = {"fields": HELD, "content": seal(), "unit_code": "talent_office", "keepers": [OFFICE]}
        with world.transaction() as session, pytest.raises(Invalid) as refused:
            stamps.add_stamp(session, **(said | more), actor=world.actor(OFFICE), now=clock.now())
        assert path in [one.path for one in refused.value.findings]
    with world.database.reading() as session:
        with pytest.raises(Invalid, match="没有这个账号"):
            usable_keepers(session, [OFFICE, "nobody"])
        with pytest.raises(Invalid, match="1 至 10 位"):
            usable_keepers(session, [f"nobody{one}" for one in range(11)])
        assert stamps.stamps_of(session, world.actor(OFFICE)) == []


def test_a_stamp_is_taken_in_by_the_page_and_refused_with_what_was_typed(world: World) -> None:
    office = Visitor(world, OFFICE)

    def send(content: bytes) -> Any:
        form = {"name": "公章", "valid_from": "2026-09-01", "unit_code": "talent_office", "keepers[]": OFFICE}
        data = {**form, "csrf_token": office.token(), "picture": (io.BytesIO(content), "seal.png")}
        return office.client.post("/stamps", data=data, content_type="multipart/form-data")

    refused = send(seal(ground=255))
    assert refused.status_code == 422
    assert "底色不透明" in refused.text
    assert 'value="公章"' in refused.text
    taken = send(seal())
    assert taken.status_code == 302
    page = office.get(taken.headers["Location"]).text
    assert "公章" in page
    headers = {"X-CSRFToken": office.token(), "Accept": "application/json"}
    body = {"name": "公章（新）", "valid_from": "2026-09-01", "valid_to": "2027-01-01", "keepers": [OFFICE]}
    assert office.client.post(taken.headers["Location"], json=body, headers=headers).status_code == 200
    assert "公章（新）" in office.get("/stamps").text
    assert mismatches(world) == []


def test_a_units_seal_stands_on_its_part_of_the_form(world: World) -> None:
    world.dispatched("edu")
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle", unit="edu")
    answered = events(world, "completed")[-1].seq
    with world.transaction() as session:
        said: dict[str, Any] = {"fields": HELD | {"name": "区教育局印章"}, "content": seal(), "unit_code": "edu"}
        stamp = stamps.add_stamp(
            session, keepers=["handler-edu"], actor=world.actor(OFFICE), now=clock.now(), **said
        ).id
    handler = Visitor(world, "handler-edu")
    assert f"/cases/{world.case}/papers/sheet/{answered}" in handler.get(f"/cases/{world.case}").text
    address, headers = f"/cases/{world.case}/papers/sheet/{answered}", {"Accept": "application/json"}
    assert "我已核对，同意用印" in handler.get(f"{address}/with/{stamp}").text
    looked = handler.get(f"{address}/with/{stamp}.pdf").data
    assert pictures_of(looked) == 1
    body = {"stamp": str(stamp), "consent": "yes", "seen": sha256(looked).hexdigest()}
    answer = handler.client.post(f"{address}/stamp", json=body, headers=headers | {"X-CSRFToken": handler.token()})
    assert answer.status_code == 200, answer.text
    assert pictures_of(handler.get(f"/cases/{world.case}/sheet.pdf").data) == 1
    [event] = events(world, "stamped")
    assert (event.data["paper"], event.data["of"]) == ("sheet", answered)
    assert handler.get(f"/cases/{world.case}/papers/sheet/1").status_code == 404
    assert mismatches(world) == []
