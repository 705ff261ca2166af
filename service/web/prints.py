"""The papers: 需求处理单 and 通报 of a case, as PDF."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, after_this_request, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, documents
from service.audit.replay import case_replay
from service.errors import Incident
from service.history import HistoryEvent
from service.http import files
from service.http.context import actor, db, wired
from service.ledger.case_record import Then
from service.ledger.circulars import ISSUED, circulars
from service.ledger.circulars import circular as circular_of
from service.ledger.own_papers import own_paper, own_papers, templates_of
from service.ledger.sheet import has_sheet
from service.ledger.sheet import sheet as sheet_of
from service.processes import sharing
from service.processes.bundles import compiled
from service.processes.models import Instance
from service.spelling import code_point
from service.web.access import requires

blueprint = Blueprint("prints", __name__)


@blueprint.get("/cases/<uuid:instance_id>/sheet.pdf")
@requires()
def sheet(instance_id: UUID) -> ResponseReturnValue:
    """《南海区直接联系服务高层次人才需求处理单》, for whoever may see the case (X1); ``?at=`` as it stood at a step."""
    paper = sheet_of(db(), instance_id, actor(), _then(instance_id))
    made = printed("sheet", paper.data, paper.made_at, paper.name, templates_of(db(), instance_id))
    return _noted(instance_id, "sheet", paper.name, made)


@blueprint.get("/cases/<uuid:instance_id>/circulars/<int:n>.pdf")
@requires()
def circular(instance_id: UUID, n: int) -> ResponseReturnValue:
    """The ``n``-th 通报 of a case, for whoever may see the case (W10)."""
    paper = circular_of(db(), instance_id, n, actor())
    made = printed("circular", paper.data, paper.made_at, paper.name, templates_of(db(), instance_id))
    return _noted(instance_id, "circular", paper.name, made)


@blueprint.get("/cases/<uuid:instance_id>/papers/<name>.pdf")
@requires()
def own(instance_id: UUID, name: str) -> ResponseReturnValue:
    """A paper that the case's process prints by a template of its own, for whoever may see the case (``?at=``)."""
    paper, templates = own_paper(db(), instance_id, name, actor(), _then(instance_id))
    return _noted(instance_id, name, paper.name, printed(name, paper.data, paper.made_at, paper.name, templates))


def _then(instance_id: UUID) -> Then | None:
    """The case as it stood at the step that the address names; None where it names none."""
    if _at() is None:
        return None
    one = case_replay(db(), instance_id, actor()).at(_at()).step
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


def printed(
    template: str, data: Any, made_at: datetime, name: str, templates: Mapping[str, bytes] | None = None
) -> Response:
    """``data`` on the paper that the template makes of them, as a PDF called ``name``: that of the process's
    ``templates``, where they have it, else that of the house."""
    house = documents.TEMPLATE_FOLDER
    if templates and f"{template}.typ" in templates:
        made = documents.render_files(
            templates, template, data, made_at=made_at, house=house, type_folder=documents.TYPE_FOLDER
        )
    else:
        made = documents.render(house / f"{template}.typ", data, made_at=made_at, type_folder=documents.TYPE_FOLDER)
    return files.printed(made, name, save=False)


def without_type(*data: Any) -> list[tuple[str, str]]:
    """(character, its name) of each character in what is to be printed that this machine has no type for."""
    try:
        return [(sign, code_point(sign)) for sign in documents.unprintable(data)]
    except Incident:  # no type at all: that is told when something is printed, and on the status page
        return []
