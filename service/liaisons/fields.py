"""The fields of links, service teams and rosters, and the words for the entries of their journals: said once.

Commands, pages, the API, import and the journal's words read these tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import AREA, CHOICE, DATE, PICK, PICKS, Entry, Field, picked
from service.liaisons.rules import REASONS, STATUSES

LEADER = Field(
    "leader_id", "联系领导", PICK, required=True, pick="leaders", sent="leader", example="王五", also=("领导姓名",)
)
TALENT = Field(
    "talent_id",
    "联系对象",
    PICK,
    required=True,
    pick="talents",
    sent="talent",
    note="人才编号（如 T0001）或姓名",
    example="T0001",
)
NOTE = Field("note", "说明", AREA, longest=500, note="B 类须说明与本部门业务的关系")
ENDS_ON = Field("ends_on", "结束日期", DATE)

LINE: tuple[Field, ...] = (
    LEADER,
    TALENT,
    Field("reason", "理由", CHOICE, required=True, choices=REASONS, also=("确定原则",)),
    NOTE,
)
"""A line of a roster: who serves whom, and why (D1, Q3)."""

LINK: tuple[Field, ...] = (
    *LINE,
    Field("starts_on", "开始日期", DATE, required=True, example="2026-01-15"),
    Field("team_id", "人才团队", PICK, pick="teams"),
)
"""A link as it is registered (Q2–Q4); ``team_id`` is the talent team (P1) that is served through the talent."""

COURSE: tuple[Field, ...] = (
    Field("status", "状态", CHOICE, choices=STATUSES),
    Field("held_from", "代管开始日期", DATE),
    ENDS_ON,
    Field("end_reason", "结束原因", longest=200),
)
"""The fields of the course of a link."""

ENDING: tuple[Field, ...] = (
    Field("ends_on", "最后一天", DATE, required=True),
    Field("reason", "结束原因", required=True, longest=200),
)
HANDOVER: tuple[Field, ...] = (
    Field("successor_id", "接任领导", PICK, required=True, pick="leaders", sent="successor"),
    Field("starts_on", "接任日期", DATE, required=True),
    Field("note", "交接说明", AREA, longest=500),
)
HOLDING: tuple[Field, ...] = (LEADER, Field("held_from", "代管开始日期", DATE, required=True))
"""The fields of a link that ends, of one that goes to another leader, and of one that the Talent Office holds (O4)."""

SERVICE_TEAM: tuple[Field, ...] = (
    Field("leader_id", "责任领导", PICK, required=True, pick="leaders", sent="leader"),
    Field("head_id", "组长", PICK, required=True, pick="people", sent="head"),
    Field("liaison_id", "联络员", PICK, required=True, pick="people", sent="liaison"),
    Field("starts_on", "开始日期", DATE, required=True),
)
"""A service team (T1–T4) besides its members."""

MEMBERS = Field("members", "成员", PICKS, pick="people")
MEMBER_POST = Field("post", "职务")

ROSTER_NOTE = Field("note", "名单说明", AREA, longest=500)
DECISION: tuple[Field, ...] = (
    Field("document_no", "文号", required=True, longest=60),
    Field("decided_on", "确定日期", DATE, required=True),
)
FILING: tuple[Field, ...] = (Field("on", "备案日期", DATE, required=True),)
"""The fields of a decided list (Q2, Q4), and of a filed one."""

_LINK = (*picked(LINK, "leader_id", "starts_on"), *picked(COURSE, "ends_on", "held_from"))
_LINK_ENTRY = (*_LINK, *picked(LINK, "reason", "note"), *picked(COURSE, "end_reason"))
_HANDOVER_ENTRY = (
    Field("from_leader_id", "原联系领导", pick="leaders"),
    Field("ends_on", "原联系结束日期", DATE),
    Field("held_from", "原联系代管开始日期", DATE),
    *picked(HANDOVER, "starts_on"),
    Field("leader_id", "接任领导", pick="leaders"),
    *picked(LINK, "reason", "note"),
    Field("handover_note", "交接说明"),
)
"""Two links meet in it: the one that ends, and the successor's."""
_TEAM_ENTRY = (
    Field("head", "组长"),
    Field("liaison", "联络员"),
    MEMBERS,
    *picked(SERVICE_TEAM, "starts_on"),
    ENDS_ON,
)
_VERSION = Field("version", "版次")

ENTRIES: Mapping[str, Entry] = {
    "link_proposed": Entry("登记联系关系", _LINK_ENTRY),
    "link_activated": Entry("联系关系生效", _LINK_ENTRY),
    "link_changed": Entry("修改联系理由", _LINK_ENTRY),
    "link_ended": Entry("结束联系关系", _LINK_ENTRY),
    "link_held": Entry("转由区人才办代管", _LINK_ENTRY),
    "link_released": Entry("更正代管", _LINK_ENTRY),
    "link_handed_over": Entry("移交联系关系", _HANDOVER_ENTRY),
    "service_team_set": Entry("组建工作团队", _TEAM_ENTRY),
    "service_team_ended": Entry("工作团队结束", _TEAM_ENTRY),
    "service_team_resumed": Entry("工作团队恢复", _TEAM_ENTRY),
    "service_team_end_updated": Entry("更正工作团队结束日期", _TEAM_ENTRY),
    "roster_drafted": Entry("起草名单", (_VERSION, ROSTER_NOTE)),
    "roster_taken_up": Entry("名单进入办理", (_VERSION,)),
    "roster_decided": Entry("确定名单", (_VERSION, *DECISION)),
    "roster_filed": Entry("名单备案", (_VERSION, Field("filed_on", "备案日期", DATE))),
}
"""Kinds of entries: of links in the journals of talents, of service teams in those of persons, of rosters."""
