"""What is put on paper: 需求处理单 and 通报 of a case, as PDF."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from uuid import UUID

from flask import Blueprint, send_file
from flask.typing import ResponseReturnValue

from service import documents, ledger
from service.web.access import requires
from service.web.context import actor, db

blueprint = Blueprint("prints", __name__)

TEMPLATES = Path(__file__).resolve().parents[2] / "forms" / "print"
TYPE_FOLDER = Path(__file__).parent / "static" / "dist" / "print"


@blueprint.get("/cases/<uuid:instance_id>/sheet.pdf")
@requires()
def sheet(instance_id: UUID) -> ResponseReturnValue:
    """《南海区直接联系服务高层次人才需求处理单》, for whoever may see the case (X1)."""
    return _answer("sheet", ledger.sheet(db(), instance_id, actor()))


@blueprint.get("/cases/<uuid:instance_id>/circulars/<int:n>.pdf")
@requires()
def circular(instance_id: UUID, n: int) -> ResponseReturnValue:
    """The ``n``-th 通报 of a case, for whoever may see the case (W10)."""
    return _answer("circular", ledger.circular(db(), instance_id, n, actor()))


def _answer(template: str, paper: ledger.Paper) -> ResponseReturnValue:
    made = documents.render(
        TEMPLATES / f"{template}.typ", paper.data, made_at=paper.made_at, type_folder=TYPE_FOLDER
    )
    return send_file(BytesIO(made), mimetype="application/pdf", download_name=f"{paper.name}.pdf", max_age=0)
