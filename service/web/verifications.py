"""核验: the results of verifications for auditors, what each found, and a new one by the worker."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs
from service.audit.tables.names import table_names
from service.audit.verifying import results
from service.audit.verifying.advice import advised
from service.canonical import dumps
from service.http.context import actor, db
from service.http.files import download
from service.usecases.names import Names
from service.usecases.verifying import VERIFY
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset, sent, text

blueprint = Blueprint("verifications", __name__)


@blueprint.get("/verifications")
@requires(right=results.RIGHT)
def index() -> ResponseReturnValue:
    """The results, the newest first, and the one that goes on."""
    page = results.verifications(db(), actor(), limit=PER_PAGE, offset=offset())
    names = Names(db()).learn([one.made_by for one in page.items])
    going = jobs.jobs(db(), actor(), kind=VERIFY, limit=1).items
    return render_template("verifications/verifications.html", page=page, names=names, going=going)


@blueprint.post("/verifications")
@requires(right=results.RIGHT)
def begin() -> ResponseReturnValue:
    """A verification, by the worker; ``full`` executes every case again."""
    params = {"full": bool(text(sent(), "full"))}
    jobs.submit(db(), kind=VERIFY, params=params, actor=actor(), now=clock.now())
    return done("已提交，后台任务正在核验，请稍后刷新。", url_for("web.verifications.index"))


@blueprint.get("/verifications/<uuid:verification_id>")
@requires(right=results.RIGHT)
def result(verification_id: UUID) -> ResponseReturnValue:
    """One result with its findings."""
    one = results.verification(db(), actor(), verification_id)
    names = Names(db()).learn([one.made_by])
    found = advised(one.findings)
    return render_template("verifications/verification.html", one=one, found=found, names=names, nouns=table_names())


@blueprint.get("/verifications/<uuid:verification_id>.json")
@requires(right=results.RIGHT)
def report(verification_id: UUID) -> ResponseReturnValue:
    """The same for a program."""
    told = results.report(results.verification(db(), actor(), verification_id))
    return download(dumps(told).encode(), "application/json", f"verification-{verification_id}.json")
