"""Notices owed to people: the journal's ``notice`` entries, which move nothing and are delivered after commit.

Cases, records, the calendar and the planned starts owe them; ``notifications`` puts them into inboxes and letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from service.fields import Entry

NOTICE = "notice"
"""The kind of what is owed to people: no change of the record whose journal holds it."""

ENTRIES: Mapping[str, Entry] = {
    NOTICE: Entry("提醒"),
    "baseline": Entry("升级时按现状补记"),
    "settings_loaded": Entry("系统设置与上次启动不同"),
    "settings_changed": Entry("修改系统设置"),
    "organization_loaded": Entry("组织配置与上次启动不同"),
    "demonstration_played": Entry("生成演示数据"),
    "notice_failed": Entry("提醒发送失败"),
    "notice_revived": Entry("重试提醒"),
}


@dataclass(frozen=True, slots=True)
class Goal:
    """To whom a notice goes, as of the day of its delivery.

    To the accounts of ``usernames``, or to who holds the post ``leader`` (its id), or to all who hold ``role`` (of the
    unit ``unit``), or to ``person`` alone among these (as ``auth.holders`` names one).

    With ``units`` the office's table says to whom (``config.notifications.WHOM``): ``units`` are those that the event
    is about, and what the rest names holds where the table says nothing.
    """

    usernames: tuple[str, ...] | None = None
    role: str | None = None
    unit: str | None = None
    leader: str | None = None
    person: str | None = None
    units: tuple[str, ...] | None = None

    def data(self) -> dict[str, object]:
        """As the journal keeps it; a post or a person stands there only where one is meant."""
        names = None if self.usernames is None else list(self.usernames)
        told: dict[str, object] = {"usernames": names, "role": self.role, "unit": self.unit}
        told |= {"leader": self.leader} if self.leader is not None else {}
        told |= {"person": self.person} if self.person is not None else {}
        return told | ({"units": list(self.units)} if self.units is not None else {})

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Goal:
        """The goal that ``data`` gives."""
        names, units = data.get("usernames"), data.get("units")
        told = (data.get("role"), data.get("unit"), data.get("leader"), data.get("person"))
        return cls(
            None if names is None else tuple(names), *told, units=None if units is None else tuple(map(str, units))
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """Word that is owed: one of ``config.notifications.KINDS``, filled in with what follows.

    ``number`` and ``title`` are the matter's, ``step`` and ``due_on`` those of the task that it is about.
    """

    template: str
    to: Goal = field(default_factory=Goal)
    number: str | None = None
    title: str | None = None
    step: str | None = None
    due_on: date | None = None
    text: str = ""

    def data(self) -> dict[str, object]:
        """As the journal keeps it."""
        return {
            "template": self.template,
            "to": self.to.data(),
            "number": self.number,
            "title": self.title,
            "step": self.step,
            "due_on": self.due_on.isoformat() if self.due_on is not None else None,
            "text": self.text,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Notice:
        """The notice that ``data`` gives. Raises ``LookupError`` for an entry that is no notice."""
        due_on = data.get("due_on")
        return cls(
            data["template"],
            Goal.of(data["to"]),
            data.get("number"),
            data.get("title"),
            data.get("step"),
            date.fromisoformat(due_on) if due_on else None,
            data.get("text") or "",
        )
