"""Rules for eligibility and for duplicates of talents. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import Protocol

from service.spelling import PART_READINGS, plain, search_key, spell

TALENT_ID = re.compile(r"T[0-9]{4,9}")
ID_TAIL = re.compile(r"[0-9A-Z]{4,6}")

CATEGORIES = {1: "一类人才", 2: "二类人才", 3: "三类人才", 4: "四类人才"}
"""Recognized talents (S1)."""

TYPES = {
    1: "诺贝尔奖得主、两院院士、战略科学家",
    2: "国家级领军人才",
    3: "省级领军人才",
    4: "地方级领军人才",
    5: "其他有突出贡献、较大影响力的高层次人才",
}
"""The five groups beside the recognized ones (S1)."""

OPEN_TYPE = 5
"""The group without fixed bounds: it needs a reason and the approval of the Talent Office (S1)."""


class File(Protocol):
    """The facts of a talent's file that decide eligibility."""

    active: bool
    in_district: bool
    works_from: date | None
    works_until: date | None
    category: int | None
    recognition_expires_on: date | None
    type: int | None
    type_approved_on: date | None


class Known(Protocol):
    """The facts of a talent's file that tell one person from another."""

    name: str
    employer: str
    id_tail: str | None


def eligibility(talent: File, day: date) -> tuple[str, ...]:
    """Why leaders may not be asked to serve ``talent`` on ``day``; nothing where they may (S1, S2)."""
    reasons = []
    if not talent.active:
        reasons.append("已移出人才信息库")
    if not talent.in_district:
        reasons.append("不在我区工作")
    if talent.works_from is not None and day < talent.works_from:
        reasons.append(f"自 {talent.works_from.isoformat()} 起才在我区工作")
    if talent.works_until is not None and day > talent.works_until:
        reasons.append(f"在我区工作至 {talent.works_until.isoformat()} 止")
    return (*reasons, *_unrecognized(talent, day))


def _unrecognized(talent: File, day: date) -> list[str]:
    """Why neither the category nor the group makes somebody a talent on ``day``."""
    expires, approved = talent.recognition_expires_on, talent.type_approved_on
    recognized = talent.category is not None and (expires is None or day <= expires)
    grouped = talent.type is not None and (talent.type != OPEN_TYPE or (approved is not None and approved <= day))
    if recognized or grouped:
        return []
    reasons = []
    if talent.category is not None and expires is not None:
        reasons.append(f"人才认定已于 {expires.isoformat()} 到期")
    if talent.type == OPEN_TYPE:
        reasons.append("“其他高层次人才”尚待区人才办审核同意")
    return reasons


def likeness(talent: Known, *, name: str, employer: str, id_tail: str | None) -> tuple[int, str] | None:
    """How likely ``talent`` is the person of these data: (0 most likely …, why); ``None`` where it is somebody else.

    Two names sound the same where any reading of the one is a reading of the other: 顾长风 and 顾常风.
    """
    same_name = plain(talent.name) == plain(name)  # also where it is written with other forms of its characters
    same_sound = not set(spell(talent.name).sounds).isdisjoint(spell(name).sounds)
    same_employer = plain(talent.employer) == plain(employer)
    known = bool(id_tail and talent.id_tail)
    same_tail = known and _tails_meet(str(talent.id_tail), str(id_tail))
    if known and not same_tail:
        return None
    called = "姓名相同" if same_name else "姓名读音相同" if same_sound else None
    if same_tail:
        why = [called or ("工作单位相同" if same_employer else None), "证件号码末位相同"]
        return (0, "、".join(filter(None, why))) if why[0] else None
    if called and same_employer:
        return 1, f"{called}、工作单位相同"
    return (2, "姓名相同") if same_name else None


def same_person(tail: object, employer: object, other_tail: str | None, other_employer: str | None) -> bool:
    """Whether two of one name are likely the same: by the document's last characters; without, by the employer."""
    if tail and other_tail:
        return _tails_meet(str(tail), other_tail)
    return plain(str(employer or "")) == plain(other_employer or "")


def _tails_meet(one: str, other: str) -> bool:
    """Whether two ends of a document's number can be of one number: the shorter is the end of the longer."""
    return one.endswith(other) or other.endswith(one)


def picture(content: bytes) -> str | None:
    """The media type of a whole PNG or JPEG, by its first and last bytes; ``None`` for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR") and content.endswith(b"IEND\xaeB`\x82"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\x00").endswith(b"\xff\xd9"):
        return "image/jpeg"
    return None


def id_after(last: str | None) -> str:
    """The id that follows ``last`` (``None``: the first): ``T0001``, ``T0002`` …"""
    return f"T{1 if last is None else int(last[1:]) + 1:04d}"


def talent_keys(talent_id: str, name: str, employer: str) -> dict[str, str]:
    """The columns by which a talent is sorted and searched: ``pinyin``, ``initials``, ``search_key``."""
    spelled, place = spell(name), spell(employer, of_person=False, readings=PART_READINGS)
    key = search_key(spelled.keys, talent_id, place.keys)
    return {"pinyin": spelled.pinyin, "initials": spelled.initials, "search_key": key}


def team_keys(name: str) -> dict[str, str]:
    """The same columns of a team."""
    spelled = spell(name, of_person=False)
    return {"pinyin": spelled.pinyin, "initials": spelled.initials, "search_key": search_key(spelled.keys)}
