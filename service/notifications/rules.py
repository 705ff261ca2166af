"""What a notice says to whom: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

STALE_WHEN_DONE = frozenset({"task", "due_soon", "due_today", "urge", "reassigned", "returned", "due_changed"})
"""Notices that ask for work on a task: pointless, and wrong, once the task is done (no urge after the answer)."""

NOT_TO_DOER = frozenset({"task", "returned", "due_changed"})
"""Notices of what a deed led to: whoever did it knows."""

ONLY_WHO_SEES = frozenset({"mentioned"})
"""Notices for whomever somebody named: who may not see the case may not know of it either."""

WITHOUT_MATTER = frozenset({"incident"})
"""Notices for administrators, who keep the system running and have no business with the matters themselves."""

FIRST_WAIT = timedelta(minutes=1)


def values_of(data: Mapping[str, Any], *, unit: str | None, days: int | None, by: str) -> dict[str, object]:
    """What the wording may fill in: ``data`` is the journal's notice, ``unit`` a name, ``days`` working days left."""
    matter = data["template"] not in WITHOUT_MATTER
    text = data.get("text") or ""
    return {
        "number": data.get("number"),
        "title": data.get("title") if matter else None,
        "task": data.get("step"),
        "unit": unit,
        "due_on": _spoken(data.get("due_on")),
        "days": days,
        "reason": text or None,
        "by": by,
        "text": text,
    }


def outside_text(name: str, data: Mapping[str, Any], link: str | None) -> tuple[str, str]:
    """Subject and body for channels that leave the service: what to do and by when, nothing of the matter itself."""
    known = [
        ("编号", data.get("number")),
        ("任务", data.get("step")),
        ("期限", _spoken(data.get("due_on"))),
    ]
    lines = [f"您有一条新的提醒：{name}。", *(f"{label}：{value}" for label, value in known if value)]
    lines.append(f"请登录直联平台查看：{link}" if link else "请登录直联平台查看。")
    number = data.get("number")
    return f"【直联平台】{name}{f'（{number}）' if number else ''}", "\n".join(lines)


def next_attempt(attempts: int, now: datetime) -> datetime:
    """When to try again after ``attempts`` failures before this one: 1, 2, 4, 8 … minutes."""
    wait: timedelta = FIRST_WAIT * 2**attempts
    return now + wait


def _spoken(day: str | None) -> str | None:
    """2026-10-13 as 2026-10-13（周二）."""
    if day is None:
        return None
    return f"{day}（周{'一二三四五六日'[date.fromisoformat(day).weekday()]}）"
