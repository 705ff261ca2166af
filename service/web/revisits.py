"""政策受限事项: needs that could not be solved within the policy, by policy; looked at again when it changes (W13)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.db.lists import Page
from service.http.context import actor, db
from service.ledger import revisits
from service.ledger.fields import CHANGE, RESULTS, REVISIT
from service.ledger.models import Revisit
from service.ledger.revisits import Change
from service.processes.models import Instance
from service.rights import may
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import done, given
from service.web.begins import need
from service.web.exports import Columns, exported

blueprint = Blueprint("revisits", __name__)


@blueprint.get("/revisits")
@requires(right="view_ledger_all")
def index() -> ResponseReturnValue:
    """The policies that limit needs, and those that were marked changed."""
    changes = revisits.changes(db())
    return render_template(
        "revisits/index.html",
        groups=revisits.limited(db()),
        changes=changes,
        names=Names(db()).learn([one.change.marked_by for one in changes]),
        may_mark=may(actor(), revisits.RIGHT),
        term=revisits.TERM,
    )


def _find(limit: int, offset: int) -> Page[tuple[Change, Revisit, Instance]]:
    """The cases to be looked at again, those of the policy marked last first."""
    rows = [(one, revisit, case) for one in revisits.changes(db()) for revisit, case in one.rows]
    return Page(tuple(rows[offset : offset + limit]), len(rows), limit, offset)


def _columns(rows: Sequence[tuple[Change, Revisit, Instance]]) -> Columns[tuple[Change, Revisit, Instance]]:
    people = [name for one, revisit, _ in rows for name in (one.change.marked_by, revisit.done_by)]
    names = Names(db()).learn(people, (), [case.talent_id for _, _, case in rows])
    return {
        "政策": lambda row: row[0].change.policy,
        "变化内容": lambda row: row[0].change.told,
        "标记时间": lambda row: row[0].change.marked_at,
        "研判期限": lambda row: row[0].due_on,
        "编号": lambda row: row[2].number,
        "需求": lambda row: row[2].title,
        "联系对象": lambda row: names.talent(row[2].talent_id) if row[2].talent_id else "",
        "当时的解释": lambda row: row[2].data.get("explanation"),
        "研判结果": lambda row: RESULTS.get(row[1].result or "", "尚未研判"),
        "说明": lambda row: row[1].note,
        "研判人": lambda row: names.person(row[1].done_by) if row[1].done_by else "",
        "研判时间": lambda row: row[1].done_at,
        "研判期限暂定": lambda row: "暂定" if row[0].due_provisional else "",
    }


exported(blueprint, "/revisits.xlsx", "政策变化后重新研判", _find, _columns, right="view_ledger_all")


@blueprint.post("/revisits")
@requires(right=revisits.RIGHT)
def mark() -> ResponseReturnValue:
    """Marks a policy changed."""
    change = revisits.mark_changed(db(), values=given(CHANGE), actor=actor(), now=clock.now())
    return done("已标记，列出的事项请逐件重新研判", url_for("web.revisits.change", change_id=change.id))


@blueprint.get("/revisits/<uuid:change_id>")
@requires(right="view_ledger_all")
def change(change_id: UUID) -> ResponseReturnValue:
    """A changed policy with its needs, and what came of looking at each again."""
    found = revisits.change_of(db(), change_id)
    people = [found.change.marked_by, *(one.done_by for one, _ in found.rows)]
    return render_template(
        "revisits/change.html",
        one=found,
        term=revisits.TERM,
        results=RESULTS,
        names=Names(db()).learn(people, (), [case.talent_id for _, case in found.rows]),
        may_mark=may(actor(), revisits.RIGHT),
        may_begin=need() is not None,
    )


@blueprint.post("/revisits/<uuid:change_id>/<uuid:instance_id>")
@requires(right=revisits.RIGHT)
def look(change_id: UUID, instance_id: UUID) -> ResponseReturnValue:
    """Keeps what came of looking at a need again."""
    told = given(REVISIT)
    revisits.revisit(db(), change_id=change_id, instance_id=instance_id, values=told, actor=actor(), now=clock.now())
    return done("已记录研判结果", url_for("web.revisits.change", change_id=change_id))
