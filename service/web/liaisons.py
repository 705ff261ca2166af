"""联系关系、配额、工作团队、名单: who serves whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, documents, history, liaisons
from service.db.lists import Page
from service.errors import Finding, Invalid, NotFound
from service.history import HistoryEvent, version_of
from service.liaisons.edits import roster_edits, service_team_edits
from service.liaisons.models import Link, Roster, RosterItem, ServiceTeam
from service.liaisons.rules import (
    DECIDED,
    DRAFT,
    EVENTS,
    HELD,
    PROPOSED,
    QUOTAS,
    REASONS,
    REASONS_OF,
    ROSTER_STATUSES,
    STATUSES,
)
from service.people.models import Leader
from service.people.queries import find_leader, find_liaison, find_unit, search_units, unit_names
from service.people.rules import CLASS_A, CLASS_B
from service.rights import LIAISON, may
from service.talents.models import Talent
from service.talents.queries import find_talent, teams_of
from service.usecases import rosters as deeds
from service.web import stale
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, asked_day, day, done, offset, sent, text
from service.web.context import actor, db
from service.web.exports import Columns, batches, workbook
from service.web.names import Names
from service.web.present import day as written
from service.web.prints import TEMPLATES, paper_file, without_type

blueprint = Blueprint("liaisons", __name__)

RIGHT = "view_links"
ALL_UNITS = 200
SUGGESTED = 8
EMPTY_LINES = 5
"""So many empty lines a draft offers below those that it begins with."""
MOST_LINES = 1000
CLASSES = {CLASS_A: "A 类（区领导）", CLASS_B: "B 类（成员单位领导）"}


# --- Links -----------------------------------------------------------------------------------------------------------


@blueprint.get("/links")
@requires(right=RIGHT)
def links() -> ResponseReturnValue:
    """联系关系."""
    page = _found_links(PER_PAGE, offset())
    return render_template(
        "liaisons/links.html",
        page=page,
        warnings=liaisons.link_warnings(db(), page.items, asked_day("on") or clock.today()),
        units=_units(),
        may_add=_may_add(),
        today=clock.today(),
        **_words(),
    )


@blueprint.get("/links.xlsx")
@requires(right=RIGHT)
def export_links() -> ResponseReturnValue:
    """联系关系 as the list shows it, all its pages."""
    return workbook("联系关系", batches(_found_links), _link_columns)


@blueprint.get("/links/new")
@requires(right=RIGHT)
def new_link() -> ResponseReturnValue:
    """A new link: first the leader, then a talent of one's own choice or one that is suggested.

    Where the leader is not the reader's to choose the same page says at the field who arranges that leader's links.
    """
    _require_adding()
    asked = find_leader(db(), argument("leader") or "")
    leader = asked if asked is not None and _may_manage(asked) else None
    found: Sequence[liaisons.Suggestion] = ()
    if leader is not None:
        found = liaisons.suggestions(db(), leader_id=leader.id, on=clock.today(), limit=SUGGESTED)
    talent = find_talent(db(), argument("talent") or "")
    return render_template(
        "liaisons/new_link.html",
        leader=leader,
        asked=asked,
        refused=_arranged_elsewhere(asked) if asked is not None and leader is None else None,
        talent=talent,
        reason=argument("reason"),
        led=[team for team in teams_of(db(), talent.id) if team.active and team.lead_id == talent.id] if talent else [],
        served=liaisons.talents_of(db(), [leader.id], clock.today())[leader.id] if leader else (),
        others=liaisons.leaders_of(db(), [talent.id], clock.today())[talent.id] if talent else (),
        suggestions=found,
        quota=QUOTAS[leader.klass] if leader else 0,
        reasons_of=REASONS_OF,
        today=clock.today(),
        **_words(),
    )


@blueprint.post("/links")
@requires(right=RIGHT)
def propose() -> ResponseReturnValue:
    """Registers a link."""
    fields = sent()
    made = liaisons.propose_link(
        db(),
        leader_id=text(fields, "leader_id"),
        talent_id=text(fields, "talent_id"),
        reason=text(fields, "reason"),
        note=text(fields, "note"),
        starts_on=day(fields, "starts_on", "开始日期"),
        team_id=text(fields, "team_id") or None,
        actor=actor(),
        now=clock.now(),
    )
    said = "联系关系已登记并生效。" if made.status != PROPOSED else "联系关系已登记，尚待生效：请看页面上的说明。"
    return done(said, url_for(".link", link_id=made.id))


@blueprint.get("/links/<uuid:link_id>")
@requires(right=RIGHT)
def link(link_id: UUID) -> ResponseReturnValue:
    """One link with its history."""
    found, today = liaisons.get_link(db(), link_id, actor()), clock.today()
    events = [event for event in history.stream_events(db(), f"talent:{found.talent_id}") if _is_about(event, found)]
    names = Names(db()).learn(event.actor for event in events)
    return render_template(
        "liaisons/link.html",
        link=found,
        warnings=liaisons.link_warnings(db(), [found], today)[found.id],
        waiting=liaisons.waiting(db(), found, max(found.starts_on, today)) if found.status == PROPOSED else (),
        team=liaisons.standing_teams(db(), [found.leader_id], today).get(found.leader_id),
        may_manage=_may_manage(found.leader),
        may_hold=found.status == "active" and found.leader.ends_on is not None,
        events=events,
        event_names=EVENTS,
        names=names,
        today=today,
        **_words(),
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
    fields = sent()
    liaisons.end_link(
        db(),
        link_id=link_id,
        ends_on=day(fields, "ends_on", "最后一天"),
        reason=text(fields, "reason"),
        actor=actor(),
        now=clock.now(),
    )
    return done("联系关系已结束，记录保留。", url_for(".link", link_id=link_id))


@blueprint.post("/links/<uuid:link_id>/hand-over")
@requires(right=RIGHT)
def hand_over(link_id: UUID) -> ResponseReturnValue:
    """Another leader takes the talent over."""
    fields = sent()
    taken = liaisons.hand_over(
        db(),
        link_id=link_id,
        successor_id=text(fields, "successor_id"),
        starts_on=day(fields, "starts_on", "接任日期"),
        note=text(fields, "note"),
        actor=actor(),
        now=clock.now(),
    )
    return done(f"已移交给{taken.leader.person.name}。", url_for(".link", link_id=taken.id))


@blueprint.post("/links/<uuid:link_id>/hold")
@requires(right=RIGHT)
def hold(link_id: UUID) -> ResponseReturnValue:
    """The Talent Office holds all that a leader served whose post has ended."""
    leader = liaisons.get_link(db(), link_id, actor()).leader
    if leader.ends_on is None:
        raise Invalid("该领导仍在任", [Finding("/leader_id", "该领导仍在任，请先登记任职的结束日期")])
    held = liaisons.hold_links(
        db(), leader_id=leader.id, held_from=leader.ends_on + timedelta(days=1), actor=actor(), now=clock.now()
    )
    return done(f"{len(held)} 条联系关系已转由区人才办代管，请尽快移交。", url_for(".link", link_id=link_id))


# --- Quotas ----------------------------------------------------------------------------------------------------------


@blueprint.get("/quotas")
@requires(right=RIGHT)
def quotas() -> ResponseReturnValue:
    """配额: who serves too few, on any day."""
    on = asked_day("on") or clock.today()
    page, totals = _quota_report(PER_PAGE, offset())
    return render_template(
        "liaisons/quotas.html",
        page=page,
        totals=totals,
        on=on,
        unreadable=argument("on") if asked_day("on") is None else None,
        served=liaisons.talents_of(db(), [row.leader.id for row in page.items], on),
        units=_units(),
        may_manage=_may_manage,
        quotas=QUOTAS,
        **_words(),
    )


@blueprint.get("/quotas.xlsx")
@requires(right=RIGHT)
def export_quotas() -> ResponseReturnValue:
    """配额 as the list shows it, all its pages."""
    found = batches(lambda limit, offset: _quota_report(limit, offset)[0])
    return workbook(f"配额（{asked_day('on') or clock.today()}）", found, _quota_columns)


# --- Service teams ---------------------------------------------------------------------------------------------------


@blueprint.get("/service-teams")
@requires(right=RIGHT)
def service_teams() -> ResponseReturnValue:
    """工作团队."""
    page = _found_teams(PER_PAGE, offset())
    return render_template(
        "liaisons/teams.html",
        page=page,
        units=_units(),
        may_add=_may_add(),
        may_manage=_may_manage,
        today=clock.today(),
        **_words(),
    )


@blueprint.get("/service-teams.xlsx")
@requires(right=RIGHT)
def export_teams() -> ResponseReturnValue:
    """工作团队 as the list shows it, all its pages."""
    return workbook("工作团队", batches(_found_teams), lambda _: TEAM_COLUMNS)


@blueprint.get("/service-teams/new")
@requires(right=RIGHT)
def new_team() -> ResponseReturnValue:
    """A new service team, beginning with the present one."""
    _require_adding()
    leader = _asked_leader()
    today = clock.today()
    standing = liaisons.standing_teams(db(), [leader.id], today).get(leader.id) if leader else None
    named = find_liaison(db(), leader.unit_code, today) if leader and leader.unit_code else None
    # What is offered are those who are there: somebody who has left cannot be chosen again.
    officer = named.person if named else standing.liaison if standing else None
    return render_template(
        "liaisons/new_team.html",
        leader=leader,
        team=standing,
        version=version_of(db(), service_team_edits(leader)) if leader else None,
        officer=officer if officer and officer.active else None,
        today=today,
        **_words(),
    )


@blueprint.post("/service-teams")
@requires(right=RIGHT)
def set_team() -> ResponseReturnValue:
    """Sets a leader's service team."""
    fields = sent()
    members = fields.get("members")
    # the version is that of the leader whose team the page showed
    version = stale.version(fields) if text(fields, "shown") == text(fields, "leader_id") else None
    with stale.named(fields):
        team = liaisons.set_service_team(
            db(),
            leader_id=text(fields, "leader_id"),
            head_id=text(fields, "head_id"),
            liaison_id=text(fields, "liaison_id"),
            members=[{"person_id": one} for one in members] if isinstance(members, list) else [],
            starts_on=day(fields, "starts_on", "开始日期"),
            version=version,
            actor=actor(),
            now=clock.now(),
        )
    said = f"{team.leader.person.name}的工作团队已组建；只等工作团队的联系关系已同时生效。"
    return done(said, url_for(".service_teams", leader=team.leader_id))


# --- Rosters ---------------------------------------------------------------------------------------------------------


@blueprint.get("/rosters")
@requires(right=RIGHT)
def rosters() -> ResponseReturnValue:
    """名单: every version."""
    page = _found_rosters(PER_PAGE, offset())
    scopes = own_scopes()
    return render_template(
        "liaisons/rosters.html",
        page=page,
        scope_names=_scope_names([*scopes, *(roster.scope for roster in page.items)]),
        scopes=scopes,
        names=Names(db()).learn(roster.created_by for roster in page.items),
        **_words(),
    )


@blueprint.get("/rosters.xlsx")
@requires(right=RIGHT)
def export_rosters() -> ResponseReturnValue:
    """名单 as the list shows it, all its pages."""
    return workbook("名单", batches(_found_rosters), _roster_columns)


@blueprint.get("/rosters/new")
@requires(right=RIGHT)
def new_roster() -> ResponseReturnValue:
    """A draft to fill in: what is drafted already, else who serves whom now."""
    scope = argument("scope") or ""
    if scope not in own_scopes():
        raise NotFound("没有您可以起草的这份名单，请从名单页面进入")
    there = liaisons.search_rosters(db(), 1, scope=scope, status=DRAFT, reader=actor()).items
    present, today = liaisons.scope_links(db(), scope), clock.today()
    waiting = [link for link in present if liaisons.awaits_handover(link, today)]
    stay = [link for link in present if link not in waiting]
    lines: Sequence[RosterItem | Link] = (
        [one for one in there[0].items if one.leader.serves_on(today)] if there else stay
    )
    return render_template(
        "liaisons/new_roster.html",
        scope=scope,
        scope_name=_scope_names([scope])[scope],
        draft=there[0] if there else None,
        version=version_of(db(), roster_edits(scope)),
        lines=lines[:MOST_LINES],
        waiting=waiting,
        today=today,
        empty=range(len(lines), len(lines) + EMPTY_LINES),
        reasons_of=REASONS_OF[CLASS_A if scope == CLASS_A else CLASS_B],
        **_words(),
    )


@blueprint.post("/rosters")
@requires(right=RIGHT)
def draft_roster() -> ResponseReturnValue:
    """Keeps a draft."""
    fields = sent()
    numbers = sorted({int(name[5:]) for name in fields if re.fullmatch(r"line_[0-9]{1,6}", name)})
    items, places = [], []
    for number in numbers[: MOST_LINES + EMPTY_LINES]:
        if not text(fields, f"leader_{number}") and not text(fields, f"talent_{number}"):
            continue
        places.append(number)
        items.append(
            {
                "leader_id": text(fields, f"leader_{number}"),
                "talent_id": text(fields, f"talent_{number}"),
                "reason": text(fields, f"reason_{number}"),
                "note": text(fields, f"note_{number}"),
            }
        )
    try:
        with stale.named(fields):
            roster = liaisons.draft_roster(
                db(),
                scope=text(fields, "scope"),
                items=items,
                note=text(fields, "note"),
                version=stale.version(fields),
                actor=actor(),
                now=clock.now(),
            )
    except Invalid as error:
        raise Invalid(error.message, [_of_line(finding, places) for finding in error.findings]) from error
    return done("草稿已保存。核对无误后填写文号，即可确定。", url_for(".roster", roster_id=roster.id))


@blueprint.get("/rosters/<uuid:roster_id>")
@requires(right=RIGHT)
def roster(roster_id: UUID) -> ResponseReturnValue:
    """A version with its lines and what it changes."""
    found = liaisons.get_roster(db(), roster_id, actor())
    may_decide = found.status == DRAFT and found.scope in own_scopes()
    may_file = found.status == DECIDED and may(actor(), "file_rosters") and found.scope != CLASS_A
    return render_template(
        "liaisons/roster.html",
        roster=found,
        noted=deeds.roster_lines(db(), found, clock.today()) if found.status == DRAFT else [],
        task=deeds.open_task(db(), found) if may_decide or may_file else None,
        change=liaisons.roster_change(db(), found),
        lacking=without_type(_roster_data(found)),
        scope_name=_scope_names([found.scope])[found.scope],
        names=Names(db()).learn([found.created_by]),
        may_decide=may_decide,
        may_file=may_file,
        today=clock.today(),
        **_words(),
    )


@blueprint.get("/rosters/<uuid:roster_id>.xlsx")
@requires(right=RIGHT)
def export_roster(roster_id: UUID) -> ResponseReturnValue:
    """The lines of a version."""
    found = liaisons.get_roster(db(), roster_id, actor())
    title = f"{_scope_names([found.scope])[found.scope]}名单 第 {found.version} 版"
    return workbook(title, [list(enumerate(found.items, 1))], lambda _: LINE_COLUMNS)


@blueprint.post("/rosters/<uuid:roster_id>/decide")
@requires(right=RIGHT)
def decide_roster(roster_id: UUID) -> ResponseReturnValue:
    """Puts a draft in force."""
    fields = sent()
    deeds.decide(
        db(),
        roster_id=roster_id,
        document_no=text(fields, "document_no"),
        decided_on=day(fields, "decided_on", "确定日期"),
        actor=actor(),
        now=clock.now(),
    )
    return done("名单已确定，联系关系已按名单调整。", url_for(".roster", roster_id=roster_id))


@blueprint.post("/rosters/<uuid:roster_id>/file")
@requires(right="file_rosters")
def file_roster(roster_id: UUID) -> ResponseReturnValue:
    """The Talent Office has the list on file."""
    on = day(sent(), "on", "备案日期")
    deeds.file(db(), roster_id=roster_id, on=on, actor=actor(), now=clock.now())
    return done("名单已备案。", url_for(".roster", roster_id=roster_id))


@blueprint.get("/rosters/<uuid:roster_id>.pdf")
@requires(right=RIGHT)
def roster_paper(roster_id: UUID) -> ResponseReturnValue:
    """The list on paper."""
    found = liaisons.get_roster(db(), roster_id, actor())
    data = _roster_data(found)
    made = documents.render(TEMPLATES / "roster.typ", data, made_at=found.created_at, type_folder=documents.TYPE_FOLDER)
    return paper_file(made, "application/pdf", f"{data['scope']}联系名单 第 {found.version} 版.pdf")


def _roster_data(found: Roster) -> dict[str, Any]:
    """What its template is given of a list."""
    scope = _scope_names([found.scope])[found.scope]
    return {
        "scope": scope,
        "version": found.version,
        "status": ROSTER_STATUSES[found.status],
        "document_no": found.document_no or "",
        "decided_on": written(found.decided_on) if found.decided_on else "",
        "note": found.note or "",
        "lines": [_on_paper(item) for item in found.items],
    }


# --- What is exported -------------------------------------------------------------------------------------------------


TEAM_COLUMNS: Columns[ServiceTeam] = {
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

LINE_COLUMNS: Columns[tuple[int, RosterItem]] = {
    "序号": lambda line: line[0],
    "联系领导": lambda line: line[1].leader.person.name,
    "类别": lambda line: CLASSES[line[1].leader.klass],
    "领导职务": lambda line: line[1].leader.post,
    "联系对象": lambda line: line[1].talent.name,
    "工作单位": lambda line: line[1].talent.employer,
    "职务": lambda line: line[1].talent.post,
    "理由": lambda line: REASONS[line[1].reason],
    "说明": lambda line: line[1].note,
}


def _found_links(limit: int, offset: int) -> Page[Link]:
    status = argument("status")
    return liaisons.search_links(
        db(),
        argument("q"),
        limit,
        offset,
        leader_id=argument("leader"),
        talent_id=argument("talent"),
        unit=argument("unit"),
        klass=argument("klass"),
        status=status if status in STATUSES else None,
        on=asked_day("on"),
        warned=request.args.get("warned") == "yes",
        include_ended=status is not None,
        reader=actor(),
    )


def _link_columns(found: Sequence[Link]) -> Columns[Link]:
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
        "状态": lambda link: STATUSES[link.status],
        "提示": lambda link: "\n".join(warnings[link.id]),
    }


def _quota_report(limit: int, offset: int) -> tuple[Page[liaisons.QuotaRow], tuple[liaisons.QuotaTotal, ...]]:
    return liaisons.quota_report(
        db(),
        on=asked_day("on") or clock.today(),
        klass=argument("klass"),
        unit=argument("unit"),
        short_only=request.args.get("short") == "yes",
        limit=limit,
        offset=offset,
        reader=actor(),
    )


def _quota_columns(found: Sequence[liaisons.QuotaRow]) -> Columns[liaisons.QuotaRow]:
    served = liaisons.talents_of(db(), [row.leader.id for row in found], asked_day("on") or clock.today())
    return {
        "领导": lambda row: row.leader.person.name,
        "类别": lambda row: CLASSES[row.leader.klass],
        "领导职务": lambda row: row.leader.post,
        "单位": lambda row: row.leader.unit.name if row.leader.unit else "",
        "应联系": lambda row: row.required,
        "已联系": lambda row: row.count,
        "情况": lambda row: "按 A 类考核" if row.both else f"缺 {row.short} 名" if row.short else "达到",
        "联系对象": lambda row: "、".join(talent.name for talent in served[row.leader.id]),
    }


def _found_teams(limit: int, offset: int) -> Page[ServiceTeam]:
    return liaisons.search_teams(
        db(),
        argument("q"),
        limit,
        offset,
        leader_id=argument("leader"),
        unit=argument("unit"),
        klass=argument("klass"),
        on=None if request.args.get("all") == "yes" else clock.today(),
        reader=actor(),
    )


def _found_rosters(limit: int, offset: int) -> Page[Roster]:
    return liaisons.search_rosters(
        db(), limit, offset, scope=argument("scope"), status=argument("status"), reader=actor()
    )


def _roster_columns(found: Sequence[Roster]) -> Columns[Roster]:
    scopes = _scope_names([roster.scope for roster in found])
    names = Names(db()).learn(roster.created_by for roster in found)
    return {
        "名单": lambda roster: f"{scopes.get(roster.scope, roster.scope)} 第 {roster.version} 版",
        "状态": lambda roster: ROSTER_STATUSES[roster.status],
        "文号": lambda roster: roster.document_no,
        "确定日期": lambda roster: roster.decided_on,
        "备案日期": lambda roster: roster.filed_on,
        "起草人": lambda roster: names.person(roster.created_by),
        "起草时间": lambda roster: roster.created_at,
    }


# --- What they share -------------------------------------------------------------------------------------------------


def _words() -> dict[str, Any]:
    return {
        "classes": CLASSES,
        "reasons": REASONS,
        "link_statuses": STATUSES,
        "roster_statuses": ROSTER_STATUSES,
        "held": HELD,
        "left": liaisons.left_team,
    }


def _units() -> Sequence[Any]:
    return search_units(db(), limit=ALL_UNITS).items


def _may_add() -> bool:
    """Whether there are leaders whose links the reader keeps: a liaison of the three offices has none (Q2 Q4)."""
    return bool(own_scopes())


def _require_adding() -> None:
    if not _may_add():
        raise NotFound("没有这个页面；联系关系由区人才办和各单位联络员登记")


def _asked_leader() -> Leader | None:
    """The leader that the address names, where the reader keeps that leader's links."""
    leader = find_leader(db(), argument("leader") or "")
    if leader is not None and not _may_manage(leader):
        raise NotFound("没有您可以登记的这位领导；区领导由区人才办登记，单位领导由本单位联络员登记")
    return leader


def _arranged_elsewhere(leader: Leader) -> str:
    """Who arranges the leader's links, for a reader who does not (Q2 Q4)."""
    whose = f"{leader.unit.name}联络员" if leader.klass != CLASS_A and leader.unit is not None else "区人才办"
    return f"这位领导的联系关系由{whose}办理，请选择其他领导"


def _may_manage(leader: Leader) -> bool:
    right = "manage_links_a" if leader.klass == CLASS_A else "manage_links_b"
    return may(actor(), right, unit=leader.unit_code)


def own_scopes() -> list[str]:
    """Whose lists the reader may draft: class A, the own units."""
    first = [CLASS_A] if may(actor(), "manage_links_a") else []
    units = [unit for code in sorted(actor().units_of(LIAISON)) if (unit := find_unit(db(), code)) is not None]
    return [*first, *(unit.code for unit in units if unit.is_member_unit)]


def _scope_names(scopes: Sequence[str]) -> dict[str, str]:
    return {CLASS_A: "区领导（A类）", **unit_names(db(), [scope for scope in scopes if scope != CLASS_A])}


def _is_about(event: HistoryEvent, found: Link) -> bool:
    return str(found.id) in (event.data.get("link_id"), event.data.get("from_link_id"))


def _of_line(finding: Finding, places: Sequence[int]) -> Finding:
    """The finding with the number of the line as the page counts it."""
    parts = finding.path.split("/")
    if len(parts) < 4 or parts[1] != "items":
        return finding
    number = places[int(parts[2])]
    return Finding(f"/{parts[3].removesuffix('_id')}_{number}", f"第 {number + 1} 行：{finding.message}")


def _on_paper(item: RosterItem) -> dict[str, str]:
    leader: Leader = item.leader
    talent: Talent = item.talent
    return {
        "leader": leader.person.name,
        "post": leader.post,
        "talent": talent.name,
        "work": "　".join(part for part in (talent.employer, talent.post) if part),
        "reason": REASONS[item.reason],
        "note": item.note or "",
    }
