"""The papers: 需求处理单 and 通报 of a case, as PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, after_this_request, g, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service import clock, documents
from service.audit.replay import case_replay
from service.errors import Incident
from service.history import HistoryEvent
from service.http import files
from service.http.context import actor, db, wired
from service.http.context import told as told_already
from service.ledger.case_record import Paper, Then
from service.ledger.circulars import ISSUED, circulars
from service.ledger.circulars import circular as circular_of
from service.ledger.own_papers import own_paper, own_papers, templates_of
from service.ledger.sheet import has_sheet
from service.ledger.sheet import sheet as sheet_of
from service.processes import sharing
from service.processes.bundles import compiled
from service.processes.models import Instance
from service.rights import Actor
from service.spelling import code_point
from service.web.access import requires

blueprint = Blueprint("prints", __name__)

Ahead = tuple[documents.Printed, str]
"""A paper that was made with no transaction open, and the name of its file."""


def _sheet(instance_id: UUID) -> Ahead:
    return _made("sheet", instance_id, sheet_of)


@blueprint.get("/cases/<uuid:instance_id>/sheet.pdf")
@requires(ahead=_sheet)
def sheet(instance_id: UUID) -> ResponseReturnValue:
    """《南海区直接联系服务高层次人才需求处理单》, for whoever may see the case (X1); ``?at=`` as it stood at a step."""
    return _printed(instance_id, "sheet")


def _circular(instance_id: UUID, n: int) -> Ahead:
    def told(session: Session, case: UUID, reader: Actor, _then: Then | None) -> Paper:
        return circular_of(session, case, n, reader)

    return _made("circular", instance_id, told, past=False)  # its facts are those of the moment of issue


@blueprint.get("/cases/<uuid:instance_id>/circulars/<int:n>.pdf")
@requires(ahead=_circular)
def circular(instance_id: UUID, n: int) -> ResponseReturnValue:
    """The ``n``-th 通报 of a case, for whoever may see the case (W10)."""
    return _printed(instance_id, "circular")


def _own(instance_id: UUID, name: str) -> Ahead:
    def told(session: Session, case: UUID, reader: Actor, then: Then | None) -> Paper:
        return own_paper(session, case, name, reader, then)

    return _made(name, instance_id, told)


@blueprint.get("/cases/<uuid:instance_id>/papers/<name>.pdf")
@requires(ahead=_own)
def own(instance_id: UUID, name: str) -> ResponseReturnValue:
    """A paper that the case's process prints by a template of its own, for whoever may see the case (``?at=``)."""
    return _printed(instance_id, name)


def _then(session: Session, instance_id: UUID) -> Then | None:
    """The case as it stood at the step that the address names; None where it names none."""
    if _at() is None:
        return None
    one = case_replay(session, instance_id, g.actor).at(_at()).step
    return Then(one.row, one.case, list(one.tasks.values()), one.last)


def _at() -> int | None:
    return request.args.get("at", type=int)


def _noted(instance_id: UUID, paper: str, name: str, made: Response) -> Response:
    """The paper, which the journal tells of before anybody gets it: who printed it, and the digest of its file."""
    made.direct_passthrough = False
    told = partial(
        sharing.note_printed,
        instance_id=instance_id,
        paper=paper,
        name=name,
        sha256=sha256(made.get_data()).hexdigest(),
        at=_at(),
        actor=actor(),
        now=clock.now(),
    )

    @after_this_request
    def note(answer: Response) -> Response:
        with wired().database.transaction() as session:
            told(session)
        told_already()
        return answer

    return made


def papers(instance: Instance, events: Iterable[HistoryEvent]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """(name, address, characters without type) of what can be printed of a case whose journal is ``events``."""
    found = []
    if instance.title and has_sheet(instance):
        lacking = without_type(sheet_of(db(), instance.id, actor()).data)
        found.append(("需求处理单", url_for("web.prints.sheet", instance_id=instance.id), lacking))
    if any(event.kind == ISSUED for event in events):
        found += [
            (
                f"{one.number}（{one.unit}）",
                url_for("web.prints.circular", instance_id=instance.id, n=one.n),
                without_type(circular_of(db(), instance.id, one.n, actor()).data),
            )
            for one in circulars(db(), instance.id, actor())
        ]
    found += [
        (title, url_for("web.prints.own", instance_id=instance.id, name=name), [])
        for name, title in own_papers(compiled(db(), instance.digest, instance.process))
    ]
    return found


def _made(
    template: str, instance_id: UUID, told: Callable[[Session, UUID, Actor, Then | None], Paper], *, past: bool = True
) -> Ahead:
    """The paper by the templates of the case's version: read in a transaction, made after it."""
    with wired().database.reading() as session:
        then = _then(session, instance_id) if past else None
        paper = told(session, instance_id, g.actor, then)
        templates = templates_of(session, instance_id, then)
    return documents.print_apart(documents.Draft(templates, template, paper.data, paper.made_at)), paper.name


def _printed(instance_id: UUID, paper: str) -> Response:
    made, name = g.ahead
    return _noted(instance_id, paper, name, files.printed(made, name, save=False))


def without_type(*data: Any) -> list[tuple[str, str]]:
    """(character, its name) of each character in what is to be printed that this machine has no type for."""
    try:
        return [(sign, code_point(sign)) for sign in documents.unprintable(data)]
    except Incident:  # no type at all: that is told when something is printed, and on the status page
        return []
