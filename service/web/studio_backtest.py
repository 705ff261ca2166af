"""The tab 回测: a draft tried on finished cases: which would have gone another way, and by which dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs
from service.errors import Invalid, NotFound
from service.http.context import actor, db
from service.http.files import written
from service.ids import as_id
from service.ledger.workbooks import XLSX
from service.processes.bundles import compile_bundle, compiled
from service.processes.queries import seen_among
from service.studio import backtest, drafts
from service.studio.backtesting import BACKTEST, MOST, Wish, in_period, job_of, submit, write_sheet
from service.studio.models import Draft
from service.studio.moving_report import UNTIMED
from service.studio.names import bundle_of
from service.studio.supposing import Fresh, Suppositions, fresh_to_any
from service.web import diagrams, supposed_form
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, day, done, going_to, offset, sent, whole
from service.web.studio import RIGHT, tab_page
from service.web.studio_impact import RECENT, STATUSES

blueprint = Blueprint("studio_backtest", __name__)

ENDPOINT = "web.studio_backtest.page"
USUAL = timedelta(days=365)
"""The period that the page offers: back from today."""


@blueprint.get("/studio/<uuid:draft_id>/backtest")
@requires(right=RIGHT)
def page(draft_id: UUID) -> ResponseReturnValue:
    """The period to choose, and the newest backtest of the draft or the one that the address names."""
    draft = drafts.get(db(), draft_id, actor())
    found = jobs.about(db(), BACKTEST, params={"draft": str(draft.id)}, limit=RECENT)
    job = _mine(draft, argument("job")) if argument("job") else next(iter(found), None)
    today = clock.today()
    wish = Wish.read(job.params) if job is not None else Wish(draft.process, today - USUAL, today, draft.id)
    asks = argument("from") is not None
    # who looks how far it is asks for no form
    if asks:
        wish = _asked(wish)
    new = [] if request.headers.get("HX-Request") and not asks else _fresh(draft, wish)
    if asks:
        wish = replace(wish, supposing=_typed(new or []))
    more = _told(draft, job) if job is not None else {}
    return tab_page(
        "studio/backtest.html",
        draft,
        ENDPOINT,
        wish=wish,
        of=Wish.read(job.params) if job is not None else None,
        most=MOST,
        there=in_period(db(), wish),
        asked=list(supposed_form.asked(new or [], wish.supposing)),
        broken=new is None,
        found=found,
        statuses=STATUSES,
        job=job,
        **more,
    )


@blueprint.post("/studio/<uuid:draft_id>/backtest")
@requires(right=RIGHT)
def begin(draft_id: UUID) -> ResponseReturnValue:
    """Has the worker run the finished cases of a period by the draft."""
    draft = drafts.get(db(), draft_id, actor())
    fields = sent()
    first, last = day(fields, "from", "办结的第一天"), day(fields, "to", "办结的最后一天")
    wish = Wish(draft.process, first, last, draft.id, None, whole(fields, "limit"))
    wish = replace(wish, supposing=supposed_form.read(fields, _fresh(draft, wish) or []))
    made = submit(db(), wish=wish, actor=actor(), now=clock.now())
    return going_to(url_for(ENDPOINT, draft_id=draft_id, job=made.id))


@blueprint.post("/studio/<uuid:draft_id>/backtest/<uuid:job_id>/<operation>")
@requires(right=RIGHT)
def steer(draft_id: UUID, job_id: UUID, operation: str) -> ResponseReturnValue:
    """Pauses a backtest, lets it go on, or ends it."""
    steering = {
        "pause": (jobs.pause, "已暂停。"),
        "resume": (jobs.resume, "已继续。"),
        "cancel": (jobs.cancel, "已取消。"),
    }
    _mine(drafts.get(db(), draft_id, actor()), str(job_id))
    if operation not in steering:
        raise NotFound("没有这个操作")
    command, message = steering[operation]
    command(db(), job_id=job_id, actor=actor(), now=clock.now())
    return done(message, url_for(ENDPOINT, draft_id=draft_id, job=job_id))


@blueprint.get("/studio/<uuid:draft_id>/backtest/<uuid:job_id>.xlsx")
@requires(right=RIGHT)
def workbook(draft_id: UUID, job_id: UUID) -> ResponseReturnValue:
    """The report, case by case, as a workbook."""
    job = _mine(drafts.get(db(), draft_id, actor()), str(job_id))
    return written(lambda path: write_sheet(db(), job, path), XLSX, "回测.xlsx")


def _asked(wish: Wish) -> Wish:
    """The wish with the period that is being typed; as it was where that is no period yet."""
    fields: dict[str, Any] = dict(request.args)
    try:
        return replace(wish, first=day(fields, "from", "办结的第一天"), last=day(fields, "to", "办结的最后一天"))
    except Invalid:
        return wish


def _typed(new: Sequence[Fresh]) -> Suppositions:
    """The answers typed already, for the questions of another period; none where something of them is not finished."""
    try:
        return supposed_form.read(request.args, new)
    except Invalid:
        return Suppositions()


def _fresh(draft: Draft, wish: Wish) -> list[Fresh] | None:
    """The steps and fields that the draft adds to any version by which the cases of the period ran, or to that on which
    it stands where there are no cases; None where it cannot be read."""
    ran = backtest.digests(db(), draft.process, first=wish.first, last=wish.last)
    base = {} if ran else drafts.base_files(db(), draft)
    if not ran and not base:
        return []
    try:
        new = compile_bundle(bundle_of(drafts.files(db(), draft)), draft.process)
        olds = [compiled(db(), digest, draft.process) for digest in ran]
        return fresh_to_any(olds or [compile_bundle(bundle_of(base), draft.process)], new)
    except Invalid:
        return None


def _mine(draft: Draft, job_id: str | None) -> jobs.Job:
    """The backtest of this draft. Raises NotFound."""
    found = as_id(job_id or "")
    if found is None or (job := job_of(db(), found, actor())).params.get("draft") != str(draft.id):
        raise NotFound("没有这个回测。请从这份草稿的回测中选择。")
    return job


def _told(draft: Draft, job: jobs.Job) -> dict[str, Any]:
    verdict = argument("verdict")
    items = jobs.items_of(db(), job.id, verdict=verdict, limit=PER_PAGE, offset=offset())
    result = job.result if job.status == jobs.DONE else None
    drawn = _drawn(draft, result or {}) if result is not None else []
    return {
        "moving_on": job.status in (jobs.QUEUED, jobs.RUNNING),
        "counts": jobs.counts(db(), job.id),
        "verdicts": backtest.WORDS,
        "verdict": verdict,
        "cases": items,
        "seen": {str(one) for one in seen_among(db(), [UUID(one.key) for one in items.items], actor())},
        "lines": _lines,
        "result": result,
        "steps": sorted((result or {}).get("steps", {}).items(), key=_most_changed),
        "stale": result is not None and result.get("revision") not in (None, draft.revision),
        "drawn": drawn,
        "drawing": diagrams.island(drawn),
    }


def _drawn(draft: Draft, result: Mapping[str, Any]) -> list[diagrams.Picture]:
    """The diagrams of the draft with both counts on each flow."""
    drawn = diagrams.pictures(bundle_of(drafts.files(db(), draft)), draft.process)
    by_id = {picture.id: picture for picture in drawn}
    for (process, source, node), was, would in backtest.unlike(result.get("before", {}), result.get("flows", {})):
        if process in by_id:
            by_id[process].counts.append((source, node, was, would))
    return drawn


def _most_changed(step: tuple[str, Mapping[str, int]]) -> tuple[int, str]:
    name, row = step
    return -row["earlier"] - row["later"], name


def _lines(data: Mapping[str, Any]) -> Sequence[str]:
    """The sentences that an item says of a case."""
    found = [str(data["message"])] if data.get("message") else []
    found += [f"照设想办了「{step}」" for step in data.get("supposed", ())]
    for one in data.get("due", ()):
        late = {(False, True): "，会逾期", (True, False): "，就不逾期了", (True, True): "，仍然逾期"}
        dates = f"期限由 {one['from'] or UNTIMED} 变为 {one['to'] or UNTIMED}"
        moved = f"（{backtest.moved(one['days'])}）" if one["days"] else ""
        found.append(f"「{one['step']}」{dates}{moved}{late.get((one['late_before'], one['late_after']), '')}")
    return found
