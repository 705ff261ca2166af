"""三员分立: three administrators kept apart, rights by two people, and what the first two never read."""

from __future__ import annotations

import io
from dataclasses import replace

import openpyxl
import pytest
from sqlalchemy import select

from service import auth, clock, people
from service.api import access as api
from service.app import check_roles, create_app
from service.audit.tables.streams import verify_stream_rows
from service.auth.proposals import expire, list_proposals
from service.auth.separation import missing_administrators, role_clashes, separation_faults
from service.config.accounts import Accounts
from service.contacts.models import Activity, Contact, Matter, Opinion
from service.errors import Conflict, Invalid, NotAllowed
from service.liaisons.models import Link, Roster
from service.notifications import Notification
from service.people.models import Leader, Person
from service.processes import operations
from service.processes.models import Instance, UserTask
from service.reports.models import Brief, HalfYearReport
from service.rights import COMMAND_LINE, SYSTEM, Grant, effective, may
from service.storage.models import Attachment
from service.studio.models import Draft
from service.talents.models import Talent, TalentTeam
from service.web import access as pages
from tests.api.test_access import routes as calls
from tests.conftest import FakeClock
from tests.factories.everything import fill
from tests.factories.visitor import Visitor
from tests.factories.workers import worker_of
from tests.factories.world import CONFIG, World
from tests.web.test_access import walk_operations, walk_pages

APART = Accounts(separate=True, by_two=True)


def ask(world: World, who: str = "admin", username: str = "handler-edu", **fields: str) -> int:
    """``who`` proposes a role at the page; gives the status."""
    role = {"role": "owner", "starts_on": "2026-09-16", "reason": "代管流程", **fields}
    return Visitor(world, who).submit(f"/accounts/{username}/roles", **role).status_code


def sheet_text(content: bytes) -> str:
    """All that stands in the cells of a workbook."""
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    return "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)


def waiting(world: World) -> str:
    """The id of the proposal that waits."""
    with world.database.reading() as session:
        [one] = list_proposals(session, now=clock.now(), waiting=True).items
        return str(one.id)


def kinds(world: World, username: str = "handler-edu") -> list[str]:
    with world.database.reading() as session:
        return [event.kind for event in auth.entries_of(session, username)]


def give(world: World, username: str, role: str) -> None:
    """Gives a role past all rules, as an office had it before the administrators were separated."""
    world.rule(accounts=Accounts())
    with world.transaction() as session:
        auth.grant_role(session, username=username, role=role, actor=SYSTEM, now=clock.now())
    world.rule(accounts=APART)


def test_one_of_the_three_counts_alone_and_two_of_them_not_at_all() -> None:
    admin, auditor, office = Grant("admin"), Grant("auditor"), Grant("talent_office")
    assert effective([admin, office]) == {admin}
    assert effective([admin, auditor, office]) == {office}
    assert effective([office]) == {office}


def test_nobody_is_given_two_of_the_three_and_who_has_them_is_neither(world: World) -> None:
    give(world, "auditor", "admin")
    give(world, "security", "talent_office")
    with world.database.reading() as session:
        auditor, security = (auth.actor_of(session, name) for name in ("auditor", "security"))
        found = {one.account.username: one.idle for one in role_clashes(session, clock.today())}
        assert missing_administrators(session, clock.today()) == ["auditor"]
        assert len(separation_faults(session, {"auditor": "审计人员"})) == 3
    assert (auditor.roles, security.roles) == (frozenset(), {"security"})
    assert found == {"auditor": {"admin", "auditor"}, "security": {"talent_office"}}
    page = Visitor(world, "admin").get("/access-proposals").text
    for told in ("2 个账号的角色互相冲突", "没有能用的审计人员", "麦知行", "已启用"):
        assert told in page, told
    with world.transaction() as session:
        for actor in (COMMAND_LINE, SYSTEM):
            with pytest.raises(Conflict, match="三员分立"):
                auth.grant_role(session, username="owner", role="auditor", actor=actor, now=clock.now())


def test_the_start_of_the_service_tells_whose_roles_clash(world: World, caplog: pytest.LogCaptureFixture) -> None:
    give(world, "auditor", "admin")
    create_app(world.settings, config=CONFIG, database=world.database)
    assert "administrators_not_separate" in caplog.text
    assert "账号 auditor 兼任" in caplog.text


def test_settings_that_call_for_a_role_that_there_is_not_stop_the_start(world: World) -> None:
    known = {name: role for name, role in world.organization.roles.items() if name != "security"}
    without = replace(world.organization, roles=known)
    factor = replace(world.settings.second_factor, roles=frozenset({"emperor"}))
    with pytest.raises(Invalid, match=r"required_for.*emperor"):
        check_roles(replace(world.settings, second_factor=factor), world.organization)
    with pytest.raises(Invalid, match="三员分立要有角色“security”"):
        check_roles(replace(world.settings, accounts=APART), without)
    check_roles(world.settings, without)


@pytest.mark.databases("sqlite", "postgresql")
def test_what_one_proposes_another_approves(world: World, clock: FakeClock) -> None:
    world.rule(accounts=APART)
    assert "申请授予" in Visitor(world, "admin").get("/accounts/handler-edu/roles").text
    with world.transaction() as session, pytest.raises(NotAllowed, match="另一人批准"):
        auth.grant_role(session, username="handler-edu", role="owner", actor=world.actor("security"), now=clock.now)
    assert ask(world) == 302
    assert ask(world) == 409
    assert not world.actor("handler-edu").has_role("owner")
    address = f"/access-proposals/{waiting(world)}"
    assert Visitor(world, "admin").submit(f"{address}/approve").status_code == 403
    assert Visitor(world, "auditor").submit(f"{address}/approve").status_code == 403
    page = Visitor(world, "security").get("/access-proposals").text
    for told in ("授予流程管理员", "代管流程", "批准", "区若谷"):
        assert told in page, told
    assert Visitor(world, "security").submit(f"{address}/approve").status_code == 302
    assert world.actor("handler-edu").has_role("owner")
    assert Visitor(world, "security").submit(f"{address}/approve").status_code == 409
    assert kinds(world)[-3:] == ["grant_proposed", "role_granted", "grant_approved"]
    with world.database.reading() as session:
        assert list(verify_stream_rows(session, "access")) == []


@pytest.mark.databases("sqlite", "postgresql")
def test_a_proposal_is_refused_with_a_reason_withdrawn_or_grows_old(world: World, clock: FakeClock) -> None:
    world.rule(accounts=APART)
    security = Visitor(world, "security")
    ask(world)
    first = f"/access-proposals/{waiting(world)}"
    assert security.submit(f"{first}/refuse", answer=" ").status_code == 422
    assert security.submit(f"{first}/withdraw").status_code == 403
    assert security.submit(f"{first}/refuse", answer="由流程管理员办理").status_code == 302
    ask(world)
    assert Visitor(world, "admin").submit(f"/access-proposals/{waiting(world)}/withdraw").status_code == 302
    ask(world)
    last = f"/access-proposals/{waiting(world)}"
    clock.advance(days=7)
    assert security.submit(f"{last}/approve").status_code == 409
    with world.transaction() as session:
        assert (expire(session, now=clock.now), expire(session, now=clock.now)) == (1, 0)
    page = security.get("/access-proposals").text
    for told in ("已退回", "由流程管理员办理", "已撤回", "已过期", "没有待审批的申请"):
        assert told in page, told
    assert not world.actor("handler-edu").has_role("owner")
    assert kinds(world)[-6:] == [
        "grant_proposed",
        "grant_refused",
        "grant_proposed",
        "grant_withdrawn",
        "grant_proposed",
        "grant_expired",
    ]
    with world.database.reading() as session:
        assert list(verify_stream_rows(session, "access")) == []


def test_two_security_administrators_approve_each_other_and_nobody_approves_the_own(world: World) -> None:
    give(world, "office-2", "security")
    with world.transaction() as session:
        auth.revoke_role(session, username="office-2", role="talent_office", actor=SYSTEM, now=clock.now())
    assert ask(world, "security", "security") == 403
    assert ask(world, "security") == 302
    address = f"/access-proposals/{waiting(world)}/approve"
    assert Visitor(world, "security").submit(address).status_code == 403
    assert Visitor(world, "office-2").submit(address).status_code == 302
    refused = Visitor(world, "office-2").submit("/accounts/security/roles/revoke", role="security")
    assert refused.status_code == 302
    last = Visitor(world, "office-2").submit("/accounts/office-2/roles/revoke", role="security")
    assert (last.status_code, "最后一位安全管理员" in last.text) == (409, True)


def test_the_interface_proposes_and_decides_too(world: World) -> None:
    world.rule(accounts=APART)
    admin, security = world.api("admin"), world.api("security")
    wanted = {"kind": "grant", "username": "handler-edu", "role": "owner", "reason": "代管流程"}
    made = admin.post("/access-proposals", wanted)
    assert (made.status_code, made.json["state"]) == (201, "open")
    assert security.post("/accounts/handler-edu/roles", {"role": "owner"}).status_code == 403
    assert admin.post(f"/access-proposals/{made.json['id']}/approve").status_code == 403
    assert security.post(f"/access-proposals/{made.json['id']}/approve").json["state"] == "approved"
    assert [one["state"] for one in admin.get("/access-proposals", state="over").json["items"]] == ["approved"]
    assert admin.get("/access-proposals", state="waiting").json["total"] == 0
    held = security.get("/accounts/handler-edu/roles").json["items"]
    assert [one["role"] for one in held] == ["owner", "responsible_unit"]
    left = security.post("/accounts/handler-edu/roles/revoke", {"role": "owner"}).json["items"]
    assert [one["role"] for one in left] == ["responsible_unit"]
    assert security.post("/access-proposals", {**wanted, "kind": "factor_reset"}).status_code == 409


def test_an_administrator_stands_in_for_nobody(world: World) -> None:
    world.recorded()
    admin, office = world.actor("admin"), world.actor("office")
    today = clock.today()
    with world.transaction() as session:
        people.declare_substitute(
            session,
            person_id=office.person_id,
            substitute_id=admin.person_id,
            starts_on=today,
            ends_on=today,
            reason="出差",
            actor=SYSTEM,
            now=clock.now(),
        )
    case = f"/cases/{world.case}"
    assert Visitor(world, "admin").get(case).status_code == 200
    world.rule(accounts=APART)
    assert Visitor(world, "admin").get(case).status_code == 403


def test_nobody_sets_the_password_of_one_of_the_three(world: World) -> None:
    world.rule(accounts=APART)
    fields = {"password": "荷塘月色-2026", "again": "荷塘月色-2026"}
    admin = Visitor(world, "admin")
    for username in ("security", "auditor"):
        refused = admin.submit(f"/accounts/{username}/password", **fields)
        assert (refused.status_code, "liaison user passwd" in refused.text) == (403, True)
    assert admin.submit("/accounts/handler-edu/password", **fields).status_code == 302
    with world.transaction() as session, pytest.raises(NotAllowed, match="三员账号"):
        auth.bind_oidc(
            session,
            username="security",
            issuer="https://sso.test",
            subject="me",
            actor=world.actor("admin"),
            now=clock.now(),
        )


READ_BY_NEITHER = {
    "instance_id": Instance,
    "task_id": UserTask,
    "talent_id": Talent,
    "team_id": TalentTeam,
    "contact_id": Contact,
    "activity_id": Activity,
    "opinion_id": Opinion,
    "matter_id": Matter,
    "report_id": HalfYearReport,
    "brief_id": Brief,
    "roster_id": Roster,
    "link_id": Link,
    "file_id": Attachment,
    "attachment_id": Attachment,
    "draft_id": Draft,
}
"""The name of an id in an address → the table of what it names, of which the two read nothing."""
OTHERS = {"code": "edu", "username": "handler-edu", "key": "request", "process": "request", "version": 1, "n": 1}


def test_no_address_shows_the_first_two_a_case_a_talent_or_a_file(world: World) -> None:
    fill(world)
    assert "周慕白" in Visitor(world, "admin").get("/talents").text
    world.rule(accounts=APART)
    with world.database.reading() as session:
        ids = {
            name: session.scalars(select(model.id).order_by(model.id)).first()
            for name, model in READ_BY_NEITHER.items()
        }
        ids |= {
            name: session.scalars(select(model.id)).first()
            for name, model in (("person_id", Person), ("leader_id", Leader))
        }
        secrets = [*session.scalars(select(Talent.name)), *session.scalars(select(Talent.employer).distinct())]
        secrets += [title for title in session.scalars(select(Instance.title)) if title]
    assert all(value is not None for value in ids.values()), ids
    assert len(secrets) > 20
    suffixes = {"suffix": "pdf", "name": "case", "kind": "talents", "seq": 1, "filename": "icon.svg", "number": 1}
    known = {**ids, **OTHERS, **suffixes}
    rules = {**pages.rules(world.app), **api.rules(world.app)}
    told, walked = [], 0
    for username in ("admin", "security"):
        visitor = Visitor(world, username)
        for route in world.app.url_map.iter_rules():
            if "GET" not in (route.methods or ()) or route.endpoint not in rules or "licence" in route.endpoint:
                continue
            values = {name: known.get(name, ids["instance_id"]) for name in route.arguments}
            with world.app.test_request_context():
                address = world.app.url_for(route.endpoint, **values)
            answer = visitor.get(address)
            walked += 1
            text = sheet_text(answer.data) if answer.data.startswith(b"PK") else answer.get_data(as_text=True)
            shown = [secret for secret in secrets if secret in text]
            closed = not READ_BY_NEITHER.keys() & set(route.arguments) or answer.status_code in (302, 403, 404)
            if shown or not closed or answer.status_code == 500:
                told.append((username, address, answer.status_code, shown[:2]))
    assert told == []
    assert walked > 500


@pytest.mark.parametrize("username", ["admin", "security", "auditor"])
def test_each_of_the_three_meets_the_rule_of_every_page_and_operation(world: World, username: str) -> None:
    world.rule(accounts=APART)
    actor = world.actor(username)
    mine = {"admin": "manage_accounts", "security": "grant_roles", "auditor": "verify"}
    assert (">抄送我的<" in Visitor(world, username).get("/help").text) is (username == "auditor")
    assert [name for name, right in mine.items() if may(actor, right)] == [username]
    for page in ("/ledger", "/ledger.xlsx"):
        assert Visitor(world, username).get(page).status_code == (200 if username == "auditor" else 403)
    walk_pages(world, username)
    walk_operations(world, username)


def test_what_an_administrator_reads_of_an_account_names_no_matter(world: World) -> None:
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    with world.transaction() as session:
        operations.claim(session, task_id=world.task("handle").id, actor=world.actor("handler-edu"), now=clock.now())
    for path, told in (("/accounts/handler-edu", True), ("/accounts/handler-edu/disable", True)):
        assert ("子女入学" in Visitor(world, "admin").get(path).text) is told
    world.rule(accounts=APART)
    for path in ("/accounts/handler-edu", "/accounts/handler-edu/disable"):
        page = Visitor(world, "admin").get(path).text
        assert "子女入学" not in page
        assert "（内容不显示）" in page
    assert "子女入学" not in str(world.api("admin").get("/accounts/handler-edu/held").json)


FOR_ADMINISTRATORS = {
    *("web.auth.token", "web.auth.end_others", "web.auth.end_one", "web.auth.issue_token", "web.auth.revoke_token"),
    *("web.notice_settings.index", "web.notice_settings.choose", "web.notice_settings.set_address"),
    *("api_notice_settings.notice_settings", "api_notice_settings.choose", "api_notice_settings.set_address"),
    *("web.desk.desk", "web.notices.notices", "web.notices.open_notice", "web.notices.confirm", "web.notices.read_all"),
    *("web.second_factor.renew", "web.second_factor.end", "web.waiting.numbers"),
    *("web.units.units", "web.units.unit", "web.units.export_units", "web.people.person"),
    *("api_account.me", "api_account.sessions", "api_account.end_session"),
    *("api_account.tokens", "api_account.revoke_token", "api_calendar.due", "api_calendar_notices.year"),
    "web.calendars.index",
    *("api_units.units", "api_units.unit", "api_people.person", "api_people.add_person"),
}
"""Pages and calls without a right of their own that a separated administrator may call: nothing of matters."""


def test_what_nobody_has_marked_is_closed_to_the_first_two(world: World) -> None:
    world.rule(accounts=APART)
    rules = {**pages.rules(world.app), **api.rules(world.app)}
    assert {name for name, rule in rules.items() if rule.for_administrators} == FOR_ADMINISTRATORS
    for username in ("admin", "security"):
        actor, headers = world.actor(username), {"Authorization": f"Bearer {world.token(username)}"}
        assert not pages.Rule(pages.SIGNED_IN).admits(actor)
        assert not api.Rule().admits(actor)
        let_in = [
            (method, address)
            for endpoint, method, address in calls(world.app)
            if not rules[endpoint].admits(actor)
            and world.app.test_client().open(address, method=method, headers=headers).status_code != 403
        ]
        assert let_in == []
    refused = Visitor(world, "admin").get("/tasks")
    assert (refused.status_code, "三员分立" in refused.text) == (403, True)
    assert "三员分立" in world.api("admin").get("/tasks").json["detail"]
    assert Visitor(world, "auditor").get("/tasks").status_code == 200


def test_an_administrator_reads_no_notice_of_an_earlier_role(world: World) -> None:
    world.dispatched("edu")
    give(world, "handler-edu", "admin")
    world.rule(accounts=Accounts())
    worker_of(world).tick(world.clock.now)
    assert "子女入学" in Visitor(world, "handler-edu").get("/notices").text
    world.rule(accounts=APART)
    page = Visitor(world, "handler-edu").get("/notices").text
    assert "子女入学" not in page
    assert "条未读" not in page


@pytest.mark.databases("sqlite", "postgresql")
def test_who_decides_and_who_proposed_are_told(world: World) -> None:
    world.rule(accounts=APART)
    security, admin, worker = Visitor(world, "security"), Visitor(world, "admin"), worker_of(world)
    assert "件权限申请等您审批" not in security.get("/").text
    ask(world)
    worker.tick(world.clock.now)
    assert "有 1 件权限申请等您审批" in security.get("/").text
    assert 'aria-label="1 件待审批"' in security.get("/help").text
    told = security.get("/notices").text
    assert "权限申请待审批：授予谭雅文流程管理员" in told
    assert "理由：代管流程。请在 2026-09-23（周三）09:00 前到“权限审批”批准或退回" in told
    for other in ("admin", "auditor"):
        assert "权限申请" not in Visitor(world, other).get("/notices").text.partition("<main")[2]
        assert "件权限申请等您审批" not in Visitor(world, other).get("/").text
    security.submit(f"/access-proposals/{waiting(world)}/refuse", answer="由流程管理员办理")
    worker.tick(world.clock.advance(minutes=1))
    assert "您提出的申请“授予谭雅文流程管理员”：" in admin.get("/notices").text
    assert "已退回，理由：由流程管理员办理" in admin.get("/notices").text
    with world.database.reading() as session:
        notice = session.scalars(select(Notification.id).where(Notification.username == "admin")).one()
    assert admin.submit(f"/notices/{notice}/open").location == "/access-proposals"
    ask(world)
    security.submit(f"/access-proposals/{waiting(world)}/approve")
    worker.tick(world.clock.advance(minutes=1))  # nobody is asked for what is done
    assert told.count("权限申请待审批：") == security.get("/notices").text.count("权限申请待审批：")
    assert "已批准，即时生效" in admin.get("/notices").text
    with world.database.reading() as session:
        assert list(verify_stream_rows(session, "access")) == []
