"""The words for the entries about accounts: rights, passwords, tokens and sign-in (the stream of access)."""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import CHOICE, DATE, PICK, Entry, Field
from service.people.fields import OF_UNIT

ROLE = Field("role", "角色", CHOICE, among="roles")
PERIOD = (Field("starts_on", "开始日期", DATE), Field("ends_on", "结束日期", DATE))
_GRANT = (ROLE, OF_UNIT, *PERIOD)
_TOKEN = (Field("label", "用途"), Field("expires_on", "到期日期", DATE))
_SIGN_IN = (
    Field("way", "登录方式", CHOICE, choices={"password": "用户名和密码", "oidc": "统一身份认证"}),
    Field("failures", "连续失败次数"),
    Field("address", "来源地址"),
    Field(
        "reason",
        "原因",
        CHOICE,
        choices={"password": "密码不正确", "disabled": "账号已停用", "not bound": "身份尚未绑定账号"},
    ),
)

ENTRIES: Mapping[str, Entry] = {
    "account_added": Entry("开立账号", (Field("person_id", "人员", PICK, pick="people"),)),
    "account_disabled": Entry("停用账号"),
    "account_enabled": Entry("启用账号"),
    "account_unlocked": Entry("解除登录锁定"),
    "password_set": Entry("设置新密码"),
    "identity_bound": Entry("绑定统一身份认证"),
    "identity_unbound": Entry("解除统一身份认证的绑定"),
    "role_granted": Entry("授予角色", _GRANT),
    "role_revoked": Entry("收回角色", _GRANT),
    "token_issued": Entry("签发接口令牌", _TOKEN),
    "token_revoked": Entry("撤销接口令牌", _TOKEN),
    "signed_in": Entry("登录", _SIGN_IN),
    "sign_in_failed": Entry("登录未成功", _SIGN_IN),
    "sign_in_locked": Entry("登录未成功，暂时锁定", _SIGN_IN),
}
"""Kinds of entries about accounts."""
