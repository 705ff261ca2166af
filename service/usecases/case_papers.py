"""The papers of a case, one by one: what can be printed, and the content of each (X1 W8 W9 W10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service.documents import About, Draft, about
from service.errors import NotFound
from service.ledger.case_record import Paper, Record, Then
from service.ledger.circulars import circular, circulars_of
from service.ledger.own_papers import own_paper, own_papers, templates_of
from service.ledger.sheet import BOXES, has_sheet, sheet, sheet_of, signed_parts
from service.ledger.step_papers import number_of, step_paper, step_papers, step_templates
from service.rights import Actor

SHEET, CIRCULAR = "sheet", "circular"


@dataclass(frozen=True, slots=True)
class CasePaper:
    """A paper that can be printed: its template and, where the template gives several, which: of a circular the n-th,
    of a paper of a step the entry of the journal. ``word``: there is a Word file of it; ``each``: made of one step."""

    name: str
    n: int | None
    title: str
    unit: str = ""
    at: datetime | None = None
    number: str = ""
    word: bool = False
    each: bool = False


def case_papers(session: Session, instance_id: UUID, actor: Actor) -> list[CasePaper]:
    """All papers of a case: 需求处理单, its circulars, the papers of its steps, those of its process's own.

    Raises NotFound where ``actor`` may not see the case.
    """
    record, templates = Record(session, instance_id, actor), templates_of(session, instance_id)
    found = []
    if record.instance.title and has_sheet(record.instance):
        found.append(CasePaper(SHEET, None, "需求处理单", number=record.instance.number or ""))
    found += [
        CasePaper(CIRCULAR, one.n, "通报", one.unit, one.issued_at, one.number, "circular.docx" in templates)
        for one in circulars_of(record)
    ]
    found += [
        CasePaper(
            one.name,
            one.seq,
            one.title,
            one.unit,
            one.at,
            number_of(record, one.name, one.seq),
            f"{one.name}.docx" in templates,
            each=True,
        )
        for one in step_papers(record, templates)
    ]
    return found + [CasePaper(name, None, title) for name, title in own_papers(record.made)]


def sheet_parts(session: Session, instance_id: UUID, actor: Actor) -> list[CasePaper]:
    """The parts of 需求处理单 on which a seal may be put: ``n`` is the entry of the journal that signs the part."""
    record = Record(session, instance_id, actor)
    if not (record.instance.title and has_sheet(record.instance)):
        return []
    data, at = sheet_of(record, actor).data, {event.seq: event.at for event in record.events}
    return [
        CasePaper(SHEET, part["seq"], f"需求处理单 {part['heading'] or BOXES[box]}", at=at[part["seq"]])
        for box in BOXES
        for part in data[box]
        if part["seq"] is not None
    ]


def paper_of(
    session: Session, instance_id: UUID, name: str, n: int | None, actor: Actor, then: Then | None = None
) -> Paper:
    """The content of a paper, as ``CasePaper`` names it. ``then``: of a paper of the whole case, as it stood.

    Raises NotFound where there is none or ``actor`` may not see the case, Conflict where there is none any more.
    """
    if name == SHEET:
        paper = sheet(session, instance_id, actor, then)
        if n is not None and n not in [part["seq"] for part in signed_parts(paper.data)]:
            raise NotFound("处理单上没有这一栏，或所依据的步骤已经撤回")
        return paper
    if n is None:
        return own_paper(session, instance_id, name, actor, then)
    return (
        circular(session, instance_id, n, actor)
        if name == CIRCULAR
        else step_paper(session, instance_id, name, n, actor)
    )


def draft_of(
    session: Session, instance_id: UUID, name: str, n: int | None, actor: Actor, then: Then | None = None
) -> tuple[Draft, str]:
    """A paper ready to be made, by the templates of the case's version, and its name. Raises as ``paper_of``."""
    paper = paper_of(session, instance_id, name, n, actor, then)
    return Draft(
        {**templates_of(session, instance_id, then), **paper.files}, name, paper.data, paper.made_at
    ), paper.name


def latest(session: Session, instance_id: UUID, name: str, actor: Actor) -> CasePaper:
    """The newest paper of a kind that the case has. Raises NotFound where it has none."""
    found = [one for one in case_papers(session, instance_id, actor) if one.name == name]
    if not found:
        raise NotFound("没有这种文书")
    return found[-1]


def kinds(templates: Mapping[str, bytes]) -> dict[str, str]:
    """Name → title of the kinds of papers that templates (by the name of the file) give."""
    each: Mapping[str, About] = step_templates(templates)
    found = {SHEET: "需求处理单"} if f"{SHEET}.typ" in templates else {}
    if f"{CIRCULAR}.typ" in templates:
        found[CIRCULAR] = about(templates[f"{CIRCULAR}.typ"]).title or "通报"
    return found | {name: told.title or name for name, told in each.items()}
