"""How journals make inboxes and letters: verification folds and compares them. Pure."""

from __future__ import annotations

from service.auth.accounts import ACCESS
from service.history import OutboxEntry
from service.history.folding import Digest, Event, Family, Held, Rows
from service.history.notices import NOTICE
from service.history.retrying import FAILED as FAILED_NOTICE
from service.history.retrying import REVIVED
from service.notifications.fields import AGAIN, DROPPED, FAILED, READ, SENT, TOLD
from service.notifications.models import (
    MailAddress,
    NoticeAddress,
    NoticeChoice,
    Notification,
    NotificationDelivery,
    OwedLetter,
)
from service.notifications.rules import CASE

LEASE = "发送程序对一封信的占用，几分钟内有效"


def _notice(rows: Rows, event: Event) -> None:
    """The notice itself (of whichever stream) first, then what the journal of its delivery tells."""
    data, about = event.data, int(rows.name)
    if event.kind == NOTICE:
        row = rows.put(OutboxEntry, about, event_id=about, due_at=event.at, attempts=0, last_error=None)
        case = event.stream.removeprefix(CASE) if event.stream.startswith(CASE) else None
        row["about"] = {"template": data["template"], "instance_id": case, "task_id": event.task}
    elif event.kind == FAILED_NOTICE:
        rows.set(OutboxEntry, about, data, last_error=data["error"])
    elif event.kind == REVIVED:
        rows.set(OutboxEntry, about, attempts=0, due_at=event.at)
    elif event.kind == TOLD:
        seed = (rows.get(OutboxEntry, about) or {}).get("about", {})
        rows.drop(OutboxEntry, about)
        for key, one in data["to"].items():
            told = {"id": key, "event_id": about, "receipt": data["receipt"], "read_at": None, **seed}
            rows.put(Notification, key, one, told, created_at=event.at)
        for one in data["letters"]:
            first = {"event_id": about, "due_at": event.at, "attempts": 0, "given_up": False, "of_channel": False}
            first |= {"failing_since": None, "last_error": None}
            rows.put(OwedLetter, (one["channel"], one["recipient"]), one, first)
    elif event.kind == READ:
        rows.set(Notification, data["notice"], read_at=event.at)
    else:
        _letter(rows, event)


def _letter(rows: Rows, event: Event) -> None:
    if event.kind not in (FAILED, AGAIN, SENT, DROPPED):
        return
    data, about = event.data, int(rows.name)
    key = (data["channel"], data["recipient"])
    if event.kind in (FAILED, AGAIN):
        rows.set(OwedLetter, key, data)
        return
    rows.drop(OwedLetter, key)
    if event.kind == SENT:
        rows.put(NotificationDelivery, key, data, event_id=about, sent_at=event.at)


def _mail(rows: Rows, event: Event) -> None:
    username = event.data.get("username")
    if event.kind == "mail_address_set":
        row = rows.put(MailAddress, username, username=username)
        if "sealed" in event.data:
            row["address"] = Digest(event.data["sealed"], event.data["salt"])
    elif event.kind == "mail_address_removed":
        rows.drop(MailAddress, username)
    elif event.kind == "notice_address_set":
        key = (username, event.data["channel"])
        row = rows.put(NoticeAddress, key, username=username, channel=event.data["channel"])
        row["address"] = Digest(event.data["sealed"], event.data["salt"])
    elif event.kind == "notice_address_removed":
        rows.drop(NoticeAddress, (username, event.data["channel"]))
    elif event.kind == "notice_choices_set":
        rows.clear(NoticeChoice, username=username)
        for one in event.data["choices"]:
            rows.put(NoticeChoice, (username, one["kind"], one["channel"]), one, username=username)


FAMILIES = (
    Family(
        "notice",
        (
            Held(
                OutboxEntry,
                OutboxEntry.event_id,
                "待送达的提醒",
                lambda row: f"日志第 {row['event_id']} 条",
                leased="due_at",
            ),
            Held(
                Notification,
                Notification.event_id,
                "提醒",
                lambda row: f"{row['username']} {row['title']}",
                late=True,
                key=lambda row: row["id"],
            ),
            Held(
                OwedLetter,
                OwedLetter.event_id,
                "待发邮件",
                lambda row: f"日志第 {row['event_id']} 条 {row['recipient']}",
                outside={"leased_until": LEASE},
                late=True,
                key=lambda row: (row["channel"], row["recipient"]),
            ),
            Held(
                NotificationDelivery,
                NotificationDelivery.event_id,
                "已发邮件",
                lambda row: f"日志第 {row['event_id']} 条 {row['recipient']}",
                late=True,
                key=lambda row: (row["channel"], row["recipient"]),
            ),
        ),
        _notice,
    ),
    Family(
        ACCESS,
        (
            Held(MailAddress, None, "提醒邮件地址", lambda row: row["username"]),
            Held(NoticeAddress, None, "提醒账号", lambda row: f"{row['username']} {row['channel']}"),
            Held(NoticeChoice, None, "提醒设置", lambda row: f"{row['username']} {row['kind']} {row['channel']}"),
        ),
        _mail,
        single=True,
    ),
)
