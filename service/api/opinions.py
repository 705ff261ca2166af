"""Opinions (意见建议) that talents gave at contacts, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock, contacts
from service.api.calls import Calls
from service.api.fields import Body, Choice, Form, Id, Nested, Schema
from service.api.records import paged
from service.api.shapes import answers, page_of, query_of, takes, wanted
from service.api.tasks import Named
from service.api.versions import Tagged, seen, tagged
from service.contacts import OPINION_STATUSES, OpinionFilter
from service.contacts.fields import ANSWER, OPINION
from service.fields import picked
from service.http.context import actor, db
from service.usecases import begins

calls = Calls("contacts", "Opinions that talents gave at contacts", noun="opinions")


@answers([OPINION, *picked(ANSWER, "answer")])
class OpinionItem(Schema):
    """An opinion that a talent gave. ``instance`` is the need it became."""

    id = Id(required=True)
    contact = Id(required=True, attribute="contact_id")
    talent = Nested(Named, required=True)
    status = Choice(*OPINION_STATUSES, required=True)
    instance = Id(required=True, allow_none=True, attribute="instance_id")


@takes(ANSWER, new=True)
class Answer(Body):
    """The outcome of an opinion."""


class Became(Body):
    """The need that an opinion became, or ``data`` of the first form of the one that begins with it."""

    instance = Id()
    data = Form()


@calls.get("/opinions", answer=page_of(OpinionItem, "Opinions"), query=query_of(OpinionFilter))
def opinions(query: dict[str, Any]) -> Mapping[str, Any]:
    """意见建议: the opinions that I may see, the newest contact first."""
    page = contacts.search_opinions(db(), actor(), wanted(OpinionFilter, query), **query)
    return paged(page, lambda pair: pair[0])


@calls.get("/opinions/<uuid:opinion_id>", answer=OpinionItem)
def opinion(opinion_id: UUID) -> Tagged:
    """One opinion and what became of it."""
    found, _ = contacts.get_opinion(db(), opinion_id, actor())
    return tagged(found, contacts.opinion_edits(found))


@calls.post("/opinions/<uuid:opinion_id>/answer", answer=OpinionItem, body=Answer, versioned=True)
def answer(body: dict[str, Any], opinion_id: UUID) -> Tagged:
    """Says what became of an opinion that needs no case."""
    said = contacts.answer_opinion(db(), opinion_id=opinion_id, **body, version=seen(), actor=actor(), now=clock.now())
    return tagged(said, contacts.opinion_edits(said))


@calls.post("/opinions/<uuid:opinion_id>/need", answer=OpinionItem, body=Became)
def became_need(body: dict[str, Any], opinion_id: UUID) -> object:
    """Makes an opinion a need: one that is there (``instance``), or one that begins with ``data`` of its first form."""
    made = {"instance_id": body.get("instance"), "data": body.get("data")}
    return begins.make_need(db(), opinion_id=opinion_id, **made, actor=actor(), now=clock.now())
