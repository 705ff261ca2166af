"""Briefs to leaders, and their papers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response

from service import clock, reports
from service.api.calls import Calls
from service.api.fields import Body, Form, Id, Moment, Nested, Said, Schema, Text, Whole
from service.api.records import Pages, Row, paged
from service.api.shapes import asks, page_of, wanted
from service.api.tasks import Named
from service.api.versions import Tagged, seen, tagged
from service.documents import PDF, WORD
from service.fields import FIRST_YEAR, LAST_YEAR
from service.http.context import actor, db, settings
from service.http.files import printed
from service.reports import Brief, BriefFilter
from service.reports.edits import brief_edits
from service.reports.fields import TEXT_LENGTH
from service.reports.numbering import brief_number
from service.usecases import issuing_reports
from service.usecases.briefs import draw_up, release_from_page
from service.usecases.issuing import RIGHT

calls = Calls("reports", "Half-year reports, briefs to leaders, the assessment sheet", noun="briefs")


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
    number = Said(required=True, metadata={"description": "the number of the paper; empty while it has none"})


@asks(BriefFilter)
class BriefQuery(Pages):
    """Filters of the list of briefs."""


class BriefBody(Body):
    """The leader and the month of a brief."""

    leader_id = Text(required=True, data_key="leader")
    year = Whole(low=FIRST_YEAR, high=LAST_YEAR, required=True)
    month = Whole(low=1, high=12, required=True)


class BriefText(Body):
    """The words of a brief."""

    text = Text(longest=TEXT_LENGTH, required=True)


@calls.get("/briefs", answer=page_of(BriefItem, "BriefList"), query=BriefQuery)
def brief_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """专报: those that I may see, the newest month first."""
    return paged(reports.search_briefs(db(), wanted(BriefFilter, query), **query, reader=actor()), _row)


@calls.get("/briefs/<uuid:brief_id>", answer=BriefDetail)
def brief(brief_id: UUID) -> Tagged:
    """One brief."""
    found = reports.get_brief(db(), brief_id, actor())
    return tagged(_whole(found), brief_edits(found))


@calls.post("/briefs", answer=BriefDetail, body=BriefBody, right="release_briefs")
def draft_brief(body: dict[str, Any]) -> Row:
    """Draws up a brief, or counts its figures anew; its words stay."""
    return _whole(draw_up(db(), **body, actor=actor(), now=clock.now()))


@calls.post("/briefs/<uuid:brief_id>/edit", answer=BriefDetail, body=BriefText, right="release_briefs", versioned=True)
def edit_brief(body: dict[str, Any], brief_id: UUID) -> Tagged:
    """Rewords a brief that is not released."""
    edited = reports.edit_brief(db(), brief_id=brief_id, **body, version=seen(), actor=actor(), now=clock.now())
    return tagged(_whole(edited), brief_edits(edited))


@calls.post("/briefs/<uuid:brief_id>/release", answer=BriefDetail, right="release_briefs")
def release_brief(_body: dict[str, Any], brief_id: UUID) -> Row:
    """Releases a brief to its leader, who is told; a round that waits for it goes on."""
    release_from_page(db(), brief_id=brief_id, actor=actor(), now=clock.now())
    return _whole(reports.get_brief(db(), brief_id, actor()))


@calls.post("/briefs/<uuid:brief_id>/number", answer=BriefDetail, right=RIGHT)
def number_brief(_body: dict[str, Any], brief_id: UUID) -> Row:
    """Gives a released brief its number, once (编文号)."""
    issuing_reports.number_brief(
        db(), brief_id=brief_id, formats=settings().paper_formats, actor=actor(), now=clock.now()
    )
    return _whole(reports.get_brief(db(), brief_id, actor()))


@calls.post("/briefs/<uuid:brief_id>/read", answer=BriefDetail)
def read_brief(_body: dict[str, Any], brief_id: UUID) -> Row:
    """Notes that the leader has read the brief."""
    reports.get_brief(db(), brief_id, actor())
    return _whole(reports.read_brief(db(), brief_id=brief_id, actor=actor(), now=clock.now()))


papers = Calls("papers", "Half-year reports and briefs as PDF and Word files", noun="brief_papers")
more = (papers,)


@papers.file("/briefs/<uuid:brief_id>/pdf", media_types=(PDF,))
def brief_pdf(brief_id: UUID) -> Response:
    """A brief as PDF."""
    return _paper(brief_id, "pdf")


@papers.file("/briefs/<uuid:brief_id>/docx", media_types=(WORD,))
def brief_word(brief_id: UUID) -> Response:
    """A brief for Word."""
    return _paper(brief_id, "docx")


def _row(brief: Brief) -> Row:
    return Row(brief, leader={"id": str(brief.leader_id), "name": brief.leader.person.name})


def _whole(brief: Brief) -> Row:
    leader = {"id": str(brief.leader_id), "name": brief.leader.person.name}
    return Row(brief, leader=leader, number=brief_number(db(), brief.id))


def _paper(brief_id: UUID, kind: str) -> Response:
    found = reports.get_brief(db(), brief_id, actor())
    return printed(reports.brief_document(found, kind, number=brief_number(db(), found.id)), found.name, kind)
