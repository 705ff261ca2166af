"""The numbers in the menu: tasks, unread notices, proposals; drawn with each page and kept true while it is open."""

from __future__ import annotations

from flask import Blueprint, g, jsonify
from flask.typing import ResponseReturnValue

from service import clock
from service.auth import count_to_decide
from service.http.context import actor, db
from service.notifications import Waiting, waiting
from service.processes.waiting import MOST
from service.web.access import requires

blueprint = Blueprint("waiting", __name__)

WORDS = {"tasks": "项待办", "unread": "条未读", "decide": "件待审批"}
"""The words after each number, for who hears the menu."""


@blueprint.get("/waiting")
@requires(for_administrators=True, quiet=True)
def numbers() -> ResponseReturnValue:
    """The numbers for the script of an open page: once a minute, which is no use of the session and looks at nobody."""
    found = waiting(db(), actor(), clock.today())
    decide = count_to_decide(db(), actor(), clock.now())
    told = {"tasks": found.tasks, "unread": found.unread, "decide": decide}
    words = {name: f"{shown(number)} {WORDS[name]}" for name, number in told.items()}
    return jsonify({name: {"shown": shown(number), "words": words[name]} for name, number in told.items()})


def drawn() -> Waiting:
    """The numbers of tasks and notices for the page that is being drawn; asked for once, none where nothing can be."""
    if "db" not in g or g.get("actor") is None:
        return Waiting(0, 0)
    if "waiting" not in g:
        g.waiting = waiting(g.db, g.actor, clock.today())
    found: Waiting = g.waiting
    return found


def shown(number: int) -> str:
    """A number as the menu shows it; empty for none."""
    return f"{MOST - 1}+" if number >= MOST else str(number or "")
