"""Ways out of the service: mail and Apprise services, both off unless the settings say otherwise."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from hashlib import sha256
from importlib import import_module
from typing import Any

from service.config import Mail
from service.errors import Incident

TIMEOUT_SECONDS = 20
MAIL, APPRISE = "mail", "apprise"
CLOSING, PERMANENT = 421, 500


@dataclass(frozen=True, slots=True)
class Letter:
    """One message over one channel. ``key`` is the same at every attempt, so that a receiver can drop a repetition.

    ``recipient`` is what the delivery is noted under, ``address`` where it goes.
    """

    channel: str
    recipient: str
    address: str
    subject: str
    body: str
    key: str


class ChannelDown(Incident):
    """The way out fails for every letter at present: no connection, no sign-in, a refused sender."""


class Undeliverable(Incident):
    """This letter can never go out as it is: trying again without a person's help is no use."""


Send = Callable[[Letter], None]
"""Sends, or raises Incident saying why not."""


def channels(mail: Mail) -> Mapping[str, Send]:
    """The ways out that the settings enable."""
    found: dict[str, Send] = {}
    if mail.enabled:
        found[MAIL] = lambda letter: _by_mail(mail, letter)
    if mail.apprise_urls:
        found[APPRISE] = _by_apprise
    return found


def recipient_of(url: str) -> str:
    """Under what a delivery to an Apprise address is noted: such addresses hold secrets."""
    return sha256(url.encode()).hexdigest()


def _by_mail(mail: Mail, letter: Letter) -> None:
    message = EmailMessage()
    message["From"] = mail.sender
    message["To"] = letter.address
    message["Subject"] = letter.subject
    message["Message-ID"] = f"<{letter.key}@{mail.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body)
    server = _connected(mail)
    try:
        server.send_message(message)
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
        raise Incident(f"{where} 在发送途中断开，请稍后重试") from error
    finally:
        _leave(server)


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


def _refused(code: int, said: str) -> Incident:
    """The meaning of a refusal of one letter: 421 closes the door for all, 4xx means later, 5xx for good (RFC 5321)."""
    if code == CLOSING:
        return ChannelDown(said)
    return Undeliverable(said) if code >= PERMANENT else Incident(said)


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
