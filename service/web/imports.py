"""Excel import: templates to download, an upload, its preview with every fault, and the decision to write it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, exchange
from service.errors import Invalid
from service.http.context import actor, db, settings, wired
from service.http.files import download
from service.ledger.workbooks import XLSX
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset

blueprint = Blueprint("imports", __name__)

STATUSES = {
    "uploaded": "等待检查",
    "checking": "正在检查",
    "checked": "待确认",
    "refused": "有错误，未导入",
    "confirmed": "等待写入",
    "writing": "正在写入",
    "done": "已导入",
    "failed": "写入失败，未导入",
    "cancelled": "已取消",
}
MOVING = frozenset({"uploaded", "checking", "confirmed", "writing"})
"""While a job is in one of these its page looks again every second."""


def _basis() -> exchange.Basis:
    return exchange.Basis(wired().organization, settings().contacts)


@blueprint.get("/imports")
@requires(right="import_data")
def imports() -> ResponseReturnValue:
    """批量导入: what can be imported, and what was."""
    return _page()


def _page(refused: str | None = None, error: str = "") -> str:
    """The page; ``error`` is why the file of the kind ``refused`` was not taken."""
    return render_template(
        "imports/imports.html",
        kinds=exchange.kinds_for(actor()),
        names={kind.id: kind.name for kind in exchange.KINDS.values()},
        page=exchange.jobs(db(), actor(), limit=PER_PAGE, offset=offset()),
        statuses=STATUSES,
        refused=refused,
        error=error,
    )


@blueprint.get("/imports/template/<kind>.xlsx")
@requires(right="import_data")
def template(kind: str) -> ResponseReturnValue:
    """The sheet to fill in."""
    wanted = exchange.kind_for(kind, actor())
    made = exchange.template(wanted, _basis())
    return download(made, XLSX, f"{wanted.name}导入模板.xlsx")


@blueprint.post("/imports/<kind>")
@requires(right="import_data", body=exchange.MAX_BYTES + 10_000)
def upload(kind: str) -> ResponseReturnValue:
    """Takes in a file; the worker checks it."""
    given = request.files.get("file")
    try:
        if given is None or not given.filename:
            raise Invalid("请选择填写好的 .xlsx 文件")  # noqa: TRY301 - told as what is wrong with a file is
        job = exchange.upload(
            db(), kind=kind, name=given.filename, content=given.read(), actor=actor(), now=clock.now()
        )
    except Invalid as error:  # nothing was written: the page comes back and says why
        return _page(kind, error.message), 422
    return redirect(url_for("web.imports.job", job_id=job.id))


@blueprint.get("/imports/<uuid:job_id>")
@requires(right="import_data")
def job(job_id: UUID) -> ResponseReturnValue:
    """How far an import is, what was found, and how its rows were understood."""
    found = exchange.get_job(db(), job_id, actor())
    kind = exchange.KINDS[found.kind]
    wrong: dict[int, list[str]] = {}
    for fault in found.findings:
        wrong.setdefault(fault["row"], []).append(fault["column"])
    columns = kind.columns(_basis())
    faulty = {fault["column"] for fault in found.findings}
    filled = [
        place
        for place, column in enumerate(columns)
        if column.required or column.title in faulty or any(row["cells"][place] for row in found.preview)
    ]
    return render_template(
        "imports/job.html",
        job=found,
        kind=kind,
        columns=columns,
        filled=filled,
        wrong=wrong,
        status=STATUSES[found.status],
        moving=found.status in MOVING,
        share=round(100 * found.done / found.total) if found.total else 0,
    )


@blueprint.post("/imports/<uuid:job_id>/confirm")
@requires(right="import_data")
def confirm(job_id: UUID) -> ResponseReturnValue:
    """Write it, with or without the rows that the sheet hides."""
    skip = request.form.get("hidden") == "skip"
    exchange.confirm(db(), job_id=job_id, actor=actor(), now=clock.now(), skip_hidden=skip)
    return done("已确认，正在写入。", url_for("web.imports.job", job_id=job_id))


@blueprint.post("/imports/<uuid:job_id>/cancel")
@requires(right="import_data")
def cancel(job_id: UUID) -> ResponseReturnValue:
    """Give it up."""
    exchange.cancel(db(), job_id=job_id, actor=actor(), now=clock.now())
    return done("已取消导入，没有写入任何数据。", url_for("web.imports.imports"))
