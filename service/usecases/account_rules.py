"""登录与密码规则: the rules of passwords, sign-in and rights as they hold, each with its setting and last change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service import history
from service.audit.questions.words import setting, value_words
from service.auth.password_rules import CLASSES
from service.clock import lasting
from service.config import Organization, Settings
from service.config.editable import STREAM
from service.config.settings import PREFIX
from service.history import HistoryEvent
from service.usecases.configuration import SETTINGS

RIGHT = "view_account_rules"
FILE = "config/settings.toml"
"""The file in which they stand."""


@dataclass(frozen=True, slots=True)
class AccountRule:
    """A rule as it holds now. ``setting`` is its name in the file, ``variable`` that of the environment, which comes
    first. ``changed_at`` is the start at which it was first another than before, by whoever started the service, and
    ``before`` what it was; where it has been so since the first start, ``changed_at`` is that and ``before`` None."""

    group: str
    name: str
    words: str
    setting: str
    variable: str
    changed_at: datetime | None = None
    changed_by: str | None = None
    before: str | None = None


Said = Callable[[Settings, Organization], str]


def _roles(settings: Settings, organization: Organization) -> str:
    names = [role.name for role in organization.roles.values() if role.id in settings.second_factor.roles]
    return f"{'、'.join(names)}必须使用，其余的人可自愿登记" if names else "没有角色必须使用，可自愿登记"


def _or(span: timedelta | None, text: str, none: str) -> str:
    return text.format(lasting(span)) if span else none


_PASSWORDS: Mapping[str, tuple[str, Said]] = {
    "passwords.shortest": ("长度", lambda now, _: f"新密码至少 {now.passwords.shortest} 个字符"),
    "passwords.classes": (
        "字符种类",
        lambda now, _: (
            f"{'、'.join(CLASSES)}五类中至少 {now.passwords.classes} 类" if now.passwords.classes > 1 else "不限"
        ),
    ),
    "passwords.history": (
        "用过的密码",
        lambda now, _: (
            f"不能与最近用过的 {now.passwords.history} 个相同" if now.passwords.history else "只不能与现在的相同"
        ),
    ),
    "passwords.longest_age": ("有效期", lambda now, _: _or(now.passwords.longest_age, "{}后须更换", "不限")),
    "passwords.warned": ("到期提醒", lambda now, _: _or(now.passwords.warned, "到期前 {}起，登录时提醒", "不提醒")),
    "passwords.change_first": (
        "管理员设置的密码",
        lambda now, _: "本人首次登录时须修改" if now.passwords.change_first else "可以一直使用",
    ),
}
_SESSIONS: Mapping[str, tuple[str, Said]] = {
    "sessions.idle": ("空闲退出", lambda now, _: f"{lasting(now.sessions.idle)}没有操作，自动退出"),
    "sessions.longest": ("最长登录", lambda now, _: f"登录满 {lasting(now.sessions.longest)}，须重新登录"),
    "accounts.one_session": (
        "同时登录",
        lambda now, _: (
            "一个账号同一时间只能在一处登录，新的登录使先前的退出" if now.accounts.one_session else "不限几处"
        ),
    ),
    "rate_limits.sign_in_attempts": (
        "连续失败",
        lambda now, _: f"同一处连续失败 {now.rate_limits.sign_in_attempts} 次，暂停登录，先停 1 分钟，再失败加倍",
    ),
    "rate_limits.sign_in_window": ("暂停登录最长", lambda now, _: lasting(now.rate_limits.sign_in_window)),
    "token_lifetime": ("接口令牌", lambda now, _: f"签发后 {lasting(now.token_lifetime)}到期"),
}
_FACTOR: Mapping[str, tuple[str, Said]] = {"second_factor.roles": ("谁必须使用", _roles)}
_RIGHTS: Mapping[str, tuple[str, Said]] = {
    "accounts.separate": (
        "三员分立",
        lambda now, _: "已启用：系统管理员、安全管理员、审计人员互不兼任" if now.accounts.separate else "未启用",
    ),
    "accounts.by_two": (
        "授予角色、重置二次验证",
        lambda now, _: "一人提出，另一人批准" if now.accounts.by_two else "一人办理即生效",
    ),
    "accounts.proposal_lifetime": (
        "申请的有效期",
        lambda now, _: f"{lasting(now.accounts.proposal_lifetime)}没有审批即作废",
    ),
}
GROUPS: Mapping[str, Mapping[str, tuple[str, Said]]] = {
    "密码": _PASSWORDS,
    "登录": _SESSIONS,
    "二次验证": _FACTOR,
    "权限": _RIGHTS,
}
"""Heading → name of the setting in the journal → what the rule is called, and its words."""


def account_rules(session: Session, settings: Settings, organization: Organization) -> Sequence[AccountRule]:
    """All of them, by their headings; one statement. The caller has asked for the right."""
    events = [one for one in history.stream_events(session, STREAM) if one.kind == SETTINGS]
    return [
        AccountRule(
            group,
            title,
            said(settings, organization),
            setting(name),
            f"{PREFIX}{setting(name).replace('] ', '_').strip('[').upper()}",
            *_changed(events, name),
        )
        for group, rules in GROUPS.items()
        for name, (title, said) in rules.items()
    ]


def _changed(events: Sequence[HistoryEvent], name: str) -> tuple[datetime | None, str | None, str | None]:
    """When a setting was last changed, by whom, and from what: the first start that knew it, where it never was."""
    for event in reversed(events):
        change: Any = event.data.get("changes", {}).get(name)
        if isinstance(change, list) and len(change) == 2:
            return event.at, event.actor, value_words(change[0], name)
    known = [event for event in events if name in event.data.get("values", {})]
    return (known[0].at, known[0].actor, None) if known else (None, None, None)
