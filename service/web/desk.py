"""The desk: what must I do, most urgent first; and the help page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from service import auth, clock
from service.audit.verifying.results import failed
from service.auth.queries import accounts_of_role
from service.db.lists import Page
from service.http.context import actor, db, settings
from service.ledger.board import PAGE_RIGHT as BOARD
from service.processes import lateness, queries, timers
from service.processes.deadlines import deadlines
from service.processes.models import Instance
from service.processes.rules import DEFAULT_WARN, NEED
from service.rights import ADMIN, LEADER, administers_only, may
from service.web import case_lists, overview, tasks
from service.web.access import ANYONE, requires
from service.web.begins import begins, need
from service.web.desks import Desk, desk_of

blueprint = Blueprint("desk", __name__)

SHOWN = 15


@blueprint.get("/")
@requires(for_administrators=True)
def desk() -> ResponseReturnValue:
    """工作台."""
    today = clock.today()
    if not actor().roles:
        administrators = [account.name for account in accounts_of_role(db(), ADMIN, on=today)]
        return render_template("desk/without_role.html", administrators=administrators, contact=settings().contact)
    waiting = {
        "incidents": timers.count_open_incidents(db()) if may(actor(), "retry_incidents") else 0,
        "failed": failed(db(), actor()),
        "proposals": auth.count_to_decide(db(), actor(), clock.now()),
    }
    if administers_only(actor()):
        return render_template("desk/administrator.html", **waiting)
    page, made = queries.open_tasks(db(), actor(), today=today, limit=SHOWN), desk_of(actor(), today)
    running, apart = _running(made)
    about = case_lists.rows([*running.items, *apart.items])
    if made.late_first:
        running, apart = (_late_first(one, about["standings"]) for one in (running, apart))
    return render_template(
        "desk/desk.html",
        parts=made.parts,
        page=page,
        running=running,
        apart=apart,
        counts=queries.light_counts(db(), actor(), today=today) if "tiles" in made.parts else {},
        running_title=made.running,
        need=need(),
        may_contact=LEADER in actor().roles,
        begins=begins(),
        **waiting,
        people=about["names"],
        standings=about["standings"],
        waiting=about["waiting"],
        joined=about["joined"],
        meaning=lateness.MEANING,
        **made.more,
        **tasks.rows(page.items),
    )


def _running(made: Desk) -> tuple[Page[Instance], Page[Instance]]:
    """The running cases of a desk that has such a list, and those that stand apart from them."""
    none: Page[Instance] = Page((), 0, SHOWN, 0)
    if "running" not in made.parts:
        return none, none
    wanted = queries.CaseFilter(status="running", sort="-late" if made.late_first else "best", talents=made.own)
    found = queries.cases(db(), actor(), filters=wanted, limit=SHOWN)
    if made.own is None:
        return found, none
    others = replace(wanted, talents=None, talents_but=made.own)
    return found, queries.cases(db(), actor(), filters=others, limit=SHOWN)


def _late_first(cases: Page[Instance], standings: Mapping[UUID, lateness.Standing]) -> Page[Instance]:
    """The cases by how late they are: a responsible unit, another step, nobody."""

    def order(one: Instance) -> tuple[bool, bool]:
        standing = standings.get(one.id, lateness.IN_TIME)
        return not standing.late, not standing.late_steps

    return replace(cases, items=tuple(sorted(cases.items, key=order)))


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
        may_board=g.actor is not None and may(g.actor, BOARD),
        may_urge=g.actor is not None and may(g.actor, "operate_cases"),
    )
