"""The papers: 需求处理单, 通报 and the papers of steps of a case, as PDF and Word."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service import clock, documents
from service.audit.replay import case_replay
from service.errors import Incident, NotFound
from service.http import files
from service.http.context import actor, db, wired
from service.http.context import told as told_already
from service.http.sessions import afterwards
from service.ledger.case_record import Then
from service.ledger.circulars import circular as circular_of
from service.ledger.sheet import sheet as sheet_of
from service.people.stamps import stamps_in_use
from service.processes import sharing
from service.processes.models import Instance
from service.processes.wiring import wiring
from service.spelling import code_point
from service.usecases.case_papers import CIRCULAR, SHEET, CasePaper, case_papers, draft_of, kinds, sheet_parts
from service.usecases.replay_paper import REPLAY, replay_draft
from service.usecases.supervision import find_batch
from service.web.access import requires
from service.web.answers import asked_step

blueprint = Blueprint("prints", __name__)

Ahead = tuple[documents.Printed, str]
"""A paper that was made with no transaction open, and the name of its file."""


def _pdf(instance_id: UUID, name: str, n: int | None, *, past: bool = False) -> Ahead:
    """The paper by the templates of the case's version: read in a transaction, made after it."""
    with wired().database.reading() as session:
        then = _then(session, instance_id) if past else None
        draft, called = draft_of(session, instance_id, name, n, g.actor, then)
    return documents.print_apart(draft), called


def _docx(instance_id: UUID, name: str, n: int) -> Ahead:
    with wired().database.reading() as session:
        draft, called = draft_of(session, instance_id, name, n, g.actor)
    return documents.word_apart(draft), called


@blueprint.get("/cases/<uuid:instance_id>/sheet.pdf")
@requires(ahead=lambda instance_id: _pdf(instance_id, SHEET, None, past=True))
def sheet(instance_id: UUID) -> ResponseReturnValue:
    """《南海区直接联系服务高层次人才需求处理单》, for whoever may see the case (X1); ``?at=`` as it stood at a step."""
    return _printed(instance_id, SHEET)


@blueprint.get("/cases/<uuid:instance_id>/circulars/<int:n>.pdf")
@requires(ahead=lambda instance_id, n: _pdf(instance_id, CIRCULAR, n))
def circular(instance_id: UUID, n: int) -> ResponseReturnValue:
    """The ``n``-th 通报 of a case, for whoever may see the case (W10); its facts are those of the moment of issue."""
    return _printed(instance_id, CIRCULAR)


@blueprint.get("/cases/<uuid:instance_id>/circulars/<int:n>.docx")
@requires(ahead=lambda instance_id, n: _docx(instance_id, CIRCULAR, n))
def circular_word(instance_id: UUID, n: int) -> ResponseReturnValue:
    """The same as a Word file, to be worked on; noted as printed."""
    return _printed(instance_id, CIRCULAR, "docx")


@blueprint.get("/cases/<uuid:instance_id>/papers/<name>.pdf")
@requires(ahead=lambda instance_id, name: _pdf(instance_id, name, None, past=True))
def own(instance_id: UUID, name: str) -> ResponseReturnValue:
    """A paper that the case's process prints by a template of its own, for whoever may see the case (``?at=``)."""
    return _printed(instance_id, name)


@blueprint.get("/cases/<uuid:instance_id>/papers/<name>/<int:seq>.pdf")
@requires(ahead=lambda instance_id, name, seq: _pdf(instance_id, name, seq))
def of_step(instance_id: UUID, name: str, seq: int) -> ResponseReturnValue:
    """A paper of one step of the case, such as 会议通知 or 催办通知书, for whoever may see the case (W8 W9 W10).

    It says what was known at that step.
    """
    return _printed(instance_id, name, at=seq)


@blueprint.get("/cases/<uuid:instance_id>/papers/<name>/<int:seq>.docx")
@requires(ahead=lambda instance_id, name, seq: _docx(instance_id, name, seq))
def word(instance_id: UUID, name: str, seq: int) -> ResponseReturnValue:
    """The same as a Word file, to be worked on; noted as printed."""
    return _printed(instance_id, name, "docx", at=seq)


def _course(instance_id: UUID) -> Ahead:
    """The whole replay as the reader sees it."""
    with wired().database.reading() as session:
        draft, called, g.told_until = replay_draft(session, instance_id, g.actor)
    return documents.print_apart(draft), called


@blueprint.get("/cases/<uuid:instance_id>/replay.pdf")
@requires(ahead=_course)
def course(instance_id: UUID) -> ResponseReturnValue:
    """办理过程: every step of the replay on paper, for whoever may see the case; noted as printed."""
    return _printed(instance_id, REPLAY, at=g.told_until)


def _bound(batch_id: UUID) -> Ahead:
    """The papers of a batch, one after the other: read in a transaction, made after it."""
    with wired().database.reading() as session:
        batch = find_batch(session, batch_id, g.actor)
        drafts = [(one, *draft_of(session, *one, g.actor)) for one in batch.papers]
        called = kinds(wiring(session).house_prints()).get(batch.paper, "文书")
    if not drafts:
        raise NotFound("这次操作没有可以打印的文书")
    g.bound = [(case, name, own, None if name == CIRCULAR else n) for (case, name, n), _, own in drafts]
    made = [documents.print_apart(draft) for _, draft, _ in drafts]
    missing = tuple(dict.fromkeys(sign for one in made for sign in one.missing))
    whole = documents.bound(one.content for one in made)
    return documents.Printed(whole, missing), f"{called} {len(made)} 份"


@blueprint.get("/board/results/<uuid:batch_id>/papers.pdf")
@requires(ahead=_bound)
def batch(batch_id: UUID) -> ResponseReturnValue:
    """The papers of all cases of a batch of 打印 in one file, each noted as printed by its own name (W10)."""
    made, name = g.ahead
    answer = files.printed(made, name, save=False)
    for case, template, own, at in g.bound:
        _noted(case, template, own, answer, at)
    return answer


def _then(session: Session, instance_id: UUID) -> Then | None:
    """The case as it stood at the step that the address names; None where it names none."""
    at = asked_step()
    if at is None:
        return None
    one = case_replay(session, instance_id, g.actor).at(at).step
    g.told_until = one.seq
    return Then(one.row, one.case, list(one.tasks.values()), one.last)


def _noted(instance_id: UUID, paper: str, name: str, made: Response, at: int | None) -> Response:
    """The paper, which the journal tells of before anybody gets it: who printed it, and the digest of its file.

    ``at`` is the entry as of which it stands, None: the case as it is.
    """
    made.direct_passthrough = False
    told = partial(
        sharing.note_printed,
        instance_id=instance_id,
        paper=paper,
        name=name,
        sha256=sha256(made.get_data()).hexdigest(),
        at=at,
        actor=actor(),
        now=clock.now(),
    )

    def note() -> None:
        with wired().database.transaction() as session:
            told(session)
        told_already()

    afterwards(note)
    return made


def papers(instance: Instance) -> list[dict[str, Any]]:
    """The papers of a case for its page: ``name``, ``address`` of the PDF, ``word`` (address or ''), ``page``
    of a paper that is issued, ``number``, and ``lacking``, the characters without type."""
    shown = [_shown(instance.id, one) for one in case_papers(db(), instance.id, actor())]
    if not stamps_in_use(db(), clock.today()):
        return shown
    return shown + [_stamping(instance.id, one) for one in sheet_parts(db(), instance.id, actor())]


def _stamping(case: UUID, one: CasePaper) -> dict[str, Any]:
    """A part of 需求处理单 to put a seal on: the form itself stands above."""
    page = url_for("web.issuing.paper", instance_id=case, name=one.name, n=one.n)
    return {"name": one.title, "address": "", "word": "", "page": page, "number": "", "lacking": []}


def _shown(case: UUID, one: CasePaper) -> dict[str, Any]:
    address = address_of(case, one)
    day = clock.written(clock.local(one.at).date()) if one.at is not None else ""
    told, name = "，".join(part for part in (one.unit, day) if part), one.title
    lacking: list[tuple[str, str]] = []
    if one.name == CIRCULAR:
        name, told = one.number, one.unit
        lacking = without_type(circular_of(db(), case, one.n or 0, actor()).data)
    elif one.name == SHEET:
        lacking = without_type(sheet_of(db(), case, actor()).data)
    return {
        "name": f"{name}（{told}）" if told else name,
        "address": address,
        "word": f"{address.removesuffix('.pdf')}.docx" if one.word else "",
        "page": url_for("web.issuing.paper", instance_id=case, name=one.name, n=one.n) if one.n is not None else "",
        "number": one.number if one.each else "",
        "lacking": lacking,
    }


def address_of(case: UUID, one: CasePaper) -> str:
    """The address of the PDF of a paper of a case."""
    if one.name == SHEET:
        return url_for("web.prints.sheet", instance_id=case)
    if one.name == CIRCULAR:
        return url_for("web.prints.circular", instance_id=case, n=one.n)
    if one.n is None:
        return url_for("web.prints.own", instance_id=case, name=one.name)
    return url_for("web.prints.of_step", instance_id=case, name=one.name, seq=one.n)


def _printed(instance_id: UUID, paper: str, kind: str = "pdf", at: int | None = None) -> Response:
    made, name = g.ahead
    answer = files.printed(made, name, kind, save=kind != "pdf")
    return _noted(instance_id, paper, name, answer, at if at is not None else g.get("told_until"))


def without_type(*data: Any) -> list[tuple[str, str]]:
    """(character, its name) of each character in what is to be printed that this machine has no type for."""
    try:
        return [(sign, code_point(sign)) for sign in documents.unprintable(data)]
    except Incident:  # no type at all: that is told when something is printed, and on the status page
        return []
