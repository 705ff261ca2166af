"""Over which channel, and how, a notice that leaves the service comes: each person's choice, or what is usual."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.auth.queries import holdings
from service.config import Mail, Wording
from service.config.notifications import name_of
from service.notifications.channels import DINGTALK, MAIL, WECHAT
from service.notifications.models import MailAddress, NoticeAddress, NoticeChoice
from service.rights import LEADER, Actor

NOW, DIGEST, OFF = "now", "digest", "off"
WAYS: Mapping[str, str] = {NOW: "立即", DIGEST: "每日汇总", OFF: "不发"}
"""How a notice comes over a channel. 每日汇总: in one letter a working day, with what is unread and undone."""
PERSONAL: Mapping[str, str] = {MAIL: "邮件", WECHAT: "政务微信", DINGTALK: "钉钉"}
"""The channels that have an address for each person."""
ALL = "all"
"""The kind of a choice that holds for all kinds that have none of their own."""


def open_channels(mail: Mail) -> tuple[str, ...]:
    """Those of ``PERSONAL`` that the settings open."""
    chats = tuple(name for name, chat in ((WECHAT, mail.wechat), (DINGTALK, mail.dingtalk)) if chat.to_people)
    return ((MAIL,) if mail.enabled else ()) + chats


def usual_way(*, outside: bool, leads: bool) -> str:
    """How a kind comes that nobody chose anything for: to leaders with the day's letter, to others at once."""
    if not outside:
        return OFF
    return DIGEST if leads else NOW


class Ways:
    """The channels and choices of some people on a day; four statements."""

    def __init__(self, session: Session, usernames: Collection[str], mail: Mail, on: date) -> None:
        self.addresses = addresses_of(session, usernames, open_channels(mail))
        self._choices: dict[tuple[str, str, str], str] = {}
        self._leaders: set[str] = set()
        reached = {username for username, _ in self.addresses}
        if reached:
            chosen = select(NoticeChoice).where(NoticeChoice.username.in_(reached))
            self._choices = {(one.username, one.kind, one.channel): one.way for one in session.scalars(chosen)}
            held = holdings(on)
            leading = select(held.c.username).where(held.c.role == LEADER, held.c.username.in_(reached))
            self._leaders = set(session.scalars(leading))

    def of(self, username: str, kind: str, *, outside: bool) -> Iterator[tuple[str, str]]:
        """(channel, way) of each channel over which the person can be reached."""
        for channel in PERSONAL:
            if (username, channel) in self.addresses:
                yield channel, self._way(username, kind, channel, outside)

    def _way(self, username: str, kind: str, channel: str, outside: bool) -> str:
        own = self._choices.get((username, kind, channel))
        if own is not None:
            return own
        usual = usual_way(outside=outside, leads=username in self._leaders)
        return self._choices.get((username, ALL, channel), usual) if outside else usual


def addresses_of(session: Session, usernames: Collection[str], channels: Collection[str]) -> dict[tuple[str, str], str]:
    """(sign-in name, channel) → address, of those channels; at most two statements."""
    found: dict[tuple[str, str], str] = {}
    if MAIL in channels and usernames:
        mails = select(MailAddress).where(MailAddress.username.in_(usernames))
        found |= {(one.username, MAIL): one.address for one in session.scalars(mails)}
    if chats := [one for one in channels if one != MAIL]:
        named = select(NoticeAddress).where(NoticeAddress.username.in_(usernames), NoticeAddress.channel.in_(chats))
        found |= {(one.username, one.channel): one.address for one in session.scalars(named)}
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of notice as somebody gets it over a channel: ``way`` as chosen (None: not), ``usual`` without that."""

    kind: str
    name: str
    channel: str
    way: str | None
    usual: str


@dataclass(frozen=True, slots=True)
class OwnWays:
    """How somebody gets notices. ``addresses``: open channel → where to, None where nothing is entered; ``general``:
    channel → what is chosen for all kinds without a choice of their own."""

    addresses: Mapping[str, str | None]
    general: Mapping[str, str | None]
    choices: tuple[Choice, ...]


def own_ways(session: Session, actor: Actor, wordings: Mapping[str, Wording], mail: Mail, on: date) -> OwnWays:
    """How the actor gets each kind over each open channel; five statements."""
    me, channels = actor.username, open_channels(mail)
    addresses = addresses_of(session, [me], channels)
    chosen = session.scalars(select(NoticeChoice).where(NoticeChoice.username == me))
    choices = {(one.kind, one.channel): one.way for one in chosen}
    held = holdings(on)
    leads = session.scalar(select(held.c.username).where(held.c.role == LEADER, held.c.username == me)) is not None
    return OwnWays(
        {channel: addresses.get((me, channel)) for channel in channels},
        {channel: choices.get((ALL, channel)) for channel in channels},
        tuple(
            Choice(
                kind,
                name_of(wordings, kind),
                channel,
                choices.get((kind, channel)),
                (choices.get((ALL, channel)) if wording.outside else None)
                or usual_way(outside=wording.outside, leads=leads),
            )
            for kind, wording in wordings.items()
            for channel in channels
        ),
    )
