"""封存: the signed heads over the journal, for auditors to keep, compare and print; the evidence of a case."""

from __future__ import annotations

from uuid import UUID

import segno
from flask import Blueprint, g, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs, seals
from service.http.context import actor, db, told, wired
from service.http.files import download
from service.seals.heads import groups
from service.seals.keys import known_keys
from service.seals.witnesses import head_file, name_of
from service.usecases.evidence import RIGHT as EVIDENCE
from service.usecases.evidence import Evidence, hand_out
from service.usecases.sealing import CHECK, RIGHT, SEAL
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset

blueprint = Blueprint("seals", __name__)
ZIP = "application/zip"


@blueprint.get("/seals")
@requires(right=RIGHT)
def index() -> ResponseReturnValue:
    """The heads, the newest first, and how the last check ended."""
    return render_template(
        "seals/seals.html",
        page=seals.seals(db(), limit=PER_PAGE, offset=offset()),
        keys=known_keys(db()),
        checks=jobs.jobs(db(), actor(), kind=CHECK, limit=1).items,
        sealing=jobs.jobs(db(), actor(), kind=SEAL, limit=1).items,
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


def _evidence(instance_id: UUID) -> Evidence:
    return hand_out(wired().database, instance_id, g.actor)


@blueprint.get("/cases/<uuid:instance_id>/evidence.zip")
@requires(right=EVIDENCE, ahead=_evidence)
def evidence(instance_id: UUID) -> ResponseReturnValue:
    """证据包 of a case."""
    told()
    made: Evidence = g.ahead
    return download(made.content, ZIP, made.name)
