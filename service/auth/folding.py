"""How the journal of access makes accounts, roles and tokens: verification folds and compares them. Pure."""

from __future__ import annotations

from datetime import datetime

from service.auth.accounts import ACCESS
from service.auth.models import AccessProposal, Account, RoleGrant, SecondFactor, Token
from service.history.folding import Digest, Event, Family, Held, Row, Rows


def _access(rows: Rows, event: Event) -> None:
    if event.kind.startswith("second_factor_"):
        _factor(rows, event)
    elif event.kind.startswith(("grant_", "factor_reset_")):
        _proposal(rows, event)
    elif event.kind.startswith("token_"):
        _token(rows, event)
    elif event.kind.startswith("role_"):
        _role(rows, event)
    else:
        _account(rows, event)


def _account(rows: Rows, event: Event) -> None:
    data, key = event.data, event.data.get("username")
    if event.kind == "account_added":
        empty = dict.fromkeys(("oidc_issuer", "oidc_subject", "last_sign_in", "last_address"))
        row = rows.put(Account, key, data, empty, active=True, created_at=event.at, failures_since=0)
        rows.learn(Account, key, "must_change_password", data, "must_change")
        if "with_password" in data:
            row["password_set_at"] = event.at if data["with_password"] else None
    elif event.kind in ("account_disabled", "account_enabled"):
        rows.set(Account, key, active=event.kind == "account_enabled")
    elif event.kind == "identity_bound":
        rows.set(Account, key, oidc_issuer=data["issuer"])
        rows.learn(Account, key, "oidc_subject", data, "subject")
    elif event.kind == "identity_unbound":
        rows.set(Account, key, oidc_issuer=None, oidc_subject=None)
    elif event.kind == "password_set":
        rows.set(Account, key, password_set_at=event.at)
        rows.learn(Account, key, "must_change_password", data, "must_change")
    elif event.kind == "signed_in":
        rows.set(Account, key, last_sign_in=event.at, failures_since=0)
        rows.learn(Account, key, "last_address", data, "address")
    elif event.kind in ("sign_in_failed", "sign_in_locked"):
        _count(rows, key)
    if event.kind in ("account_disabled", "password_set"):
        _end_tokens(rows, event)


def _count(rows: Rows, username: object) -> None:
    """One more sign-in of the account that failed."""
    row = rows.get(Account, str(username))
    if row is not None and "failures_since" in row:
        row["failures_since"] += 1


def _end_tokens(rows: Rows, event: Event) -> None:
    for token in rows.of(Token):
        if token["username"] == event.data.get("username") and token["revoked_at"] is None:
            token["revoked_at"] = event.at


def _factor(rows: Rows, event: Event) -> None:
    username = str(event.data.get("username"))
    if event.kind == "second_factor_enrolled":
        rows.put(SecondFactor, username, username=username, enrolled_at=event.at)
    elif event.kind in ("second_factor_ended", "second_factor_reset"):
        rows.drop(SecondFactor, username)
    elif event.kind in ("second_factor_failed", "second_factor_locked"):
        _count(rows, username)
    if event.kind in ("second_factor_enrolled", "second_factor_reset"):
        _end_tokens(rows, event)


def _proposal(rows: Rows, event: Event) -> None:
    kind, _, step = event.kind.rpartition("_")
    key, data = event.data["id"], event.data
    if step == "proposed":
        open_ = dict.fromkeys(("outcome", "decided_by", "decided_at", "answer"))
        told = {"kind": kind, "proposed_by": event.actor, "proposed_at": event.at, "unit_code": data["unit"]}
        expires = datetime.fromisoformat(data["expires_at"])
        rows.put(AccessProposal, key, data, open_, told, expires_at=expires)
    else:
        decided = {"outcome": step, "decided_by": event.actor, "decided_at": event.at, "answer": data["answer"]}
        rows.set(AccessProposal, key, decided)


def _role(rows: Rows, event: Event) -> None:
    data = event.data
    if event.kind == "role_granted":
        told = {"id": data["id"]} if "id" in data else {}
        rows.put(RoleGrant, event.seq, data, told, unit_code=data["unit"], revoked_at=None)
    elif event.kind == "role_revoked":
        row = next((row for row in rows.of(RoleGrant) if _is_meant(row, event)), None)
        if row is None:
            return
        # Of an event that does not say so: a grant that ends keeps its last day where it is revoked.
        if data.get("revoked", row["ends_on"] == data["ends_on"]):
            row["revoked_at"] = event.at
        else:
            row["ends_on"] = data["ends_on"]


def _is_meant(row: Row, event: Event) -> bool:
    data = event.data
    if "id" in data and "id" in row:
        return bool(row["id"] == data["id"])
    same = all(row[name] == data[told] for name, told in (("username", "username"), ("role", "role")))
    return same and (row["unit_code"], row["starts_on"]) == (data["unit"], data["starts_on"]) and not row["revoked_at"]


def _token(rows: Rows, event: Event) -> None:
    data = event.data
    if event.kind == "token_issued":
        row = rows.put(Token, event.seq, data, created_at=event.at, revoked_at=None)
        row["token"] = data["token"]
        if "sealed" in data:
            row |= {"sha256": Digest(data["sealed"]), "expires_at": datetime.fromisoformat(data["expires_at"])}
    elif event.kind == "token_revoked":
        for row in rows.of(Token):
            if (row["username"], row["token"]) == (data["username"], data["token"]):
                row["revoked_at"] = event.at


HASHED = "密码的散列：由登录校验，随时可能按新的强度重算，日志不保存"
ENCRYPTED = "二次验证的密钥，以数据库之外的密钥加密：由验证码校验，日志不保存其任何痕迹"
RECOVERY = "恢复码的带密钥摘要，用一个少一个：使用和更换在日志里，日志不保存其内容"
LAST_CODE = "最近用过的验证码的时刻序号，只为一码不能用两次"
USED = "最近使用时刻：仅供本人查看，每次使用都会变，不是办理记录"

FAMILIES = (
    Family(
        ACCESS,
        (
            Held(Account, None, "账号", lambda row: row["username"], outside={"password_hash": HASHED}),
            Held(
                RoleGrant,
                None,
                "角色授予",
                lambda row: f"{row['username']} {row['role']} {row['starts_on']}",
                alike=("username", "role", "unit_code", "starts_on"),
            ),
            Held(
                Token,
                None,
                "令牌",
                lambda row: f"{row['username']} {row['label']}",
                alike=("username", "label", "created_at"),
                outside={"last_used": USED},
            ),
            Held(
                SecondFactor,
                None,
                "二次验证",
                lambda row: row["username"],
                outside={"secret": ENCRYPTED, "recovery": RECOVERY, "last_step": LAST_CODE},
            ),
            Held(
                AccessProposal,
                None,
                "权限申请",
                lambda row: f"{row['username']} {row['kind']} {row['proposed_by']}",
            ),
        ),
        _access,
        single=True,
    ),
)
