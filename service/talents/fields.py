"""The fields of a talent's file and of a team, and the words for the entries of their journals: said once.

Pages, the API, import and export, the journal's words and the masks of private data read these tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import (
    AREA,
    CHANGE,
    CHOICE,
    DATE,
    DIGITS,
    EMAIL,
    FLAG,
    LINES,
    MOBILE,
    NAME,
    NUMBER,
    PHONE,
    PICK,
    PICKS,
    Entry,
    Field,
    picked,
)
from service.talents.rules import CATEGORIES, TYPES

CONTACT, IDENTITY = "contact", "identity"
"""The kinds of private data in a file: how to reach the talent; the last characters of the identity document."""

_PERSON, _CLASS, _WORK, _REACH, _SAVE = "基本信息", "类别与认定", "工作单位", "联系方式", "保存"

FIELDS: tuple[Field, ...] = (
    Field("name", "姓名", NAME, required=True, longest=40, group=_PERSON, example="李四"),
    Field(
        "id_tail",
        "证件号码末位",
        DIGITS,
        longest=6,
        note="4 至 6 位，用于区分同名人员，仅区人才办可见",
        group=_PERSON,
        private=IDENTITY,
        also=("证件号末位",),
        sure=r"\d{6}",
    ),
    Field("fields", "专业领域", AREA, longest=200, group=_PERSON, example="半导体材料"),
    Field("category", "人才类别", NUMBER, choices=CATEGORIES, note="与人员类型至少填一项", group=_CLASS),
    Field("type", "人员类型", NUMBER, choices=TYPES, group=_CLASS),
    Field(
        "type_reason",
        "认定理由",
        AREA,
        longest=500,
        note="人员类型为“其他高层次人才”时必填，并由区人才办审核",
        group=_CLASS,
        also=("其他人才认定理由",),
    ),
    Field("recognition", "认定名称", note="例如 佛山市领军人才", group=_CLASS),
    Field("recognition_no", "认定文号", longest=60, group=_CLASS),
    Field("recognized_on", "认定日期", DATE, group=_CLASS, example="2023-05-30"),
    Field("recognition_expires_on", "认定有效期至", DATE, note="长期有效的不填", group=_CLASS, example="2028-05-29"),
    Field("employer", "工作单位", required=True, group=_WORK, example="南海某科技有限公司"),
    Field("employer_unit", "主管单位", PICK, pick="units", note="核实人才信息、报告变动的单位", group=_WORK),
    Field("post", "职务", group=_WORK, example="首席科学家"),
    Field("platform", "创新平台", group=_WORK),
    Field("town", "镇街", CHOICE, among="towns", group=_WORK),
    Field("in_district", "在我区工作", FLAG, group=_WORK, default=True, example="是"),
    Field("works_from", "来区工作日期", DATE, group=_WORK, also=("到岗日期",)),
    Field("works_until", "离区日期", DATE, group=_WORK, also=("离岗日期",)),
    Field("phone", "联系电话", PHONE, longest=27, group=_REACH, private=CONTACT, sure=MOBILE),
    Field("email", "电子邮箱", EMAIL, longest=254, group=_REACH, private=CONTACT),
    Field("contact_person", "单位联系人", longest=40, group=_REACH),
    Field("contact_phone", "单位联系人电话", PHONE, longest=27, group=_REACH, private=CONTACT, sure=MOBILE),
    Field("active", "在库", FLAG, note="移出后不再出现在名单中，历史记录保留", group=_SAVE, only=CHANGE, default=True),
)
"""The fields of a talent that can be changed, in the order in which people read it (R4, S1)."""

SOURCE = Field("source", "修改依据", longest=200, note="例如 变动报告编号、来函文号", group=_SAVE, only=CHANGE)
"""The reason for a change (R9): kept with the entry of the journal."""

APPROVED_ON = Field("type_approved_on", "审核日期", DATE)
CONFIRMED_ON = Field("confirmed_on", "核实日期", DATE)

TEAM_FIELDS: tuple[Field, ...] = (
    Field("name", "团队名称", required=True),
    Field("lead_id", "带头人", PICK, required=True, pick="talents", note="团队通过带头人联系，计一名联系对象"),
    Field("fields", "专业领域", AREA, longest=200),
    Field("recognition", "认定名称"),
    Field("recognized_on", "认定日期", DATE),
    Field("note", "备注", AREA, longest=500),
    Field("active", "在用", FLAG, only=CHANGE, default=True),
)
"""The fields of a team that can be changed besides its members (P1)."""

MEMBERS = Field("members", "成员", PICKS, pick="talents")
MEMBER_IDS = Field("member_ids", "库内成员", PICKS, pick="talents", note="人才信息库中的成员，不含带头人")
OTHERS = Field("others", "库外成员", LINES, longest=5000, note="一行一人；写职务的用逗号隔开，例如：张三，高级工程师")
"""Members as a form shows them: of the registry, and by name only."""

_JOURNAL = (*FIELDS, APPROVED_ON, CONFIRMED_ON)

ENTRIES: Mapping[str, Entry] = {
    "talent_added": Entry("登记人才", _JOURNAL),
    "talent_updated": Entry("修改人才信息", _JOURNAL, changes=True),
    "talent_type_approved": Entry(
        "审核同意列为其他高层次人才", (Field("approved_on", "审核日期", DATE), Field("reason", "理由"))
    ),
    "talent_confirmed": Entry("核实人才信息", (CONFIRMED_ON,), changes=True),
    "talent_photo_set": Entry("更换照片"),
    "talent_photo_withdrawn": Entry("删除照片"),
    "team_added": Entry("登记团队", (*TEAM_FIELDS, MEMBERS)),
    "team_updated": Entry("修改团队信息", (*TEAM_FIELDS, MEMBERS), changes=True),
}
"""Kinds of entries in the journals of talents and teams."""

TELLING = picked(FIELDS, "name", "id_tail", "employer")
"""The fields that tell one person from another."""
