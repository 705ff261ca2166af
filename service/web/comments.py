"""沟通: remarks on a case."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from service import auth, clock
from service.http.context import actor, db
from service.processes import sharing
from service.web.access import requires
from service.web.answers import done, listed, sent, text

blueprint = Blueprint("comments", __name__)


@blueprint.post("/cases/<uuid:instance_id>/comment")
@requires()
def comment(instance_id: UUID) -> ResponseReturnValue:
    """沟通: a remark; who is named under ``mention`` is told."""
    fields = sent()
    sharing.comment(
        db(),
        instance_id=instance_id,
        text=text(fields, "text"),
        mention=[name for name in listed(fields, "mention") if auth.find_account(db(), name)],
        actor=actor(),
        now=clock.now(),
    )
    return done("已发送。", url_for("web.cases.case", instance_id=instance_id) + "#timeline")
