"""每日汇总: one letter a working day with what came, for who does not want one for each notice (leaders, usually).

The letter is owed by a notice of the stream ``digest:<sign-in name>``, which reaches no inbox. Its text is made
when it is sent: what is unread then, and undone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from service import clock, history
from service.auth.models import Account
from service.auth.queries import actor_of_account, get_account, usable
from service.config import Mail, Wording
from service.config.notifications import name_of
from service.history import HistoryEvent
from service.history.records import owe_notice
from service.notifications.models import MailAddress, NoticeAddress, Notification
from service.notifications.queries import own_notices
from service.notifications.rules import DIGEST
from service.notifications.ways import DIGEST as DAILY
from service.notifications.ways import Ways, open_channels
from service.processes.models import Instance
from service.processes.queries import light_counts
from service.processes.rules import RED
from service.rights import SYSTEM, administers_only

LOOK_BACK = timedelta(days=30)
"""A notice that came longer ago and is still unread owes no letter any more."""
MOST = 20
"""So many notices stand in a letter; the page has all."""


def owe_digests(session: Session, wordings: Mapping[str, Wording], mail: Mail, *, now: datetime) -> int:
    """Owes the day's letter to each who has got something since the last one that is to come so; gives how many.

    Doing it again on the same day changes nothing. Five statements, and two for each who gets one.
    """
    channels = open_channels(mail)
    if not channels:
        return 0
    reached = union(
        select(MailAddress.username), select(NoticeAddress.username).where(NoticeAddress.channel.in_(channels))
    ).subquery()
    usable_names = select(Account.username).outerjoin(Account.person).where(usable())
    came = (
        select(Notification.username, Notification.template, func.max(Notification.created_at))
        .where(
            Notification.username.in_(select(reached.c.username)),
            Notification.username.in_(usable_names),
            Notification.read_at.is_(None),
            Notification.created_at > now - LOOK_BACK,
        )
        .group_by(Notification.username, Notification.template)
    )
    unread: dict[str, dict[str, datetime]] = {}
    for username, template, at in session.execute(came):
        unread.setdefault(username, {})[template] = at
    ways = Ways(session, sorted(unread), mail, clock.local(now).date())
    wanted = {
        username: {kind: at for kind, at in kinds.items() if _comes_daily(ways, username, kind, wordings)}
        for username, kinds in unread.items()
    }
    owed = 0
    for username, kinds in sorted(wanted.items()):
        if kinds and _owe(session, username, max(kinds.values()), now):
            owed += 1
    return owed


def _comes_daily(ways: Ways, username: str, kind: str, wordings: Mapping[str, Wording]) -> bool:
    wording = wordings.get(kind)
    outside = wording.outside if wording is not None else True
    return any(way == DAILY for _, way in ways.of(username, kind, outside=outside))


def _owe(session: Session, username: str, newest: datetime, now: datetime) -> bool:
    stream = stream_of(username)
    history.lock(session, stream)  # another worker may be at it, too
    last = session.scalar(select(func.max(HistoryEvent.at)).where(HistoryEvent.stream == stream))
    if last is not None and (newest <= last or clock.local(last).date() == clock.local(now).date()):
        return False
    owe_notice(session, stream, DIGEST, title="", text="", usernames=[username], actor=SYSTEM, now=now)
    session.flush()
    return True


def stream_of(username: str) -> str:
    """The journal of somebody's daily letters."""
    return f"digest:{username}"


def composed(
    session: Session, username: str, wordings: Mapping[str, Wording], *, now: datetime
) -> tuple[str, str] | None:
    """Subject and body of the day's letter as of now: what is unread and undone, nothing of the matters themselves.

    None where there is nothing any more.
    """
    today = clock.local(now).date()
    actor = actor_of_account(session, get_account(session, username), today)
    unread = select(Notification).where(*own_notices(actor), Notification.read_at.is_(None))
    number = session.scalar(unread.with_only_columns(func.count())) or 0
    rows = session.execute(
        unread.with_only_columns(Notification.template, Notification.created_at, Instance.number)
        .outerjoin(Instance, Instance.id == Notification.instance_id)
        .order_by(Notification.created_at.desc(), Notification.id)
        .limit(MOST)
    ).all()
    lights = {} if administers_only(actor) else light_counts(session, actor, today=today)
    undone, late = sum(lights.values()), lights.get(RED, 0)
    if not number and not undone:
        return None
    said = [f"{number} 条未读提醒"] if number else []
    said += [f"{undone} 项待办{f'（其中 {late} 项超期）' if late else ''}"] if undone else []
    lines = [f"截至 {clock.written(today)}，您有{'、'.join(said)}。"]
    lines += [
        f"{place}. {name_of(wordings, template)}{f'（{case}）' if case else ''} {clock.local(at):%m-%d %H:%M}"
        for place, (template, at, case) in enumerate(rows, 1)
    ]
    lines += [f"其余 {number - MOST} 条请登录查看。"] if number > MOST else []
    return f"【直联平台】每日汇总：{'、'.join(said)}", "\n".join(lines)


def daily_channels(ways: Ways, username: str, kinds: Collection[Wording]) -> list[str]:
    """The channels over which somebody gets the day's letter: those over which any kind comes so."""
    found = [
        channel
        for wording in kinds
        for channel, way in ways.of(username, wording.kind, outside=wording.outside)
        if way == DAILY
    ]
    return list(dict.fromkeys(found))
