"""封存: the signed heads over the journal, for auditors to keep, compare and print; the evidence of a case."""

from __future__ import annotations

from uuid import UUID

import segno
from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs, seals
from service.audit.evidence.receipts import receipt as receipt_of
from service.audit.evidence.receipts import receipts as receipts_of
from service.errors import Invalid, NotFound
from service.http.context import actor, db, told, wired
from service.http.files import download, written
from service.seals.heads import groups
from service.seals.keys import known_keys
from service.seals.witnesses import LEAVES, head_file, name_of, write_leaves
from service.usecases.evidence import RIGHT as EVIDENCE
from service.usecases.evidence import Evidence, hand_out
from service.usecases.names import Names
from service.usecases.sealing import AGAINST, CHECK, LARGEST, RIGHT, SEAL, submit_against
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset

blueprint = Blueprint("seals", __name__)
ZIP = "application/zip"


@blueprint.get("/seals")
@requires(right=RIGHT)
def index() -> ResponseReturnValue:
    """The heads, the newest first, and how the last check ended."""
    sealing = jobs.jobs(db(), actor(), kind=SEAL, limit=5).items
    return render_template(
        "seals/seals.html",
        names=Names(db()).learn([job.made_by for job in sealing]),
        page=seals.seals(db(), limit=PER_PAGE, offset=offset()),
        keys=known_keys(db()),
        checks=jobs.jobs(db(), actor(), kind=CHECK, limit=1).items,
        held=jobs.jobs(db(), actor(), kind=AGAINST, limit=5).items,
        sealing=sealing,
        groups=groups,
    )


@blueprint.post("/seals")
@requires(right=RIGHT)
def make() -> ResponseReturnValue:
    """立即封存, by the worker."""
    jobs.submit(db(), kind=SEAL, params={}, actor=actor(), now=clock.now(), total=1)
    return done("已提交，后台任务在几秒内封存，请稍后刷新。", url_for("web.seals.index"))


@blueprint.post("/seals/check")
@requires(right=RIGHT)
def check() -> ResponseReturnValue:
    """核对封存, by the worker."""
    jobs.submit(db(), kind=CHECK, params={}, actor=actor(), now=clock.now(), total=1)
    return done("已提交，后台任务正在核对，请稍后刷新。", url_for("web.seals.index"))


@blueprint.get("/seals/<int:n>.json")
@requires(right=RIGHT)
def head(n: int) -> ResponseReturnValue:
    """The file of a head, as a witness keeps it."""
    seal = seals.seal_of(db(), n)
    return download(head_file(seal, known_keys(db())), "application/json", f"{name_of(n)}.json")


@blueprint.get("/seals/<int:n>")
@requires(right=RIGHT)
def sheet(n: int) -> ResponseReturnValue:
    """One head to be printed and signed: its digests in groups, and as a code that a camera reads."""
    shown = seals.shown(db(), n)
    said = f"liaison-seal {n} {shown.head.size} sha256:{shown.head.sha256} head:{shown.digest}"
    code = segno.make(said, error="m").svg_inline(scale=4, svgclass="seal-code", lineclass=None, omitsize=False)
    return render_template("seals/sheet.html", one=shown, groups=groups, code=code)


@blueprint.get("/seals/<int:n>.leaves.gz")
@requires(right=RIGHT)
def leaves(n: int) -> ResponseReturnValue:
    """The file that names each event of a head, by its hash: with it a check tells which one was changed."""
    return written(lambda path: write_leaves(db(), n, path), "application/gzip", f"{name_of(n)}{LEAVES}")


@blueprint.post("/seals/against")
@requires(right=RIGHT, body=LARGEST)
def against() -> ResponseReturnValue:
    """用保存在别处的封存核对, by the worker: files that the auditor has kept; they are forgotten afterwards."""
    sent = [one for one in request.files.getlist("files") if one.filename]
    try:
        job = submit_against(db(), {str(one.filename): one.read() for one in sent}, actor=actor(), now=clock.now())
    except Invalid as error:
        return render_template("seals/against.html", error=error.message), 422
    return redirect(url_for("web.seals.held", job_id=job.id), 303)


@blueprint.get("/seals/against/<uuid:job_id>")
@requires(right=RIGHT)
def held(job_id: UUID) -> ResponseReturnValue:
    """How far the worker is, and what it found."""
    job = jobs.visible_job(db(), job_id, actor())
    if job.kind != AGAINST:
        raise NotFound("没有这次核对")
    return render_template("seals/against.html", job=job)


def _evidence(instance_id: UUID) -> Evidence:
    return hand_out(wired().database, instance_id, g.actor)[0]


@blueprint.get("/cases/<uuid:instance_id>/evidence")
@requires(right=EVIDENCE)
def receipts(instance_id: UUID) -> ResponseReturnValue:
    """The receipts of the packages that were exported of a case, and the way to export one."""
    found = receipts_of(db(), instance_id, actor())
    names = Names(db()).learn([one.by for one in found.items])
    return render_template("seals/evidence.html", instance=found.instance, items=found.items, names=names)


@blueprint.get("/cases/<uuid:instance_id>/evidence/<int:seq>")
@requires(right=EVIDENCE)
def receipt(instance_id: UUID, seq: int) -> ResponseReturnValue:
    """One receipt, to be printed."""
    instance, one = receipt_of(db(), instance_id, seq, actor())
    return render_template("seals/receipt.html", instance=instance, one=one, names=Names(db()).learn([one.by]))


@blueprint.get("/cases/<uuid:instance_id>/evidence.zip")
@requires(right=EVIDENCE, ahead=_evidence)
def evidence(instance_id: UUID) -> ResponseReturnValue:
    """证据包 of a case."""
    told()
    made: Evidence = g.ahead
    return download(made.content, ZIP, made.name)
