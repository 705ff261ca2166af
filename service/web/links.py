"""联系关系: which leader serves which talent, from when to when, and why."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, liaisons
from service.db.lists import Page
from service.errors import NotFound
from service.http.context import actor, db
from service.liaisons import LINK, QUOTAS, REASONS, REASONS_OF, Link, LinkFilter
from service.liaisons.fields import ENDING, ENTRIES, HANDOVER
from service.liaisons.rules import ACTIVE, PROPOSED, STATUSES
from service.people.models import Unit
from service.people.queries import find_leader
from service.people.rules import CLASSES
from service.talents.queries import find_talent, teams_of
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, asked_day, done, given, offset
from service.web.asked import asked
from service.web.choices import every_unit
from service.web.exports import Columns, exported

blueprint = Blueprint("links", __name__)

RIGHT = "view_links"
SUGGESTED = 8


@blueprint.get("/links")
@requires(right=RIGHT)
def links() -> ResponseReturnValue:
    """联系关系."""
    page = _found(PER_PAGE, offset())
    return render_template(
        "links/links.html",
        page=page,
        warnings=liaisons.link_warnings(db(), page.items, asked_day("on") or clock.today()),
        units=units(),
        may_add=bool(liaisons.scopes_of(db(), actor())),
        classes=CLASSES,
        reasons=REASONS,
        link_statuses=STATUSES,
        today=clock.today(),
    )


@blueprint.get("/links/new")
@requires(right=RIGHT)
def new_link() -> ResponseReturnValue:
    """A new link: first the leader, then a talent of one's own choice or one that is suggested.

    Where the leader is not the reader's to choose the same page says at the field who arranges that leader's links.
    """
    require_keeping()
    today = clock.today()
    chosen = find_leader(db(), argument("leader") or "")
    leader = chosen if chosen is not None and liaisons.keeps_links(actor(), chosen) else None
    elsewhere = chosen if leader is None else None
    talent = find_talent(db(), argument("talent") or "")
    return render_template(
        "links/new_link.html",
        leader=leader,
        asked=chosen,
        refused=elsewhere and f"这位领导的联系关系由{liaisons.keeper_of(elsewhere)}办理，请选择其他领导",
        talent=talent,
        reason=argument("reason"),
        led=[team for team in teams_of(db(), talent.id) if team.lead_id == talent.id] if talent else [],
        served=liaisons.talents_of(db(), [leader.id], today)[leader.id] if leader else (),
        others=liaisons.leaders_of(db(), [talent.id], today)[talent.id] if talent else (),
        suggestions=liaisons.suggestions(db(), leader_id=leader.id, on=today, limit=SUGGESTED) if leader else (),
        quota=QUOTAS[leader.klass] if leader else 0,
        reasons=REASONS,
        reasons_of=REASONS_OF,
        today=today,
    )


@blueprint.post("/links")
@requires(right=RIGHT)
def propose() -> ResponseReturnValue:
    """Registers a link."""
    made = liaisons.propose_link(db(), **given(LINK), actor=actor(), now=clock.now())
    said = "联系关系已登记并生效。" if made.status != PROPOSED else "联系关系已登记，尚待生效：请看页面上的说明。"
    return done(said, url_for(".link", link_id=made.id))


@blueprint.get("/links/<uuid:link_id>")
@requires(right=RIGHT)
def link(link_id: UUID) -> ResponseReturnValue:
    """One link with its history."""
    found, today = liaisons.get_link(db(), link_id, actor()), clock.today()
    events = liaisons.link_events(db(), found)
    waiting = liaisons.waiting(db(), found, max(found.starts_on, today)) if found.status == PROPOSED else ()
    warnings = liaisons.link_warnings(db(), [found], today)[found.id]
    return render_template(
        "links/link.html",
        link=found,
        warnings=[one for one in warnings if one not in (*waiting, *liaisons.TEAM_LACKING)],
        waiting=waiting,
        team=liaisons.standing_service_teams(db(), [found.leader_id], today).get(found.leader_id),
        may_manage=liaisons.keeps_links(actor(), found.leader),
        may_hold=liaisons.may_be_held(found),
        events=events,
        entries=ENTRIES,
        names=Names(db()).learn(event.actor for event in events),
        reasons=REASONS,
        link_statuses=STATUSES,
        today=today,
    )


@blueprint.post("/links/<uuid:link_id>/activate")
@requires(right=RIGHT)
def activate(link_id: UUID) -> ResponseReturnValue:
    """Lets a proposed link begin."""
    liaisons.activate_link(db(), link_id=link_id, actor=actor(), now=clock.now())
    return done("联系关系已生效。", url_for(".link", link_id=link_id))


@blueprint.post("/links/<uuid:link_id>/end")
@requires(right=RIGHT)
def end(link_id: UUID) -> ResponseReturnValue:
    """Ends a link."""
    liaisons.end_link(db(), link_id=link_id, **given(ENDING), actor=actor(), now=clock.now())
    return done("联系关系已结束，记录保留。", url_for(".link", link_id=link_id))


@blueprint.post("/links/<uuid:link_id>/hand-over")
@requires(right=RIGHT)
def hand_over(link_id: UUID) -> ResponseReturnValue:
    """Another leader takes the talent over."""
    taken = liaisons.hand_over(db(), link_id=link_id, **given(HANDOVER), actor=actor(), now=clock.now())
    return done(f"已移交给{taken.leader.person.name}。", url_for(".link", link_id=taken.id))


@blueprint.post("/links/<uuid:link_id>/hold")
@requires(right=RIGHT)
def hold(link_id: UUID) -> ResponseReturnValue:
    """The Talent Office holds all that a leader served whose post has ended."""
    leader_id = liaisons.get_link(db(), link_id, actor()).leader_id
    held = liaisons.hold_links(db(), leader_id=leader_id, actor=actor(), now=clock.now())
    return done(f"{len(held)} 条联系关系已转由区人才办代管，请尽快移交。", url_for(".link", link_id=link_id))


def units() -> Sequence[Unit]:
    """The units by which lists of who serves whom are narrowed."""
    return every_unit()


def require_keeping() -> None:
    """Raises ``NotFound`` for who keeps nobody's links: there is nothing to register (Q2 Q4)."""
    if not liaisons.scopes_of(db(), actor()):
        raise NotFound("没有这个页面；联系关系由区人才办和各单位联络员登记")


def _found(limit: int, offset: int) -> Page[Link]:
    """The links that the address asks for: without a status those that have not ended."""
    given = argument("status")
    every = {"status": None} if given == "all" else {}
    wanted = asked(LinkFilter, include_ended=given == "all" or given in STATUSES, **every)
    return liaisons.search_links(db(), wanted, limit, offset, reader=actor())


def _columns(found: Sequence[Link]) -> Columns[Link]:
    warnings = liaisons.link_warnings(db(), found, asked_day("on") or clock.today())
    return {
        "联系领导": lambda link: link.leader.person.name,
        "类别": lambda link: CLASSES[link.leader.klass],
        "领导职务": lambda link: link.leader.post,
        "联系对象": lambda link: link.talent.name,
        "工作单位": lambda link: link.talent.employer,
        "理由": lambda link: REASONS[link.reason],
        "说明": lambda link: link.note,
        "开始": lambda link: link.starts_on,
        "代管起": lambda link: link.held_from,
        "结束": lambda link: link.ends_on,
        "状态": lambda link: "尚未开始" if _is_to_come(link) else STATUSES[link.status],
        "提示": lambda link: "\n".join(warnings[link.id]),
    }


def _is_to_come(link: Link) -> bool:
    return link.status == ACTIVE and link.starts_on > clock.today()


exported(blueprint, "/links.xlsx", "联系关系", _found, _columns, right=RIGHT)
