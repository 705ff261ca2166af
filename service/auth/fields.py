"""The words for the entries about accounts: rights, passwords, tokens and sign-in (the stream of access)."""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import CHOICE, DATE, FLAG, PICK, Entry, Field
from service.people.fields import OF_UNIT

ROLE = Field("role", "角色", CHOICE, among="roles")
PERIOD = (Field("starts_on", "开始日期", DATE), Field("ends_on", "结束日期", DATE))
_GRANT = (ROLE, OF_UNIT, *PERIOD)
_TOKEN = (Field("label", "用途"), Field("expires_on", "到期日期", DATE))
_SIGN_IN = (
    Field("way", "登录方式", CHOICE, choices={"password": "用户名和密码", "oidc": "统一身份认证"}),
    Field("failures", "连续失败次数"),
    Field("address", "来源地址"),
    Field("second_factor", "二次验证", FLAG),
    Field(
        "reason",
        "原因",
        CHOICE,
        choices={"password": "密码不正确", "disabled": "账号已停用", "not bound": "身份尚未绑定账号"},
    ),
)
_ADDRESS = (Field("address", "来源地址"),)
_FAILED_CODE = (Field("failures", "连续失败次数"), *_ADDRESS)
_PROPOSED = (*_GRANT, Field("reason", "理由"))
_DECIDED = (ROLE, OF_UNIT, Field("answer", "退回理由"))
_RESET, _RESET_DECIDED = (Field("reason", "理由"),), (Field("answer", "退回理由"),)
_ENDED = (
    Field(
        "reason",
        "原因",
        CHOICE,
        choices={
            "signed_out": "本人退出登录",
            "ended": "本人结束其他登录",
            "newer": "在别处登录，先前的登录随之退出",
            "idle": "久未操作或到时自动退出",
        },
    ),
    Field("count", "登录数"),
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
    "session_ended": Entry("登录结束", _ENDED),
    "second_factor_asked": Entry("密码正确，等待二次验证", _SIGN_IN),
    "second_factor_failed": Entry("二次验证未成功", _FAILED_CODE),
    "second_factor_locked": Entry("二次验证未成功，暂时锁定", _FAILED_CODE),
    "second_factor_recovered": Entry("用恢复码通过二次验证", (Field("left", "剩余恢复码"), *_ADDRESS)),
    "second_factor_enrolled": Entry("登记二次验证"),
    "second_factor_codes_renewed": Entry("更换二次验证的恢复码"),
    "second_factor_ended": Entry("停用二次验证"),
    "second_factor_reset": Entry("重置二次验证"),
    "grant_proposed": Entry("申请授予角色", _PROPOSED),
    "grant_approved": Entry("批准授予角色", _DECIDED),
    "grant_refused": Entry("退回授予角色的申请", _DECIDED),
    "grant_withdrawn": Entry("撤回授予角色的申请", _DECIDED),
    "grant_expired": Entry("授予角色的申请过期作废", (ROLE, OF_UNIT)),
    "factor_reset_expired": Entry("重置二次验证的申请过期作废"),
    "factor_reset_proposed": Entry("申请重置二次验证", _RESET),
    "factor_reset_approved": Entry("批准重置二次验证", _RESET_DECIDED),
    "factor_reset_refused": Entry("退回重置二次验证的申请", _RESET_DECIDED),
    "factor_reset_withdrawn": Entry("撤回重置二次验证的申请", _RESET_DECIDED),
}
"""Kinds of entries about accounts."""
