"""Half-year reports and briefs as files, PDF or Word, for whoever may read them."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from flask import Response

from service import reports
from service.api.calls import Calls
from service.api.context import actor, db
from service.api.names import account_names
from service.api.uploads import download
from service.documents import HEADER, TYPE_FOLDER, Printed
from service.reports.rules import HALVES
from service.spelling import code_point

calls = Calls(
    "papers",
    "Half-year reports and briefs as PDF and Word files. Signs that the server has no type for are marked in a PDF and"
    f" named in the header {HEADER}",
)

HOME = Path(__file__).resolve().parents[2]
TEMPLATES = HOME / "forms" / "print"
PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@calls.file("/reports/<uuid:report_id>/pdf", media_types=(PDF,))
def report_pdf(report_id: UUID) -> Response:
    """A half-year report as PDF."""
    return _report(report_id, "pdf", PDF)


@calls.file("/reports/<uuid:report_id>/docx", media_types=(WORD,))
def report_word(report_id: UUID) -> Response:
    """A half-year report for Word."""
    return _report(report_id, "docx", WORD)


@calls.file("/briefs/<uuid:brief_id>/pdf", media_types=(PDF,))
def brief_pdf(brief_id: UUID) -> Response:
    """A brief as PDF."""
    return _brief(brief_id, "pdf", PDF)


@calls.file("/briefs/<uuid:brief_id>/docx", media_types=(WORD,))
def brief_word(brief_id: UUID) -> Response:
    """A brief for Word."""
    return _brief(brief_id, "docx", WORD)


def _report(report_id: UUID, kind: str, media_type: str) -> Response:
    found = reports.get_report(db(), report_id, actor())
    by = found.submitted_by
    name = (account_names(db(), [by]).get(by) or by) if by else ""
    made = reports.report_document(found, kind, templates=TEMPLATES, type_folder=TYPE_FOLDER, submitted_by=name)
    return _answer(made, media_type, f"{found.unit.name}{found.year}年{HALVES[found.half]}报告.{kind}")


def _brief(brief_id: UUID, kind: str, media_type: str) -> Response:
    found = reports.get_brief(db(), brief_id, actor())
    made = reports.brief_document(found, kind, templates=TEMPLATES, type_folder=TYPE_FOLDER)
    return _answer(made, media_type, f"{found.leader.person.name}{found.year}年{found.month}月专报.{kind}")


def _answer(made: Printed, media_type: str, name: str) -> Response:
    answer = download(made.content, media_type, name)
    if made.missing:
        answer.headers[HEADER] = " ".join(map(code_point, made.missing))
    return answer
