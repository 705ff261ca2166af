"""Verifications: their results, and a new one by the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock, jobs
from service.api.calls import Calls
from service.api.fields import Body, Choice, Flag, Form, Id, List, Moment, Said, Schema, Value, Whole
from service.api.jobs import JobView, view_of
from service.api.records import Pages, Row, paged
from service.api.shapes import page_of
from service.audit.models import FULL, INCREMENTAL
from service.audit.verifying import results
from service.audit.verifying.advice import advised
from service.http.context import actor, db
from service.usecases.verifying import VERIFY

calls = Calls("verifications", "Verifications: the journal executed again, every row held against it")


class VerificationItem(Schema):
    """A result; ``found`` is how many findings.

    ``figures``: ``cases``, ``executed`` again, ``kept`` (digested alone), ``seals``, ``size`` (events under them),
    ``rows`` by table.
    """

    id = Id(required=True)
    mode = Choice(FULL, INCREMENTAL, required=True)
    made_by = Said(required=True)
    begun_at = Moment(required=True)
    ended_at = Moment(required=True)
    seconds = Value(required=True)
    found = Whole(required=True)
    figures = Form(required=True)
    remarks = List(Said(), required=True)


class VerificationView(VerificationItem):
    """A result with its first findings.

    Each is ``{name, stream, seq, what, table, row, column, must, have, grade, next}``: ``must`` and ``have`` say in
    words what must stand there and what does, ``grade`` (甲, 乙, 丙) how grave it is, ``next`` what to do first.
    """

    findings = List(Form(), required=True)


class VerificationWish(Body):
    """``full`` executes every case again, else those alone that have changed since they were."""

    full = Flag(load_default=False)


@calls.get("/verifications", answer=page_of(VerificationItem, "Verifications"), query=Pages, right=results.RIGHT)
def verification_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """All results, the newest first."""
    return paged(results.verifications(db(), actor(), **query))


@calls.post("/verifications", answer=JobView, status=202, body=VerificationWish, right=results.RIGHT)
def begin_verification(body: dict[str, Any]) -> Row:
    """Has everything verified, by the worker: the job's result holds ``verification`` and ``found``."""
    params = {"full": body["full"]}
    return view_of(jobs.submit(db(), kind=VERIFY, params=params, actor=actor(), now=clock.now()))


@calls.get("/verifications/<uuid:verification_id>", answer=VerificationView, right=results.RIGHT)
def one_verification(verification_id: UUID) -> Row:
    """One result with its findings."""
    one = results.verification(db(), actor(), verification_id)
    return Row(one, findings=advised(one.findings))
