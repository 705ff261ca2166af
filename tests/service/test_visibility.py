"""Each role sees its part of each kind of record, and of a talent's personal data inside cases."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from service import auth, clock, people
from service.db.failures import conflicts
from service.demonstration.organization import derived
from service.errors import Conflict
from service.processes import commands
from service.processes.models import CopyTo
from service.processes.visibility import known_only
from service.rights import SYSTEM, Actor
from service.talents import update_talent
from tests.factories.rounds import calendar_starts
from tests.factories.steps import detail, mismatches
from tests.factories.visitor import Visitor
from tests.factories.world import World

OLD, NEW = "13800138111", "13900139222"
OLD_MAIL, NEW_MAIL = "zhoumubai@example.com", "mubai.zhou@example.org"
SECRETS = (OLD, NEW, OLD_MAIL, NEW_MAIL)
KEEPER = "liaison-district_office"
"""Of the leader who serves T0001: corrects the file and enters the contacts."""


def account(world: World, username: str, *grants: tuple[str, str | None]) -> str:
    with world.transaction() as session:
        auth.add_user(session, username=username, actor=SYSTEM, now=clock.now())
        for role, unit in grants:
            auth.grant_role(session, username=username, role=role, unit_code=unit, actor=SYSTEM, now=clock.now())
    return username


def correction(world: World) -> None:
    """A round in which the telephone and the address of T0001 were corrected, and the Talent Office has agreed."""
    with world.transaction() as session:
        changes = {"phone": OLD, "email": OLD_MAIL}
        update_talent(session, talent_id="T0001", changes=changes, actor=SYSTEM, now=clock.now())
    calendar_starts(world, "registry_review", "twice_a_year")
    wrong = {"result": "some_wrong", "to_correct": ["T0001"]}
    world.do(KEEPER, "confirm_files", wrong, unit="district_office")
    shown = dict(detail(world, KEEPER, world.task("correct_talent")).data)
    assert shown["phone"] == OLD
    filled = {**shown, "phone": NEW, "email": NEW_MAIL, "basis": "本人来函"}
    world.do(KEEPER, "correct_talent", {name: value for name, value in filled.items() if value is not None})


def everything(world: World, user: str) -> str:
    """All that pages and API say of the case and of its tasks."""
    api, visitor = world.api(user), Visitor(world, user)
    case = api.get(f"/instances/{world.case}").json
    paths = [f"/instances/{world.case}{part}" for part in ("", "/history", "/diagram")]
    tasks = [task["id"] for task in (*case["open_tasks"], *case["done_tasks"])]
    assert len(tasks) > 2
    answers = [api.get(path) for path in (*paths, *(f"/tasks/{task}" for task in tasks))]
    answers += [visitor.get(path) for path in (f"/cases/{world.case}", *(f"/tasks/{task}" for task in tasks))]
    assert {answer.status_code for answer in answers} == {200}
    return "\n".join(answer.get_data(as_text=True) for answer in answers)


def test_contact_data_in_a_correction_are_masked_by_reader(world: World) -> None:
    correction(world)
    for stage in ("waiting", "done"):
        told = everything(world, "auditor")
        for secret in SECRETS:
            assert secret not in told, stage
        for masked in ("138****8111", "139****9222", "z***@example.com", "m***@example.org"):
            assert masked in told
        for user in ("office", KEEPER):
            told = everything(world, user)
            assert all(secret in told for secret in SECRETS), user
        if stage == "waiting":
            world.do("office", "approve_correction", {"decision": "approve"})
    assert mismatches(world) == []


def test_a_copy_shows_personal_data_by_the_readers_own_rights(world: World) -> None:
    correction(world)
    adviser = account(world, "adviser", ("owner", None))
    sent = world.api("office").post(f"/instances/{world.case}/copy", {"to": ["leader", "handler-health", adviser]})
    assert sent.status_code == 201
    for reader in ("handler-health", adviser):
        told = everything(world, reader)
        assert not any(secret in told for secret in SECRETS), reader
        assert "138****8111" in told
    told = everything(world, "leader")  # who serves the talent
    assert all(secret in told for secret in SECRETS)


def test_a_substitute_who_corrects_a_file_sees_what_it_says(world: World) -> None:
    correction(world)
    world.do("office", "approve_correction", {"decision": "return", "comment": "请核对"})
    with world.transaction() as session:
        people.declare_substitute(
            session,
            person_id=derived("person", KEEPER),
            substitute_id=derived("person", "deputy-edu"),
            starts_on=clock.today(),
            ends_on=clock.today(),
            actor=SYSTEM,
            now=clock.now(),
        )
    shown = detail(world, "deputy-edu", world.task("correct_talent"))
    assert (shown.may_act, shown.data["phone"], shown.data["email"]) == (True, NEW, NEW_MAIL)
    looked_on = detail(world, "auditor", world.task("correct_talent"))
    assert (looked_on.may_act, looked_on.data["phone"]) == (False, "139****9222")


def test_a_new_employers_telephone_in_a_report_of_change_is_masked(world: World) -> None:
    told: dict[str, Any] = {
        "talent_id": "T0001",
        "change_type": "job_change",
        "event_date": "2026-09-14",
        "reported_on": "2026-09-16",
        "description": "调往新单位",
        "new_employer": "白鹭产业投资有限公司",
        "new_contact_person": "钟离",
        "new_contact_phone": NEW,
        "leaves_district": False,
    }
    with world.transaction() as session:
        made = commands.start(session, process="change_report", data={}, actor=world.actor(KEEPER), now=clock.now())
        world.case = made.id
    form = detail(world, KEEPER, world.task("report_for_employer"))
    fields = {name for branch in form.schema["allOf"] for name in branch.get("then", {}).get("properties", {})}
    fields |= form.schema["properties"].keys()
    world.do(KEEPER, "report_for_employer", {name: value for name, value in told.items() if name in fields})
    for user, sees in (("office", True), (KEEPER, True), ("leader", True), ("auditor", False)):
        history = world.api(user).get(f"/instances/{world.case}/history").get_data(as_text=True)
        state = world.api(user).get(f"/instances/{world.case}").get_data(as_text=True)
        page = Visitor(world, user).get(f"/cases/{world.case}").text
        assert {NEW in history, NEW in state, NEW in page} == {sees}, user


# --- Role × kind ---

READERS = (
    *("office", "liaison-hrss", KEEPER, "liaison-sci", "handler-edu", "handler-health", "leader", "employer-health"),
    *("auditor", "owner", "admin", "nobody"),
)
MATRIX: dict[str, str] = {
    #                 office hrss  keep  sci   edu   health lead  empl  audit owner admin nobody
    "case":          "write  write write -     write -      write -     read  -     -     -",
    "talent":        "whole  whole whole whole read  read   whole -     read  read  read  -",
    "contact":       "whole  -     whole -     -     -      whole -     read  -     -     -",
    "matter":        "whole  whole -     -     -     -      -     -     whole -     -     -",
    "report":        "whole  whole -     -     -     -      -     -     whole -     -     -",
    "brief":         "whole  -     -     -     -     -      whole -     whole -     -     -",
    "person":        "whole  whole whole whole whole whole  whole -     whole whole whole -",
    "people import": "whole  -     -     -     -     -      -     -     -     -     whole -",
    "talent import": "whole  -     -     -     -     -      -     -     -     -     -     -",
}  # fmt: skip
"""Kind of record → what each of ``READERS`` sees: ``-`` nothing (as if it were not there), ``read`` with personal data
masked, ``whole``, ``write``: may remark on it too."""


def _upload(world: World, kind: str) -> UUID:
    from service import exchange

    basis = exchange.Basis(world.organization, world.settings.contacts)
    with world.transaction() as session:
        content = exchange.template(exchange.KINDS[kind], basis)
        return exchange.upload(
            session, kind=kind, name="表.xlsx", content=content, actor=world.actor("office"), now=clock.now()
        ).id


def _seen(world: World, user: str, kind: str, path: str) -> str:
    api = world.api(user)
    answer = api.get(path)
    if answer.status_code in (403, 404):
        return "-"
    assert answer.status_code == 200, (user, kind, answer.text)
    told = answer.json
    if kind == "case":
        return "write" if api.post(f"{path}/comment", {"text": "已阅"}).status_code == 201 else "read"
    if kind == "talent":
        return "whole" if told["phone"] == OLD else "read"
    if kind == "contact":
        return "whole" if told["restricted"] == OLD_MAIL else "read"
    return "whole"


def test_what_each_role_sees_of_each_kind_of_record(world: World) -> None:
    account(world, "employer-health", ("employer", "health"))
    account(world, "nobody")
    with world.transaction() as session:
        update_talent(session, talent_id="T0001", changes={"phone": OLD}, actor=SYSTEM, now=clock.now())
    office = world.api("office")
    leader = office.get("/leaders", q="陈砚秋").json["items"][0]["id"]
    case = world.dispatched()
    contact = world.api(KEEPER).post("/contacts", {
        "leader": leader, "talents": ["T0001"], "form": "visit", "held_on": "2026-09-15", "topics": [4],
        "summary": "走访", "restricted": OLD_MAIL,
    })  # fmt: skip
    matter = world.api("liaison-hrss").post("/matters", {
        "unit": "hrss", "talent": "T0001", "title": "咨询", "description": "咨询政策", "raised_on": "2026-09-10",
    })  # fmt: skip
    report = office.post("/reports", {"unit": "hrss", "year": 2026, "half": 2})
    brief = office.post("/briefs", {"leader": leader, "year": 2026, "month": 8})
    office.post(f"/briefs/{brief.json['id']}/release")
    paths = {
        "case": f"/instances/{case}",
        "talent": "/talents/T0001",
        "contact": f"/contacts/{contact.json['id']}",
        "matter": f"/matters/{matter.json['id']}",
        "report": f"/reports/{report.json['id']}",
        "brief": f"/briefs/{brief.json['id']}",
        "person": f"/people/{derived('person', 'handler-edu')}",
        "people import": f"/imports/{_upload(world, 'people')}",
        "talent import": f"/imports/{_upload(world, 'talents')}",
    }
    found = {kind: {user: _seen(world, user, kind, path) for user in READERS} for kind, path in paths.items()}
    for kind, row in MATRIX.items():
        assert found[kind] == dict(zip(READERS, row.split(), strict=True)), kind


# --- What is not there and what may not be seen ---


def test_no_refusal_tells_that_there_is_a_record(world: World) -> None:
    office = world.api("office")
    leader = office.get("/leaders", q="程望津").json["items"][0]["id"]
    contact = world.api(KEEPER).post("/contacts", {
        "leader": leader, "talents": ["T0001"], "form": "visit", "held_on": "2026-09-15", "topics": [4],
        "summary": "走访", "opinions": [{"text": "希望入学"}],
    }).json  # fmt: skip
    matter = world.api("liaison-hrss").post("/matters", {
        "unit": "hrss", "talent": "T0001", "title": "咨询", "description": "咨询政策", "raised_on": "2026-09-10",
    }).json["id"]  # fmt: skip
    report = office.post("/reports", {"unit": "hrss", "year": 2026, "half": 2}).json["id"]
    brief = office.post("/briefs", {"leader": leader, "year": 2026, "month": 8}).json["id"]
    link = office.get("/links").json["items"][0]["id"]
    opinion, today = contact["opinions"][0]["id"], date(2026, 9, 16).isoformat()
    reason = {"reason": "登记有误"}
    account(world, "employer-health", ("employer", "health"))
    calls: list[tuple[str, str, object, str, dict[str, Any] | None]] = [
        ("handler-health", "post", contact["id"], "/contacts/{}/withdraw", reason),
        ("handler-health", "get", contact["id"], "/contacts/{}/history", None),
        ("handler-health", "get", contact["id"], "/contacts/{}/attachments", None),
        ("liaison-sci", "post", opinion, "/opinions/{}/answer", {"status": "noted"}),
        ("liaison-sci", "post", opinion, "/opinions/{}/need", {"instance": str(uuid4())}),
        ("handler-health", "post", matter, "/matters/{}/solve", {"result": "已办", "solved_on": today}),
        ("handler-health", "post", matter, "/matters/{}/progress", {"text": "走访", "done_on": today}),
        ("liaison-sci", "post", report, "/reports/{}/submit", {}),
        ("liaison-sci", "post", report, "/reports/{}/edit", {"sections": {"plans": "继续"}}),
        ("leader", "post", brief, "/briefs/{}/read", {}),
        ("liaison-sci", "post", link, "/links/{}/end", {"ends_on": today, **reason}),
        ("liaison-sci", "post", link, "/links/{}/activate", {}),
        ("employer-health", "post", "T0001", "/talents/{}/confirm", {"on": today}),
        ("employer-health", "get", "T0001", "/talents/{}/history", None),
        ("employer-health", "get", "T0001", "/talents/{}/photo", None),
    ]  # fmt: skip
    for user, method, key, path, body in calls:
        api, missing = world.api(user), "T9998" if key == "T0001" else uuid4()
        answers = [
            api.get(path.format(one)) if method == "get" else api.post(path.format(one), body) for one in (key, missing)
        ]
        assert [answer.status_code for answer in answers] == [404, 404], (user, path, answers[0].text)
        assert answers[0].json["detail"] == answers[1].json["detail"], path


def test_what_the_database_refused_is_told_and_not_that_the_transaction_is_over(world: World) -> None:
    world.dispatched("edu")

    @known_only
    def copy_twice(session: Session, *, instance_id: UUID, actor: Actor, now: datetime) -> None:
        for _ in range(2):
            session.add(
                CopyTo(id=uuid4(), instance_id=instance_id, username="leader", sent_by=actor.username, sent_at=now)
            )
        with conflicts("已经抄送给该人员"):
            session.flush()

    stranger = world.actor("handler-housing")
    with pytest.raises(Conflict, match="已经抄送"), world.transaction() as session:
        copy_twice(session, instance_id=world.case, actor=stranger, now=clock.now())
