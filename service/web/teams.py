"""创新创业人才团队 (P1): the list of teams, one team with its members and history, and its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service import talents as registry
from service.db.lists import Page
from service.errors import Finding, Invalid
from service.fields import Field, form_of, held, picked
from service.history import Later, Stale
from service.http.context import actor, db
from service.rights import may
from service.talents import TEAM_FIELDS, TalentTeam, TeamFilter
from service.talents.edits import team_edits
from service.talents.fields import MEMBER_IDS, OTHERS
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset
from service.web.asked import asked
from service.web.changes import changes
from service.web.exports import Columns, exported
from service.web.filling import Filling, form_page, submitted

blueprint = Blueprint("teams", __name__)

ELSEWHERE = "其他单位的人才"
"""The text that stands for a lead whom the reader, an employer, may not know of (R8)."""


@blueprint.get("/teams")
@requires(right="view_talents")
def teams() -> ResponseReturnValue:
    """人才团队."""
    page = _found(PER_PAGE, offset())
    return render_template(
        "teams/teams.html",
        page=page,
        shown=registry.shown_of_teams(db(), page.items, actor()),
        may_edit=may(actor(), "edit_talents"),
    )


@blueprint.get("/teams/new")
@requires(right="edit_talents")
def new_team() -> ResponseReturnValue:
    """登记团队."""
    return _new_page(Filling(_fields()))


@blueprint.post("/teams")
@requires(right="edit_talents")
def add_team() -> ResponseReturnValue:
    """Enters a team."""

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        with _at_their_fields(values):
            team = registry.add_team(db(), **_kept(values), actor=actor(), now=clock.now())
        return done(f"已登记{team.name}。", url_for("web.teams.team", team_id=team.id))

    return submitted(Filling.sent(_fields()), operation, _new_page)


@blueprint.get("/teams/<uuid:team_id>")
@requires(right="view_talents")
def team(team_id: UUID) -> ResponseReturnValue:
    """One team."""
    found = registry.get_team(db(), team_id, actor())
    return render_template(
        "teams/team.html",
        team=found,
        shown=registry.shown_of_teams(db(), [found], actor()),
        may_edit=may(actor(), "edit_talents"),
        changes=changes(registry.team_history(db(), found, actor())),
    )


@blueprint.get("/teams/<uuid:team_id>/edit")
@requires(right="edit_talents")
def edit_team(team_id: UUID) -> ResponseReturnValue:
    """修改团队信息."""
    found = registry.get_team(db(), team_id)
    return _edit_page(found, Filling.of(_fields(new=False), _values(found), team_edits(found)))


@blueprint.post("/teams/<uuid:team_id>")
@requires(right="edit_talents")
def change_team(team_id: UUID) -> ResponseReturnValue:
    """Changes a team."""
    found = registry.get_team(db(), team_id)

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        wanted = _kept(values, found)
        with _at_their_fields(values):
            registry.update_team(
                db(), team_id=team_id, changes=wanted, version=form.version, actor=actor(), now=clock.now()
            )
        return done("已保存。", url_for("web.teams.team", team_id=team_id))

    form = Filling.sent(_fields(new=False))
    return submitted(form, operation, lambda page: _edit_page(found, page))


def _columns(found: Sequence[TalentTeam]) -> Columns[TalentTeam]:
    shown = registry.shown_of_teams(db(), found, actor())
    return {
        "团队": lambda team: team.name,
        "状态": lambda team: "" if team.active else "已停用",
        "带头人": lambda team: team.lead.name if shown is None or team.lead_id in shown else ELSEWHERE,
        "人数": lambda team: len(team.members) + 1,
        "专业领域": lambda team: team.fields,
        "认定": lambda team: team.recognition,
    }


def _found(limit: int, offset: int) -> Page[TalentTeam]:
    return registry.search_teams(db(), asked(TeamFilter), limit, offset, reader=actor())


def _fields(*, new: bool = True) -> list[Field]:
    note = ("note", "active")
    first = [one for one in TEAM_FIELDS if one.name not in note]
    return form_of([*first, MEMBER_IDS, OTHERS, *picked(TEAM_FIELDS, *note)], new=new)


def _values(found: TalentTeam) -> dict[str, object]:
    values = held(found, TEAM_FIELDS)
    members = [{"talent_id": one.talent_id, "name": one.name, "post": one.post} for one in found.members]
    return values | _shown_members(members)


def _shown_members(members: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The members as the form shows them: those of the registry by id, the others a line each."""
    return {
        "member_ids": [one["talent_id"] for one in members if one["talent_id"]],
        "others": ["，".join(filter(None, [one["name"], one["post"]])) for one in members if not one["talent_id"]],
    }


def _kept(values: dict[str, Any], found: TalentTeam | None = None) -> dict[str, Any]:
    """The form's values as the record's: the two kinds of members become one list, posts once given stay."""
    posts = {one.talent_id: one.post for one in found.members} if found is not None else {}
    listed = [{"talent_id": one, "post": posts.get(one)} for one in values["member_ids"]]
    outside = [line.replace(",", "，").partition("，") for line in values["others"]]
    members = [*listed, *({"name": name.strip(), "post": post.strip() or None} for name, _, post in outside)]
    rest = {name: value for name, value in values.items() if name not in ("member_ids", "others")}
    return {**rest, "members": members}


@contextmanager
def _at_their_fields(values: dict[str, Any]) -> Iterator[None]:
    """Within the block findings on members are told at the field in which the member stands."""
    try:
        yield
    except Stale as error:
        error.later = {name: one for field, one in error.later.items() for name, one in _split(field, one)}
        raise
    except Invalid as error:
        error.findings = tuple(
            Finding(_field_of(finding.path, len(values["member_ids"])), finding.message) for finding in error.findings
        )
        raise


def _split(field: str, later: Later) -> list[tuple[str, Later]]:
    """A change of the members as the two fields of the form that show them."""
    if field != "members":
        return [(field, later)]
    was, now = _shown_members(later.was), _shown_members(later.now)
    differing = [name for name in was if was[name] != now[name]]
    return [(name, replace(later, field=name, was=was[name], now=now[name])) for name in differing]


def _field_of(path: str, listed: int) -> str:
    if not path.startswith("/members"):
        return path
    place = path.split("/")[2:3]
    return "/others" if place and int(place[0]) >= listed else "/member_ids"


def _new_page(form: Filling) -> str:
    return form_page(form, title="登记团队", action=url_for("web.teams.add_team"), back=url_for("web.teams.teams"))


def _edit_page(found: TalentTeam, form: Filling) -> str:
    back, action = (url_for(f"web.teams.{name}", team_id=found.id) for name in ("team", "change_team"))
    return form_page(form, title=f"修改{found.name}", action=action, back=back)


exported(blueprint, "/teams.xlsx", "人才团队", _found, _columns, right="view_talents")
