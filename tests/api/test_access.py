"""The right to each call: every call × every role, tokens, sessions."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask

from service import auth, clock
from service.api import access
from service.demonstration import ACCOUNTS
from service.rights import RIGHTS, ROLES, SYSTEM, may
from service.web import access as pages
from tests.factories.databases import ON_BOTH
from tests.factories.world import World

SIGNED_IN, PUBLIC = "signed in", "public"

# Every call and who may make it: a right of the table of rights, everybody who is signed in, or the public.
# A new call must be entered here.
CALLS = {
    "api_tasks.tasks": SIGNED_IN,
    "api_tasks.task": SIGNED_IN,
    "api_tasks.records": SIGNED_IN,
    "api_tasks.complete": SIGNED_IN,
    "api_tasks.claim": SIGNED_IN,
    "api_tasks.release": SIGNED_IN,
    "api_tasks.reassign": SIGNED_IN,
    "api_tasks.return_task": SIGNED_IN,
    "api_tasks.take_back": SIGNED_IN,
    "api_tasks.acknowledge": SIGNED_IN,
    "api_tasks.comment": SIGNED_IN,
    "api_instances.start": SIGNED_IN,
    "api_instances.instance": SIGNED_IN,
    "api_instances.history": SIGNED_IN,
    "api_instances.diagram": SIGNED_IN,
    "api_replay.replay": SIGNED_IN,
    "api_replay.replayed_step": SIGNED_IN,
    "api_extensions.stops": SIGNED_IN,
    "api_extensions.ask": SIGNED_IN,
    "api_extensions.withdraw": SIGNED_IN,
    "api_extensions.agree": SIGNED_IN,
    "api_extensions.refuse": SIGNED_IN,
    "api_instances.urge": SIGNED_IN,
    "api_instances.suspend": SIGNED_IN,
    "api_instances.resume": SIGNED_IN,
    "api_instances.terminate": SIGNED_IN,
    "api_instances.comment": SIGNED_IN,
    "api_instances.copy": SIGNED_IN,
    "api_instances.copies": SIGNED_IN,
    "api_instances.withdraw_copy": SIGNED_IN,
    "api_phrases.phrases": SIGNED_IN,
    "api_phrases.add": SIGNED_IN,
    "api_phrases.change": SIGNED_IN,
    "api_phrases.remove": SIGNED_IN,
    "api_phrases.use": SIGNED_IN,
    "api_case_links.case_links": SIGNED_IN,
    "api_case_links.link": SIGNED_IN,
    "api_case_links.unlink": SIGNED_IN,
    "api_case_links.join": SIGNED_IN,
    "api_case_links.part": SIGNED_IN,
    "api_case_papers.papers": SIGNED_IN,
    "api_case_papers.whole_pdf": SIGNED_IN,
    "api_case_papers.pdf": SIGNED_IN,
    "api_case_papers.word": SIGNED_IN,
    "api_case_papers.number": "number_papers",
    "api_case_papers.whole_replay": SIGNED_IN,
    "api_stamps.stamps": SIGNED_IN,
    "api_stamps.add": SIGNED_IN,
    "api_stamps.picture": SIGNED_IN,
    "api_stamps.change": SIGNED_IN,
    "api_stamps.withdraw": SIGNED_IN,
    "api_stamps.uses": SIGNED_IN,
    "api_stamps.on_paper": SIGNED_IN,
    "api_stamps.look": SIGNED_IN,
    "api_stamps.stamp": SIGNED_IN,
    "api_stamps.ask": SIGNED_IN,
    "api_stamps.decline": SIGNED_IN,
    "api_stamps.recall": SIGNED_IN,
    "api_requests.requests": SIGNED_IN,
    "api_board.board": "view_board_pages",
    "api_board.board_tasks": "view_board_pages",
    "api_board.carry_out": "view_board_pages",
    "api_board.result": "view_board_pages",
    "api_statistics.statistics": "view_statistics_pages",
    "api_search.search": SIGNED_IN,
    "api_registers.urges": "view_board_pages",
    "api_registers.circulars": "view_board_pages",
    "api_revisits.limited": "view_ledger_all",
    "api_revisits.changes": "view_ledger_all",
    "api_revisits.change": "view_ledger_all",
    "api_revisits.mark": "operate_cases",
    "api_revisits.look": "operate_cases",
    "api_audit.looks": "ask_questions",
    "api_audit.restricted": "ask_questions",
    "api_audit.exports": "ask_questions",
    "api_audit.acts": "ask_questions",
    "api_audit.substitution": "ask_questions",
    "api_audit.returns": "ask_questions",
    "api_audit.dates": "ask_questions",
    "api_audit.lateness": "ask_questions",
    "api_audit.urges": "ask_questions",
    "api_audit.four_eyes": "ask_questions",
    "api_audit.unusual": "ask_questions",
    "api_audit.migrations": "ask_questions",
    "api_audit.gaps": "ask_questions",
    "api_audit.numbers": "ask_questions",
    "api_audit.on_a_day": "ask_questions",
    "api_audit.definitions": "ask_questions",
    "api_audit.refused_files": "ask_questions",
    "api_audit.settings": "view_access_log",
    "api_audit.sign_ins": "view_access_log",
    "api_definitions.definitions": "view_definitions",
    "api_definitions.deploy_definition": "deploy_definitions",
    "api_drafts.draft_list": "edit_definitions",
    "api_drafts.make_draft": "edit_definitions",
    "api_drafts.draft": "edit_definitions",
    "api_drafts.discard_draft": "edit_definitions",
    "api_drafts.restore_draft": "edit_definitions",
    "api_drafts.draft_file": "edit_definitions",
    "api_drafts.save_draft_file": "edit_definitions",
    "api_drafts.delete_draft_file": "edit_definitions",
    "api_draft_files.draft_zip": "edit_definitions",
    "api_draft_files.version_zip": "edit_definitions",
    "api_draft_files.import_draft": "edit_definitions",
    "api_draft_files.draft_ways": "edit_definitions",
    "api_draft_files.version_ways": "edit_definitions",
    "api_draft_files.open_cases": "edit_definitions",
    "api_draft_files.draft_history": "edit_definitions",
    "api_draft_files.process_history": "edit_definitions",
    "api_draft_checks.check_draft": "edit_definitions",
    "api_proofs.prove_draft": "edit_definitions",
    "api_publishing.draft_difference": "edit_definitions",
    "api_publishing.version_difference": "edit_definitions",
    "api_publishing.deploy_draft": "deploy_definitions",
    "api_publishing.recall_draft": "deploy_definitions",
    "api_publishing.rebase_draft": "edit_definitions",
    "api_publishing.back": "deploy_definitions",
    "api_rehearsals.rehearse": "edit_definitions",
    "api_calendar.due": SIGNED_IN,
    "api_units.units": SIGNED_IN,
    "api_units.unit": SIGNED_IN,
    "api_units.unit_history": "view_directory",
    "api_units.add_unit": "manage_units",
    "api_units.change_unit": "manage_units",
    "api_people.people": "view_directory",
    "api_people.person": SIGNED_IN,
    "api_people.person_history": "view_directory",
    "api_people.add_person": SIGNED_IN,
    "api_people.change_person": "view_directory",
    "api_posts.leaders": "view_directory",
    "api_posts.leader": "view_directory",
    "api_posts.add_leader": SIGNED_IN,
    "api_posts.change_leader": "view_directory",
    "api_posts.end_leader": "view_directory",
    "api_posts.correct_end": "view_directory",
    "api_units.liaisons": "view_directory",
    "api_units.liaison": "view_directory",
    "api_units.head": "view_directory",
    "api_units.name_head": SIGNED_IN,
    "api_units.name_liaison": SIGNED_IN,
    "api_units.end_liaison": SIGNED_IN,
    "api_substitutes.substitutes": "view_directory",
    "api_substitutes.declare_substitute": SIGNED_IN,
    "api_substitutes.withdraw_substitute": SIGNED_IN,
    "api_talents.talents": "view_talents",
    "api_talents.duplicates": "view_talents",
    "api_talents.talent": "view_talents",
    "api_talents.talent_file": "view_talents",
    "api_talents.talent_history": "view_talents",
    "api_talents.add_talent": "edit_talents",
    "api_talents.change_talent": "edit_talents",
    "api_talents.approve_type": "edit_talents",
    "api_talents.confirm_talent": SIGNED_IN,
    "api_teams.teams": "view_talents",
    "api_teams.team": "view_talents",
    "api_teams.team_history": "view_talents",
    "api_teams.add_team": "edit_talents",
    "api_teams.change_team": "edit_talents",
    "api_links.links": "view_links",
    "api_links.propose_link": "view_links",
    "api_links.suggestions": "view_links",
    "api_links.hold_links": "view_links",
    "api_links.link": "view_links",
    "api_links.activate_link": "view_links",
    "api_links.end_link": "view_links",
    "api_links.hand_over": "view_links",
    "api_quotas.quotas": "view_links",
    "api_service_teams.service_teams": "view_links",
    "api_service_teams.service_team": "view_links",
    "api_service_teams.set_service_team": "view_links",
    "api_rosters.rosters": "view_links",
    "api_rosters.draft_roster": "view_links",
    "api_rosters.roster": "view_links",
    "api_rosters.decide_roster": "view_links",
    "api_rosters.file_roster": "file_rosters",
    "api_contacts.contact_list": SIGNED_IN,
    "api_contacts.contact": SIGNED_IN,
    "api_contacts.contact_history": SIGNED_IN,
    "api_contacts.note": SIGNED_IN,
    "api_contacts.record": SIGNED_IN,
    "api_contacts.withdraw": SIGNED_IN,
    "api_contacts.withdraw_note": SIGNED_IN,
    "api_summaries.summary_list": SIGNED_IN,
    "api_opinions.opinions": SIGNED_IN,
    "api_opinions.opinion": SIGNED_IN,
    "api_opinions.answer": SIGNED_IN,
    "api_opinions.became_need": SIGNED_IN,
    "api_activities.activities": "view_activities",
    "api_activities.activity": "view_activities",
    "api_activities.add_activity": SIGNED_IN,
    "api_activities.invite": SIGNED_IN,
    "api_activities.attendance": SIGNED_IN,
    "api_activities.cancel": SIGNED_IN,
    "api_matters.matters": SIGNED_IN,
    "api_matters.matter": SIGNED_IN,
    "api_matters.matter_history": SIGNED_IN,
    "api_matters.add_progress": SIGNED_IN,
    "api_matters.add_matter": SIGNED_IN,
    "api_matters.solve_matter": SIGNED_IN,
    "api_interviews.interviews": SIGNED_IN,
    "api_interviews.missed": SIGNED_IN,
    "api_reports.report_list": SIGNED_IN,
    "api_roll_ups.roll_up": "view_reports",
    "api_roll_ups.number_roll_up": "number_papers",
    "api_reports.report": SIGNED_IN,
    "api_reports.compile_report": SIGNED_IN,
    "api_reports.edit_report": SIGNED_IN,
    "api_reports.submit_report": SIGNED_IN,
    "api_reports.return_report": "review_reports",
    "api_reports.accept_report": "review_reports",
    "api_reports.number_report": "number_papers",
    "api_briefs.brief_list": SIGNED_IN,
    "api_briefs.brief": SIGNED_IN,
    "api_briefs.draft_brief": "release_briefs",
    "api_briefs.edit_brief": "release_briefs",
    "api_briefs.release_brief": "release_briefs",
    "api_briefs.number_brief": "number_papers",
    "api_briefs.read_brief": SIGNED_IN,
    "api_assessment.assessment": SIGNED_IN,
    "api_photos.photo": "view_talents",
    "api_photos.set_photo": "edit_talents",
    "api_photos.withdraw_photo": "edit_talents",
    "api_attachments.staged": SIGNED_IN,
    "api_attachments.stage": SIGNED_IN,
    "api_attachments.drop": SIGNED_IN,
    "api_attachments.of_contact": SIGNED_IN,
    "api_attachments.attach_to_contact": SIGNED_IN,
    "api_attachments.of_activity": "view_activities",
    "api_attachments.attach_to_activity": "view_activities",
    "api_attachments.of_matter": SIGNED_IN,
    "api_attachments.attach_to_matter": SIGNED_IN,
    "api_attachments.of_unit": SIGNED_IN,
    "api_attachments.attach_to_unit": SIGNED_IN,
    "api_attachments.of_report": SIGNED_IN,
    "api_attachments.attach_to_report": SIGNED_IN,
    "api_attachments.of_instance": SIGNED_IN,
    "api_attachments.attach_to_instance": SIGNED_IN,
    "api_attachments.content": SIGNED_IN,
    "api_attachments.withdraw": SIGNED_IN,
    "api_account.me": SIGNED_IN,
    "api_notice_settings.notice_settings": SIGNED_IN,
    "api_notice_settings.choose": SIGNED_IN,
    "api_notice_settings.set_address": SIGNED_IN,
    "api_accounts.held": "manage_accounts",
    "api_accounts.disable": "manage_accounts",
    "api_account.sessions": SIGNED_IN,
    "api_account.end_session": SIGNED_IN,
    "api_account_rules.rules": "view_account_rules",
    "api_calendar_notices.year": SIGNED_IN,
    "api_calendar_notices.notices": "load_calendar",
    "api_calendar_notices.preview": "load_calendar",
    "api_calendar_notices.previewed": "load_calendar",
    "api_calendar_notices.confirm": "load_calendar",
    "api_settings.settings": "change_settings",
    "api_settings.change": "change_settings",
    "api_access_proposals.proposal_list": "propose_access",
    "api_access_proposals.propose": "propose_access",
    "api_access_proposals.approve_proposal": "grant_roles",
    "api_access_proposals.refuse_proposal": "grant_roles",
    "api_access_proposals.withdraw_proposal": "propose_access",
    "api_access_proposals.given_roles": "view_accounts",
    "api_access_proposals.grant": "grant_roles",
    "api_access_proposals.revoke": "grant_roles",
    "api_access_proposals.reset": "propose_access",
    "api_account.tokens": SIGNED_IN,
    "api_account.revoke_token": SIGNED_IN,
    "api_imports.imports": "import_data",
    "api_imports.template": "import_data",
    "api_imports.upload": "import_data",
    "api_report_papers.report_pdf": SIGNED_IN,
    "api_report_papers.report_word": SIGNED_IN,
    "api_brief_papers.brief_pdf": SIGNED_IN,
    "api_brief_papers.brief_word": SIGNED_IN,
    "api_imports.one_import": "import_data",
    "api_imports.confirm": "import_data",
    "api_imports.cancel": "import_data",
    "api_jobs.job_list": SIGNED_IN,
    "api_jobs.one_job": SIGNED_IN,
    "api_jobs.job_items": SIGNED_IN,
    "api_jobs.pause_job": SIGNED_IN,
    "api_jobs.resume_job": SIGNED_IN,
    "api_jobs.cancel_job": SIGNED_IN,
    "api_migrations.impact": "migrate_instances",
    "api_migrations.migrate": "migrate_instances",
    "api_migrations.report": "migrate_instances",
    "api_backtests.backtest": "edit_definitions",
    "api_backtests.backtest_sheet": "edit_definitions",
    "api_rates.rates": "edit_definitions",
    "api_rates.rates_sheet": "edit_definitions",
    "api_incidents.incidents": "retry_incidents",
    "api_incidents.retry_incident": "retry_incidents",
    "api_incidents.unsent_letters": "retry_incidents",
    "api_incidents.retry_letter": "retry_incidents",
    "api_incidents.retry_letters": "retry_incidents",
    "api_verifications.verification_list": "verify",
    "api_verifications.begin_verification": "verify",
    "api_verifications.one_verification": "verify",
    "api_verifications.acknowledgement_list": "verify",
    "api_verifications.acknowledge_findings": "acknowledge_findings",
    "api_verifications.confirm_acknowledgement": "acknowledge_findings",
    "api_verifications.withdraw_acknowledgement": "acknowledge_findings",
    "api_seals.seal_list": "verify",
    "api_seals.against": "verify",
    "api_seals.make_seal": "verify",
    "api_seals.event_proof": "verify",
    "api_seals.case_evidence": "export_evidence",
    "api_seals.evidence_receipts": "export_evidence",
    "api_stuck.stuck_cases": "free_stuck_cases",
    "api_stuck.put_back": "free_stuck_cases",
    "api_ways.way_map": "view_ways",
    "api_ways.way_cases": "view_ways",
    "api_ways.way_sheet": "view_ways",
    "api_ways.update_ways": "view_ways",
    "api_ways.event_log": "export_all",
    "api_docs.openapi": PUBLIC,
    "api_docs.docs": PUBLIC,
    "api_health.alive": PUBLIC,
    "api_health.ready": PUBLIC,
    "api_metrics.metrics": PUBLIC,
}
PEOPLE = [account[0] for account in ACCOUNTS]


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """(endpoint, method, address) of every call, with an id that nothing has."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in access.rules(app):
            address = re.sub(r"<[^>]+>", str(UUID(int=7)), re.sub(r"<int:[^>]+>", "7", rule.rule))
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found.extend((rule.endpoint, method, address) for method in sorted(methods))
    return found


def test_every_call_is_in_the_table(world: World) -> None:
    rules = access.rules(world.app)
    assert {name: PUBLIC if rule.public else rule.right or SIGNED_IN for name, rule in rules.items()} == CALLS
    assert {name for name, _, _ in routes(world.app)} == set(CALLS)


def test_a_call_without_a_rule_stops_the_start(world: World) -> None:
    app = Flask("service")
    app.add_url_rule("/api/v1/loose", "loose", lambda: "")
    with pytest.raises(LookupError, match="loose"):
        access.rules(app)


def test_no_route_of_the_service_escapes_both_tables(world: World) -> None:
    known = set(access.rules(world.app)) | set(pages.rules(world.app)) | {"web.static"}
    assert set(world.app.view_functions) == known


def test_every_call_for_every_role(world: World) -> None:
    seen = set()
    for user in PEOPLE:
        roles = world.actor(user).roles
        if roles not in seen:  # else somebody with the same roles has walked it
            walk_calls(world, user)
        seen.add(roles)
    assert len(seen) >= len(ROLES) - 1


def walk_calls(world: World, user: str) -> None:
    """Asserts that ``user`` is let in to every call whose right the account has, and to no other."""
    client, actor, wrong = world.app.test_client(), world.actor(user), {}
    headers = {"Authorization": f"Bearer {world.token(user)}"}
    for endpoint, method, address in routes(world.app):
        status = client.open(address, method=method, headers=headers).status_code
        refused = CALLS[endpoint] in RIGHTS and not may(actor, CALLS[endpoint])
        if status != 403 if refused else status in (401, 403, 405, 500):
            wrong[method, address] = status
    assert wrong == {}


def test_nobody_gets_only_what_is_public(world: World) -> None:
    client = world.app.test_client()
    for endpoint, method, address in routes(world.app):
        answer = client.open(address, method=method)
        if CALLS[endpoint] == PUBLIC:
            assert answer.status_code in (200, 503), address
        else:
            assert answer.status_code == 401, address
            assert answer.mimetype == "application/problem+json"
            assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic b2ZmaWNlOm9mZmljZQ==", "", "Bearer \x80"])
def test_wrong_credentials(world: World, header: str) -> None:
    answer = world.app.test_client().get("/api/v1/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json["type"]) == (401, "signed_out")


def test_a_wrong_token_is_not_mended_by_a_session(world: World) -> None:
    answer = world.as_user("office").get("/api/v1/me", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


@ON_BOTH
def test_a_revoked_token_and_a_disabled_account_end_at_once(world: World) -> None:
    api = world.api("auditor")
    assert api.get("/me").status_code == 200
    with world.transaction() as session:
        for token in auth.list_tokens(session, "auditor"):
            auth.revoke_token(session, sha256=token.sha256, actor=SYSTEM, now=clock.now())
    assert api.get("/me").status_code == 401
    page = world.as_user("owner")
    assert page.get("/api/v1/me").status_code == 200
    with world.transaction() as session:
        auth.disable_user(session, username="owner", actor=SYSTEM, now=clock.now())
    assert page.get("/api/v1/me").status_code == 401


def test_a_session_reads_and_writes_only_with_the_csrf_header(world: World) -> None:
    case, page = world.dispatched(), world.as_user("office")
    assert page.get("/api/v1/me").json["username"] == "office"
    address, body = f"/api/v1/instances/{case}/comment", {"text": "已沟通"}
    for headers in ({}, {"X-CSRFToken": "wrong"}):
        refused = page.post(address, json=body, headers=headers)
        assert (refused.status_code, refused.json["type"]) == (403, "not_allowed")
    token = page.get("/session/token").json["token"]
    assert page.post(address, json=body, headers={"X-CSRFToken": token}).status_code == 201


def test_others_cases_are_unknown(world: World, subtests: pytest.Subtests) -> None:
    case = world.dispatched()
    task = world.task("handle").id
    stranger = world.api("handler-health")
    for path in (f"/instances/{case}", f"/instances/{case}/history", f"/instances/{case}/diagram", f"/tasks/{task}"):
        with subtests.test(path):
            assert stranger.get(path).status_code == 404
    assert stranger.post(f"/instances/{case}/comment", {"text": "说明"}).status_code == 404
    assert stranger.post(f"/tasks/{task}/complete", {"data": world.sample("handle")}).status_code == 404
    assert stranger.post(f"/instances/{case}/terminate", {"reason": "无"}).status_code == 404
    assert stranger.post("/instances", {"process": "request", "data": {}}).status_code == 403
    assert stranger.get("/requests").json["total"] == 0
    assert stranger.get("/tasks").json["total"] == 0


def test_my_rights(world: World) -> None:
    me = world.api("handler-edu").get("/me").json
    assert (me["username"], me["name"], me["unit_name"]) == ("handler-edu", "谭雅文", "区教育局")
    assert me["grants"] == [{"role": "responsible_unit", "name": "责任单位", "unit": "edu", "unit_name": "区教育局"}]
    assert "deploy_definitions" not in me["rights"]
    assert "deploy_definitions" in world.api("owner").get("/me").json["rights"]


def test_ones_own_browsers_are_listed_and_signed_out(world: World) -> None:
    browser, api = world.as_user("office"), world.api("office")
    [there] = api.get("/me/sessions").json["items"]
    assert (there["address"], there["way"], there["second_factor"]) == ("127.0.0.1", "password", False)
    assert world.api("auditor").post(f"/me/sessions/{there['sha256']}/end").status_code == 404
    assert api.post(f"/me/sessions/{there['sha256']}/end").json == {"items": []}
    assert browser.get("/api/v1/me").status_code == 401


def test_ones_own_tokens_are_listed_with_their_last_use_and_revoked(world: World) -> None:
    api = world.api("office")
    assert api.get("/me/tokens").json["items"][0]["last_used"] is None
    [token] = api.get("/me/tokens").json["items"]  # the use before is noted by now
    assert (token["label"], token["last_used"]) == ("test", "2026-09-16T09:00:00+08:00")
    assert token["expires_at"] == "2027-09-16T09:00:00+08:00"
    assert world.api("auditor").post(f"/me/tokens/{token['sha256']}/revoke").status_code == 404
    assert api.post(f"/me/tokens/{token['sha256']}/revoke").json == {"items": []}
    assert api.get("/me/tokens").status_code == 401
