"""意见建议: what talents said to leaders, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, contacts, history
from service.contacts import OPINION_STATUSES, Contact, Opinion, OpinionFilter
from service.contacts.fields import ANSWER
from service.db.lists import Page
from service.http.context import actor, db
from service.processes.first_steps import may_start
from service.processes.models import Instance
from service.processes.queries import instances_by_id
from service.processes.rules import NEED
from service.web import stale
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset, sent, text
from service.web.asked import asked
from service.web.choices import every_unit
from service.web.exports import Columns, exported

blueprint = Blueprint("opinions", __name__)


@blueprint.get("/opinions")
@requires()
def opinions() -> ResponseReturnValue:
    """意见建议."""
    page = _found(PER_PAGE, offset())
    return render_template("opinions/opinions.html", page=page, units=every_unit(), **opinion_parts(page.items))


@blueprint.post("/opinions/<uuid:opinion_id>/answer")
@requires()
def answer(opinion_id: UUID) -> ResponseReturnValue:
    """Enters the outcome of an opinion that needs no case."""
    fields = sent()
    with stale.named(fields, words=OPINION_STATUSES, labels={one.name: one.label for one in ANSWER}):
        found = contacts.answer_opinion(
            db(),
            opinion_id=opinion_id,
            status=text(fields, "status"),
            answer=text(fields, "answer"),
            version=stale.version(fields),
            actor=actor(),
            now=clock.now(),
        )
    return done("处理结果已登记。", url_for("web.contacts.contact", contact_id=found.contact_id) + "#opinions")


def opinion_parts(pairs: Sequence[tuple[Opinion, Contact]]) -> dict[str, Any]:
    """The facts that a list of opinions needs beside the rows: their needs, who may answer, what else is open."""
    mine = contacts.leaders_to_record(db(), actor(), {held.leader_id for _, held in pairs})
    return {
        "cases": _cases_of(pairs),
        "statuses": OPINION_STATUSES,
        "may_start": may_start(db(), NEED, actor()),
        "may_answer": {held.id for _, held in pairs if held.leader_id in mine},
        "versions": history.versions_of(db(), {one.id: contacts.opinion_edits(one) for one, _ in pairs}),
    }


def _found(limit: int, offset: int) -> Page[tuple[Opinion, Contact]]:
    return contacts.search_opinions(db(), actor(), asked(OpinionFilter), limit, offset)


def _columns(found: Sequence[tuple[Opinion, Contact]]) -> Columns[tuple[Opinion, Contact]]:
    cases = _cases_of(found)

    def number(opinion: Opinion) -> str:
        case = cases.get(opinion.instance_id) if opinion.instance_id is not None else None
        return case.number or "待受理" if case is not None else ""

    return {
        "日期": lambda pair: pair[1].held_on,
        "人才": lambda pair: pair[0].talent.name,
        "意见建议": lambda pair: pair[0].text,
        "处理结果": lambda pair: pair[0].answer,
        "联系领导": lambda pair: pair[1].leader.name,
        "状态": lambda pair: OPINION_STATUSES[pair[0].status],
        "需求编号": lambda pair: number(pair[0]),
    }


def _cases_of(pairs: Sequence[tuple[Opinion, Contact]]) -> Mapping[UUID, Instance]:
    """The needs that opinions became; at most one statement."""
    return instances_by_id(db(), [one.instance_id for one, _ in pairs if one.instance_id is not None])


exported(blueprint, "/opinions.xlsx", "意见建议", _found, _columns)
