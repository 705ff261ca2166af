"""The words and sums of contacts: forms, topics, statuses, interviews. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date

from service.spelling import plain

FORMS: Mapping[str, str] = {
    "visit": "走访约见",
    "symposium": "集中座谈",
    "activity": "组织活动",
    "discussion": "专题讨论",
    "letter": "书信来往",
    "phone": "电话联系",
    "online": "网络交流",
    "consultation": "咨询服务",
}
"""The eight forms of liaison in the policy's words (F1)."""

INBOUND_FORMS: Mapping[str, str] = {
    "letter": "信函",
    "phone": "通讯（电话）",
    "online": "通讯（网络）",
    "visit": "面谈",
}
"""How a talent turns to a leader: letter, telecommunication, talk (F4)."""

TOPICS: Mapping[int, str] = {
    1: "宣传通报",
    2: "邀请参与、听取意见",
    3: "了解科研、学科、经营、培养情况",
    4: "掌握思想、学习、工作、生活情况",
}
"""The four topics of liaison (C1–C4)."""

ASPECTS: Mapping[str, str] = {"research": "科研", "discipline": "学科", "business": "经营", "training": "培养"}
"""The sides of a talent's work of which a contact of topic 3 learns: a note on the file is about one of them (C3)."""

NOTED_TOPIC = 3
RESTRICTED_TOPIC = 4
NEUTRAL_SUMMARY = "了解思想、学习、工作、生活情况"
"""The summary that everybody reads of a contact about which all that was said is restricted (C4)."""

OPEN, NEED, ANSWERED, NOTED = "open", "need", "answered", "noted"
OPINION_STATUSES: Mapping[str, str] = {OPEN: "待处理", NEED: "已转需求", ANSWERED: "已答复", NOTED: "已知悉"}

ACTIVITY_KINDS: Mapping[str, str] = {"activity": "活动", "consultation": "咨询论证", "symposium": "座谈会"}

INTERVIEWS_REQUIRED = 2
"""Interviews a year of a leader of class B with each talent served (F2)."""

ENTRY_DAYS = 3
"""Working days after the contact within which it is to be entered [A] (F3)."""

SIMILAR = 0.5


def reasons_asked(year: int, today: date) -> bool:
    """Whether it is time to say why interviews of ``year`` are missing: from its last reminder on (F2)."""
    return today >= date(year, 12, 1)


def is_interview(form: str, *, inbound: bool) -> bool:
    """Whether a contact counts as an interview (访谈) unless somebody says otherwise: a visit or appointment (F2)."""
    return form == "visit" and not inbound


def form_name(form: str, *, inbound: bool) -> str:
    """The form in words: of an inbound contact those of F4."""
    return INBOUND_FORMS.get(form, FORMS[form]) if inbound else FORMS[form]


def half_of(day: date) -> tuple[int, int]:
    """The year and the half-year in which ``day`` lies (T6)."""
    return day.year, 1 if day.month <= 6 else 2


def period_of(year: int, half: int) -> tuple[date, date]:
    """The first and the last day of a half-year."""
    return (date(year, 1, 1), date(year, 6, 30)) if half == 1 else (date(year, 7, 1), date(year, 12, 31))


def similarity(one: str, other: str) -> float:
    """How alike two matters are, from 0 to 1: the share of pairs of neighbouring characters that both have.

    The shorter text sets the measure, so that a title is like the passage that says it at length.
    """
    left, right = _pairs(one), _pairs(other)
    if not left or not right:
        return 0.0
    return len(left & right) / min(len(left), len(right))


def shared_words(one: str, other: str) -> tuple[str, ...]:
    """The longest stretches of at least two characters that both texts hold: why they were taken for similar."""
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    found = {one[block.a : block.a + block.size].strip("，。、；：！？ \n") for block in blocks}
    return tuple(sorted((word for word in found if len(word) > 1), key=lambda word: (-len(word), word))[:3])


def _pairs(text: str) -> set[str]:
    characters = plain(text)
    return {characters[place : place + 2] for place in range(len(characters) - 1)}
