"""A world in which every table that the journal tells of holds a row, made by the commands that people use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import (
    access_log,
    attachments,
    auth,
    clock,
    contacts,
    ids,
    jobs,
    liaisons,
    notifications,
    people,
    reports,
    talents,
)
from service.access_log import Look
from service.audit.models import FULL
from service.audit.verifying import acknowledging, results
from service.audit.verifying.marks import Marks
from service.audit.verifying.pieces import NOTICES, Hands
from service.audit.verifying.runs import Outcome, Verifier
from service.audit.ways import keeping
from service.auth import proposals
from service.auth.codes import open_vault
from service.history import DOUBTFUL
from service.jobs import Item, Kind, Run
from service.ledger import revisits, views
from service.liaisons.models import Link
from service.notifications.channels import DINGTALK, MAIL
from service.people import phrases, stamps
from service.people.models import Leader, Person
from service.people.stamps import OnPaper
from service.processes import definitions, joining, operations, rebuilding, sharing
from service.processes.bundles import read_bundle
from service.processes.deployed import Mismatch
from service.processes.incidents import open_incident
from service.rights import AUDITOR, SYSTEM, Actor, Grant
from service.studio import drafts
from service.workdays import Calendar
from tests.factories.bundles import unchecked
from tests.factories.files import received
from tests.factories.imports import TALENTS, sheet, uploaded, work
from tests.factories.pictures import seal
from tests.factories.second_factors import enrol
from tests.factories.workers import work_all, worker_of
from tests.factories.world import HOME, OFFICE, World

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 17 + b"\x00\x00\x00\x00IEND\xaeB`\x82"
NEEDS: dict[str, Any] = {"total": 0, "started": 0, "finished": 0, "outcomes": {}, "names": {}, "items": []}
CALENDAR = Calendar.from_config()


def fill(world: World) -> None:
    """Does a little of everything; the clock ends some days later."""
    _cases(world)
    _people(world)
    _contacts(world)
    _papers(world)
    _accounts(world)
    _studio(world)
    _jobs(world)
    _imports(world)
    _verified(world)
    _access_log(world)
    _ways(world)
    _rebuilding(world)
    _ledger(world)


def _ledger(world: World) -> None:
    """A saved view, and a policy marked changed whose case was looked at again."""
    first = world.case
    world.dispatched("edu", title="租房补贴")
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle")
    world.do(OFFICE, "review_reply")
    limited = {"outcome": "policy_limited", "explanation": "没有这项政策", "policy_reference": "《住房办法》第五条"}
    world.do(OFFICE, "feedback_result", {**world.sample("feedback_result"), **limited})
    with world.transaction() as session:
        told: dict[str, Any] = {"actor": world.actor(OFFICE), "now": clock.now()}
        views.save_view(session, values={"name": "超期", "shared": True}, query="late=yes", **told)
        changed = {"policy": "住房办法", "told": "第五条已修订"}
        change = revisits.mark_changed(session, values=changed, **told)
        result = {"result": "still", "note": "修订后仍不适用"}
        revisits.revisit(session, change_id=change.id, instance_id=world.case, values=result, **told)
    world.case = first


def _rebuilding(world: World) -> None:
    """A rebuild that was cut short."""
    with world.transaction() as session:
        rebuilding.rebuild_some(session, rebuilding.Rebuilt(), at_once=1)


def _cases(world: World) -> None:
    world.settings = replace(world.settings, mail=replace(world.settings.mail, enabled=True))
    with world.transaction() as session:
        notifications.set_mail_address(
            session, username="handler-edu", address="edu@office.test", actor=SYSTEM, now=clock.now()
        )
        notifications.set_chat_address(
            session, username="handler-edu", channel=DINGTALK, address="liguang", actor=SYSTEM, now=clock.now()
        )
        choices = {("copied", MAIL): "digest"}
        reader = world.actor("handler-edu")
        notifications.set_choices(
            session, username="handler-edu", choices=choices, kinds={"copied": ""}, actor=reader, now=clock.now()
        )
        head = session.scalars(select(Person).where(Person.unit_code == "edu").order_by(Person.id)).first()
        assert head is not None
        people.name_head(session, unit_code="edu", person_id=head.id, actor=SYSTEM, now=clock.now())
    other = world.recorded(title="相关事项")
    world.dispatched("edu")
    world.do(OFFICE, "feedback_accepted")
    task = world.task("handle", "edu").id
    with world.transaction() as session:
        now, actor = clock.now(), world.actor("handler-edu")
        operations.claim(session, task_id=task, actor=actor, now=now)
        operations.urge(
            session, instance_id=world.case, text="请抓紧", actor=world.actor(OFFICE), now=now, task_id=task
        )
        joining.link(session, instance_id=world.case, other_id=other, actor=world.actor(OFFICE), now=now)
        sharing.copy(session, instance_id=world.case, to=["liaison-hrss"], note="", actor=world.actor(OFFICE), now=now)
        open_incident(session, kind="daily", message="例行没有完成", now=now)
    work_all(world, worker_of(world, send={MAIL: lambda _: None}))
    with world.transaction() as session:
        notifications.mark_all_read(session, actor=world.actor("handler-edu"), now=clock.now())
    for send in ({}, None):  # a letter that is owed, a notice that is not told yet
        with world.transaction() as session:
            operations.urge(
                session,
                instance_id=world.case,
                text="再催",
                actor=world.actor(OFFICE),
                now=world.clock.advance(days=1),
                task_id=task,
            )
        if send is not None:
            work_all(world, worker_of(world, send=send))


def _stamps(world: World, session: Session, now: datetime) -> None:
    office, on = world.actor(OFFICE), OnPaper(ids.new(), "circular", 1, "通报〔2026〕1号 区教育局")
    held = {"name": "区人才办印章", "valid_from": date(2026, 1, 1), "valid_to": None}
    made: dict[str, Any] = {"fields": held, "content": seal(), "keepers": [OFFICE], "unit_code": "talent_office"}
    stamp = stamps.add_stamp(session, **made, actor=office, now=now).id
    told: dict[str, Any] = {"stamp_id": stamp, "on": on, "actor": office, "now": now}
    refused = stamps.ask_stamp(session, **told, note="请盖章").id
    stamps.decline_stamp(session, use_id=refused, reason="有误", actor=office, now=now)
    asked = stamps.ask_stamp(session, **told, note=None).id
    stamps.use_stamp(session, **told, use_id=asked, paper_sha256="0" * 64)
    said: dict[str, Any] = {"fields": held | {"valid_to": date(2027, 1, 1)}, "keepers": [OFFICE, "leader"]}
    stamps.change_stamp(session, stamp_id=stamp, **said, actor=office, now=now)
    gone = stamps.add_stamp(session, **made, actor=office, now=now).id
    stamps.withdraw_stamp(session, stamp_id=gone, reason="换章", actor=office, now=now)


def _people(world: World) -> None:
    with world.transaction() as session:
        now, office = clock.now(), world.actor(OFFICE)
        leader = session.scalars(select(Leader).order_by(Leader.id)).first()
        assert leader is not None
        one, other = session.scalars(select(Person).where(Person.id != leader.person_id).order_by(Person.id)).all()[:2]
        today = now.date()
        people.declare_substitute(
            session, person_id=one.id, substitute_id=other.id, starts_on=today, ends_on=today, actor=office, now=now
        )
        phrase = phrases.add_phrase(session, text="请抓紧办理并回复", shared=True, actor=office, now=now)
        phrases.note_used(session, phrase_id=phrase.id, actor=office, now=now)
        _stamps(world, session, now)
        talents.set_photo(session, talent_id="T0001", content=PNG, actor=office, now=now)
        members = [{"name": "孙工", "post": "工程师"}]
        talents.add_team(session, name="精密仪器团队", lead_id="T0001", members=members, actor=office, now=now)
        chief = people.add_leader(
            session,
            person_id=one.id,
            klass="B",
            unit_code="hrss",
            duty="principal",
            post="局长",
            starts_on=date(2026, 1, 1),
            actor=office,
            now=now,
        )
        liaisons.set_service_team(
            session,
            leader_id=chief.id,
            head_id=one.id,
            liaison_id=other.id,
            members=[{"person_id": str(other.id)}],
            starts_on=date(2026, 1, 1),
            actor=office,
            now=now,
        )
        liaisons.propose_link(
            session,
            leader_id=chief.id,
            talent_id="T0001",
            reason="related",
            note="业务相关",
            starts_on=date(2026, 2, 1),
            actor=office,
            now=now,
        )
        items = [{"leader_id": str(leader.id), "talent_id": "T0002", "reason": "known", "note": "同乡"}]
        liaisons.draft_roster(session, scope="A", items=items, actor=office, now=now)


def _contacts(world: World) -> None:
    with world.transaction() as session:
        now, office = clock.now(), world.actor(OFFICE)
        leader = session.scalars(select(Leader).where(Leader.klass == "A")).first()
        assert leader is not None
        made = contacts.record_contact(
            session,
            leader_id=leader.id,
            talent_ids=["T0001"],
            form="visit",
            held_on=now.date(),
            topics=[3],
            summary="走访",
            restricted="家中老人住院",
            opinions=[{"text": "希望增加班车"}],
            notes=[{"aspect": "research", "text": "牵头国家重点研发计划"}],
            calendar=CALENDAR,
            actor=office,
            now=now,
        )
        attachments.attach(
            session, stream=f"contact:{made.id}", file=received(session, "照片.png", PNG), actor=office, now=now
        )
        attachments.stage(session, file=received(session, "草稿.pdf"), actor=office, now=now)
        activity = contacts.add_activity(
            session,
            name="座谈",
            kind="symposium",
            held_on=now.date(),
            organizer_unit="talent_office",
            talent_ids=["T0001"],
            actor=office,
            now=now,
        )
        contacts.record_attendance(session, activity_id=activity.id, attended={"T0001": True}, actor=office, now=now)
        matter = contacts.record_matter(
            session,
            unit_code="hrss",
            talent_id="T0001",
            title="办证",
            description="代办手续",
            raised_on=now.date(),
            actor=world.actor("liaison-hrss"),
            now=now,
        )
        link = session.scalars(select(Link).join(Leader).where(Leader.klass == "B", Link.status == "active")).one()
        contacts.give_missed_reason(
            session,
            leader_id=link.leader_id,
            talent_id=link.talent_id,
            year=2026,
            reason="长期出差",
            actor=office,
            now=now,
        )
        contacts.follow_matter(
            session,
            matter_id=matter.id,
            text="已联系窗口",
            done_on=now.date(),
            actor=world.actor("liaison-hrss"),
            now=now,
        )


def _papers(world: World) -> None:
    with world.transaction() as session:
        now = clock.now()
        reports.compile_report(
            session,
            unit_code="hrss",
            year=2026,
            half=2,
            needs=NEEDS,
            due_on=date(2027, 1, 15),
            actor=world.actor("liaison-hrss"),
            now=now,
        )
        leader = session.scalars(select(Leader).where(Leader.klass == "A")).first()
        assert leader is not None
        reports.draft_brief(
            session, leader_id=leader.id, year=2026, month=9, needs=NEEDS, actor=world.actor(OFFICE), now=now
        )


def _accounts(world: World) -> None:
    with world.transaction() as session:
        admin = world.actor("admin")
        auth.issue_token(session, username="admin", label="报表", actor=admin, now=clock.now())
        proposals.propose_role(
            session, username="auditor", role="owner", reason="代管流程", actor=admin, now=clock.now()
        )
        enrol(session, "owner", open_vault(world.settings.second_factor.key_file), clock.now())


def _studio(world: World) -> None:
    files = dict(read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request"))
    drawing = next(name for name in files if name.endswith("request.bpmn"))
    with world.transaction() as session:
        owner, now = world.actor("owner"), clock.now()
        made = drafts.create(session, process="request", actor=owner, now=now)
        drafts.put(
            session,
            draft_id=made.id,
            name="scenarios/more.yaml",
            content="name: 试\n".encode(),
            revision=1,
            actor=owner,
            now=now,
        )
        moved = files[drawing].replace(b'x="', b'x="1', 1)
        newest = definitions.latest(session, "request")
        definitions.redraw(
            session, newest, unchecked("request", {**files, drawing: moved}), note="排版", actor=owner, now=now
        )


def _jobs(world: World) -> None:
    world.database.session_info[jobs.KEY] = {"count": Kind("count", "数数", "manage_accounts", _count)}
    with world.transaction() as session:
        jobs.submit(session, kind="count", params={"to": 2}, actor=world.actor("admin"), now=clock.now())
    jobs.work(world.database, world.database.session_info[jobs.KEY], lambda: False, clock.now())


def _count(run: Run) -> Mapping[str, Any]:
    run.tell(done=1, total=2, items=[Item("T0001", "well", {"said": "一"})], state={"at": 1})
    run.tell(done=2, items=[Item("T0002", "badly", {"said": "二"})])
    return {"counted": 2}


def _imports(world: World) -> None:
    rows = ("周明", "二类人才", "某公司", None, None, None, None)
    uploaded(world, "talents", sheet(TALENTS, rows))
    work(world)


def _access_log(world: World) -> None:
    """A batch under the journal, with an entry about a talent."""
    with world.transaction() as session:
        look = Look(
            at=clock.now(),
            username="office",
            address="10.0.0.8",
            way="page",
            route="/talents/<talent_id>",
            act="view",
            restricted=0,
            reasons={"right": "view_talents", "roles": ["talent_office"]},
            asked={},
            subjects=["talent:T0001"],
            request_id="1",
        )
        access_log.write(session, [look])
        access_log.seal_entries(session, now=clock.now())


def _ways(world: World) -> None:
    with world.transaction() as session:
        keeping.store(session, list(keeping.folded(session, keeping.behind(session, limit=9))))


def _acknowledged(session: Session, world: World) -> None:
    """An entry that says to be too early, acknowledged by two."""
    now, auditor = clock.now(), world.actor("auditor")
    case = Mismatch(f"instance:{world.case}", 1, DOUBTFUL, must="不早于 2026-09-16", have="2026-09-15")
    kept = results.keep(session, Outcome(FULL, findings=[("一件", case)], found=1), begun_at=now, actor=SYSTEM, now=now)
    places, second = [(case.stream, 1)], Actor(username="second", name="第二人", grants=(Grant(AUDITOR),))
    told: dict[str, Any] = {"places": places, "reason": "时钟被拨回", "second": True, "actor": auditor, "now": now}
    [made] = acknowledging.acknowledge(session, verification=kept, **told)
    acknowledging.confirm(session, key=made.id, actor=second, now=now)
    acknowledging.withdraw(session, key=made.id, actor=auditor, now=now)


def _verified(world: World) -> None:
    outcome = Verifier(world.database, "key", 1).verify_cases([world.case])
    Hands(world.database, Marks("key"), full=True).do({"do": NOTICES})
    with world.transaction() as session:
        results.keep(session, outcome, begun_at=clock.now(), actor=SYSTEM, now=clock.now())
        _acknowledged(session, world)
