"""联络员小结: summaries of contacts and needs by liaison, unit and period (T5)."""

from __future__ import annotations

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from service.contacts.summaries import KINDS, NEED, Stint, SummaryFilter, stints
from service.db.lists import Page
from service.http.context import actor, db
from service.usecases.summaries import Summary, summaries
from service.web.access import requires
from service.web.answers import PER_PAGE, offset
from service.web.asked import asked
from service.web.exports import Columns, exported

blueprint = Blueprint("summaries", __name__)

COLUMNS: Columns[Summary] = {
    "日期": lambda one: one.on,
    "联络员": lambda one: one.liaison,
    "单位": lambda one: one.unit,
    "联系对象": lambda one: one.talents,
    "联系领导": lambda one: one.leader,
    "类别": lambda one: KINDS[one.kind],
    "需求": lambda one: one.title if one.kind == NEED else "",
    "小结": lambda one: one.text,
    "形式或状态": lambda one: one.state,
}


@blueprint.get("/summaries")
@requires()
def index() -> ResponseReturnValue:
    """联络员小结."""
    wanted, known = asked(SummaryFilter), _known()
    return render_template(
        "summaries/summaries.html",
        page=_found(PER_PAGE, offset()),
        wanted=wanted,
        kinds=KINDS,
        liaisons={str(one.person_id): one.name for one in known},
        units={one.unit: one.unit_name for one in known},
    )


def _known() -> list[Stint]:
    """The liaisons whose summaries the reader may read, asked once a request."""
    if "stints" not in g:
        g.stints = stints(db(), actor())
    found: list[Stint] = g.stints
    return found


def _found(limit: int, offset: int) -> Page[Summary]:
    return summaries(db(), actor(), _known(), asked(SummaryFilter), limit, offset)


exported(blueprint, "/summaries.xlsx", "联络员小结", _found, COLUMNS)
