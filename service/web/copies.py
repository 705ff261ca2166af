"""抄送: sending a case for information, withdrawing it, and the list of what was copied to oneself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.db.lists import Page
from service.http.context import actor, db, wired
from service.http.sessions import afterwards
from service.processes import queries, sharing
from service.processes.models import Instance
from service.web import present
from service.web.access import requires
from service.web.answers import PER_PAGE, done, listed, offset, sent, text
from service.web.case_lists import case_columns, filters, rows
from service.web.exports import Columns, exported

blueprint = Blueprint("copies", __name__)


@blueprint.post("/cases/<uuid:instance_id>/copy")
@requires()
def copy(instance_id: UUID) -> ResponseReturnValue:
    """抄送."""
    fields = sent()
    sharing.copy(
        db(),
        instance_id=instance_id,
        to=listed(fields, "to"),
        note=text(fields, "note"),
        actor=actor(),
        now=clock.now(),
    )
    return done("已抄送。", url_for("web.cases.case", instance_id=instance_id))


@blueprint.post("/cases/<uuid:instance_id>/copy/withdraw")
@requires()
def withdraw(instance_id: UUID) -> ResponseReturnValue:
    """撤回抄送."""
    sharing.withdraw_copy(
        db(), instance_id=instance_id, username=text(sent(), "username"), actor=actor(), now=clock.now()
    )
    return done("已撤回抄送。", url_for("web.cases.case", instance_id=instance_id))


@blueprint.post("/cases/<uuid:instance_id>/read")
@requires()
def read(instance_id: UUID) -> ResponseReturnValue:
    """Notes that a copied case was opened, and opens it."""
    sharing.mark_copy_read(db(), instance_id=instance_id, actor=actor(), now=clock.now())
    return redirect(url_for("web.cases.case", instance_id=instance_id))


def note_reading(instance_id: UUID) -> None:
    """Notes that the reader has opened a case that was copied to them; done beside the request, which only reads."""
    who, now = actor(), clock.now()

    note = partial(sharing.mark_copy_read, instance_id=instance_id, actor=who, now=now)
    afterwards(partial(wired().database.try_aside, note))


@blueprint.get("/cases/copied")
@requires()
def copied() -> ResponseReturnValue:
    """抄送我的."""
    page = _found(PER_PAGE, offset())
    return render_template("copies/copied.html", page=page, **_copy_rows(page.items))


def _found(limit: int, offset: int) -> Page[Instance]:
    return queries.copied_to(db(), actor(), filters=filters(process=None), limit=limit, offset=offset)


def _copy_rows(instances: Sequence[Instance]) -> dict[str, Any]:
    """The facts that a table of copied cases needs beside the rows."""
    beside, copies = rows(instances), sharing.received(db(), [row.id for row in instances], actor())
    beside["names"].learn(copy.sent_by for copy in copies.values())
    return {**beside, "copies": copies}


def _columns(instances: Sequence[Instance]) -> Columns[Instance]:
    beside = _copy_rows(instances)
    names, copies, standings = beside["names"], beside["copies"], beside["standings"]
    return {
        **case_columns(names),
        "时限": lambda case: "、".join(present.lateness(standings.get(case.id))),
        "登记单位": lambda case: names.unit(case.initiator_unit),
        "抄送时间": lambda case: copies[case.id].sent_at,
        "抄送人": lambda case: names.person(copies[case.id].sent_by),
        "阅读": lambda case: "已读" if copies[case.id].read_at else "未读",
    }


exported(blueprint, "/cases/copied.xlsx", "抄送我的", _found, _columns)
