"""The fields of contacts, opinions, activities and own matters, and the words for the entries of their journals.

Pages, the API, the import of past contacts and the journal's words read these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from service.contacts.rules import (
    ACTIVITY_KINDS,
    ANSWERED,
    ASPECTS,
    FORMS,
    INBOUND_FORMS,
    NOTED,
    OPINION_STATUSES,
    TOPICS,
)
from service.fields import (
    CHOICE,
    DATE,
    FLAG,
    PASSAGE,
    PASSAGE_LENGTH,
    PICK,
    PICKS,
    SEVERAL,
    Entry,
    Field,
    picked,
)

RESTRICTED = "restricted"
"""The kind of private data that is a restricted note (C4)."""

_TALENT = Field("talent_id", "人才", PICK, required=True, pick="talents", sent="talent")

CONTACT: tuple[Field, ...] = (
    Field("leader_id", "联系领导", PICK, required=True, pick="leaders", sent="leader"),
    Field("talent_ids", "联系对象", PICKS, required=True, pick="talents", sent="talents"),
    Field("held_on", "联系日期", DATE, required=True, example="2026-03-12", also=("日期",)),
    Field(
        "inbound",
        "人才主动反映",
        FLAG,
        note="人才主动向领导反映的填“是”",
        also=("主动反映",),
    ),
    Field("form", "联系形式", CHOICE, required=True, choices=FORMS, note="主动反映的填信函、通讯或面谈"),
    Field("topics", "联系内容", SEVERAL, choices=TOPICS, note="可填多项，用“、”分开；主动反映的可不填"),
    Field("interview", "计入访谈", FLAG),
    Field("place", "地点"),
    Field("participants", "参加人员", longest=500),
    Field(
        "summary",
        "情况摘要",
        PASSAGE,
        required=True,
        longest=PASSAGE_LENGTH,
        note="思想、学习、生活方面的情况请填在“受限记录”",
    ),
    Field("follow_up", "后续跟进", PASSAGE, longest=2000, also=("后续事项",)),
    Field("tags", "标签", SEVERAL, among="tags", note="一并开展的活动，用“、”分开"),
    Field(
        "restricted",
        "受限记录",
        PASSAGE,
        longest=PASSAGE_LENGTH,
        note="思想、学习、工作、生活情况，只有联系领导、其联络员和区人才办可以查看；预览中不显示",
        private=RESTRICTED,
    ),
    Field("activity_id", "所属活动", PICK, pick="activities", sent="activity"),
)
"""A contact of a leader with talents (F1)."""

_TURNED = {
    "held_on": Field("held_on", "收到日期", DATE, required=True),
    "form": Field("form", "反映形式", CHOICE, required=True, choices=INBOUND_FORMS),
}
INBOUND: tuple[Field, ...] = tuple(_TURNED.get(one.name, one) for one in CONTACT)
"""A contact in which a talent turned to a leader (F4)."""

WITHDRAWAL = Field("reason", "撤回原因", required=True, longest=200)

OPINION = Field("text", "意见建议", PASSAGE, required=True, longest=2000)
ANSWER: tuple[Field, ...] = (
    Field(
        "status",
        "处理结果",
        CHOICE,
        required=True,
        choices={status: OPINION_STATUSES[status] for status in (ANSWERED, NOTED)},
    ),
    Field("answer", "答复内容", PASSAGE, longest=2000),
)
"""The fields for the outcome of an opinion that needs no case."""

NOTE: tuple[Field, ...] = (
    Field("aspect", "方面", CHOICE, required=True, choices=ASPECTS),
    Field("text", "了解到的情况", PASSAGE, required=True, longest=2000),
)
"""A note on a talent's file (C3)."""
NOTE_WITHDRAWAL = Field("reason", "撤回原因", required=True, longest=200)

MISSED: tuple[Field, ...] = (
    Field("leader_id", "联系领导", PICK, required=True, pick="leaders", sent="leader"),
    _TALENT,
    Field("year", "年度"),
    Field("reason", "未完成访谈的原因", required=True, longest=500),
)
"""Why a pair had too few interviews in a year (F2)."""

ACTIVITY: tuple[Field, ...] = (
    Field("name", "活动名称", required=True),
    Field("kind", "活动类型", CHOICE, required=True, choices=ACTIVITY_KINDS),
    Field("held_on", "活动日期", DATE, required=True),
    Field("organizer_unit", "主办单位", PICK, required=True, pick="units", sent="unit"),
    Field("place", "地点"),
    Field("note", "说明", PASSAGE, longest=2000),
)
"""An activity, consultation or symposium to which talents are invited (C2)."""

CANCELLATION = Field("reason", "取消原因", required=True, longest=200)
CAME: Mapping[bool | None, str] = {True: "到场", False: "未到场", None: "未登记"}
"""Whether somebody invited came."""
_INVITED = Field("talents", "邀请的人才", PICKS, pick="talents")
_ATTENDED = Field("attended", "出席情况", CHOICE, choices=CAME, pick="talents")

MATTER: tuple[Field, ...] = (
    Field("unit_code", "单位", PICK, required=True, pick="units", sent="unit"),
    _TALENT,
    Field("title", "事项", required=True),
    Field("description", "情况说明", PASSAGE, required=True, longest=PASSAGE_LENGTH),
    Field("raised_on", "提出日期", DATE, required=True),
    Field("result", "办理结果", PASSAGE, longest=PASSAGE_LENGTH),
    Field("solved_on", "办结日期", DATE),
)
"""A matter that a unit takes care of by itself (R6)."""

PROGRESS: tuple[Field, ...] = (
    Field("text", "进展情况", PASSAGE, required=True, longest=2000),
    Field("done_on", "进展日期", DATE, required=True),
)
"""The fields for work done about a matter on a day (R7)."""

SOLUTION: tuple[Field, ...] = tuple(replace(one, required=True) for one in picked(MATTER, "result", "solved_on"))
"""How a matter was solved, and when."""

ENTRIES: Mapping[str, Entry] = {
    "contact_recorded": Entry("登记联系记录"),
    "contact_withdrawn": Entry("撤回联系记录", (WITHDRAWAL,)),
    "contact_noted": Entry("补记科研、学科、经营、培养情况"),
    "note_withdrawn": Entry("撤回科研、学科、经营、培养情况", (NOTE_WITHDRAWAL,)),
    "opinion_answered": Entry("登记意见建议的处理结果", ANSWER),
    "opinion_linked": Entry("意见建议转为需求"),
    "missed_interviews_explained": Entry("说明访谈未达次数的原因", MISSED),
    "activity_added": Entry("登记活动"),
    "activity_cancelled": Entry("取消活动", (CANCELLATION,)),
    "talents_invited": Entry("邀请人才", (_INVITED, Field("invited_on", "邀请日期", DATE))),
    "attendance_recorded": Entry("登记出席情况", (_ATTENDED,)),
    "matter_recorded": Entry("登记单位事项", MATTER),
    "matter_followed": Entry("登记事项进展", PROGRESS),
    "matter_solved": Entry("登记事项办结", SOLUTION),
}
"""Kinds of entries in the journals of contacts, activities and matters, and of missed interviews in a leader's.

Contacts and activities are not edited: what they were entered with is what their pages show.
"""
