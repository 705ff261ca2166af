"""常用语: the phrases that I may use, my own and my unit's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Flag, Id, Moment, Said, Schema, Text
from service.api.records import whole
from service.api.shapes import page_of
from service.http.context import actor, db
from service.people import phrases as kept

calls = Calls("people", "The directory: units, people, leaders' posts, liaisons, substitutes", noun="phrases")


class PhraseItem(Schema):
    """A phrase. ``shared``: my unit's; ``editable``: I may change and remove it."""

    id = Id(required=True)
    text = Said(required=True)
    shared = Flag(required=True)
    editable = Flag(required=True)
    used_at = Moment(required=True, allow_none=True)


class PhraseBody(Body):
    """The words of a phrase."""

    text = Text(required=True, longest=10_000)


class NewPhrase(PhraseBody):
    """A phrase of mine or, ``shared``, of my unit."""

    shared = Flag(load_default=False)


PHRASES = page_of(PhraseItem, "Phrases")


@calls.get("/phrases", answer=PHRASES)
def phrases() -> Mapping[str, Any]:
    """The phrases that I may use, those that I used last first."""
    return whole(kept.phrases_of(db(), actor()))


@calls.post("/phrases", answer=PHRASES, status=201, body=NewPhrase)
def add(body: dict[str, Any]) -> Mapping[str, Any]:
    """Adds a phrase. Answers all of them."""
    kept.add_phrase(db(), text=body["text"], shared=body["shared"], actor=actor(), now=clock.now())
    return phrases()


@calls.post("/phrases/<uuid:phrase_id>", answer=PHRASES, body=PhraseBody)
def change(body: dict[str, Any], phrase_id: UUID) -> Mapping[str, Any]:
    """Other words for a phrase. Answers all of them."""
    kept.change_phrase(db(), phrase_id=phrase_id, text=body["text"], actor=actor(), now=clock.now())
    return phrases()


@calls.post("/phrases/<uuid:phrase_id>/remove", answer=PHRASES)
def remove(_body: dict[str, Any], phrase_id: UUID) -> Mapping[str, Any]:
    """Removes a phrase. Answers those that are left."""
    kept.remove_phrase(db(), phrase_id=phrase_id, actor=actor(), now=clock.now())
    return phrases()


@calls.post("/phrases/<uuid:phrase_id>/use", answer=PHRASES)
def use(_body: dict[str, Any], phrase_id: UUID) -> Mapping[str, Any]:
    """Notes that I have put the phrase into a text: it stands first from now on."""
    kept.note_used(db(), phrase_id=phrase_id, actor=actor(), now=clock.now())
    return phrases()
