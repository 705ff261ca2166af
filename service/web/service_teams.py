"""工作团队: who works for a leader's talents."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, liaisons
from service.db.lists import Page
from service.errors import NotFound
from service.history import version_of
from service.http.context import actor, db
from service.liaisons import SERVICE_TEAM, ServiceTeam, ServiceTeamFilter
from service.liaisons.edits import service_team_edits
from service.people.models import Leader
from service.people.queries import find_leader
from service.people.rules import CLASSES
from service.web import stale
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, given, offset, sent, text
from service.web.asked import asked
from service.web.exports import Columns, exported
from service.web.links import RIGHT, require_keeping, units

blueprint = Blueprint("service_teams", __name__)

COLUMNS: Columns[ServiceTeam] = {
    "责任领导": lambda team: team.leader.person.name,
    "类别": lambda team: CLASSES[team.leader.klass],
    "领导职务": lambda team: team.leader.post,
    "组长": lambda team: team.head.name,
    "成员": lambda team: "\n".join(
        " ".join(filter(None, (one.person.name, one.unit.name if one.unit else "", one.post))) for one in team.members
    ),
    "联络员": lambda team: team.liaison.name,
    "开始": lambda team: team.starts_on,
    "结束": lambda team: team.ends_on,
}


@blueprint.get("/service-teams")
@requires(right=RIGHT)
def service_teams() -> ResponseReturnValue:
    """工作团队."""
    page = _found(PER_PAGE, offset())
    return render_template(
        "service_teams/service_teams.html",
        page=page,
        warnings=liaisons.service_team_warnings(db(), page.items, clock.today()),
        units=units(),
        may_add=bool(liaisons.scopes_of(db(), actor())),
        may_manage=partial(liaisons.keeps_links, actor()),
        classes=CLASSES,
    )


@blueprint.get("/service-teams/new")
@requires(right=RIGHT)
def new_service_team() -> ResponseReturnValue:
    """A new service team, beginning with the present one."""
    require_keeping()
    leader, today = _asked_leader(), clock.today()
    standing = liaisons.standing_service_teams(db(), [leader.id], today).get(leader.id) if leader else None
    return render_template(
        "service_teams/new_service_team.html",
        leader=leader,
        team=standing,
        version=version_of(db(), service_team_edits(leader)) if leader else None,
        officer=liaisons.offered_officer(db(), leader, standing, today) if leader else None,
        today=today,
    )


@blueprint.post("/service-teams")
@requires(right=RIGHT)
def set_service_team() -> ResponseReturnValue:
    """Sets a leader's service team."""
    fields, values = sent(), given(SERVICE_TEAM)
    members = fields.get("members")
    # the version is that of the leader whose team the page showed
    version = stale.version(fields) if text(fields, "shown") == values["leader_id"] else None
    with stale.named(fields):
        team = liaisons.set_service_team(
            db(),
            **values,
            members=[{"person_id": one} for one in members] if isinstance(members, list) else [],
            version=version,
            actor=actor(),
            now=clock.now(),
        )
    said = f"{team.leader.person.name}的工作团队已组建；只等工作团队的联系关系已同时生效。"
    if odd := liaisons.service_team_warnings(db(), [team], max(team.starts_on, clock.today())).get(team.id):
        said += f"请留意：{'；'.join(odd)}。"
    return done(said, url_for(".service_teams", leader=team.leader_id))


def _found(limit: int, offset: int) -> Page[ServiceTeam]:
    """The teams that the address asks for: today's, or all."""
    wanted = asked(ServiceTeamFilter, on=None if argument("all") == "yes" else clock.today())
    return liaisons.search_service_teams(db(), wanted, limit, offset, reader=actor())


def _asked_leader() -> Leader | None:
    """The leader that the address names, where the reader keeps that leader's links."""
    leader = find_leader(db(), argument("leader") or "")
    if leader is not None and not liaisons.keeps_links(actor(), leader):
        raise NotFound("没有您可以登记的这位领导；区领导由区人才办登记，单位领导由本单位联络员登记")
    return leader


exported(blueprint, "/service-teams.xlsx", "工作团队", _found, COLUMNS, right=RIGHT)
