"""改派率: how often people did otherwise than the rules of a process's decision tables had proposed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Day
from service.api.jobs import JobView, view_of
from service.api.records import Row
from service.http.context import actor, db
from service.http.files import download
from service.ledger.workbooks import XLSX
from service.studio import drafts, rating

calls = Calls("rates", "改派率: how often people did otherwise than a rule of a decision table had proposed")


class RatesWish(Body):
    """The answers of rules from ``from`` to ``to``, both days included."""

    first = Day(required=True, data_key="from")
    last = Day(required=True, data_key="to")


@calls.post("/definitions/<process>/rates", answer=JobView, status=202, body=RatesWish, right=drafts.EDIT)
def rates(body: dict[str, Any], process: str) -> Row:
    """Has the answers of the process's rules counted, over all its versions.

    The job's result: `rules`, by table and rule `hits` (times it answered), `decided` (times somebody then filled in
    the form that holds its results), `overruled` (filled in otherwise), `moved` (the unit of what was handed out was
    changed later), `changed` (either): the rate is `changed / decided`; `instead`, what was chosen, in words; `unread`,
    cases whose journal cannot be replayed. Its items are the times that people did otherwise.
    """
    wish = rating.Wish(process, body["first"], body["last"])
    return view_of(rating.submit(db(), wish=wish, actor=actor(), now=clock.now()))


@calls.file("/rates/<uuid:job_id>/xlsx", media_types=(XLSX,), right=drafts.EDIT)
def rates_sheet(job_id: UUID) -> Response:
    """The figures, rule by rule of the version in force, as a workbook."""
    job = rating.job_of(db(), job_id, actor())
    files = drafts.version_files(db(), drafts.version(db(), str(job.params["process"]), None))
    return download(rating.sheet(db(), job, rating.tables_of(files)), XLSX, "改派率.xlsx")
