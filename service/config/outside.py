"""The settings of the ways to the outside: sign-in through the office's single sign-on, notices by e-mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from service.config.reader import Table

URL = r"https?://[^\s/]+(/\S*)?"
"""An address of the web, as a pattern."""


@dataclass(frozen=True, slots=True)
class Oidc:
    """Sign-in through an OpenID Connect provider; off unless ``enabled``."""

    enabled: bool
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]
    username_claim: str
    label: str


@dataclass(frozen=True, slots=True)
class Mail:
    """Notices by e-mail and through Apprise services; both off by default (a closed network has neither).

    ``retry_for``: how long a letter that cannot be sent is tried again by itself, from its first failure on.
    """

    enabled: bool
    host: str
    port: int
    starttls: bool
    username: str
    password: str = field(repr=False)
    sender: str
    apprise_urls: tuple[str, ...] = field(repr=False)
    retry_for: timedelta = timedelta(hours=48)


def read_oidc(table: Table, *, production: bool) -> Oidc:
    """The table ``[oidc]``."""
    oidc = Oidc(
        enabled=table.boolean("enabled", default=False),
        issuer=table.text("issuer", "", pattern=URL, hint="应写成 https://主机名/路径 的样子"),
        client_id=table.text("client_id", ""),
        client_secret=table.text("client_secret", ""),
        scopes=table.texts("scopes") or ("openid", "profile"),
        username_claim=table.text("username_claim", "preferred_username"),
        label=table.text("label", "统一身份认证登录", longest=20),
    )
    if oidc.enabled:
        for name in ("issuer", "client_id", "client_secret"):
            if not getattr(oidc, name):
                table.fault(name, "已启用统一身份认证（enabled = true），此项必须填写")
        if production and oidc.issuer.startswith("http://"):
            table.fault("issuer", "正式环境必须使用 https:// 地址")
        if "openid" not in oidc.scopes:
            table.fault("scopes", "必须含有 openid")
    table.close()
    return oidc


def read_mail(table: Table) -> Mail:
    """The table ``[mail]``."""
    mail = Mail(
        enabled=table.boolean("enabled", default=False),
        host=table.text("host", ""),
        port=table.integer("port", 25, low=1, high=65535),
        starttls=table.boolean("starttls", default=False),
        username=table.text("username", ""),
        password=table.text("password", ""),
        sender=table.text("sender", "", pattern=r"[^@\s]+@[^@\s]+", hint="应写成 名称@域名"),
        apprise_urls=table.texts("apprise_urls"),
        retry_for=timedelta(hours=table.integer("retry_hours", 48, low=1, high=720)),
    )
    if mail.enabled:
        for name in ("host", "sender"):
            if not getattr(mail, name):
                table.fault(name, "已启用邮件（enabled = true），此项必须填写")
    table.close()
    return mail
