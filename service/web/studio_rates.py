"""改派率, below the decision tables of a draft: how often people did otherwise than each rule had proposed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs
from service.errors import NotFound
from service.http.context import actor, db
from service.http.files import download
from service.ids import as_id
from service.ledger.workbooks import XLSX
from service.processes.queries import seen_among
from service.studio import drafts, rating
from service.studio.models import Draft
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, day, going_to, offset, sent
from service.web.studio import RIGHT
from service.web.studio_impact import STATUSES

blueprint = Blueprint("studio_rates", __name__)

USUAL = timedelta(days=365)
"""The period that the page offers: back from today."""


def told(draft: Draft, files: Mapping[str, bytes]) -> dict[str, Any]:
    """The names that ``studio/_rates.html`` uses: the last count over the process's cases, rule by rule."""
    job = _last(draft)
    today = clock.today()
    wish = rating.Wish.read(job.params) if job is not None else rating.Wish(draft.process, today - USUAL, today)
    tables = rating.tables_of(files)
    done = job is not None and job.status == jobs.DONE
    return {
        "tables": tables,
        "rates_job": job,
        "rates_wish": wish,
        "rates_statuses": STATUSES,
        "rates_going": job is not None and job.status in (jobs.QUEUED, jobs.RUNNING),
        "rated": rating.rated(job.result or {}, tables) if job is not None and done else [],
        "definition": rating.DEFINITION,
    }


@blueprint.post("/studio/<uuid:draft_id>/rates")
@requires(right=RIGHT)
def count(draft_id: UUID) -> ResponseReturnValue:
    """Has the worker count over a period."""
    draft = drafts.get(db(), draft_id, actor())
    fields = sent()
    wish = rating.Wish(draft.process, day(fields, "from", "第一天"), day(fields, "to", "最后一天"))
    rating.submit(db(), wish=wish, actor=actor(), now=clock.now())
    return going_to(url_for("web.studio_tables.page", draft_id=draft_id) + "#rates")


@blueprint.get("/studio/<uuid:draft_id>/rates/<uuid:job_id>.xlsx")
@requires(right=RIGHT)
def workbook(draft_id: UUID, job_id: UUID) -> ResponseReturnValue:
    """The figures, rule by rule, as a workbook."""
    draft = drafts.get(db(), draft_id, actor())
    tables = rating.tables_of(drafts.files(db(), draft))
    return download(rating.sheet(db(), _of(draft, job_id), tables), XLSX, "改派率.xlsx")


@blueprint.get("/studio/<uuid:draft_id>/rates/<uuid:job_id>/cases")
@requires(right=RIGHT)
def cases(draft_id: UUID, job_id: UUID) -> ResponseReturnValue:
    """The times that people did otherwise than one rule (``decision``, ``rule``), the case for who may see it."""
    draft = drafts.get(db(), draft_id, actor())
    job = _of(draft, job_id)
    decision, rule = argument("decision") or "", argument("rule") or ""
    tables = rating.tables_of(drafts.files(db(), draft))
    one = next(
        (one for one in rating.rated(job.result or {}, tables) if (one.decision, one.rule) == (decision, rule)), None
    )
    if one is None:
        raise NotFound("没有这条规则的统计。请从规则表中选择。")
    word = rating.verdict(decision, rule)
    page = jobs.items_of(db(), job.id, verdict=word, limit=PER_PAGE, offset=offset())
    ids = [found for item in page.items if (found := as_id(item.data["instance"])) is not None]
    return render_template(
        "studio/rates.html",
        draft=draft,
        job=job,
        one=one,
        page=page,
        seen={str(one) for one in seen_among(db(), ids, actor())},
    )


def _of(draft: Draft, job_id: UUID) -> jobs.Job:
    found = rating.job_of(db(), job_id, actor())
    if found.params["process"] != draft.process:
        raise NotFound("没有这个改派率的统计")
    return found


def _last(draft: Draft) -> jobs.Job | None:
    return next(iter(jobs.about(db(), rating.RATES, params={"process": draft.process}, limit=1)), None)
