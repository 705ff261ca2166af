"""权限审批: what one administrator proposed about rights and another decides; and whether the three are kept apart."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import auth, clock
from service.auth import Account, proposals
from service.auth.queries import account_names
from service.auth.separation import missing_administrators, role_clashes
from service.fields import Field
from service.http.context import actor, db, settings, wired
from service.rights import may
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset, sent, text
from service.web.filling import Filling, form_page, submitted

blueprint = Blueprint("access_proposals", __name__)


@blueprint.get("/access-proposals")
@requires(right="propose_access")
def index() -> ResponseReturnValue:
    """Those that wait, those that are over, and accounts whose roles do not go together."""
    now, today, roles = clock.now(), clock.today(), wired().organization.roles
    waiting = proposals.list_proposals(db(), now=now, waiting=True, limit=PER_PAGE)
    over = proposals.list_proposals(db(), now=now, waiting=False, limit=PER_PAGE, offset=offset())
    shown = [*waiting.items, *over.items]
    names = Names(db()).learn(units=[one.unit_code for one in shown])
    who = account_names(db(), {one.proposed_by for one in shown} | {one.decided_by for one in shown if one.decided_by})
    return render_template(
        "accounts/proposals.html",
        waiting=waiting.items,
        page=over,
        states={one.id: proposals.STATES[proposals.state_of(one, now)] for one in shown},
        names=names,
        who=who,
        known=roles,
        me=actor().username,
        may_decide=may(actor(), "grant_roles"),
        rules=settings().accounts,
        factor_for=[
            role.name for role in wired().organization.roles.values() if role.id in settings().second_factor.roles
        ],
        clashes=role_clashes(db(), today),
        missing=missing_administrators(db(), today),
    )


@blueprint.post("/access-proposals/<uuid:proposal_id>/approve")
@requires(right="grant_roles")
def approve(proposal_id: UUID) -> ResponseReturnValue:
    """批准: it takes effect at once."""
    proposals.approve(db(), proposal_id=proposal_id, actor=actor(), now=clock.now())
    return done("已批准，即时生效。", url_for("web.access_proposals.index"))


@blueprint.post("/access-proposals/<uuid:proposal_id>/refuse")
@requires(right="grant_roles")
def refuse(proposal_id: UUID) -> ResponseReturnValue:
    """退回, with a reason."""
    proposals.refuse(db(), proposal_id=proposal_id, answer=text(sent(), "answer"), actor=actor(), now=clock.now())
    return done("已退回。", url_for("web.access_proposals.index"))


@blueprint.post("/access-proposals/<uuid:proposal_id>/withdraw")
@requires(right="propose_access")
def withdraw(proposal_id: UUID) -> ResponseReturnValue:
    """撤回 the own proposal."""
    proposals.withdraw(db(), proposal_id=proposal_id, actor=actor(), now=clock.now())
    return done("申请已撤回。", url_for("web.access_proposals.index"))


@blueprint.get("/accounts/<username>/second-factor")
@requires(right="propose_access")
def reset_form(username: str) -> ResponseReturnValue:
    """重置二次验证."""
    return _reset_page(auth.get_account(db(), username), Filling(_reset_fields()))


@blueprint.post("/accounts/<username>/second-factor")
@requires(right="propose_access")
def reset_factor(username: str) -> ResponseReturnValue:
    """Takes the second factor away from who has lost it, at once or when another approves."""
    found = auth.get_account(db(), username)

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        if settings().accounts.by_two:
            proposals.propose_reset(
                db(), username=found.username, reason=values["reason"], actor=actor(), now=clock.now()
            )
            return done("申请已提交，须另一位管理员批准后生效。", url_for("web.access_proposals.index"))
        auth.reset_factor(db(), username=found.username, actor=actor(), now=clock.now())
        return done(
            "二次验证已重置，本人下次登录后重新登记。", url_for("web.accounts.account", username=found.username)
        )

    return submitted(Filling.sent(_reset_fields()), operation, lambda form: _reset_page(found, form))


def _reset_fields() -> list[Field]:
    return [Field("reason", "理由", required=True, longest=200, note="例如：手机遗失，已当面核对身份")]


def _reset_page(found: Account, form: Filling) -> str:
    action = url_for("web.access_proposals.reset_factor", username=found.username)
    lead = "请先当面核对身份。重置后，该账号在各处退出登录，接口令牌全部撤销，本人凭密码登录后重新登记。"
    return form_page(
        form,
        title=f"重置{found.name}的二次验证",
        action=action,
        back=url_for("web.accounts.account", username=found.username),
        lead=lead,
    )
