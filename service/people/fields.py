"""The fields of units, persons, posts, liaisons and substitutes, and the words for the entries of their journals.

Pages, the API, import and export and the journal's words read these tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import (
    AREA,
    CHANGE,
    CHOICE,
    CODE,
    DATE,
    FLAG,
    MOBILE,
    NAME,
    NEW,
    PASSAGE,
    PHONE,
    PICK,
    Entry,
    Field,
)
from service.people.rules import BODIES, CLASSES, DUTIES

UNIT: tuple[Field, ...] = (
    Field(
        "code",
        "单位代码",
        CODE,
        required=True,
        longest=32,
        note="小写字母开头，只含小写字母、数字、_ 和 -，登记后不能修改，例如 hrss",
        example="sci",
        only=NEW,
    ),
    Field("name", "单位名称", required=True, example="区科学技术局"),
    Field("kind", "单位类别", CHOICE, required=True, among="kinds", empty=""),
    Field("town", "所属镇街", CHOICE, among="towns", empty="（不属于镇街）", also=("镇街",)),
    Field(
        "is_member_unit",
        "成员单位",
        FLAG,
        note="区人才工作领导小组的成员单位",
        default=False,
        example="是",
    ),
    Field("active", "在用", FLAG, note="停用的单位不再出现在选择列表中", only=CHANGE, default=True),
)
"""A unit (H1)."""

PERSON: tuple[Field, ...] = (
    Field("name", "姓名", NAME, required=True, longest=40, example="张三"),
    Field("unit_code", "所在单位", PICK, pick="units", sent="unit", example="区科学技术局", also=("单位",)),
    Field("post", "职务", example="局长"),
    Field("phone", "办公电话", PHONE, longest=27, sure=MOBILE, example="0757-00000000", also=("联系电话",)),
    Field("active", "在任", FLAG, note="离任的人员不再出现在选择列表中", only=CHANGE, default=True),
)
"""Somebody who works in a unit."""

POST: tuple[Field, ...] = (
    Field("klass", "领导类别", CHOICE, required=True, choices=CLASSES, empty="", sent="class", only=NEW),
    Field("body", "领导班子", CHOICE, choices=BODIES, note="区领导（A类）必填"),
    Field(
        "unit_code",
        "单位",
        PICK,
        pick="units",
        sent="unit",
        note="A类填服务该领导的办公室（三办之一）；B类填所在成员单位",
    ),
    Field("duty", "分工", CHOICE, choices=DUTIES, note="成员单位领导（B类）必填"),
    Field("post", "职务", required=True),
    Field(
        "portfolio",
        "分管工作",
        AREA,
        longest=200,
        note="用于推荐联系对象，多项用顿号隔开",
        example="科技、人才",
    ),
    Field(
        "stationed",
        "驻点企业",
        AREA,
        longest=500,
        note="驻点直联、暖春行动的企业全称，多家用顿号隔开；用于推荐联系对象",
    ),
    Field("starts_on", "开始日期", DATE, required=True, example="2024-01-15", also=("任职日期",)),
    Field("ends_on", "结束日期", DATE, note="仍在任的不填", only=NEW),
)
"""A leader's post (L1, L2), with the enterprises at which the leader is stationed (D1)."""

LAST_DAY = Field("ends_on", "任职的最后一天", DATE, required=True)
OTHER_END = (
    Field("ends_on", "正确的最后一天", DATE, note="仍在任的留空"),
    Field("reason", "更正原因", required=True, longest=200),
)
"""The end of a post, and the right end of one that was ended wrongly."""

HEAD: tuple[Field, ...] = (
    Field("person_id", "负责人", PICK, pick="people", note="受通报时告知此人；成员单位不填的，为其主要负责同志"),
)
"""The field of a unit's head (负责人)."""

LIAISON: tuple[Field, ...] = (
    Field("person_id", "联络员", PICK, required=True, pick="people"),
    Field("starts_on", "开始日期", DATE, required=True),
)
"""The fields of an appointment of a unit's one liaison (T4)."""

SUBSTITUTE: tuple[Field, ...] = (
    Field("substitute_id", "代理人", PICK, required=True, pick="people"),
    Field("starts_on", "开始日期", DATE, required=True),
    Field("ends_on", "结束日期", DATE, required=True, note="含当天；到期自动失效"),
    Field("reason", "事由", AREA, longest=200),
)
"""The fields of a substitute for a person (代理)."""

PHRASE: tuple[Field, ...] = (Field("text", "常用语", PASSAGE, required=True, longest=1000),)
"""The words of a phrase (常用语)."""

STAMP: tuple[Field, ...] = (
    Field("name", "名称", required=True, longest=60, example="区人才工作领导小组办公室印章"),
    Field("valid_from", "启用日期", DATE, required=True),
    Field("valid_to", "停用日期", DATE, note="含当天；长期使用的留空"),
)
"""A picture of a seal or a signature (印章、签名)."""
_OF_STAMP = (
    *STAMP,
    Field("keepers", "保管人"),
    Field("sha256", "图片摘要"),
)
_USE = (
    Field("title", "文书"),
    Field("note", "说明"),
    Field("paper_sha256", "文书摘要"),
    Field("refusal", "不同意的理由"),
)

_ENDED = (Field("post", "职务"), Field("ends_on", "结束日期", DATE))
_FORMER = Field("former_person_id", "原联络员", PICK, pick="people")
OF_UNIT = Field("unit", "单位", PICK, pick="units")

ENTRIES: Mapping[str, Entry] = {
    "unit_added": Entry("登记单位", UNIT),
    "unit_updated": Entry("修改单位信息", UNIT, changes=True),
    "liaison_named": Entry("指定联络员", (*LIAISON, _FORMER, OF_UNIT)),
    "liaison_ended": Entry("联络员任职结束", (*LIAISON, LAST_DAY, OF_UNIT)),
    "head_named": Entry("登记单位负责人", (*HEAD, Field("former_person_id", "原负责人", PICK, pick="people"))),
    "person_added": Entry("登记人员", PERSON),
    "person_updated": Entry("修改人员信息", PERSON, changes=True),
    "leader_added": Entry("登记领导任职", POST),
    "leader_updated": Entry("更正领导任职", POST, changes=True),
    "leader_ended": Entry("结束领导任职", _ENDED),
    "leader_end_updated": Entry("更正任职结束日期", (*_ENDED, OTHER_END[1]), changes=True),
    "substitute_declared": Entry("指定代理人", SUBSTITUTE),
    "substitute_withdrawn": Entry("撤销代理", SUBSTITUTE),
    "phrase_added": Entry("添加常用语", PHRASE),
    "phrase_changed": Entry("修改常用语", PHRASE, changes=True),
    "phrase_removed": Entry("删除常用语", PHRASE),
    "stamp_added": Entry("登记印章、签名", (*_OF_STAMP, OF_UNIT)),
    "stamp_changed": Entry("修改印章、签名", _OF_STAMP, changes=True),
    "stamp_withdrawn": Entry("停用印章、签名", (Field("reason", "理由"),)),
    "stamp_asked": Entry("申请用印", _USE),
    "stamp_used": Entry("用印", _USE),
    "stamp_declined": Entry("不同意用印", _USE),
    "stamp_recalled": Entry("撤回用印申请", _USE),
}
"""Kinds of entries in the journals of units and persons."""
