"""Moving cases to another version of their process: what it would mean for each, and doing it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields as ma

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Choice, Id, List, Said, Text, Whole
from service.api.jobs import JobView, view_of
from service.api.records import Row
from service.http.context import actor, db
from service.http.files import written
from service.ledger.workbooks import XLSX
from service.processes.migrating import LONGEST_REASON, RIGHT, Choices
from service.processes.moves import KEEP, RECOUNT
from service.studio import moving, moving_report

calls = Calls("migrations", "Migrations: open cases go on by another version of their process")


class ImpactWish(Body):
    """The versions to compare: the open cases of ``from`` (default: of all others) towards ``to``, or towards the draft
    ``draft``. ``mapping``: ``process/element`` of a step without a place → the step that would take its token."""

    of = Whole(low=1, high=2**31 - 1, data_key="from")
    to = Whole(low=1, high=2**31 - 1)
    draft = Id()
    mapping = ma.Dict(keys=Text(longest=140), values=Text(longest=70), load_default=dict)
    due = Choice(KEEP, RECOUNT, load_default=KEEP)


class MigrationWish(Body):
    """The cases to move: ``instances`` (ids), or all open ones of the version ``from`` (default: of all others).

    ``due``: dates of open tasks stay as promised (``keep``) or are counted anew from their entry (``recount``).
    """

    process = Text(longest=64, required=True)
    of = Whole(low=1, high=2**31 - 1, data_key="from")
    to = Whole(low=1, high=2**31 - 1, required=True)
    instances = List(Said())
    mapping = ma.Dict(keys=Text(longest=140), values=Text(longest=70), load_default=dict)
    due = Choice(KEEP, RECOUNT, required=True)
    reason = Text(longest=LONGEST_REASON, load_default="")


@calls.post("/definitions/<process>/impact", answer=JobView, status=202, body=ImpactWish, right=RIGHT)
def impact(body: dict[str, Any], process: str) -> Row:
    """Has every open case looked at; the job's items say of each whether it ``moves``, ``changes`` or ``cannot``.

    ``clocks`` are all that would be elsewhere, as the items of a migration tell them. Nothing is locked or changed.
    """
    choices = Choices(moving.mapping_of(body["mapping"]), body["due"])
    wish = moving.Wish(process, body.get("to"), body.get("draft"), body.get("of"), None, choices)
    return view_of(moving.submit_impact(db(), wish=wish, actor=actor(), now=clock.now()))


@calls.post("/migrations", answer=JobView, status=202, body=MigrationWish, right=RIGHT)
def migrate(body: dict[str, Any]) -> Row:
    """Has the cases moved, one after the other; what cannot be moved stays where it was, and its item says why.

    The item of a moved case tells its ``clocks`` that are elsewhere since: ``{step, task, kind, clock, from, to,
    now}``, of the ``kind`` ``due``, ``warn`` or ``timer``, each a day or a moment before and after.
    """
    only = moving.ids_of(body["instances"]) if "instances" in body else None
    choices = Choices(moving.mapping_of(body["mapping"]), body["due"], body["reason"])
    wish = moving.Wish(body["process"], body["to"], None, body.get("of"), only, choices)
    return view_of(moving.submit_migration(db(), wish=wish, actor=actor(), now=clock.now()))


@calls.file("/migrations/<uuid:job_id>/xlsx", media_types=(XLSX,), right=RIGHT)
def report(job_id: UUID) -> Response:
    """The report of a migration, or of an impact, as a workbook: a row for each clock that is elsewhere."""
    job = moving_report.job_of(db(), job_id, actor())
    name = "影响.xlsx" if job.kind == moving.IMPACT else "迁移.xlsx"
    return written(lambda path: moving_report.write_sheet(db(), job, path), XLSX, name)
