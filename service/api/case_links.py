"""Cases that belong together: 关联 and 并案."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Choice, Id, Moment, Nested, Said, Schema, Text
from service.api.records import Row, whole
from service.api.shapes import page_of
from service.http.context import actor, db
from service.processes import joining, queries
from service.processes.case_link import HOLDS, INTO, LINKED
from service.processes.links import links_of
from service.processes.models import Instance

calls = Calls(
    "instances", "Instances (需求 and other cases): start, state, journal, diagrams, 关联 并案", noun="case_links"
)


class Other(Schema):
    """The other case."""

    id = Id(required=True)
    number = Said(required=True, allow_none=True)
    title = Said(required=True)
    status = Said(required=True)


class CaseLinkItem(Schema):
    """A case that belongs to the asked one: linked; the one into which it was joined; one that it holds."""

    kind = Choice(LINKED, INTO, HOLDS, required=True)
    other = Nested(Other, required=True)
    note = Said(required=True)
    made_by = Said(required=True)
    made_at = Moment(required=True)


LINKS = page_of(CaseLinkItem, "CaseLinks")


class LinkOrder(Body):
    """The other case, which the asker must see, and why they belong together."""

    other = Id(required=True)
    note = Text(load_default="", longest=10_000)


class UnlinkOrder(Body):
    """The other case."""

    other = Id(required=True)


class JoinOrder(Body):
    """The case within which this one is handled from now on, and why."""

    other = Id(required=True)
    reason = Text(required=True, longest=10_000)


class PartOrder(Body):
    """Why it goes on by itself."""

    reason = Text(required=True, longest=10_000)


@calls.get("/instances/<uuid:instance_id>/links", answer=LINKS)
def case_links(instance_id: UUID) -> Mapping[str, Any]:
    """The cases that belong to this one, of those that I may see."""
    return _shown(queries.visible(db(), instance_id, actor()))


@calls.post("/instances/<uuid:instance_id>/link", answer=LINKS, body=LinkOrder)
def link(body: dict[str, Any], instance_id: UUID) -> Mapping[str, Any]:
    """关联: both know each other. For who has a part in the case and sees the other."""
    said = {"other_id": body["other"], "note": body["note"], "actor": actor(), "now": clock.now()}
    return _shown(joining.link(db(), instance_id=instance_id, **said))


@calls.post("/instances/<uuid:instance_id>/unlink", answer=LINKS, body=UnlinkOrder)
def unlink(body: dict[str, Any], instance_id: UUID) -> Mapping[str, Any]:
    """解除关联: for who has a part in the case and sees the other."""
    said = {"other_id": body["other"], "actor": actor(), "now": clock.now()}
    return _shown(joining.unlink(db(), instance_id=instance_id, **said))


@calls.post("/instances/<uuid:instance_id>/join", answer=LINKS, body=JoinOrder)
def join(body: dict[str, Any], instance_id: UUID) -> Mapping[str, Any]:
    """并案: the case rests, and ends with the other one and its result. For the Talent Office."""
    said = {"other_id": body["other"], "reason": body["reason"], "actor": actor(), "now": clock.now()}
    return _shown(joining.join(db(), instance_id=instance_id, **said))


@calls.post("/instances/<uuid:instance_id>/part", answer=LINKS, body=PartOrder)
def part(body: dict[str, Any], instance_id: UUID) -> Mapping[str, Any]:
    """拆出: a case that was joined to another goes on by itself. For the Talent Office."""
    return _shown(joining.part(db(), instance_id=instance_id, actor=actor(), now=clock.now(), **body))


def _shown(instance: Instance) -> Mapping[str, Any]:
    rows = links_of(db(), [instance.id])
    known = queries.seen_among(db(), [row.other_id for row in rows], actor())
    others = queries.instances_by_id(db(), known)
    return whole([Row(row, other=others[row.other_id]) for row in rows if row.other_id in others])
