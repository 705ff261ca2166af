"""Verifications: their results, and a new one by the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock, jobs
from service.api.calls import Calls
from service.api.fields import Body, Choice, Flag, Form, Id, List, Moment, Nested, Said, Schema, Text, Value, Whole
from service.api.jobs import JobView, view_of
from service.api.records import Pages, Row, paged
from service.api.shapes import page_of
from service.audit.models import FULL, INCREMENTAL, Acknowledgement
from service.audit.verifying import acknowledging, results
from service.audit.verifying.advice import advised
from service.http.context import actor, db, settings
from service.usecases.verifying import VERIFY

calls = Calls("verifications", "Verifications: the journal executed again, every row held against it")


class VerificationItem(Schema):
    """A result; ``found`` is how many findings.

    ``figures``: ``cases``, ``executed`` again, ``kept`` (digested alone), ``seals``, ``size`` (events under them),
    ``rows`` by table, ``acknowledged`` (findings that auditors have acknowledged: ``found`` does not count them).
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
    One that was acknowledged has ``acknowledged`` ``{by, at, reason, also_by}``, and 已确认 as its grade.
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


class FindingPlace(Schema):
    """An entry of the journal: its stream, and its number there."""

    stream = Text(longest=200, required=True)
    seq = Whole(required=True)


class NewAcknowledgement(Body):
    """Findings of a verification about the time of entries, and why these may stand."""

    findings = List(Nested(FindingPlace), required=True)
    reason = Text(longest=acknowledging.LONGEST_REASON, required=True)


class AcknowledgementItem(Schema):
    """An acknowledged finding. ``state``: ``holds``, ``waits`` for another auditor, ``withdrawn``."""

    id = Id(required=True)
    stream = Said(required=True)
    seq = Whole(required=True)
    what = Said(required=True)
    must = Said(required=True, allow_none=True)
    have = Said(required=True, allow_none=True)
    reason = Said(required=True)
    state = Choice(acknowledging.HOLDS, acknowledging.WAITS, acknowledging.GONE, required=True)
    made_by = Said(required=True)
    made_at = Moment(required=True)
    confirmed_by = Said(required=True, allow_none=True)
    confirmed_at = Moment(required=True, allow_none=True)
    withdrawn_by = Said(required=True, allow_none=True)
    withdrawn_at = Moment(required=True, allow_none=True)


class AcknowledgementList(Schema):
    """Acknowledgements."""

    items = List(Nested(AcknowledgementItem), required=True)


@calls.get(
    "/acknowledgements",
    answer=page_of(AcknowledgementItem, "Acknowledgements"),
    query=Pages,
    right=acknowledging.READS,
)
def acknowledgement_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """All that was acknowledged, the newest first."""
    return paged(acknowledging.acknowledgements(db(), actor(), **query), _said)


@calls.post(
    "/verifications/<uuid:verification_id>/acknowledgements",
    answer=AcknowledgementList,
    status=201,
    body=NewAcknowledgement,
    right=acknowledging.RIGHT,
)
def acknowledge_findings(body: dict[str, Any], verification_id: UUID) -> Mapping[str, Any]:
    """Acknowledges findings: the next verification does not count them, as long as they stay as they are."""
    made = acknowledging.acknowledge(
        db(),
        verification=results.verification(db(), actor(), verification_id),
        places=[(one["stream"], one["seq"]) for one in body["findings"]],
        reason=body["reason"],
        second=settings().accounts.by_two,
        actor=actor(),
        now=clock.now(),
    )
    return {"items": [_said(one) for one in made]}


@calls.post(
    "/acknowledgements/<uuid:acknowledgement_id>/confirm", answer=AcknowledgementItem, right=acknowledging.RIGHT
)
def confirm_acknowledgement(_body: dict[str, Any], acknowledgement_id: UUID) -> Row:
    """Acknowledges the same as another auditor. 403 for who did first; 409 for one that waits for nobody."""
    return _said(acknowledging.confirm(db(), key=acknowledgement_id, actor=actor(), now=clock.now()))


@calls.post(
    "/acknowledgements/<uuid:acknowledgement_id>/withdraw", answer=AcknowledgementItem, right=acknowledging.RIGHT
)
def withdraw_acknowledgement(_body: dict[str, Any], acknowledgement_id: UUID) -> Row:
    """Withdraws an acknowledgement: the finding counts again."""
    return _said(acknowledging.withdraw(db(), key=acknowledgement_id, actor=actor(), now=clock.now()))


def _said(one: Acknowledgement) -> Row:
    return Row(one, state=acknowledging.state_of(one))
