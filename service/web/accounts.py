"""账号: who may sign in and in which roles, for administrators."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import Blueprint, g, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import auth, clock
from service.auth import Account, NewPassword, RoleGrant, proposals
from service.auth.password_rules import described
from service.auth.queries import accounts_of_person
from service.auth.rules import LONGEST_PASSWORD
from service.errors import Conflict, Finding, Invalid, NotFound
from service.fields import CHOICE, DATE, PICK, SECRET, Field
from service.http.context import actor, db, settings, wired
from service.people import queries
from service.rights import LIAISON, Grant, may
from service.usecases.leaving import held_by
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, offset, sent, text
from service.web.changes import changes
from service.web.filling import Filling, form_page, submitted
from service.web.present import named

blueprint = Blueprint("accounts", __name__)

BY_DIRECTORY = {LIAISON: "请在单位页面“指定联络员”，更换时原联络员的权限同时终止"}
"""Roles that follow the directory, and where they are given (T4)."""

PASSWORD, SINGLE_SIGN_ON = "password", "oidc"
SHORT_LIST = 12
"""Accounts that a picker offers."""
STATES = {"yes": True, "no": False}


@blueprint.get("/accounts")
@requires(right="view_accounts")
def accounts() -> ResponseReturnValue:
    """账号名录, each with its roles of today."""
    page = auth.list_accounts(
        db(),
        argument("q"),
        PER_PAGE,
        offset(),
        role=argument("role"),
        active=STATES.get(request.args.get("active", "")),
    )
    usernames = [one.username for one in page.items]
    held = auth.grants_of(db(), usernames, clock.today())
    names = Names(db()).learn(units=[grant.unit for grants in held.values() for grant in grants])
    return render_template(
        "accounts/accounts.html",
        page=page,
        roles={username: sorted(_said(grant, names) for grant in grants) for username, grants in held.items()},
        locked=auth.locks_of(db(), usernames, clock.now()),
        may_manage=may(actor(), "manage_accounts"),
        known=wired().organization.roles,
    )


@blueprint.get("/accounts/new")
@requires(right="manage_accounts")
def new_account() -> ResponseReturnValue:
    """开立账号."""
    return _new_page(Filling.of(_fields(), {"person_id": argument("person"), "way": PASSWORD}))


def _typed_password(**_place: str) -> auth.NewPassword | None:
    """The password typed into a form of this module, hashed before any transaction is open."""
    typed = text(sent(), "password")
    return auth.prepare(typed[: LONGEST_PASSWORD + 1]) if typed else None


@blueprint.post("/accounts")
@requires(right="manage_accounts", ahead=_typed_password)
def add_account() -> ResponseReturnValue:
    """Opens an account; its roles are granted on the account's page."""

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        _require_free(values)
        account = auth.add_user(
            db(),
            username=values["username"] or "",
            password=_first_password(values),
            must_change=settings().passwords.change_first,
            person_id=values["person_id"],
            actor=actor(),
            now=clock.now(),
        )
        return done(f"已为{account.name}开立账号，请授予角色。", _address(account))

    return submitted(Filling.sent(_fields()), operation, _new_page)


@blueprint.get("/accounts/<username>")
@requires(right="view_accounts")
def account(username: str) -> ResponseReturnValue:
    """One account: its person, roles, sign-in, tokens and journal."""
    found, today = auth.get_account(db(), username), clock.today()
    given = auth.list_role_grants(db(), [found.username])
    held = auth.grants_of(db(), [found.username], today)[found.username]
    names = Names(db()).learn(units=[one.unit_code for one in given] + [grant.unit for grant in held])
    return render_template(
        "accounts/account.html",
        account=found,
        own=found.username == actor().username,
        given=given,
        by_directory=sorted(_said(grant, names) for grant in _by_directory(held, given)),
        names=names,
        known=wired().organization.roles,
        today=today,
        locked=auth.locks_of(db(), [found.username], clock.now()).get(found.username),
        held=held_by(db(), found.username, today, titles=not actor().separate),
        factor=auth.find_factor(db(), found.username),
        waiting=proposals.waiting_of(db(), found.username, clock.now()),
        by_two=settings().accounts.by_two,
        may={right: may(actor(), right) for right in ("manage_accounts", "propose_access", "grant_roles")},
        tokens=auth.list_tokens(db(), found.username) if may(actor(), "manage_tokens") else None,
        changes=changes((event, event.data) for event in auth.entries_of(db(), found.username)),
    )


@blueprint.get("/accounts/<username>/disable")
@requires(right="manage_accounts")
def leaving(username: str) -> ResponseReturnValue:
    """Shows the things that depend on the account, before it is disabled."""
    found = auth.get_account(db(), username)
    held = held_by(db(), found.username, clock.today(), titles=not actor().separate)
    return render_template("accounts/leaving.html", account=found, held=held, own=found.username == actor().username)


@blueprint.post("/accounts/<username>/disable")
@requires(right="manage_accounts")
def disable(username: str) -> ResponseReturnValue:
    """停用: open sessions and tokens end at once."""
    auth.disable_user(db(), username=username, actor=actor(), now=clock.now())
    said = "账号已停用，其登录和接口令牌同时失效，领办的任务已退回同岗位待办。"
    return done(said, url_for("web.accounts.account", username=username))


@blueprint.post("/accounts/<username>/enable")
@requires(right="manage_accounts")
def enable(username: str) -> ResponseReturnValue:
    """启用 a disabled account again."""
    auth.enable_user(db(), username=username, actor=actor(), now=clock.now())
    return done("账号已启用。", url_for("web.accounts.account", username=username))


@blueprint.post("/accounts/<username>/unlock")
@requires(right="manage_accounts")
def unlock(username: str) -> ResponseReturnValue:
    """解除锁定 after failed sign-ins."""
    auth.unlock_user(db(), username=username, actor=actor(), now=clock.now())
    return done("已解除锁定，可以重新登录。", url_for("web.accounts.account", username=username))


@blueprint.post("/accounts/<username>/unbind")
@requires(right="manage_accounts")
def unbind(username: str) -> ResponseReturnValue:
    """解除绑定 of the single sign-on's identity."""
    auth.unbind_oidc(db(), username=username, actor=actor(), now=clock.now())
    return done("已解除统一身份认证的绑定。", url_for("web.accounts.account", username=username))


@blueprint.get("/accounts/<username>/password")
@requires(right="manage_accounts")
def password_form(username: str) -> ResponseReturnValue:
    """设置新密码."""
    return _password_page(auth.get_account(db(), username), Filling(_password_fields()))


@blueprint.post("/accounts/<username>/password")
@requires(right="manage_accounts", ahead=_typed_password)
def set_password(username: str) -> ResponseReturnValue:
    """Gives an account a new password; the own one is changed only by who knows the old one."""
    found = auth.get_account(db(), username)

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        if found.username == actor().username:
            raise Conflict("修改自己的密码请到“我的账号”页面，须输入原密码")
        auth.set_password(
            db(),
            username=found.username,
            password=_typed_twice(values),
            must_change=settings().passwords.change_first,
            actor=actor(),
            now=clock.now(),
        )
        return done("新密码已生效，该账号已在各处退出登录，接口令牌已全部撤销。", _address(found))

    return submitted(Filling.sent(_password_fields()), operation, lambda form: _password_page(found, form))


@blueprint.get("/accounts/<username>/roles")
@requires(right="propose_access")
def role_form(username: str) -> ResponseReturnValue:
    """授予角色."""
    found = auth.get_account(db(), username)
    unit = found.person.unit_code if found.person else None
    return _role_page(found, Filling.of(_role_fields(), {"unit_code": unit, "starts_on": clock.today()}))


@blueprint.post("/accounts/<username>/roles")
@requires(right="propose_access")
def grant_role(username: str) -> ResponseReturnValue:
    """Grants a role for a time."""
    found, roles = auth.get_account(db(), username), wired().organization.roles

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        if values["role"] is None:
            raise Invalid("请选择角色", [Finding("/role", "请选择角色")])
        if values["role"] in BY_DIRECTORY:
            said = f"{roles[values['role']].name}不在这里授予：{BY_DIRECTORY[values['role']]}"
            raise Invalid("不能授予这一角色", [Finding("/role", said)])
        if values["unit_code"] and queries.find_unit(db(), values["unit_code"]) is None:
            raise Invalid("没有这个单位", [Finding("/unit_code", "没有这个单位，请从列表中选择")])
        reason = values.pop("reason", None)
        wanted = {"username": found.username, **values}
        if settings().accounts.by_two:
            proposals.propose_role(db(), **wanted, reason=reason, actor=actor(), now=clock.now())
            return done("申请已提交，须另一位管理员批准后生效。", url_for("web.access_proposals.index"))
        auth.grant_role(db(), **wanted, actor=actor(), now=clock.now())
        return done(f"已授予{roles[values['role']].name}角色。", _address(found))

    return submitted(Filling.sent(_role_fields()), operation, lambda form: _role_page(found, form))


@blueprint.post("/accounts/<username>/roles/revoke")
@requires(right="grant_roles")
def revoke_role(username: str) -> ResponseReturnValue:
    """Takes a role back at once."""
    found, fields = auth.get_account(db(), username), sent()
    role, unit = text(fields, "role"), text(fields, "unit_code") or None
    auth.revoke_role(db(), username=found.username, role=role, unit_code=unit, actor=actor(), now=clock.now())
    return done("已收回角色。", _address(found))


@blueprint.post("/accounts/<username>/tokens/revoke")
@requires(right="manage_tokens")
def revoke_token(username: str) -> ResponseReturnValue:
    """Ends a token of the account at once."""
    found, sha256 = auth.get_account(db(), username), text(sent(), "token")
    if sha256 not in {token.sha256 for token in auth.list_tokens(db(), found.username)}:
        raise NotFound("没有这个令牌，可能已经撤销")
    auth.revoke_token(db(), sha256=sha256, actor=actor(), now=clock.now())
    return done("接口令牌已撤销。", _address(found))


def _said(grant: Grant, names: Names) -> str:
    role = wired().organization.roles.get(grant.role)
    return (role.name if role else grant.role) + (f"（{names.unit(grant.unit)}）" if grant.unit else "")


def _by_directory(held: Collection[Grant], given: Collection[RoleGrant]) -> set[Grant]:
    """The rights of the account as a unit's liaison or a leader, which nobody gave it by hand."""
    return set(held) - {Grant(one.role, one.unit_code) for one in given if one.starts_on <= clock.today()}


def _address(found: Account) -> str:
    return url_for("web.accounts.account", username=found.username)


def _fields() -> list[Field]:
    ways = {PASSWORD: "用户名和密码", SINGLE_SIGN_ON: "只从统一身份认证登录，不设密码"}
    note = "" if settings().oidc.enabled else "本系统尚未启用统一身份认证"
    return [
        Field("person_id", "人员", PICK, required=True, pick="people", note="先在“单位与人员”中登记，每人一个账号"),
        Field("username", "用户名", required=True, longest=32, note="小写字母开头，开立后不能修改，例如 lifang"),
        Field("way", "登录方式", CHOICE, required=True, choices=ways, empty="", note=note),
        *_password_fields(required=False),
    ]


def _password_fields(*, required: bool = True) -> list[Field]:
    note = described(settings().passwords) + ("" if required else "；用密码登录的账号必填")
    return [
        Field("password", "密码", SECRET, required=required, longest=LONGEST_PASSWORD, note=note),
        Field("again", "再次输入密码", SECRET, required=required, longest=LONGEST_PASSWORD),
    ]


def _given_by_hand() -> list[tuple[str, str]]:
    return [(code, name) for code, name in named(wired().organization.roles) if code not in BY_DIRECTORY]


def _role_fields() -> list[Field]:
    return [
        Field(
            "role",
            "角色",
            CHOICE,
            required=True,
            choices=dict(_given_by_hand()),
            empty="请选择",
            note="联络员由单位页面指定，随名录变动",
        ),
        Field("unit_code", "单位", PICK, pick="units", note="联络员、责任单位、人才所在单位须指定单位"),
        Field("starts_on", "开始日期", DATE, required=True),
        Field("ends_on", "结束日期", DATE, note="含当天；不填为长期"),
        *([Field("reason", "理由", required=True, longest=200)] if settings().accounts.by_two else []),
    ]


def _require_free(values: dict[str, Any]) -> None:
    """Says at its field that the person is unknown or has an account, or that the name is taken."""
    person = queries.find_person(db(), values["person_id"])
    if person is None:
        raise Invalid("没有这个人员", [Finding("/person_id", "没有这个人员，请从列表中选择")])
    taken = []
    if held := accounts_of_person(db(), person.id):
        taken.append(Finding("/person_id", f"{person.name}已有账号 {held[0].username}"))
    if auth.find_account(db(), values["username"] or "") is not None:
        taken.append(Finding("/username", "该用户名已被使用，请改用别的用户名"))
    if taken:
        raise Conflict("不能开立账号", taken)


def _first_password(values: dict[str, Any]) -> NewPassword | None:
    if values["way"] == PASSWORD:
        return _typed_twice(values)
    if values["way"] != SINGLE_SIGN_ON:
        raise Invalid("请选择登录方式", [Finding("/way", "请选择登录方式")])
    if values["password"] or values["again"]:
        raise Invalid("不设密码", [Finding("/password", "只从统一身份认证登录的账号不设密码，请留空")])
    return None


def _typed_twice(values: dict[str, Any]) -> NewPassword:
    if (values["password"] or "") != (values["again"] or ""):
        raise Invalid("两次输入的密码不一致", [Finding("/again", "两次输入的密码不一致，请重新输入")])
    prepared: NewPassword | None = g.ahead
    if prepared is None:
        raise Invalid("请填写密码", [Finding("/password", "请填写密码")])
    return prepared


def _new_page(form: Filling) -> str:
    action, back = url_for("web.accounts.add_account"), url_for("web.accounts.accounts")
    lead = "账号归一人使用。联络员、联系领导的角色随单位与人员名录变动，不必另行授予。"
    return form_page(form, title="开立账号", action=action, back=back, submit="开立账号", lead=lead)


def _password_page(found: Account, form: Filling) -> str:
    action = url_for("web.accounts.set_password", username=found.username)
    lead = "保存后原密码作废，该账号在各处退出登录，登录锁定同时解除。请当面告知本人；本人首次登录时须自行修改。"
    return form_page(form, title=f"为{found.name}设置新密码", action=action, back=_address(found), lead=lead)


def _role_page(found: Account, form: Filling) -> str:
    action = url_for("web.accounts.grant_role", username=found.username)
    by_two = settings().accounts.by_two
    lead = (
        f"提交后由另一位管理员审批，{settings().accounts.proposal_lifetime.days} 天内没有审批的作废。" if by_two else ""
    )
    submit, title = ("提交申请", "申请授予") if by_two else ("授予", "授予")
    return form_page(
        form, title=f"{title}{found.name}角色", action=action, back=_address(found), submit=submit, lead=lead
    )


@blueprint.get("/lookup/accounts")
@requires(right="view_directory")
def lookup() -> ResponseReturnValue:
    """The people who can be named in a remark or copied to: found by name, pinyin or initials, for the picker."""
    found = auth.list_accounts(db(), argument("q"), limit=SHORT_LIST, active=True).items
    people = [(account, account.person) for account in found]
    units = queries.unit_names(db(), [person.unit_code for _, person in people if person and person.unit_code])
    items = [
        {
            "id": account.username,
            "name": account.name,
            "unit_name": units.get(person.unit_code or "") if person else None,
            "post": person.post if person else None,
        }
        for account, person in people
    ]
    return jsonify(items=items, total=len(items), next=None)
