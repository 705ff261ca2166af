"""Ways out of the service: mail and Apprise services, both off unless the settings say otherwise."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib import import_module
from typing import Any

from service.config import Mail
from service.errors import Incident
from service.notifications import chats
from service.notifications.letter import ChannelDown, Letter, Undeliverable
from service.notifications.mail_text import mail_text

TIMEOUT_SECONDS = 20
MAIL, APPRISE, WECHAT, DINGTALK = "mail", "apprise", "wechat", "dingtalk"
ROBOTS: Mapping[str, str] = {WECHAT: "wechat_robot", DINGTALK: "dingtalk_robot"}
"""The channel of a chat service's robot, which writes into a group: one letter, whoever the notice is for."""
CHANNELS: Mapping[str, str] = {
    MAIL: "邮件",
    WECHAT: "政务微信",
    DINGTALK: "钉钉",
    ROBOTS[WECHAT]: "政务微信群",
    ROBOTS[DINGTALK]: "钉钉群",
    APPRISE: "其他渠道",
}
"""The channels as people call them."""
CLOSING, PERMANENT = 421, 500


Send = Callable[[Letter], None]
"""Sends, or raises Incident saying why not."""


def channels(mail: Mail) -> Mapping[str, Send]:
    """The ways out that the settings enable. One that keeps a line open has a method ``close``."""
    found: dict[str, Send] = {}
    if mail.enabled:
        found[MAIL] = Mailer(mail)
    for name, chat, service in ((WECHAT, mail.wechat, chats.WECHAT), (DINGTALK, mail.dingtalk, chats.DINGTALK)):
        if chat.to_people:
            found[name] = chats.People(chat, service)
        if chat.to_group:
            found[ROBOTS[name]] = chats.Group(chat, service)
    if mail.apprise_urls:
        found[APPRISE] = _by_apprise
    return found


def groups(mail: Mail) -> list[tuple[str, str]]:
    """(channel, recipient) of each way out that goes to a group or a program, whoever a notice is for."""
    robots = [
        (ROBOTS[name], recipient_of(chat.robot))
        for name, chat in ((WECHAT, mail.wechat), (DINGTALK, mail.dingtalk))
        if chat.to_group
    ]
    return robots + [(APPRISE, recipient_of(url)) for url in mail.apprise_urls]


def group_address(mail: Mail, channel: str, recipient: str) -> str | None:
    """The address under which such a recipient was noted, while the settings still have it."""
    known = {ROBOTS[WECHAT]: (mail.wechat.robot,), ROBOTS[DINGTALK]: (mail.dingtalk.robot,), APPRISE: mail.apprise_urls}
    return next((one for one in known.get(channel, ()) if recipient_of(one) == recipient), None)


def recipient_of(url: str) -> str:
    """Under what a delivery to an Apprise address is noted: such addresses hold secrets."""
    return sha256(url.encode()).hexdigest()


class Mailer:
    """Sends letter after letter over one line to the mail server, until it is closed or the line breaks."""

    def __init__(self, mail: Mail) -> None:
        self.mail = mail
        self._server: smtplib.SMTP | None = None

    def __call__(self, letter: Letter) -> None:
        kept = self._server is not None
        try:
            self._send(letter)
        except _Cut:
            if not kept:
                raise
            self._send(letter)  # the server has closed a line that was idle: over a new one under the same name

    def close(self) -> None:
        """Takes leave of the server."""
        if self._server is not None:
            _leave(self._server)
            self._server = None

    def _send(self, letter: Letter) -> None:
        server, self._server = self._server or _connected(self.mail), None
        try:
            _by_mail(server, self.mail, letter)
        except (Undeliverable, _Later):  # the server goes on with the next one
            self._server = server
            raise
        except Incident:
            _leave(server)
            raise
        self._server = server


class _Later(Incident):
    """The server takes this letter later, and others now."""


class _Cut(Incident):
    """The line broke while the letter was on its way."""


def _by_mail(server: smtplib.SMTP, mail: Mail, letter: Letter) -> None:
    message = mail_text(letter, mail.sender)
    try:
        server.sendmail(mail.sender, letter.address, message)
    except smtplib.SMTPRecipientsRefused as error:
        [(code, _)] = error.recipients.values()
        raise _refused(code, f"邮件服务器拒收发给该收件人的邮件（代码 {code}），请检查其邮箱地址") from error
    except smtplib.SMTPSenderRefused as error:
        raise ChannelDown(f"邮件服务器不接受发件人（代码 {error.smtp_code}），请检查 mail.sender 设置") from error
    except smtplib.SMTPResponseException as error:
        raise _refused(
            error.smtp_code, f"邮件服务器拒绝发送（代码 {error.smtp_code}），请稍后重试或联系邮件管理员"
        ) from error
    except OSError as error:  # SMTP errors without a code are such, too
        where = f"邮件服务器 {mail.host}:{mail.port}"
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            raise ChannelDown(f"{where} 没有及时答复，请检查邮件服务器") from error
        raise _Cut(f"{where} 在发送途中断开，请稍后重试") from error


def _connected(mail: Mail) -> smtplib.SMTP:
    """A session with the mail server that is ready to send. Raises ChannelDown: what is wrong here is no letter's."""
    server: smtplib.SMTP | None = None
    try:
        server = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_SECONDS)
        if mail.starttls:
            server.starttls(context=ssl.create_default_context())
        if mail.username:
            server.login(mail.username, mail.password)
    except Exception as error:
        if server is not None:
            server.close()
        if isinstance(error, smtplib.SMTPAuthenticationError):
            said = "邮件服务器拒绝登录，请检查 mail.username 和 mail.password 设置"
        elif isinstance(error, smtplib.SMTPResponseException):
            said = (
                f"邮件服务器 {mail.host}:{mail.port} 暂不接受连接（代码 {error.smtp_code}），请稍后重试或联系邮件管理员"
            )
        elif isinstance(error, OSError):
            said = f"无法连接邮件服务器 {mail.host}:{mail.port}，请检查 mail 设置和网络"
        else:
            raise
        raise ChannelDown(said) from error
    return server


def unreachable(mail: Mail) -> str | None:
    """Why no letter could be sent now; ``None`` where the mail server takes us in. Sends nothing."""
    try:
        _leave(_connected(mail))
    except ChannelDown as error:
        return error.message
    return None


def _refused(code: int, said: str) -> Incident:
    """The meaning of a refusal of one letter: 421 closes the door for all, 4xx means later, 5xx for good (RFC 5321)."""
    if code == CLOSING:
        return ChannelDown(said)
    return Undeliverable(said) if code >= PERMANENT else _Later(said)


def _leave(server: smtplib.SMTP) -> None:
    """Takes leave: a letter is sent, whether or not the server hears the farewell."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _by_apprise(letter: Letter) -> None:
    apprise: Any = import_module("apprise")  # takes a second to load, and most offices have no such service
    service = apprise.Apprise()
    if not service.add(letter.address):
        raise Undeliverable("提醒渠道的 Apprise 地址有误，请检查 mail.apprise_urls 设置")
    if not service.notify(title=letter.subject, body=letter.body):
        raise Incident("提醒渠道（Apprise）发送失败，请检查该渠道")
