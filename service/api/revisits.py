"""政策受限: the needs that present policy does not solve (W13), and looking at them again when it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Choice, Day, Flag, Id, List, Moment, Nested, Said, Schema, Whole
from service.api.records import Row, whole
from service.api.shapes import page_of, takes
from service.http.context import actor, db
from service.ledger import revisits as kept
from service.ledger.fields import CHANGE, RESULTS, REVISIT

calls = Calls("revisits", "Needs that present policy does not solve, looked at again when a policy changes")


class LimitedCase(Schema):
    """A need of which the feedback names the policy."""

    instance = Id(required=True, attribute="id")
    number = Said(required=True, allow_none=True)
    title = Said(required=True)
    talent = Said(required=True, allow_none=True, attribute="talent_id")
    ended_at = Moment(required=True, allow_none=True)


class LimitedPolicy(Schema):
    """A policy, as feedback named it, with the needs that it limits."""

    policy = Said(required=True)
    cases = List(Nested(LimitedCase), required=True)


class RevisitItem(Schema):
    """A need to be looked at again; ``result`` is null until somebody has."""

    instance = Id(required=True, attribute="instance_id")
    number = Said(required=True, allow_none=True)
    title = Said(required=True)
    talent = Said(required=True, allow_none=True, attribute="talent_id")
    result = Choice(*RESULTS, required=True, allow_none=True)
    note = Said(required=True, allow_none=True)
    done_by = Said(required=True, allow_none=True)
    done_at = Moment(required=True, allow_none=True)


class PolicyChangeItem(Schema):
    """A policy marked changed. ``due_on``: by when each of its needs is to be looked at again, ``late``: it is past and
    some are ``open``."""

    id = Id(required=True, attribute="change.id")
    policy = Said(required=True, attribute="change.policy")
    told = Said(required=True, attribute="change.told")
    marked_by = Said(required=True, attribute="change.marked_by")
    marked_at = Moment(required=True, attribute="change.marked_at")
    due_on = Day(required=True)
    late = Flag(required=True)
    open = Whole(required=True)
    cases = List(Nested(RevisitItem), required=True)


@takes(CHANGE, new=True)
class NewPolicyChange(Body):
    """A policy that has changed: all needs are listed whose feedback names it."""


@takes(REVISIT, new=True)
class RevisitResult(Body):
    """The result of looking at a need again."""


def _told(one: kept.Change) -> Row:
    return Row(one, cases=[Row(revisit, case) for revisit, case in one.rows])


@calls.get("/limited-needs", answer=page_of(LimitedPolicy, "LimitedNeeds"), right="view_ledger_all")
def limited() -> Mapping[str, Any]:
    """The policies that limit needs, those with most needs first."""
    return whole(kept.limited(db()))


@calls.get("/policy-changes", answer=page_of(PolicyChangeItem, "PolicyChanges"), right="view_ledger_all")
def changes() -> Mapping[str, Any]:
    """The policies marked changed, the newest first."""
    return whole([_told(one) for one in kept.changes(db())])


@calls.get("/policy-changes/<uuid:change_id>", answer=PolicyChangeItem, right="view_ledger_all")
def change(change_id: UUID) -> Row:
    """A policy marked changed with its needs."""
    return _told(kept.change_of(db(), change_id))


@calls.post("/policy-changes", answer=PolicyChangeItem, status=201, body=NewPolicyChange, right=kept.RIGHT)
def mark(body: dict[str, Any]) -> Row:
    """Marks a policy changed; the Talent Office is told."""
    made = kept.mark_changed(db(), values=body, actor=actor(), now=clock.now())
    return _told(kept.change_of(db(), made.id))


@calls.post(
    "/policy-changes/<uuid:change_id>/<uuid:instance_id>",
    answer=PolicyChangeItem,
    body=RevisitResult,
    right=kept.RIGHT,
)
def look(body: dict[str, Any], change_id: UUID, instance_id: UUID) -> Row:
    """Keeps the result of looking at a need again. 409 where somebody has."""
    told = {"change_id": change_id, "instance_id": instance_id}
    kept.revisit(db(), **told, values=body, actor=actor(), now=clock.now())
    return _told(kept.change_of(db(), change_id))
