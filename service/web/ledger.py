"""The ledger (台账, R2): every case that the reader may see, filterable."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from service.people.queries import search_units
from service.processes import queries
from service.processes.rules import STAGES
from service.web.access import requires
from service.web.answers import PER_PAGE, offset
from service.web.cases import filters, rows
from service.web.context import actor, db, web

blueprint = Blueprint("ledger", __name__)

ALL_UNITS = 200


@blueprint.get("/ledger")
@requires()
def ledger() -> ResponseReturnValue:
    """需求台账."""
    page = queries.cases(db(), actor(), filters=filters(), limit=PER_PAGE, offset=offset())
    organization = web().organization
    return render_template(
        "ledger/ledger.html",
        page=page,
        stages=STAGES,
        towns=organization.towns,
        categories=organization.categories,
        units=search_units(db(), limit=ALL_UNITS).items,
        **rows(page.items),
    )
