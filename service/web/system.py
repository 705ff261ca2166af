"""The state of the service for administrators: incidents, and trying again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, documents
from service.errors import Incident
from service.http.context import actor, db
from service.notifications import letter_lists, letters
from service.processes import schedules
from service.processes.bundles import compiled
from service.processes.figures import worker_beats
from service.processes.models import Schedule
from service.processes.queries import instances_by_id
from service.processes.rules import one_line
from service.processes.stuck import STANDSTILL, UNMANNED
from service.processes.stuck import count as stuck_count
from service.processes.timers import open_incidents, retry
from service.processes.visibility import sees_all
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset

blueprint = Blueprint("system", __name__)


@blueprint.get("/system")
@requires(right="retry_incidents")
def status() -> ResponseReturnValue:
    """Open incidents, when each worker last looked for work, and which characters can be printed."""
    incidents = open_incidents(db(), less=(UNMANNED, STANDSTILL))  # these are shown on a page of their own
    wanted = [incident.instance_id for incident in incidents if incident.instance_id]
    planned = [(row, *_named(row), schedules.planned_at(row)) for row in schedules.upcoming(db())]
    covered, families = _type()
    return render_template(
        "system/status.html",
        incidents=incidents,
        ahead={one.id for one in incidents if one.happened_at > clock.now()},
        stuck=stuck_count(db(), clock.today()),
        sees_content=sees_all(actor()),
        cases=instances_by_id(db(), wanted),
        beats=worker_beats(db()),
        planned=planned,
        covered=covered,
        families=families,
        replaced=documents.replaced_faces() if families else (),
        supplied=documents.SUPPLIED_TYPE,
        letters=letter_lists.unsent(db(), limit=PER_PAGE, offset=offset()),
    )


def _type() -> tuple[Sequence[documents.Covered], Sequence[str]]:
    """The printable characters of names, and with which type; nothing where there is none."""
    try:
        return documents.coverage(), documents.type_of(documents.TYPE_FOLDER).families
    except Incident:
        return (), ()


@blueprint.post("/system/incidents/<uuid:incident_id>/retry")
@requires(right="retry_incidents")
def retry_incident(incident_id: UUID) -> ResponseReturnValue:
    """Tries again what failed."""
    found = retry(db(), incident_id=incident_id, actor=actor(), now=clock.now())
    if found.kind == letters.INCIDENT:
        letters.retry_all(db(), actor=actor(), now=clock.now())
    return done("已安排重试，稍后请刷新本页查看结果。", url_for("web.system.status"))


@blueprint.post("/system/letters/retry")
@requires(right="retry_incidents")
def retry_letters() -> ResponseReturnValue:
    """Tries all unsent letters again at once."""
    number = letters.retry_all(db(), actor=actor(), now=clock.now())
    said = f"已安排重发 {number} 封，稍后请刷新本页查看结果。" if number else "没有未发出的邮件。"
    return done(said, url_for("web.system.status"))


def _named(row: Schedule) -> tuple[str, str]:
    """The diagram's names for the process and its start event."""
    program = compiled(db(), row.digest, row.process).program
    return str(program.spec.description), one_line(program.names.get((row.process, row.event))) or row.event
