"""The journal of a record as people read it: who changed what when, old and new side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service import history
from service.contacts.access import readable
from service.history import HistoryEvent
from service.ledger.reported import KINDS as REPORTS
from service.ledger.reported import seen_entries
from service.liaisons import REASONS
from service.people import BODIES, DUTIES
from service.talents import CATEGORIES, TYPES
from service.web.context import actor, db, web
from service.web.names import Names

KINDS = {
    "unit_added": "登记单位",
    "unit_updated": "修改单位信息",
    "liaison_named": "指定联络员",
    "liaison_ended": "联络员任职结束",
    "person_added": "登记人员",
    "person_updated": "修改人员信息",
    "leader_added": "登记领导任职",
    "leader_updated": "更正领导任职",
    "leader_ended": "结束领导任职",
    "leader_end_updated": "更正任职结束日期",
    "substitute_declared": "指定代理人",
    "substitute_withdrawn": "撤销代理",
    "service_team_set": "组建工作团队",
    "service_team_ended": "工作团队结束",
    "service_team_resumed": "工作团队恢复",
    "service_team_end_updated": "更正工作团队结束日期",
    "missed_interviews_explained": "说明访谈未达次数的原因",
    "talent_added": "登记人才",
    "talent_updated": "修改人才信息",
    "talent_type_approved": "审核同意列为其他高层次人才",
    "talent_confirmed": "核实人才信息",
    "talent_reported": "重大事项报告获同意",
    "talent_photo_set": "更换照片",
    "talent_photo_withdrawn": "删除照片",
    "file_attached": "上传附件",
    "file_withdrawn": "撤回附件",
    "link_proposed": "提出联系关系",
    "link_activated": "联系关系生效",
    "link_held": "联系关系由区人才办代管",
    "link_released": "更正代管",
    "link_handed_over": "联系关系移交",
    "link_ended": "联系关系结束",
    "link_changed": "修改联系关系",
    "team_added": "登记团队",
    "team_updated": "修改团队信息",
    "account_added": "开立账号",
    "account_disabled": "停用账号",
    "account_enabled": "启用账号",
    "account_unlocked": "解除登录锁定",
    "password_set": "设置新密码",
    "mail_address_set": "设置提醒邮件地址",
    "mail_address_removed": "不再收提醒邮件",
    "identity_bound": "绑定统一身份认证",
    "identity_unbound": "解除统一身份认证的绑定",
    "role_granted": "授予角色",
    "role_revoked": "收回角色",
    "token_issued": "签发接口令牌",
    "token_revoked": "撤销接口令牌",
    "signed_in": "登录",
    "sign_in_failed": "登录未成功",
    "sign_in_locked": "登录未成功，暂时锁定",
}

FIELDS = {
    "role": "角色",
    "way": "登录方式",
    "failures": "连续失败次数",
    "address": "来源地址",
    "expires_on": "到期日期",
    "label": "用途",
    "code": "单位代码",
    "name": "名称",
    "kind": "单位类别",
    "klass": "领导类别",
    "body": "领导班子",
    "category": "人才类别",
    "type": "人员类型",
    "type_reason": "认定理由",
    "type_approved_on": "审核日期",
    "approved_on": "审核日期",
    "leader_id": "联系领导",
    "lead_id": "带头人",
    "person_id": "人员",
    "former_person_id": "原联络员",
    "substitute_id": "代理人",
    "employer": "工作单位",
    "employer_unit": "主管单位",
    "unit": "单位",
    "unit_code": "单位",
    "post": "职务",
    "duty": "分工",
    "portfolio": "分管工作",
    "stationed": "驻点企业",
    "head": "组长",
    "liaison": "联络员",
    "town": "镇街",
    "is_member_unit": "成员单位",
    "recognition": "认定名称",
    "recognition_no": "认定文号",
    "recognized_on": "认定日期",
    "recognition_expires_on": "认定有效期",
    "fields": "专业领域",
    "platform": "创新平台",
    "in_district": "在我区工作",
    "works_from": "来区工作日期",
    "works_until": "离区日期",
    "phone": "联系电话",
    "email": "电子邮箱",
    "contact_person": "单位联系人",
    "contact_phone": "单位联系人电话",
    "id_tail": "证件号码末位",
    "confirmed_on": "核实日期",
    "members": "成员",
    "change_type": "重大事项",
    "event_date": "发生日期",
    "reported_on": "报告日期",
    "late_days": "迟报工作日",
    "starts_on": "开始日期",
    "ends_on": "结束日期",
    "held_from": "代管开始日期",
    "reason": "理由",
    "note": "说明",
    "end_reason": "结束原因",
    "active": "在用",
}
"""What people call the fields; those that are not here (ids, digests) are not shown."""

OWN = {
    "sign": {"reason": "原因"},
    "file": {"name": "文件"},
    "person": {"name": "姓名", "active": "在任"},
    "talent": {"name": "姓名", "active": "在库"},
    "team": {"name": "团队名称"},
    "unit": {"name": "单位名称"},
}
"""What the fields are called of one kind of record."""

PEOPLE = frozenset({"person_id", "former_person_id", "substitute_id"})
UNITS = frozenset({"unit", "unit_code", "employer_unit"})
CODES: Mapping[str, Mapping[Any, str]] = {
    "klass": {"A": "区领导（A类）", "B": "成员单位领导（B类）"},
    "body": BODIES,
    "duty": DUTIES,
    "category": CATEGORIES,
    "type": TYPES,
    "change_type": REPORTS,
    "reason": {**REASONS, "password": "密码不正确", "disabled": "账号已停用", "not bound": "身份尚未绑定账号"},
    "way": {"password": "用户名和密码", "oidc": "统一身份认证"},
}
NOTHING = "（空）"


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One field: what it was (``None``: it was set with the entry) and what it became."""

    label: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the journal."""

    at: datetime
    who: str
    on_behalf_of: str
    what: str
    source: str
    lines: tuple[ChangeLine, ...]


def changes(events: Iterable[tuple[HistoryEvent, Mapping[str, Any]]]) -> list[Change]:
    """The entries, the newest first, with the data that the reader may see."""
    listed = seen_entries(db(), actor(), readable(db(), actor(), events))
    names = Names(db()).learn(
        [name for event, _ in listed for name in (event.actor, event.on_behalf_of)],
        [code for _, data in listed for field in UNITS for code in _each(data.get(field))],
    )
    reading = _Reading(names)
    return [
        Change(
            at=event.at,
            who=names.person(event.actor),
            on_behalf_of=names.person(event.on_behalf_of),
            what=KINDS.get(event.kind, "其他变更"),
            source=str(data.get("source") or ""),
            lines=reading.lines(event.kind, data),
        )
        for event, data in reversed(listed)
    ]


def changes_of(stream: str) -> list[Change]:
    """The journal of a record that holds no contact data, the newest entry first, as far as the reader may see it."""
    return changes((event, event.data) for event in history.stream_events(db(), stream))


class _Reading:
    def __init__(self, names: Names) -> None:
        organization = web().organization
        self._names = names
        self._towns = {code: town.name for code, town in organization.towns.items()}
        self._roles = {code: role.name for code, role in organization.roles.items()}
        self._kinds = {code: kind.name for code, kind in organization.kinds.items()}

    def lines(self, kind: str, data: Mapping[str, Any]) -> tuple[ChangeLine, ...]:
        """The fields of an entry in the order in which people know them; of a new record only those that are set.

        That a new record is in use goes without saying.
        """
        own = OWN.get(kind.partition("_")[0], {})
        updated = kind.endswith(("_updated", "_confirmed"))
        found = []
        for field, usual in FIELDS.items():
            label, value = own.get(field, usual), data.get(field)
            if updated and isinstance(value, list) and len(value) == 2:
                before, after = (self._text(field, one) or NOTHING for one in value)
                found.append(ChangeLine(label, before, after))
            elif field != "active" and (text := self._text(field, value)):
                found.append(ChangeLine(label, None, text))
        return tuple(found)

    def _text(self, field: str, value: Any) -> str:
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, list):
            return "、".join(str(one.get("name", "")) for one in value if isinstance(one, dict))
        if field in UNITS:
            return self._names.unit(str(value))
        if field in PEOPLE:
            return self._names.record("people", str(value))
        if field in ("lead_id", "leader_id"):
            return self._names.record("talents" if field == "lead_id" else "leaders", str(value))
        codes: Mapping[Any, str] = {
            "town": self._towns,
            "kind": self._kinds,
            "role": self._roles,
        }.get(field) or CODES.get(field, {})
        return codes.get(value, str(value))


def _each(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
