"""影响 and 在办事项迁移: what a version would mean for each open case, and moving them, as jobs of the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs
from service.errors import Finding, Invalid, NotFound
from service.http.context import actor, db
from service.http.files import written
from service.ledger.workbooks import XLSX
from service.processes.definitions import list_definitions
from service.processes.instances import numbered, versions_now
from service.processes.migrating import LONGEST_REASON, Choices
from service.processes.migrating import RIGHT as MOVE
from service.processes.models import Definition
from service.processes.moves import KEEP, RECOUNT
from service.processes.tallies import open_tallies
from service.studio import drafts, moving, moving_report
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, going_to, offset, sent, text, whole
from service.web.studio import RIGHT, tab_page

blueprint = Blueprint("studio_impact", __name__)

ENDPOINT = "web.studio_impact.page"
STATUSES = {
    jobs.QUEUED: "排队中",
    jobs.RUNNING: "进行中",
    jobs.PAUSED: "已暂停",
    jobs.DONE: "已完成",
    jobs.FAILED: "未完成",
    jobs.CANCELLED: "已取消",
}
RECENT = 10
_OF_MOVE = ("from", "to", "due", "reason", "number", "case", "alone")
"""The fields of a form that say which move is meant; ``map:…`` too."""


@blueprint.get("/studio/<uuid:draft_id>/impact")
@requires(right=RIGHT)
def page(draft_id: UUID) -> ResponseReturnValue:
    """The tab 影响: starts a look at the open cases towards the draft, and shows those of before."""
    draft = drafts.get(db(), draft_id, actor())
    found = [job for job in _recent(moving.IMPACT) if job.params.get("draft") == str(draft.id)]
    return tab_page(
        "studio/impact.html",
        draft,
        ENDPOINT,
        versions=_open_versions(draft.process),
        found=found,
        statuses=STATUSES,
        keep=KEEP,
        recount=RECOUNT,
    )


@blueprint.post("/studio/<uuid:draft_id>/impact")
@requires(right=MOVE)
def look(draft_id: UUID) -> ResponseReturnValue:
    """Has the worker look at every open case."""
    draft = drafts.get(db(), draft_id, actor())
    fields = sent()
    choices = Choices({}, text(fields, "due") or KEEP)
    wish = moving.Wish(draft.process, None, draft.id, whole(fields, "from") or None, None, choices)
    made = moving.submit_impact(db(), wish=wish, actor=actor(), now=clock.now())
    return going_to(url_for("web.studio_impact.job", job_id=made.id))


@blueprint.get("/studio/processes/<key>/move")
@requires(right=MOVE)
def move_form(key: str) -> ResponseReturnValue:
    """The page from which open cases are moved to a version: first the look, then the move."""
    versions = [one for one in list_definitions(db()) if one.key == key]
    if not versions:
        raise NotFound("没有这个流程。请从流程管理中选择。")
    if argument("asked"):
        kept = _kept(request.args)
        wish = _wish(key, kept)
        total = moving.asked_for(db(), wish=wish, actor=actor())
        asked = {"wish": wish, "total": total, "kept": kept, "name": versions[0].name, "recount": RECOUNT}
        return render_template("studio/move_asked.html", key=key, **asked)
    chosen: dict[str, Any] = {}
    if case := argument("case"):
        for found, (version, _, begun) in versions_now(db(), moving.ids_of([case])).items():
            chosen = {"id": found, "version": version, "begun": begun, "to": argument("to"), "due": argument("due")}
    return render_template(
        "studio/move.html",
        chosen=chosen,
        key=key,
        versions=versions,
        reason=_said(versions[0]),
        open_versions=_open_versions(key),
        found=[one for one in _recent(moving.IMPACT, moving.MIGRATION) if one.params.get("process") == key],
        statuses=STATUSES,
        titles=_titles(),
        keep=KEEP,
        recount=RECOUNT,
    )


@blueprint.post("/studio/processes/<key>/move")
@requires(right=MOVE)
def move(key: str) -> ResponseReturnValue:
    """Looks first (``operation=look``), asks with how many there are (``ask``), or moves the open cases (``move``)."""
    fields = sent()
    wish = _wish(key, fields)
    looks = text(fields, "operation") == "look"
    if not looks and not wish.choices.reason.strip():
        raise Invalid("没有迁移：请写明理由", [Finding("/reason", "请写明为什么迁移，理由留在每件事项的记录里")])
    if text(fields, "operation") == "ask":
        moving.asked_for(db(), wish=wish, actor=actor())
        return going_to(url_for("web.studio_impact.move_form", key=key, asked=1, **_kept(fields)))
    begin = moving.submit_impact if looks else moving.submit_migration
    made = begin(db(), wish=wish, actor=actor(), now=clock.now())
    return going_to(url_for("web.studio_impact.job", job_id=made.id))


@blueprint.get("/studio/jobs/<uuid:job_id>")
@requires(right=RIGHT)
def job(job_id: UUID) -> ResponseReturnValue:
    """A job: how far it is, and what it says of each case."""
    found = moving_report.job_of(db(), job_id, actor())
    verdict = argument("verdict")
    counts = jobs.counts(db(), found.id)
    process = str(found.params["process"])
    versions = [one for one in list_definitions(db()) if one.key == process]
    notes = {one.version: _said(one) for one in versions}
    listed = jobs.items_of(db(), found.id, verdict=verdict, limit=PER_PAGE, offset=offset())
    present = versions_now(db(), moving.ids_of([one.key for one in listed.items]))
    return render_template(
        "studio/job.html",
        alone=listed.items[0] if len(found.params.get("only") or ()) == 1 and listed.items else None,
        job=found,
        title=_titles()[found.kind],
        status=STATUSES[found.status],
        moving_on=found.status in (jobs.QUEUED, jobs.RUNNING),
        counts=counts,
        verdicts=moving_report.VERDICTS,
        verdict=verdict,
        page=listed,
        present={str(case): now for case, now in present.items()},
        lines=moving_report.lines,
        versions=versions,
        reason=found.params["reason"] or notes.get(found.params["to"], ""),
        names=Names(db()).learn([found.made_by]),
        impact=moving.IMPACT,
        keep=KEEP,
        recount=RECOUNT,
    )


@blueprint.get("/studio/jobs/<uuid:job_id>.xlsx")
@requires(right=RIGHT)
def workbook(job_id: UUID) -> ResponseReturnValue:
    """The report, case by case, as a workbook."""
    found = moving_report.job_of(db(), job_id, actor())
    name = "影响.xlsx" if found.kind == moving.IMPACT else "迁移.xlsx"
    return written(lambda path: moving_report.write_sheet(db(), found, path), XLSX, name)


@blueprint.post("/studio/jobs/<uuid:job_id>/<operation>")
@requires(right=MOVE)
def steer(job_id: UUID, operation: str) -> ResponseReturnValue:
    """Pauses a job, lets it go on, or ends it."""
    steering = {
        "pause": (jobs.pause, "已暂停。"),
        "resume": (jobs.resume, "已继续。"),
        "cancel": (jobs.cancel, "已取消。"),
    }
    if operation not in steering:
        raise NotFound("没有这个操作")
    command, message = steering[operation]
    command(db(), job_id=job_id, actor=actor(), now=clock.now())
    return done(message, url_for("web.studio_impact.job", job_id=job_id))


def _kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields among those sent that say which move is meant."""
    return {name: value for name, value in fields.items() if name in _OF_MOVE or name.startswith("map:")}


def _wish(key: str, fields: dict[str, Any]) -> moving.Wish:
    """The move that a form tells. Raises Invalid."""
    mapping = {
        name.removeprefix("map:"): value
        for name, value in fields.items()
        if name.startswith("map:") and isinstance(value, str) and value
    }
    choices = Choices(moving.mapping_of(mapping), text(fields, "due") or KEEP, text(fields, "reason"))
    only = moving.ids_of([text(fields, "case")]) if text(fields, "case") else None
    if number := text(fields, "number").strip():
        only = (numbered(db(), key, number),)
    elif only is None and (fields.get("alone") or "number" in fields):  # 只迁一件: without a number it would be all
        raise Invalid(
            "没有写明是哪一件", [Finding("/number", "请填写事项编号，如 2026-需-0012；要全部迁移的，用“迁移一批”")]
        )
    return moving.Wish(key, whole(fields, "to") or None, None, whole(fields, "from") or None, only, choices)


def _said(version: Definition) -> str:
    """Why a version was published, as a reason to move cases to it: nobody is asked the same twice."""
    return (version.note or "")[:LONGEST_REASON]


def _titles() -> Mapping[str, str]:
    return {name: kind.title for name, kind in jobs.kinds_of(db()).items()}


def _recent(*kinds: str) -> list[jobs.Job]:
    found = [job for kind in kinds for job in jobs.jobs(db(), actor(), kind=kind, limit=50).items]
    return sorted(found, key=lambda one: one.made_at, reverse=True)[:RECENT]


def _open_versions(process: str) -> list[tuple[Definition, int]]:
    """The versions with open cases, and how many."""
    tallies = open_tallies(db())
    return [
        (one, tallies[one.key, one.version].cases)
        for one in list_definitions(db())
        if one.key == process and (one.key, one.version) in tallies
    ]
