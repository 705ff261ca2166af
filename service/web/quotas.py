"""配额: who serves too few, on any day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from service import clock, liaisons
from service.db.lists import Page
from service.http.context import actor, db
from service.liaisons import QUOTAS, QuotaFilter, QuotaRow, QuotaTotal
from service.people.rules import CLASSES
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, asked_day, offset
from service.web.asked import asked
from service.web.exports import Columns, exported
from service.web.links import RIGHT, units

blueprint = Blueprint("quotas", __name__)


@blueprint.get("/quotas")
@requires(right=RIGHT)
def quotas() -> ResponseReturnValue:
    """配额: who serves too few, on any day."""
    page, totals = _report(PER_PAGE, offset())
    return render_template(
        "quotas/quotas.html",
        page=page,
        totals=totals,
        on=_day(),
        unreadable=argument("on") if asked_day("on") is None else None,
        served=liaisons.talents_of(db(), [row.leader.id for row in page.items], _day()),
        units=units(),
        may_manage=partial(liaisons.keeps_links, actor()),
        quotas=QUOTAS,
        classes=CLASSES,
    )


def _day() -> date:
    return asked_day("on") or clock.today()


def _report(limit: int, offset: int) -> tuple[Page[QuotaRow], tuple[QuotaTotal, ...]]:
    return liaisons.quota_report(db(), asked(QuotaFilter), limit, offset, reader=actor())


def _columns(found: Sequence[QuotaRow]) -> Columns[QuotaRow]:
    served = liaisons.talents_of(db(), [row.leader.id for row in found], _day())
    return {
        "领导": lambda row: row.leader.person.name,
        "类别": lambda row: CLASSES[row.leader.klass],
        "领导职务": lambda row: row.leader.post,
        "单位": lambda row: row.leader.unit.name if row.leader.unit else "",
        "应联系": lambda row: row.required,
        "已联系": lambda row: row.count,
        "情况": lambda row: "按 A 类考核" if row.both else f"缺 {row.short} 名" if row.short else "达到",
        "联系对象": lambda row: "、".join(talent.name for talent in served[row.leader.id]),
    }


exported(
    blueprint,
    "/quotas.xlsx",
    lambda: f"配额（{_day()}）",
    lambda limit, offset: _report(limit, offset)[0],
    _columns,
    right=RIGHT,
)
