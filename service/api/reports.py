"""Half-year reports, briefs to leaders, the assessment sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from service import clock, reports
from service.api.calls import Calls
from service.api.context import actor, api, db
from service.api.fields import (
    Body,
    Choice,
    Count,
    Day,
    Flag,
    Form,
    Id,
    List,
    Moment,
    Nested,
    Query,
    Said,
    Schema,
    Text,
    Whole,
)
from service.api.instances import Reason
from service.api.records import paged
from service.api.tasks import Named
from service.api.versions import Tagged, seen, tagged
from service.contacts.rules import period_of
from service.ledger.counts import half_year_needs, leader_answers, leader_needs, need_counts, unit_answers
from service.people.queries import get_leader
from service.processes.calendars import current
from service.reports.edits import brief_edits, report_edits
from service.reports.models import Brief, HalfYearReport
from service.reports.rules import REPORT_STATUSES, Figure, Score, month_of
from service.usecases import half_years
from service.usecases.briefs import release_from_page

calls = Calls("reports", "Half-year reports, briefs to leaders, the assessment sheet")


class ReportItem(Schema):
    """A half-year report. ``late`` is fixed at the first submission."""

    id = Id(required=True)
    unit = Said(required=True)
    unit_name = Said(required=True)
    year = Whole(required=True)
    half = Whole(required=True)
    status = Choice(*REPORT_STATUSES, required=True)
    due_on = Day(required=True, allow_none=True)
    due_provisional = Flag(required=True)
    late = Flag(required=True, allow_none=True)
    return_reason = Said(required=True, allow_none=True)
    submitted_by = Said(required=True, allow_none=True)
    submitted_at = Moment(required=True, allow_none=True)
    accepted_at = Moment(required=True, allow_none=True)
    instance = Id(required=True, allow_none=True)


class ReportDetail(ReportItem):
    """A report with its figures as last counted, and its texts by section."""

    facts = Form(required=True)
    sections = Form(required=True)


class ReportList(Schema):
    """A page of reports."""

    items = List(Nested(ReportItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class RollUp(Schema):
    """What the reports of a half-year add up to."""

    year = Whole(required=True)
    half = Whole(required=True)
    expected = Whole(required=True)
    submitted = Whole(required=True)
    accepted = Whole(required=True)
    returned = Whole(required=True)
    late = Whole(required=True)
    overdue = Whole(required=True, metadata={"description": "reports past their date that were never sent"})
    complete = Flag(required=True)
    missing = List(Form(), required=True)
    units = List(Form(), required=True)
    totals = Form(required=True)
    summary = Said(required=True, allow_none=True)


class BriefItem(Schema):
    """A brief to a leader for a month."""

    id = Id(required=True)
    leader = Nested(Named, required=True)
    year = Whole(required=True)
    month = Whole(required=True)
    released_at = Moment(required=True, allow_none=True)
    read_at = Moment(required=True, allow_none=True)


class BriefDetail(BriefItem):
    """A brief with its figures and its words."""

    facts = Form(required=True)
    text = Said(required=True)


class BriefList(Schema):
    """A page of briefs."""

    items = List(Nested(BriefItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class FigureItem(Schema):
    """``done`` of ``of``."""

    indicator = Said(required=True)
    done = Whole(required=True)
    of = Whole(required=True)


class AssessmentRow(Schema):
    """A leader's or a unit's indicators. ``score`` and ``working`` are null without weights: none is invented."""

    id = Said(required=True)
    name = Said(required=True)
    unit = Said(required=True, allow_none=True)
    figures = List(Nested(FigureItem), required=True)
    score = Said(required=True, allow_none=True)
    working = Said(required=True, allow_none=True)


class Assessment(Schema):
    """The assessment sheet of a year."""

    year = Whole(required=True)
    on = Day(required=True)
    leaders = List(Nested(AssessmentRow), required=True)
    units = List(Nested(AssessmentRow), required=True)


class Listing(Query):
    """A page of a list."""

    limit = Count(low=1, high=200, load_default=50)
    offset = Count(low=0, high=2**31, load_default=0)


class ReportQuery(Listing):
    """Filters of the list of reports."""

    unit = Text()
    year = Count(low=1940, high=2099)
    half = Count(low=1, high=2)
    status = Choice(*REPORT_STATUSES)
    late = Flag()


class BriefQuery(Listing):
    """Filters of the list of briefs."""

    leader_id = Text(data_key="leader")
    year = Count(low=1940, high=2099)
    month = Count(low=1, high=12)
    released = Flag()


class HalfQuery(Query):
    """Which half-year."""

    year = Count(low=1940, high=2099, required=True)
    half = Count(low=1, high=2, required=True)


class AssessmentQuery(Query):
    """Which year; ``on`` is the last day counted (default today)."""

    year = Count(low=1940, high=2099)
    on = Day()
    unit = Text()


class ReportBody(Body):
    """Whose report of which half-year."""

    unit_code = Text(required=True, data_key="unit")
    year = Whole(low=1940, high=2099, required=True)
    half = Whole(low=1, high=2, required=True)


class Sections(Body):
    """The texts of a report by section; those left out stay."""

    sections = Form(required=True)


class BriefBody(Body):
    """Whose brief of which month."""

    leader_id = Text(required=True, data_key="leader")
    year = Whole(low=1940, high=2099, required=True)
    month = Whole(low=1, high=12, required=True)


class BriefText(Body):
    """The words of a brief."""

    text = Text(longest=8000, required=True)


@calls.get("/reports", answer=ReportList, query=ReportQuery)
def report_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """半年报告: those that I may see, the newest half-year first."""
    return paged(reports.search_reports(db(), actor(), **query), _report)


@calls.get("/reports/roll-up", answer=RollUp, query=HalfQuery, right="view_reports")
def roll_up(query: dict[str, Any]) -> Mapping[str, Any]:
    """What the reports of a half-year add up to, and whose are missing; ``summary`` is the Talent Office's."""
    written = half_years.summaries(db(), **query)
    summary = (written[0].submitted or {}).get("summary") if written else None
    return {**reports.roll_up(db(), **query, needs=half_year_needs(db(), **query)), "summary": summary}


@calls.get("/reports/<uuid:report_id>", answer=ReportDetail)
def report(report_id: UUID) -> Tagged:
    """One report with figures and texts."""
    found = reports.get_report(db(), report_id, actor())
    return tagged(_whole(found), report_edits(found))


@calls.post("/reports", answer=ReportDetail, body=ReportBody)
def compile_report(body: dict[str, Any]) -> Mapping[str, Any]:
    """Begins a report, or counts its figures anew; texts stay as they are."""
    starts_on, ends_on = period_of(body["year"], body["half"])
    days = api().settings.contacts.report_days
    made = reports.compile_report(
        db(),
        **body,
        needs=need_counts(db(), unit=body["unit_code"], starts_on=starts_on, ends_on=ends_on),
        due_on=reports.due_of(current(db()), ends_on, days),
        actor=actor(),
        now=clock.now(),
    )
    return _whole(made)


@calls.post("/reports/<uuid:report_id>/edit", answer=ReportDetail, body=Sections, versioned=True)
def edit_report(body: dict[str, Any], report_id: UUID) -> Tagged:
    """Rewords sections of a report that is not submitted."""
    reports.get_report(db(), report_id, actor())
    edited = reports.edit_report(db(), report_id=report_id, **body, version=seen(), actor=actor(), now=clock.now())
    return tagged(_whole(edited), report_edits(edited))


@calls.post("/reports/<uuid:report_id>/submit", answer=ReportDetail)
def submit_report(_body: dict[str, Any], report_id: UUID) -> Mapping[str, Any]:
    """Sends a report to the Talent Office, figures as of now; takes the step of the round that waits for it."""
    return _whole(half_years.send_report(db(), report_id=report_id, actor=actor(), now=clock.now()))


@calls.post("/reports/<uuid:report_id>/return", answer=ReportDetail, body=Reason, right="review_reports")
def return_report(body: dict[str, Any], report_id: UUID) -> Mapping[str, Any]:
    """Sends a report back with what to mend, by the step of the round where one waits."""
    return _whole(half_years.give_back_report(db(), report_id=report_id, **body, actor=actor(), now=clock.now()))


@calls.post("/reports/<uuid:report_id>/accept", answer=ReportDetail, right="review_reports")
def accept_report(_body: dict[str, Any], report_id: UUID) -> Mapping[str, Any]:
    """Accepts a report, by the step of the round where one waits."""
    return _whole(half_years.take_report(db(), report_id=report_id, actor=actor(), now=clock.now()))


@calls.get("/briefs", answer=BriefList, query=BriefQuery)
def brief_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """专报: those that I may see, the newest month first."""
    return paged(reports.search_briefs(db(), actor(), **query), _brief)


@calls.get("/briefs/<uuid:brief_id>", answer=BriefDetail)
def brief(brief_id: UUID) -> Tagged:
    """One brief."""
    found = reports.get_brief(db(), brief_id, actor())
    return tagged(_told(found), brief_edits(found))


@calls.post("/briefs", answer=BriefDetail, body=BriefBody, right="release_briefs")
def draft_brief(body: dict[str, Any]) -> Mapping[str, Any]:
    """Draws up a brief, or counts its figures anew; its words stay."""
    leader = get_leader(db(), body["leader_id"])
    starts_on, ends_on = month_of(body["year"], body["month"])
    made = reports.draft_brief(
        db(),
        **body,
        needs=leader_needs(db(), leader_id=leader.id, starts_on=starts_on, ends_on=ends_on),
        actor=actor(),
        now=clock.now(),
    )
    return _told(made)


@calls.post("/briefs/<uuid:brief_id>/edit", answer=BriefDetail, body=BriefText, right="release_briefs", versioned=True)
def edit_brief(body: dict[str, Any], brief_id: UUID) -> Tagged:
    """Rewords a brief that is not released."""
    edited = reports.edit_brief(db(), brief_id=brief_id, **body, version=seen(), actor=actor(), now=clock.now())
    return tagged(_told(edited), brief_edits(edited))


@calls.post("/briefs/<uuid:brief_id>/release", answer=BriefDetail, right="release_briefs")
def release_brief(_body: dict[str, Any], brief_id: UUID) -> Mapping[str, Any]:
    """Releases a brief to its leader, who is told; a round that waits for it goes on."""
    release_from_page(db(), brief_id=brief_id, actor=actor(), now=clock.now())
    return _told(reports.get_brief(db(), brief_id, actor()))


@calls.post("/briefs/<uuid:brief_id>/read", answer=BriefDetail)
def read_brief(_body: dict[str, Any], brief_id: UUID) -> Mapping[str, Any]:
    """Notes that the leader has read the brief."""
    reports.get_brief(db(), brief_id, actor())
    return _told(reports.read_brief(db(), brief_id=brief_id, actor=actor(), now=clock.now()))


@calls.get("/assessment", answer=Assessment, query=AssessmentQuery)
def assessment(query: dict[str, Any]) -> Mapping[str, Any]:
    """考核指标: the leaders and units that I may see."""
    on: date = query.pop("on", None) or clock.today()
    year = query.pop("year", None) or on.year
    first, last = date(year, 1, 1), min(on, date(year, 12, 31))
    settings = api().settings
    sheet = reports.assessment_sheet(
        db(),
        year=year,
        on=on,
        calendar=current(db()),
        needs_by_leader=leader_answers(db(), starts_on=first, ends_on=last),
        answers_by_unit=unit_answers(db(), starts_on=first, ends_on=last),
        weights=settings.assessment,
        report_days=settings.contacts.report_days,
        reader=actor(),
        **query,
    )
    return {
        "year": sheet.year,
        "on": sheet.on,
        "leaders": [
            _row(str(row.leader.id), row.then.name, row.then.unit_code, row.figures, row.score) for row in sheet.leaders
        ],
        "units": [
            _row(row.unit.code, sheet.names[row.unit.code], row.unit.code, row.figures, row.score)
            for row in sheet.units
        ],
    }


def _row(key: str, name: str, unit: str | None, figures: Mapping[str, Figure], score: Score | None) -> dict[str, Any]:
    return {
        "id": key,
        "name": name,
        "unit": unit,
        "figures": [{"indicator": code, "done": one.done, "of": one.of} for code, one in figures.items()],
        "score": f"{score.points:.1f}" if score is not None else None,
        "working": score.working if score is not None else None,
    }


def _report(row: HalfYearReport) -> dict[str, Any]:
    fields = ("id", "year", "half", "status", "due_on", "late", "return_reason", "submitted_by", "submitted_at")
    return {
        **{field: getattr(row, field) for field in fields},
        "due_provisional": reports.due_provisional(row, current(db())),
        "accepted_at": row.accepted_at,
        "unit": row.unit_code,
        "unit_name": row.unit.name,
        "instance": row.instance_id,
    }


def _whole(row: HalfYearReport) -> dict[str, Any]:
    return {**_report(row), "facts": row.facts, "sections": row.sections}


def _brief(row: Brief) -> dict[str, Any]:
    fields = ("id", "year", "month", "released_at", "read_at")
    leader = {"id": str(row.leader_id), "name": row.leader.person.name}
    return {**{field: getattr(row, field) for field in fields}, "leader": leader}


def _told(row: Brief) -> dict[str, Any]:
    return {**_brief(row), "facts": row.facts, "text": row.text}
