"""访谈进度: two interviews a year of each pair of class B (F2), and why there were too few."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, contacts
from service.contacts import InterviewFilter, PairCount
from service.contacts.rules import reasons_asked
from service.http.context import actor, db
from service.ids import as_id
from service.web import stale
from service.web.access import requires
from service.web.answers import done, sent, text
from service.web.asked import asked
from service.web.choices import member_units
from service.web.exports import Columns, workbook

blueprint = Blueprint("interviews", __name__)

FIRST_YEAR = 2000
COLUMNS: Columns[PairCount] = {
    "进度": lambda pair: "已满" if not pair.short else f"还差 {pair.short} 次" if pair.count else "尚未访谈",
    "联系领导": lambda pair: pair.leader.name,
    "领导职务": lambda pair: pair.leader.post,
    "联系对象": lambda pair: pair.talent.name,
    "工作单位": lambda pair: pair.talent.employer,
    "已访谈": lambda pair: pair.count,
    "应访谈": lambda pair: pair.required,
    "分次": lambda pair: (
        "，".join(f"{leader.name} {count} 次" for leader, count in pair.split) if len(pair.split) > 1 else ""
    ),
    "未完成原因": lambda pair: pair.reason,
}


@blueprint.get("/interviews")
@requires()
def interviews() -> ResponseReturnValue:
    """访谈进度; reasons are asked for from the year's last reminder on."""
    today, wanted = clock.today(), _wanted()
    year = wanted.year or today.year
    pairs = contacts.interview_progress(db(), actor(), replace(wanted, short=False))
    shown = [pair for pair in pairs if pair.short or not wanted.short]
    explains = contacts.may_enter(db(), actor()) and reasons_asked(year, today)
    return render_template(
        "interviews/interviews.html",
        pairs=shown,
        versions=contacts.missed_versions(db(), shown, year) if explains else {},
        total=len(pairs),
        done=sum(pair.short == 0 for pair in pairs),
        year=year,
        years=[(str(one), f"{one} 年") for one in range(today.year, today.year - 5, -1)],
        units=member_units(),
        may_explain=explains,
    )


@blueprint.get("/interviews.xlsx")
@requires()
def export() -> ResponseReturnValue:
    """访谈进度 as the list shows it."""
    wanted = _wanted()
    return workbook(
        f"{wanted.year} 年访谈进度", [contacts.interview_progress(db(), actor(), wanted)], lambda _: COLUMNS
    )


@blueprint.post("/interviews/reason")
@requires()
def missed() -> ResponseReturnValue:
    """Why a pair had too few interviews."""
    fields = sent()
    year = text(fields, "year")
    with stale.named(fields):
        contacts.give_missed_reason(
            db(),
            leader_id=text(fields, "leader_id"),
            talent_id=text(fields, "talent_id"),
            year=int(year) if year.isdecimal() and len(year) == 4 else 0,
            reason=text(fields, "reason"),
            version=stale.version(fields),
            actor=actor(),
            now=clock.now(),
        )
    if (task := as_id(text(fields, "task"))) is not None:
        return done("原因已登记。", url_for("web.tasks.task", task_id=task))
    return done("原因已登记。", url_for(".interviews", year=year))


def _wanted() -> InterviewFilter:
    """The filter in the address; a year that has not begun is this one."""
    today = clock.today()
    found = asked(InterviewFilter, on=today)
    return found if found.year and FIRST_YEAR <= found.year <= today.year else replace(found, year=today.year)
