"""The desk: what must I do, most urgent first; and the help page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from service import clock, reports
from service.auth.queries import accounts_of_role
from service.http.context import actor, db, settings
from service.processes import lateness, queries, timers
from service.processes.deadlines import deadlines
from service.processes.rules import DEFAULT_WARN, NEED
from service.rights import ADMIN, LEADER, may
from service.web import case_lists, overview, tasks
from service.web.access import ANYONE, requires
from service.web.begins import begins, need

blueprint = Blueprint("desk", __name__)

SHOWN = 15


@blueprint.get("/")
@requires()
def desk() -> ResponseReturnValue:
    """工作台."""
    today = clock.today()
    if not actor().roles:
        administrators = [account.name for account in accounts_of_role(db(), ADMIN, on=today)]
        return render_template("desk/without_role.html", administrators=administrators, contact=settings().contact)
    page = queries.open_tasks(db(), actor(), today=today, limit=SHOWN)
    all_units = may(actor(), "view_ledger_all")
    running = queries.cases(db(), actor(), filters=queries.CaseFilter(status="running"), limit=SHOWN)
    about = case_lists.rows(running.items)
    return render_template(
        "desk/desk.html",
        page=page,
        running=running,
        counts=queries.light_counts(db(), actor(), today=today),
        running_title=_running_title(),
        need=need(),
        may_contact=LEADER in actor().roles,
        units=lateness.unit_work(db(), today) if all_units else [],
        talents=overview.own_talents(db(), actor()),
        unread_briefs=reports.unread_briefs(db(), actor()) if LEADER in actor().roles else 0,
        begins=begins(),
        incidents=timers.count_open_incidents(db()) if may(actor(), "retry_incidents") else 0,
        people=about["names"],
        standings=about["standings"],
        meaning=lateness.MEANING,
        **tasks.rows(page.items),
    )


@blueprint.get("/help")
@requires(ANYONE)
def help_page() -> ResponseReturnValue:
    """How to work here, and how to reach the Talent Office (H2)."""
    return render_template(
        "desk/help.html",
        contact=settings().contact,
        deadlines=deadlines(db(), NEED),
        year=overview.year_of_work(db()),
        default_warn=DEFAULT_WARN,
        meaning=lateness.MEANING,
    )


def _running_title() -> str:
    """A leader sees own talents' needs, the Talent Office all units', others what concerns them."""
    if may(actor(), "view_ledger_all"):
        return "全区在办的需求"
    return "我联系的人才的需求" if actor().has_role(LEADER) else "与我有关的在办需求"
