"""Cases that belong together (关联, 并案), and open needs that a new one may repeat (O3), on forms and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.errors import Finding, Invalid
from service.http.context import actor, db
from service.ledger.similar import Similar, similar_needs
from service.liaisons import leaders_of
from service.processes import joining, queries
from service.processes.case_link import HOLDS, INTO, LINKED, CaseLink
from service.processes.links import links_of
from service.processes.models import RUNNING, Instance
from service.processes.rules import NEED
from service.processes.visibility import handles, is_round
from service.rights import may
from service.talents.queries import find_talent
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import done, sent, text
from service.web.present import case_number

blueprint = Blueprint("related", __name__)

INTAKE = "intake"
KINDS = {LINKED: "关联", INTO: "已并入", HOLDS: "并入本件"}


@dataclass(frozen=True, slots=True)
class Related:
    """The cases that belong to one, as far as the reader may see them, and those that may be the same matter.

    ``into``: it is handled within another, whether or not the reader may know of that. ``doubt`` says that the leader
    named in the need does not serve the talent.
    """

    links: Sequence[tuple[CaseLink, Instance, str]] = ()
    similar: Sequence[Similar] = ()
    into: bool = False
    doubt: str = ""
    may_link: bool = False
    may_join: bool = False

    @property
    def main_shown(self) -> bool:
        """Whether the case within which it is handled is among the links."""
        return any(row.kind == INTO for row, _, _ in self.links)

    @property
    def shown(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.links or self.similar or self.into or self.doubt)


def related(instance: Instance) -> Related:
    """The cases that belong to one, as the reader may see them; a need in intake is held against the open ones."""
    if is_round(instance):
        return Related()
    rows = links_of(db(), [instance.id])
    known = queries.seen_among(db(), [row.other_id for row in rows], actor())
    others = queries.instances_by_id(db(), known)
    new = instance.process == NEED and instance.stage == INTAKE and instance.ended_at is None
    said = instance.data
    similar = (
        similar_needs(
            db(),
            actor(),
            talent_id=instance.talent_id,
            title=instance.title,
            text=str(said.get("description") or ""),
            category=said.get("category"),
            besides=[instance.id, *(row.other_id for row in rows)],
        )
        if new
        else []
    )
    return Related(
        links=[(row, others[row.other_id], KINDS[row.kind]) for row in rows if row.other_id in others],
        similar=similar,
        into=any(row.kind == INTO for row in rows),
        doubt=_doubt(instance.talent_id, instance.leader_id) if new else "",
        may_link=instance.process == NEED and handles(db(), instance, actor()),
        may_join=may(actor(), "operate_cases") and instance.status == RUNNING and instance.process == NEED,
    )


@blueprint.post("/cases/similar")
@requires()
def similar() -> ResponseReturnValue:
    """JSON of all that speaks against a need which is being registered: open needs that it may repeat, and doubts.

    Reads alone; the text is sent and not put into an address, where it would be kept.
    """
    fields = sent()
    said = fields.get("data")
    data: dict[str, Any] = said if isinstance(said, dict) else {}
    talent = text(data, "talent_id") or None
    found = similar_needs(
        db(),
        actor(),
        talent_id=talent,
        title=text(data, "title"),
        text=text(data, "description"),
        category=text(data, "category") or None,
    )
    doubt = _doubt(talent, text(data, "leader_id") or None)
    return jsonify(
        items=[
            {
                "id": str(one.id),
                "number": case_number(one),
                "title": one.title,
                "why": one.why,
                "address": url_for("web.cases.case", instance_id=one.id),
            }
            for one in found
        ],
        doubts=[doubt] if doubt else [],
    )


@blueprint.post("/cases/<uuid:instance_id>/link")
@requires()
def link(instance_id: UUID) -> ResponseReturnValue:
    """关联."""
    fields = sent()
    _operate(joining.link, instance_id, other_id=_other(fields), note=text(fields, "note"))
    return _back("已关联。", instance_id)


@blueprint.post("/cases/<uuid:instance_id>/unlink")
@requires()
def unlink(instance_id: UUID) -> ResponseReturnValue:
    """解除关联."""
    _operate(joining.unlink, instance_id, other_id=text(sent(), "other_id"))
    return _back("已解除关联。", instance_id)


@blueprint.post("/cases/<uuid:instance_id>/join")
@requires()
def join(instance_id: UUID) -> ResponseReturnValue:
    """并案."""
    fields = sent()
    _operate(joining.join, instance_id, other_id=_other(fields), reason=text(fields, "reason"))
    return _back("已并案：本件暂停办理，随并入的事项办结。", instance_id)


@blueprint.post("/cases/<uuid:instance_id>/part")
@requires()
def part(instance_id: UUID) -> ResponseReturnValue:
    """拆出."""
    _operate(joining.part, instance_id, reason=text(sent(), "reason"))
    return _back("已拆出，本件另行办理。", instance_id)


def _operate(command: Callable[..., Instance], instance_id: UUID, **said: str) -> None:
    command(db(), instance_id=instance_id, actor=actor(), now=clock.now(), **said)


def _back(said: str, instance_id: UUID) -> ResponseReturnValue:
    return done(said, url_for("web.cases.case", instance_id=instance_id))


def _other(fields: dict[str, Any]) -> str:
    """The other case: chosen from those shown, or named by its number. Raises ``Invalid`` where none is known."""
    if chosen := text(fields, "other_id"):
        return chosen
    number = text(fields, "number").strip()
    found = queries.find_by_number(db(), number, actor()) if number else None
    if found is None:
        said = "没有这个受理编号的事项，或您无权查看，请核对编号" if number else "请从列出的需求中选择，或填写受理编号"
        raise Invalid(said, [Finding("/number", said)])
    return str(found.id)


def _doubt(talent_id: str | None, leader_id: str | None) -> str:
    """Words where the chosen leader does not serve the talent today, with who does, as the reader may know."""
    talent = find_talent(db(), talent_id) if talent_id else None
    if talent is None or not leader_id or not may(actor(), "view_serving_leaders"):
        return ""
    serving = leaders_of(db(), [talent.id], clock.today(), actor())[talent.id]
    if any(str(one.id) == leader_id for one in serving):
        return ""
    name = Names(db()).record("leaders", leader_id)
    who = "、".join(one.person.name for one in serving)
    told = f"联系该人才的领导是{who}" if who else "该人才目前没有联系领导"
    return f"所选联系领导{name}目前不联系{talent.name}；{told}。请核对，确属该领导收到的，仍可提交。"
