"""名单: every version of the lists of who serves whom, from the draft to the filing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, documents, liaisons
from service.db.lists import Page
from service.errors import Finding, Invalid, NotFound
from service.history import version_of
from service.http import files
from service.http.context import actor, db
from service.liaisons import REASONS, REASONS_OF, Roster, RosterFilter, RosterItem
from service.liaisons.edits import roster_edits
from service.liaisons.fields import DECISION, FILING, LINE
from service.liaisons.rules import DRAFT, ROSTER_STATUSES, STATUSES
from service.people.rules import CLASS_A, CLASS_B, CLASSES
from service.usecases import rosters as operations
from service.usecases.names import Names
from service.web import stale
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, given, offset, sent, text
from service.web.asked import asked
from service.web.exports import Columns, exported, workbook
from service.web.links import RIGHT
from service.web.present import day as written
from service.web.prints import without_type

blueprint = Blueprint("rosters", __name__)

EMPTY_LINES = 5
"""So many empty lines a draft offers below those that it begins with."""
MOST_LINES = 1000

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


@blueprint.get("/rosters")
@requires(right=RIGHT)
def rosters() -> ResponseReturnValue:
    """名单: every version."""
    page, scopes = _found(PER_PAGE, offset()), liaisons.scopes_of(db(), actor())
    return render_template(
        "rosters/rosters.html",
        page=page,
        scope_names=liaisons.scope_names(db(), [*scopes, *(roster.scope for roster in page.items)]),
        scopes=scopes,
        names=Names(db()).learn(roster.created_by for roster in page.items),
        roster_statuses=ROSTER_STATUSES,
    )


@blueprint.get("/rosters/new")
@requires(right=RIGHT)
def new_roster() -> ResponseReturnValue:
    """A draft to fill in: what is drafted already, else who serves whom now."""
    scope, today = argument("scope") or "", clock.today()
    if scope not in liaisons.scopes_of(db(), actor()):
        raise NotFound("没有您可以起草的这份名单，请从名单页面进入")
    start = liaisons.draft_start(db(), scope, today, actor())
    return render_template(
        "rosters/new_roster.html",
        scope=scope,
        scope_name=_scope_name(scope),
        draft=start.draft,
        version=version_of(db(), roster_edits(scope)),
        lines=start.lines[:MOST_LINES],
        waiting=start.waiting,
        today=today,
        empty=range(len(start.lines), len(start.lines) + EMPTY_LINES),
        reasons=REASONS,
        reasons_of=REASONS_OF[CLASS_A if scope == CLASS_A else CLASS_B],
        link_statuses=STATUSES,
    )


@blueprint.post("/rosters")
@requires(right=RIGHT)
def draft_roster() -> ResponseReturnValue:
    """Keeps a draft."""
    fields = sent()
    numbers = sorted({int(name[5:]) for name in fields if re.fullmatch(r"line_[0-9]{1,6}", name)})
    lines = {
        number: {one.name: text(fields, f"{_typed(one.name)}_{number}") for one in LINE}
        for number in numbers[: MOST_LINES + EMPTY_LINES]
    }
    filled = {number: line for number, line in lines.items() if line["leader_id"] or line["talent_id"]}
    try:
        with stale.named(fields):
            roster = liaisons.draft_roster(
                db(),
                scope=text(fields, "scope"),
                items=list(filled.values()),
                note=text(fields, "note"),
                version=stale.version(fields),
                actor=actor(),
                now=clock.now(),
            )
    except Invalid as error:
        raise Invalid(error.message, [_of_line(finding, list(filled)) for finding in error.findings]) from error
    return done("草稿已保存。核对无误后填写文号，即可确定。", url_for(".roster", roster_id=roster.id))


@blueprint.get("/rosters/<uuid:roster_id>")
@requires(right=RIGHT)
def roster(roster_id: UUID) -> ResponseReturnValue:
    """A version with its lines and what it changes."""
    found = liaisons.get_roster(db(), roster_id, actor())
    may_decide, may_file = liaisons.may_decide(db(), actor(), found), liaisons.may_file(actor(), found)
    return render_template(
        "rosters/roster.html",
        roster=found,
        noted=operations.roster_lines(db(), found, clock.today()) if found.status == DRAFT else [],
        task=operations.open_task(db(), found) if may_decide or may_file else None,
        change=liaisons.roster_change(db(), found),
        lacking=without_type(_on_paper(found)),
        scope_name=_scope_name(found.scope),
        names=Names(db()).learn([found.created_by]),
        may_decide=may_decide,
        may_file=may_file,
        reasons=REASONS,
        roster_statuses=ROSTER_STATUSES,
        today=clock.today(),
    )


@blueprint.get("/rosters/<uuid:roster_id>.xlsx")
@requires(right=RIGHT)
def export_roster(roster_id: UUID) -> ResponseReturnValue:
    """The lines of a version."""
    found = liaisons.get_roster(db(), roster_id, actor())
    title = f"{_scope_name(found.scope)}名单 第 {found.version} 版"
    return workbook(title, [list(enumerate(found.items, 1))], lambda _: LINE_COLUMNS)


@blueprint.post("/rosters/<uuid:roster_id>/decide")
@requires(right=RIGHT)
def decide_roster(roster_id: UUID) -> ResponseReturnValue:
    """Puts a draft in force."""
    operations.decide(db(), roster_id=roster_id, **given(DECISION), actor=actor(), now=clock.now())
    return done("名单已确定，联系关系已按名单调整。", url_for(".roster", roster_id=roster_id))


@blueprint.post("/rosters/<uuid:roster_id>/file")
@requires(right="file_rosters")
def file_roster(roster_id: UUID) -> ResponseReturnValue:
    """The Talent Office has the list on file."""
    operations.file(db(), roster_id=roster_id, **given(FILING), actor=actor(), now=clock.now())
    return done("名单已备案。", url_for(".roster", roster_id=roster_id))


@blueprint.get("/rosters/<uuid:roster_id>.pdf")
@requires(right=RIGHT)
def roster_paper(roster_id: UUID) -> ResponseReturnValue:
    """The list on paper."""
    found = liaisons.get_roster(db(), roster_id, actor())
    data = _on_paper(found)
    template, type_folder = documents.TEMPLATE_FOLDER / "roster.typ", documents.TYPE_FOLDER
    made = documents.render(template, data, made_at=found.created_at, type_folder=type_folder)
    return files.printed(made, f"{data['scope']}联系名单 第 {found.version} 版", save=False)


def _found(limit: int, offset: int) -> Page[Roster]:
    return liaisons.search_rosters(db(), asked(RosterFilter), limit, offset, reader=actor())


def _columns(found: Sequence[Roster]) -> Columns[Roster]:
    scopes = liaisons.scope_names(db(), [roster.scope for roster in found])
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


def _scope_name(scope: str) -> str:
    return liaisons.scope_names(db(), [scope])[scope]


def _typed(name: str) -> str:
    """The name of a field of lines in the form of a draft."""
    return name.removesuffix("_id")


def _of_line(finding: Finding, numbers: Sequence[int]) -> Finding:
    """The finding with the number of the line as the page counts it."""
    parts = finding.path.split("/")
    if len(parts) < 4 or parts[1] != "items":
        return finding
    number = numbers[int(parts[2])]
    return Finding(f"/{_typed(parts[3])}_{number}", f"第 {number + 1} 行：{finding.message}")


def _on_paper(found: Roster) -> dict[str, Any]:
    """The data of a list for the template of the paper."""
    return {
        "scope": _scope_name(found.scope),
        "version": found.version,
        "status": ROSTER_STATUSES[found.status],
        "document_no": found.document_no or "",
        "decided_on": written(found.decided_on) if found.decided_on else "",
        "note": found.note or "",
        "lines": [
            {
                "leader": item.leader.person.name,
                "post": item.leader.post,
                "talent": item.talent.name,
                "work": "　".join(part for part in (item.talent.employer, item.talent.post) if part),
                "reason": REASONS[item.reason],
                "note": item.note or "",
            }
            for item in found.items
        ],
    }


exported(blueprint, "/rosters.xlsx", "名单", _found, _columns, right=RIGHT)
