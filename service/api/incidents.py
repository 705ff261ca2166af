"""Incidents: what failed and waits for a person, and trying it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service.api.calls import Calls
from service.api.context import actor, db
from service.api.fields import Id, List, Moment, Nested, Said, Schema, Whole
from service.processes.models import Incident
from service.processes.timers import open_incidents, retry

calls = Calls("incidents", "Incidents: failures that people must look at")


class IncidentItem(Schema):
    """Something that failed. ``kind`` says what, ``instance`` of which case; ``resolved_at`` closes it."""

    id = Id(required=True)
    kind = Said(required=True)
    instance = Id(required=True, allow_none=True)
    message = Said(required=True)
    happened_at = Moment(required=True)
    resolved_at = Moment(required=True, allow_none=True)
    resolved_by = Said(required=True, allow_none=True)


class Incidents(Schema):
    """All open incidents, the newest first."""

    items = List(Nested(IncidentItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


@calls.get("/incidents", answer=Incidents, right="retry_incidents")
def incidents() -> Mapping[str, Any]:
    """The open incidents."""
    rows = open_incidents(db())
    return {"items": [_shape(row) for row in rows], "total": len(rows), "next": None}


@calls.post("/incidents/<uuid:incident_id>/retry", answer=IncidentItem, right="retry_incidents")
def retry_incident(_body: dict[str, Any], incident_id: UUID) -> Mapping[str, Any]:
    """Resolves an incident by trying again what failed."""
    return _shape(retry(db(), incident_id=incident_id, actor=actor(), now=clock.now()))


def _shape(row: Incident) -> Mapping[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "instance": row.instance_id,
        "message": row.message,
        "happened_at": row.happened_at,
        "resolved_at": row.resolved_at,
        "resolved_by": row.resolved_by,
    }
