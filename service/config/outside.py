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
class Chat:
    """A chat service: 企业微信 or 政务微信, 钉钉. ``base`` is the address of its interface, which a government's own
    installation has of its own.

    ``app``, ``agent`` and ``secret`` are an application of the office, which writes to each person; ``robot`` (with
    ``robot_secret``, where it signs) writes into one group.
    """

    enabled: bool
    base: str
    app: str
    agent: str
    secret: str = field(repr=False)
    robot: str = field(repr=False)
    robot_secret: str = field(repr=False)

    @property
    def to_people(self) -> bool:
        """Whether it can reach each person."""
        return self.enabled and bool(self.app)

    @property
    def to_group(self) -> bool:
        """Whether it writes into a group."""
        return self.enabled and bool(self.robot)


WECHAT_BASE, DINGTALK_BASE = "https://qyapi.weixin.qq.com", "https://oapi.dingtalk.com"
"""Where the public services of these names are."""
NO_CHAT = Chat(False, "", "", "", "", "", "")


@dataclass(frozen=True, slots=True)
class Mail:
    """Notices by e-mail, chat services and Apprise services; all off by default (a closed network has none).

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
    wechat: Chat = NO_CHAT
    dingtalk: Chat = NO_CHAT


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


def _read_chat(table: Table, base: str, app: str) -> Chat:
    """The table of a chat service; ``app`` is what the service calls the name of an application."""
    chat = Chat(
        enabled=table.boolean("enabled", default=False),
        base=table.text("base", base, pattern=URL, hint="应写成 https://主机名 的样子").rstrip("/"),
        app=table.text(app, ""),
        agent=table.text("agent_id", "", pattern="[0-9]+", hint="应为应用的编号（数字），加英文双引号"),
        secret=table.text("secret", ""),
        robot=table.text("robot", "", pattern=r"[A-Za-z0-9_-]+", hint="只写机器人地址里 key 或 access_token 的值"),
        robot_secret=table.text("robot_secret", ""),
    )
    if chat.enabled and not chat.app and not chat.robot:
        table.fault("enabled", f"已启用，须填写应用（{app}、agent_id、secret）或群机器人（robot）")
    if chat.enabled and chat.app:
        for name, value in (("agent_id", chat.agent), ("secret", chat.secret)):
            if not value:
                table.fault(name, f"已填写 {app}，此项必须填写")
    table.close()
    return chat


def read_mail(table: Table, wechat: Table, dingtalk: Table) -> Mail:
    """The tables ``[mail]``, ``[wechat]`` and ``[dingtalk]``."""
    mail = Mail(
        enabled=table.boolean("enabled", default=False),
        host=table.text("host", ""),
        port=table.integer("port", 25, low=1, high=65535),
        starttls=table.boolean("starttls", default=False),
        username=table.text("username", ""),
        password=table.text("password", ""),
        sender=table.text(
            "sender", "", pattern=r"[!-;=?A-~]+@[!-;=?A-~]+", hint="应写成 名称@域名，只含英文字母、数字和符号"
        ),
        apprise_urls=table.texts("apprise_urls"),
        retry_for=timedelta(hours=table.integer("retry_hours", 48, low=1, high=720)),
        wechat=_read_chat(wechat, WECHAT_BASE, "corp_id"),
        dingtalk=_read_chat(dingtalk, DINGTALK_BASE, "app_key"),
    )
    if mail.enabled:
        for name in ("host", "sender"):
            if not getattr(mail, name):
                table.fault(name, "已启用邮件（enabled = true），此项必须填写")
    table.close()
    return mail
