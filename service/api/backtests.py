"""Backtests: a draft, tried on finished cases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Day, Form, Whole
from service.api.jobs import JobView, view_of
from service.api.records import Row
from service.http.context import actor, db
from service.http.files import written
from service.ledger.workbooks import XLSX
from service.studio import backtesting, drafts
from service.studio.supposing import Suppositions

calls = Calls("backtests", "Backtests: a draft, tried on finished cases")


class BacktestWish(Body):
    """The finished cases: those that ended from ``from`` to ``to``, at most ``limit`` of them, drawn by lot.

    ``suppose``: ``process/step`` → ``{data, days}``, the supposed answer to a step that the draft adds (done with
    ``data``, ``days`` working days after it opened), or to the fields that it adds to a form of before (``data``
    alone). ``$most`` stands for the answer that most people gave to a field of that name, ``{"$days": 5}`` for a date.
    """

    first = Day(required=True, data_key="from")
    last = Day(required=True, data_key="to")
    limit = Whole(low=1, high=backtesting.MOST, load_default=200)
    suppose = Form(load_default=dict)


@calls.post("/drafts/<uuid:draft_id>/backtest", answer=JobView, status=202, body=BacktestWish, right=drafts.EDIT)
def backtest(body: dict[str, Any], draft_id: UUID) -> Row:
    """Has the draft tried on finished cases: whether each would have gone the same way, and by which dates.

    The job's items say of each: ``same``, ``other``, ``asked`` (it would have waited for what nobody was asked) or
    ``fails``, and which steps were ``supposed``; its result has dates by step, how often each flow was gone
    (``process/element/next element``), and of how many cases an answer was supposed (``supposed``: by step, and of all
    under the empty name).
    """
    draft = drafts.get(db(), draft_id, actor())
    wish = backtesting.Wish(
        draft.process, body["first"], body["last"], draft.id, None, body["limit"], Suppositions.read(body["suppose"])
    )
    return view_of(backtesting.submit(db(), wish=wish, actor=actor(), now=clock.now()))


@calls.file("/backtests/<uuid:job_id>/xlsx", media_types=(XLSX,), right=drafts.EDIT)
def backtest_sheet(job_id: UUID) -> Response:
    """The report of a backtest as a workbook."""
    job = backtesting.job_of(db(), job_id, actor())
    return written(lambda path: backtesting.write_sheet(db(), job, path), XLSX, "回测.xlsx")
