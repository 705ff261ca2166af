"""Jobs: work in the background, its progress, what it tells, and stopping it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock, jobs
from service.api.calls import Calls
from service.api.fields import Choice, Count, Form, Id, Moment, Query, Said, Schema, Text, Whole
from service.api.records import Pages, Row, paged
from service.api.shapes import page_of
from service.http.context import actor, db

calls = Calls("jobs", "Jobs: long work in the background, its progress and its report")

STATUSES = (jobs.QUEUED, jobs.RUNNING, jobs.PAUSED, jobs.DONE, jobs.FAILED, jobs.CANCELLED)


class JobView(Schema):
    """A job: ``done`` of ``total`` pieces; ``counts`` how many items have which verdict; ``result`` its summary.

    ``message`` says why it failed.
    """

    id = Id(required=True)
    kind = Said(required=True)
    status = Choice(*STATUSES, required=True)
    done = Whole(required=True)
    total = Whole(required=True)
    counts = Form(required=True)
    result = Form(required=True, allow_none=True)
    message = Said(required=True)
    made_by = Said(required=True)
    made_at = Moment(required=True)
    touched_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)


class JobPiece(Schema):
    """One piece of a job's report, about ``key`` (of a case its id); what ``data`` holds depends on the kind."""

    key = Said(required=True)
    verdict = Said(required=True)
    data = Form(required=True)


class JobQuery(Pages):
    """The jobs of one ``kind``, or all."""

    kind = Text(longest=32)


class ItemQuery(Query):
    """The items of one ``verdict``, or all."""

    verdict = Text(longest=32)
    limit = Count(low=1, high=200, load_default=50)
    offset = Count(low=0, high=2**31, load_default=0)


def view_of(job: jobs.Job) -> Row:
    """A job as calls answer it."""
    return Row(job, counts=jobs.counts(db(), job.id))


@calls.get("/jobs", answer=page_of(JobView, "Jobs"), query=JobQuery)
def job_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """The jobs of the kinds that the account may see, the newest first."""
    return paged(jobs.jobs(db(), actor(), **query), lambda job: Row(job, counts={}))


@calls.get("/jobs/<uuid:job_id>", answer=JobView)
def one_job(job_id: UUID) -> Row:
    """How far it is, and its result."""
    return view_of(jobs.visible_job(db(), job_id, actor()))


@calls.get("/jobs/<uuid:job_id>/items", answer=page_of(JobPiece, "JobItems"), query=ItemQuery)
def job_items(query: dict[str, Any], job_id: UUID) -> Mapping[str, Any]:
    """The pieces that it tells, also while it is under way."""
    return paged(jobs.items_of(db(), jobs.visible_job(db(), job_id, actor()).id, **query))


@calls.post("/jobs/<uuid:job_id>/pause", answer=JobView)
def pause_job(_body: dict[str, Any], job_id: UUID) -> Row:
    """Has it stop after the piece at hand."""
    return view_of(jobs.pause(db(), job_id=job_id, actor=actor(), now=clock.now()))


@calls.post("/jobs/<uuid:job_id>/resume", answer=JobView)
def resume_job(_body: dict[str, Any], job_id: UUID) -> Row:
    """Has it go on where it stopped, or try again where it failed."""
    return view_of(jobs.resume(db(), job_id=job_id, actor=actor(), now=clock.now()))


@calls.post("/jobs/<uuid:job_id>/cancel", answer=JobView)
def cancel_job(_body: dict[str, Any], job_id: UUID) -> Row:
    """Ends it for good: what is done stays done."""
    return view_of(jobs.cancel(db(), job_id=job_id, actor=actor(), now=clock.now()))
