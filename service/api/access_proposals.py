"""Roles and second factors of accounts: given by one, or proposed by one and decided by another. For administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import auth, clock
from service.api.calls import Calls
from service.api.fields import Body, Choice, Day, Id, List, Moment, Nested, Said, Schema, Text
from service.api.records import Pages, Row, paged
from service.api.shapes import page_of
from service.auth import AccessProposal, proposals
from service.errors import Finding, Invalid
from service.http.context import actor, db

calls = Calls("accounts", "Accounts: their roles and second factors", noun="access_proposals")

WAITING, OVER = "waiting", "over"


class ProposalItem(Schema):
    """A proposal: a role for an account (``grant``) or a new second factor (``factor_reset``).

    ``state`` is ``open``, ``approved``, ``refused``, ``withdrawn`` or ``expired``.
    """

    id = Id(required=True)
    kind = Said(required=True)
    username = Said(required=True)
    role = Said(required=True, allow_none=True)
    unit = Said(required=True, allow_none=True, attribute="unit_code")
    starts_on = Day(required=True, allow_none=True)
    ends_on = Day(required=True, allow_none=True)
    reason = Said(required=True, allow_none=True)
    proposed_by = Said(required=True)
    proposed_at = Moment(required=True)
    expires_at = Moment(required=True)
    state = Said(required=True)
    decided_by = Said(required=True, allow_none=True)
    decided_at = Moment(required=True, allow_none=True)
    answer = Said(required=True, allow_none=True)


class ProposalQuery(Pages):
    """``state`` keeps those that wait, or those that are over."""

    state = Choice(WAITING, OVER)


class NewGrant(Body):
    """A role (an id of the organization's), for a unit where it wants one, between two days, both included."""

    role = Text(longest=32, required=True)
    unit = Text(longest=32, allow_none=True)
    starts_on = Day(allow_none=True)
    ends_on = Day(allow_none=True)


class NewAccessProposal(NewGrant):
    """A role for an account, or without ``role`` a new second factor (``kind`` says which)."""

    kind = Choice(proposals.GRANT, proposals.FACTOR_RESET, required=True)
    username = Text(longest=32, required=True)
    role = Text(longest=32, allow_none=True)
    reason = Text(longest=200, required=True)


class RevokedRole(Body):
    """A role that the account has by hand, for the unit for which it has it."""

    role = Text(longest=32, required=True)
    unit = Text(longest=32, allow_none=True)


class RefusedProposal(Body):
    """Why it is refused."""

    answer = Text(longest=200, required=True)


class GivenRole(Schema):
    """A role given by hand, between two days, both included."""

    role = Said(required=True)
    unit = Said(required=True, allow_none=True, attribute="unit_code")
    starts_on = Day(required=True)
    ends_on = Day(required=True, allow_none=True)


class GivenRoles(Schema):
    """The roles that an account has by hand, today or later."""

    username = Said(required=True)
    items = List(Nested(GivenRole), required=True)


@calls.get(
    "/access-proposals", answer=page_of(ProposalItem, "AccessProposals"), query=ProposalQuery, right="propose_access"
)
def proposal_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """Proposals about rights, the newest first."""
    state = query.pop("state", None)
    waiting = None if state is None else state == WAITING
    return paged(proposals.list_proposals(db(), now=clock.now(), waiting=waiting, **query), _told)


@calls.post("/access-proposals", answer=ProposalItem, status=201, body=NewAccessProposal, right="propose_access")
def propose(body: dict[str, Any]) -> Row:
    """Proposes a role, or a new second factor; it holds once another administrator approves."""
    said = {"reason": body["reason"], "actor": actor(), "now": clock.now()}
    if body["kind"] == proposals.FACTOR_RESET:
        return _told(proposals.propose_reset(db(), username=body["username"], **said))
    return _told(proposals.propose_role(db(), username=body["username"], **_wanted(body), **said))


@calls.post("/access-proposals/<uuid:proposal_id>/approve", answer=ProposalItem, right="grant_roles")
def approve_proposal(_body: dict[str, Any], proposal_id: UUID) -> Row:
    """Puts a proposal into effect. 403 for who proposed it, or whom it concerns; 409 for one that is over."""
    return _told(proposals.approve(db(), proposal_id=proposal_id, actor=actor(), now=clock.now()))


@calls.post(
    "/access-proposals/<uuid:proposal_id>/refuse", answer=ProposalItem, body=RefusedProposal, right="grant_roles"
)
def refuse_proposal(body: dict[str, Any], proposal_id: UUID) -> Row:
    """Refuses a proposal with a reason."""
    return _told(proposals.refuse(db(), proposal_id=proposal_id, **body, actor=actor(), now=clock.now()))


@calls.post("/access-proposals/<uuid:proposal_id>/withdraw", answer=ProposalItem, right="propose_access")
def withdraw_proposal(_body: dict[str, Any], proposal_id: UUID) -> Row:
    """Takes back what one has proposed oneself."""
    return _told(proposals.withdraw(db(), proposal_id=proposal_id, actor=actor(), now=clock.now()))


@calls.get("/accounts/<username>/roles", answer=GivenRoles, right="view_accounts")
def given_roles(username: str) -> Mapping[str, Any]:
    """The roles that an account has by hand."""
    return _roles(username)


@calls.post("/accounts/<username>/roles", answer=GivenRoles, status=201, body=NewGrant, right="grant_roles")
def grant(body: dict[str, Any], username: str) -> Mapping[str, Any]:
    """Gives an account a role at once; 403 where two people must agree: then it is proposed."""
    auth.grant_role(db(), username=username, **_wanted(body), actor=actor(), now=clock.now())
    return _roles(username)


@calls.post("/accounts/<username>/roles/revoke", answer=GivenRoles, body=RevokedRole, right="grant_roles")
def revoke(body: dict[str, Any], username: str) -> Mapping[str, Any]:
    """Takes a role back at once."""
    unit = body.get("unit") or None
    auth.revoke_role(db(), username=username, role=body["role"], unit_code=unit, actor=actor(), now=clock.now())
    return _roles(username)


@calls.post("/accounts/<username>/second-factor/reset", answer=GivenRoles, right="propose_access")
def reset(_body: dict[str, Any], username: str) -> Mapping[str, Any]:
    """Takes the second factor away from who has lost it; 403 where two people must agree: then it is proposed."""
    account = auth.get_account(db(), username)
    auth.reset_factor(db(), username=account.username, actor=actor(), now=clock.now())
    return _roles(username)


def _wanted(body: Mapping[str, Any]) -> dict[str, Any]:
    if not body.get("role"):
        raise Invalid("请写明角色", [Finding("/role", "请写明角色")])
    return {
        "role": body["role"],
        "unit_code": body.get("unit") or None,
        "starts_on": body.get("starts_on"),
        "ends_on": body.get("ends_on"),
    }


def _roles(username: str) -> Mapping[str, Any]:
    account = auth.get_account(db(), username)
    return {"username": account.username, "items": auth.list_role_grants(db(), [account.username])}


def _told(row: AccessProposal) -> Row:
    return Row(row, state=proposals.state_of(row, clock.now()))
