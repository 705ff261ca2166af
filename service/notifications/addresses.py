"""Where somebody's notices go, and what each wants to get how. None commits.

The journal says that an address changed, not to what: nothing is ever forgotten there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service import ids
from service.auth.accounts import ACCESS
from service.auth.queries import get_account
from service.errors import Finding, Invalid
from service.history.folding import Digest
from service.history.records import record
from service.notifications.channels import DINGTALK, WECHAT
from service.notifications.models import MailAddress, NoticeAddress, NoticeChoice
from service.notifications.ways import PERSONAL, WAYS
from service.rights import Actor, require

CHAT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@.\-]{0,63}")
"""The form of names in chat services."""


def set_mail_address(session: Session, *, username: str, address: str | None, actor: Actor, now: datetime) -> None:
    """Where the account's notices are mailed to; None: nowhere. For the account itself and administrators.

    Raises NotFound, NotAllowed, Invalid.
    """
    if address is not None and not _is_address(address):
        raise Invalid("邮箱地址有误", [Finding("/address", "邮箱：应写成 名称@域名，请改正")])
    name = _whose(session, username, actor)
    row = session.get(MailAddress, name)
    if address is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(MailAddress(username=name, address=address))
    else:
        row.address = address
    kind = "mail_address_set" if address is not None else "mail_address_removed"
    record(session, ACCESS, kind, {"username": name, **_sealed(address)}, actor=actor, now=now)
    session.flush()


def set_chat_address(
    session: Session, *, username: str, channel: str, address: str | None, actor: Actor, now: datetime
) -> None:
    """The name of the account's person in a chat service (政务微信, 钉钉); None: no word over it.

    For the account itself and administrators. Raises NotFound, NotAllowed, Invalid.
    """
    if channel not in (WECHAT, DINGTALK):
        raise Invalid("没有这种渠道", [Finding("/channel", "请从列出的渠道中选择")])
    if address is not None and not CHAT_NAME.fullmatch(address):
        said = f"{PERSONAL[channel]}账号：只含字母、数字和 _ - . @，最多 64 个字符，请改正"
        raise Invalid("账号有误", [Finding("/address", said)])
    name = _whose(session, username, actor)
    row = session.get(NoticeAddress, (name, channel))
    if address is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(NoticeAddress(username=name, channel=channel, address=address))
    else:
        row.address = address
    kind = "notice_address_set" if address is not None else "notice_address_removed"
    record(session, ACCESS, kind, {"username": name, "channel": channel, **_sealed(address)}, actor=actor, now=now)
    session.flush()


def set_choices(
    session: Session,
    *,
    username: str,
    choices: Mapping[tuple[str, str], str],
    kinds: Mapping[str, str],
    actor: Actor,
    now: datetime,
    channels: Collection[str] = tuple(PERSONAL),
) -> None:
    """How the account gets which kind of notice over which channel: (kind, channel) → a word of ``WAYS``.

    All of the open ``channels`` at once: what is not there goes as usual. A choice for a channel that is closed now
    stays, until another is made for it. ``kinds`` are those that can be chosen. For the account itself.
    Raises NotFound, NotAllowed, Invalid.
    """
    name = _whose(session, username, actor)
    findings = [
        Finding(f"/choices/{kind}/{channel}", "请从列出的选项中选择")
        for (kind, channel), way in choices.items()
        if kind not in kinds or channel not in PERSONAL or way not in WAYS
    ]
    if findings:
        raise Invalid("提醒设置有误", findings)
    settled = {*channels, *(channel for _, channel in choices)}
    mine = select(NoticeChoice).where(NoticeChoice.username == name, NoticeChoice.channel.not_in(settled))
    kept = {(one.kind, one.channel): one.way for one in session.scalars(mine)}
    session.execute(delete(NoticeChoice).where(NoticeChoice.username == name))
    wanted = sorted({**kept, **choices}.items())
    session.add_all(
        [NoticeChoice(username=name, kind=kind, channel=channel, way=way) for (kind, channel), way in wanted]
    )
    said = [{"kind": kind, "channel": channel, "way": way} for (kind, channel), way in wanted]
    record(session, ACCESS, "notice_choices_set", {"username": name, "choices": said}, actor=actor, now=now)
    session.flush()


def _whose(session: Session, username: str, actor: Actor) -> str:
    account = get_account(session, username)
    if actor.username != account.username:
        require(actor, "manage_accounts")
    return account.username


def _sealed(address: str | None) -> dict[str, str]:
    if address is None:
        return {}
    sealed = Digest.salted(address, ids.new().hex)
    return {"salt": sealed.salt, "sealed": sealed.sha256}


def _is_address(address: str) -> bool:
    name, at, domain = address.partition("@")
    plain = address.isascii() and address.isprintable() and " " not in address and "@" not in domain
    return bool(name and at and domain) and plain and len(address) <= 254 and not set(address) & set('<>,;"\\()')
