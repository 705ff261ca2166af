"""Every kind of notice filled in with the facts of an example. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from service.config import Wording
from service.config.notifications import KINDS
from service.history.notices import Notice
from service.notifications.rules import SAYS_WHEN, Due, outside_text, values_of

NUMBER, TITLE, UNIT, BY = "2026-需-0000", "示例：学位协调", "区教育局", "梁文韬"
_DAY = date(2026, 10, 13)
DUE = {"due_today": Due(_DAY, 0, 0), "urge": Due(_DAY, 0, 1), "late": Due(_DAY, 0, 1)}
USUAL_DUE = Due(_DAY, 3, 0)
WITHOUT_TEXT = frozenset({"task", "due_soon", "due_today", "accepted", "late"})
"""Kinds that say nothing beside the facts."""
TEXTS: Mapping[str, str] = {
    "circular": "通报〔2026〕1号：逾期未回复，予以通报",
    "circular_told": "区人才办已向区教育局发出通报〔2026〕1号：逾期未回复，予以通报",
    "result": "已办结",
    "meeting": "2026-10-20（周二） 15:00，区人才办会议室。议题：入学安排",
    "decision": "一、由区教育局于本月底前安排学位",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A kind of notice as it reads: in the inbox, and outside the system (None: it does not leave it by itself)."""

    kind: str
    name: str
    whom: tuple[str, ...] | None
    receipt: bool
    subject: str
    text: str
    outside: tuple[str, str] | None


def samples(wordings: Mapping[str, Wording]) -> list[Sample]:
    """One of each kind, in the order of the file's kinds."""
    return [_sample(kind, wording) for kind, wording in wordings.items()]


def _sample(kind: str, wording: Wording) -> Sample:
    due = DUE.get(kind, USUAL_DUE)
    text = "" if kind in WITHOUT_TEXT else TEXTS.get(kind, "请按时办理")
    notice = Notice(kind, number=NUMBER, title=TITLE, step="办理", due_on=due.on, text=text)
    subject, said = wording.render(values_of(notice, unit=UNIT, due=due, by=BY))
    name = KINDS.get(kind) or wording.name
    outside = outside_text(due.state if kind in SAYS_WHEN else name, notice, due, None)
    return Sample(kind, name, wording.whom, wording.receipt, subject, said, outside if wording.outside else None)
