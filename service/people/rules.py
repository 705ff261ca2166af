"""The kinds of posts that make a person a leader (L1, L2). Pure."""

from __future__ import annotations

from service.spelling import search_key, spell

OFFICE_UNIT = "talent_office"
"""The code of the Talent Office as a unit. In a round about lists it stands for the list of class A (Q2)."""

CLASS_A, CLASS_B = "A", "B"
CLASSES = {CLASS_A: "区领导（A类）", CLASS_B: "成员单位领导（B类）"}
"""The classes of leaders as people call them."""

BODIES = {
    "party_committee": "区委",
    "congress": "区人大常委会",
    "government": "区政府",
    "conference": "区政协",
}
"""The four leading bodies whose members are leaders of class A (L1)."""

OFFICE = "office"
"""The kind of units (``organization.toml``) that the three offices are: one of them serves each leader of class A."""

ASKED, USED, DECLINED, RECALLED = "stamp_asked", "stamp_used", "stamp_declined", "stamp_recalled"
"""The entries that tell of the use of a stamp on a paper (用印)."""
STATUS = {ASKED: "asked", USED: "used", DECLINED: "declined", RECALLED: "recalled"}
"""The state of a use after each entry."""
STATUSES = {"asked": "待同意", "used": "已用印", "declined": "不同意", "recalled": "已撤回申请"}
"""The states as people call them."""

PRINCIPAL = "principal"
"""The duty of the head of a unit."""
DUTIES = {PRINCIPAL: "主要负责同志", "talent": "分管人才工作负责同志"}
"""The duties that make an officer of a member unit a leader of class B (L2)."""


def unit_keys(code: str, name: str) -> dict[str, str]:
    """The columns by which a unit is sorted and searched: ``pinyin``, ``initials``, ``search_key``."""
    spelled = spell(name, of_person=False)
    return {"pinyin": spelled.pinyin, "initials": spelled.initials, "search_key": search_key(spelled.keys, code)}


def person_keys(name: str, post: str | None) -> dict[str, str]:
    """The same columns of a person."""
    spelled = spell(name)
    return {"pinyin": spelled.pinyin, "initials": spelled.initials, "search_key": search_key(spelled.keys, post)}
