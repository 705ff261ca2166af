"""发信记录: every letter that is owed, was sent or refused, and trying it again (W10)."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.clock import local
from service.db.lists import Page
from service.http.context import actor, db
from service.notifications import letter_lists, letters
from service.notifications.channels import CHANNELS
from service.notifications.letter_lists import STATES, LetterFilter, LetterRow
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset, sent, text
from service.web.asked import asked
from service.web.exports import Columns, exported

RIGHT = "retry_incidents"
LONGEST_NUMBER = 18
"""A longer one is no number of the journal, and no database takes it."""

blueprint = Blueprint("letters", __name__)


@blueprint.get("/system/letters")
@requires(right=RIGHT)
def index() -> ResponseReturnValue:
    """The letters, those that are owed first."""
    return render_template(
        "system/letters.html",
        page=_found(PER_PAGE, offset()),
        counts=letter_lists.counts(db()),
        states=STATES,
        channels=CHANNELS,
    )


@blueprint.post("/system/letters/retry-one")
@requires(right=RIGHT)
def retry_one() -> ResponseReturnValue:
    """Tries one letter again at once."""
    fields = sent()
    number = text(fields, "event_id")
    whole = number.isdecimal() and len(number) <= LONGEST_NUMBER
    key = (int(number) if whole else 0, text(fields, "channel"), text(fields, "recipient"))
    letters.retry(db(), key, actor=actor(), now=clock.now())
    return done("已安排重发，稍后请刷新本页查看结果。", url_for("web.letters.index", state=request.args.get("state")))


def _found(limit: int, start: int) -> Page[LetterRow]:
    return letter_lists.letters(db(), asked(LetterFilter), limit=limit, offset=start)


_COLUMNS: Columns[LetterRow] = {
    "收件人": lambda one: one.name or one.username or CHANNELS.get(one.channel, one.channel),
    "渠道": lambda one: CHANNELS.get(one.channel, one.channel),
    "提醒": lambda one: one.kind,
    "编号": lambda one: one.number,
    "情况": lambda one: STATES[one.state],
    "已试次数": lambda one: one.attempts,
    "没有发出的原因": lambda one: one.error or None,
    "下次发送": lambda one: local(one.due_at) if one.due_at is not None and not one.given_up else None,
    "发出时间": lambda one: local(one.sent_at) if one.sent_at is not None else None,
}

exported(blueprint, "/system/letters.xlsx", "发信记录", _found, _COLUMNS, right=RIGHT)
