"""Incidents: what failed and waits for a person, and trying it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Choice, Flag, Id, Moment, Said, Schema, Text, Whole
from service.api.records import Pages, paged, whole
from service.api.shapes import asks, page_of, wanted
from service.http.context import actor, db
from service.notifications import letter_lists, letters
from service.notifications.channels import CHANNELS
from service.processes.timers import open_incidents, retry

calls = Calls("incidents", "Incidents: failures that people must look at")


class IncidentItem(Schema):
    """Something that failed. ``kind`` says what, ``instance`` of which case; ``resolved_at`` closes it."""

    id = Id(required=True)
    kind = Said(required=True)
    instance_id = Id(required=True, allow_none=True, data_key="instance")
    message = Said(required=True)
    happened_at = Moment(required=True)
    resolved_at = Moment(required=True, allow_none=True)
    resolved_by = Said(required=True, allow_none=True)


class LetterItem(Schema):
    """A letter. ``kind`` names the notice; ``username`` is null for an address of the settings.

    ``state``: waiting, retrying, given_up (nobody tries again by itself) or sent. It is tried next from ``due_at`` on,
    in office hours.
    """

    event_id = Whole(required=True)
    channel = Said(required=True)
    recipient = Said(required=True)
    state = Said(required=True)
    kind = Said(required=True)
    number = Said(required=True, allow_none=True)
    username = Said(required=True, allow_none=True)
    name = Said(required=True, allow_none=True)
    attempts = Whole(required=True)
    since = Moment(required=True, allow_none=True)
    due_at = Moment(required=True, allow_none=True)
    sent_at = Moment(required=True, allow_none=True)
    given_up = Flag(required=True)
    error = Said(required=True)


@asks(letter_lists.LetterFilter)
class LetterQuery(Pages):
    """The letters of a list. Without any of these: those that have failed and are still owed, the longest first."""


class LetterKey(Body):
    """A letter, as a list names it."""

    event_id = Whole(required=True, low=1, high=2**63 - 1)
    channel = Choice(*CHANNELS, required=True)
    recipient = Text(required=True, longest=64)


class Retried(Schema):
    """How many letters are tried again."""

    retried = Whole(required=True)


@calls.get("/incidents", answer=page_of(IncidentItem, "Incidents"), right="retry_incidents")
def incidents() -> Mapping[str, Any]:
    """The open incidents."""
    return whole(open_incidents(db()))


@calls.post("/incidents/<uuid:incident_id>/retry", answer=IncidentItem, right="retry_incidents")
def retry_incident(_body: dict[str, Any], incident_id: UUID) -> object:
    """Resolves an incident by trying again what failed."""
    found = retry(db(), incident_id=incident_id, actor=actor(), now=clock.now())
    if found.kind == letters.INCIDENT:
        letters.retry_all(db(), actor=actor(), now=clock.now())
    return found


@calls.get("/letters", answer=page_of(LetterItem, "Letters"), query=LetterQuery, right="retry_incidents")
def unsent_letters(query: dict[str, Any]) -> Mapping[str, Any]:
    """Letters that have failed and are still owed, the longest first, each with the reason; or those of a state."""
    asked = wanted(letter_lists.LetterFilter, query)
    if asked == letter_lists.LetterFilter():
        return paged(letter_lists.unsent(db(), **query))
    return paged(letter_lists.letters(db(), asked, **query))


@calls.post("/letters/retry", answer=Retried, right="retry_incidents")
def retry_letters(_body: dict[str, Any]) -> Mapping[str, Any]:
    """Tries all of them again at once, also those that were given up."""
    return {"retried": letters.retry_all(db(), actor=actor(), now=clock.now())}


@calls.post("/letters/retry-one", answer=Retried, body=LetterKey, right="retry_incidents")
def retry_letter(body: dict[str, Any]) -> Mapping[str, Any]:
    """Tries one letter again at once, also one that was given up."""
    key = (body["event_id"], body["channel"], body["recipient"])
    letters.retry(db(), key, actor=actor(), now=clock.now())
    return {"retried": 1}
