"""Half-year reports, what they add up to for the whole district, and their papers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response

from service import clock, reports
from service.api.calls import Calls
from service.api.fields import Body, Choice, Day, Flag, Form, Id, Moment, Said, Schema, Text, Whole
from service.api.instances import Reason
from service.api.records import Pages, Row, paged
from service.api.shapes import asks, page_of, wanted
from service.api.versions import Tagged, seen, tagged
from service.documents import PDF, WORD
from service.fields import FIRST_YEAR, LAST_YEAR
from service.http.context import actor, db, settings
from service.http.files import printed
from service.processes.calendars import current
from service.reports import REPORT_STATUSES, HalfYearReport, ReportFilter
from service.reports.edits import report_edits
from service.reports.numbering import report_number
from service.usecases import half_years, issuing_reports
from service.usecases.issuing import RIGHT
from service.usecases.names import Names

calls = Calls("reports", "Half-year reports, briefs to leaders, the assessment sheet")


class ReportItem(Schema):
    """A half-year report. ``late`` is fixed at the first submission."""

    id = Id(required=True)
    unit = Said(required=True, attribute="unit_code")
    unit_name = Said(required=True, attribute="unit.name")
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
    instance = Id(required=True, allow_none=True, attribute="instance_id")


class ReportDetail(ReportItem):
    """A report with its figures as last counted, and its texts by section."""

    facts = Form(required=True)
    sections = Form(required=True)
    number = Said(required=True, metadata={"description": "the number of the paper; empty while it has none"})


@asks(ReportFilter)
class ReportQuery(Pages):
    """Filters of the list of reports."""


class ReportBody(Body):
    """The office and the half-year of a report."""

    unit_code = Text(required=True, data_key="unit")
    year = Whole(low=FIRST_YEAR, high=LAST_YEAR, required=True)
    half = Whole(low=1, high=2, required=True)


class Sections(Body):
    """The texts of a report by section; those left out stay."""

    sections = Form(required=True)


@calls.get("/reports", answer=page_of(ReportItem, "ReportList"), query=ReportQuery)
def report_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """半年报告: those that I may see, the newest half-year first."""
    return paged(reports.search_reports(db(), wanted(ReportFilter, query), **query, reader=actor()), _row)


@calls.get("/reports/<uuid:report_id>", answer=ReportDetail)
def report(report_id: UUID) -> Tagged:
    """One report with figures and texts."""
    found = reports.get_report(db(), report_id, actor())
    return tagged(_whole(found), report_edits(found))


@calls.post("/reports", answer=ReportDetail, body=ReportBody)
def compile_report(body: dict[str, Any]) -> Row:
    """Begins a report, or counts its figures anew; texts stay as they are."""
    days = settings().contacts.report_days
    return _whole(half_years.begin_report(db(), **body, days=days, actor=actor(), now=clock.now()))


@calls.post("/reports/<uuid:report_id>/edit", answer=ReportDetail, body=Sections, versioned=True)
def edit_report(body: dict[str, Any], report_id: UUID) -> Tagged:
    """Rewords sections of a report that is not submitted."""
    reports.get_report(db(), report_id, actor())
    edited = reports.edit_report(db(), report_id=report_id, **body, version=seen(), actor=actor(), now=clock.now())
    return tagged(_whole(edited), report_edits(edited))


@calls.post("/reports/<uuid:report_id>/submit", answer=ReportDetail)
def submit_report(_body: dict[str, Any], report_id: UUID) -> Row:
    """Sends a report to the Talent Office, figures as of now; takes the step of the round that waits for it."""
    return _whole(half_years.send_report(db(), report_id=report_id, actor=actor(), now=clock.now()))


@calls.post("/reports/<uuid:report_id>/return", answer=ReportDetail, body=Reason, right="review_reports")
def return_report(body: dict[str, Any], report_id: UUID) -> Row:
    """Sends a report back with what to mend, by the step of the round where one waits."""
    return _whole(half_years.give_back_report(db(), report_id=report_id, **body, actor=actor(), now=clock.now()))


@calls.post("/reports/<uuid:report_id>/accept", answer=ReportDetail, right="review_reports")
def accept_report(_body: dict[str, Any], report_id: UUID) -> Row:
    """Accepts a report, by the step of the round where one waits."""
    return _whole(half_years.take_report(db(), report_id=report_id, actor=actor(), now=clock.now()))


@calls.post("/reports/<uuid:report_id>/number", answer=ReportDetail, right=RIGHT)
def number_report(_body: dict[str, Any], report_id: UUID) -> Row:
    """Gives an accepted report its number, once (编文号)."""
    issuing_reports.number_report(
        db(), report_id=report_id, formats=settings().paper_formats, actor=actor(), now=clock.now()
    )
    return _whole(reports.get_report(db(), report_id, actor()))


papers = Calls(
    "papers",
    "Half-year reports and briefs as PDF and Word files. Characters that the server has no type for are marked in a"
    " PDF and named in the header Unprintable-Signs",
    noun="report_papers",
)
more = (papers,)


@papers.file("/reports/<uuid:report_id>/pdf", media_types=(PDF,))
def report_pdf(report_id: UUID) -> Response:
    """A half-year report as PDF."""
    return _paper(report_id, "pdf")


@papers.file("/reports/<uuid:report_id>/docx", media_types=(WORD,))
def report_word(report_id: UUID) -> Response:
    """A half-year report for Word."""
    return _paper(report_id, "docx")


def _row(report: HalfYearReport) -> Row:
    return Row(report, due_provisional=reports.due_provisional(report, current(db())))


def _whole(report: HalfYearReport) -> Row:
    provisional = reports.due_provisional(report, current(db()))
    return Row(report, due_provisional=provisional, number=report_number(db(), report.id))


def _paper(report_id: UUID, kind: str) -> Response:
    found = reports.get_report(db(), report_id, actor())
    by = found.submitted_by
    name = (Names(db()).learn([by]).known_person(by) or by) if by else ""
    number = report_number(db(), found.id)
    return printed(reports.report_document(found, kind, submitted_by=name, number=number), found.name, kind)
