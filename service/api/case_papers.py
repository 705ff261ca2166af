"""The papers of a case: what can be printed, each as PDF or Word, and their numbers (X1 W8 W9 W10)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Response, g

from service import clock, documents
from service.api.calls import Calls
from service.api.fields import Flag, List, Moment, Nested, Said, Schema, Whole
from service.documents import PDF, WORD
from service.http.context import actor, db, settings, told, wired
from service.http.files import printed
from service.processes import sharing
from service.usecases import issuing
from service.usecases.case_papers import CIRCULAR, case_papers, draft_of
from service.usecases.replay_paper import REPLAY, replay_draft

calls = Calls("case_papers", "Papers of an instance: 需求处理单, 通报, letters and notices of its steps, their numbers")


class CasePaper(Schema):
    """A paper. ``n`` tells several of one template apart: of a circular the n-th, of a step's its entry's ``seq``."""

    name = Said(required=True)
    n = Whole(required=True, allow_none=True)
    title = Said(required=True)
    unit = Said(required=True)
    at = Moment(required=True, allow_none=True)
    number = Said(required=True)
    word = Flag(required=True, metadata={"description": "a Word file can be had"})


class CasePapers(Schema):
    """All papers of an instance."""

    items = List(Nested(CasePaper), required=True)


class GivenNumber(Schema):
    """The number of a paper."""

    number = Said(required=True)


@calls.get("/instances/<uuid:instance_id>/papers", answer=CasePapers)
def papers(instance_id: UUID) -> Mapping[str, Any]:
    """All papers that an instance gives."""
    return {"items": case_papers(db(), instance_id, actor())}


@calls.file("/instances/<uuid:instance_id>/papers/<name>.pdf", media_types=(PDF,), apart=True)
def whole_pdf(instance_id: UUID, name: str) -> Response:
    """A paper of the whole instance (``n`` null) as PDF; noted as printed."""
    return _made(instance_id, name, None, "pdf")


@calls.file("/instances/<uuid:instance_id>/papers/<name>/<int:n>.pdf", media_types=(PDF,), apart=True)
def pdf(instance_id: UUID, name: str, n: int) -> Response:
    """One of several papers as PDF; noted as printed."""
    return _made(instance_id, name, n, "pdf")


@calls.file("/instances/<uuid:instance_id>/papers/<name>/<int:n>.docx", media_types=(WORD,), apart=True)
def word(instance_id: UUID, name: str, n: int) -> Response:
    """The same for Word; noted as printed."""
    return _made(instance_id, name, n, "docx")


@calls.file("/instances/<uuid:instance_id>/replay.pdf", media_types=(PDF,), apart=True)
def whole_replay(instance_id: UUID) -> Response:
    """Every step of the replay on paper (办理过程), of a round without what is other units' alone; noted as printed."""
    with wired().database.reading() as session:
        draft, called, until = replay_draft(session, instance_id, g.actor)
    return _noted(instance_id, REPLAY, called, documents.print_apart(draft), "pdf", until)


@calls.post("/instances/<uuid:instance_id>/papers/<name>/<int:n>/number", answer=GivenNumber, right=issuing.RIGHT)
def number(_body: Mapping[str, Any], instance_id: UUID, name: str, n: int) -> Mapping[str, Any]:
    """Gives a paper of a step its number, once (编文号)."""
    given = issuing.number_paper(
        db(),
        instance_id=instance_id,
        name=name,
        seq=n,
        formats=settings().paper_formats,
        actor=actor(),
        now=clock.now(),
    )
    return {"number": given}


def _made(instance_id: UUID, name: str, n: int | None, kind: str) -> Response:
    """The paper, made with no transaction open, and its entry in the journal."""
    with wired().database.reading() as session:
        draft, called = draft_of(session, instance_id, name, n, g.actor)
    make = documents.print_apart if kind == "pdf" else documents.word_apart
    return _noted(instance_id, name, called, make(draft), kind, None if name == CIRCULAR else n)


def _noted(instance_id: UUID, name: str, called: str, made: documents.Printed, kind: str, at: int | None) -> Response:
    """The paper, which the journal tells of before anybody gets it; ``at`` is the entry as of which it stands."""
    with wired().database.transaction() as session:
        sharing.note_printed(
            session,
            instance_id=instance_id,
            paper=name,
            name=called,
            sha256=sha256(made.content).hexdigest(),
            at=at,
            actor=g.actor,
            now=clock.now(),
        )
    told()
    return printed(made, called, kind)
