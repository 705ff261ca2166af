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
    try:
        with smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_SECONDS) as server:
            if mail.starttls:
                server.starttls(context=ssl.create_default_context())
            if mail.username:
                server.login(mail.username, mail.password)
            server.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise Incident("邮件服务器拒绝登录，请检查 mail.username 和 mail.password 设置") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise Incident(f"邮件服务器拒收发给 {letter.recipient} 的邮件，请检查该账号的邮箱地址") from error
    except smtplib.SMTPResponseException as error:
        raise Incident(f"邮件服务器拒绝发送（代码 {error.smtp_code}），请稍后重试或联系邮件管理员") from error
    except OSError as error:  # SMTP errors without a code are such, too
        raise Incident(f"无法连接邮件服务器 {mail.host}:{mail.port}，请检查 mail 设置和网络") from error


def _by_apprise(letter: Letter) -> None:
    apprise: Any = import_module("apprise")  # takes a second to load, and most offices have no such service
    service = apprise.Apprise()
    if not service.add(letter.address):
        raise Incident("提醒渠道的 Apprise 地址有误，请检查 mail.apprise_urls 设置")
    if not service.notify(title=letter.subject, body=letter.body):
        raise Incident("提醒渠道（Apprise）发送失败")
