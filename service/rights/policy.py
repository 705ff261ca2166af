"""The coarse rights of each role, in one table. Pure.

Other modules decide whose tasks and cases somebody sees; this table answers questions such as "may this person
manage accounts". It holds for the roles that the product knows; what an office gives a
role that it has added in ``organization.toml`` stands with the actor (``Actor.permissions``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from service.errors import NotAllowed
from service.rights.actor import Actor

LIAISON = "liaison"
TALENT_OFFICE = "talent_office"
RESPONSIBLE_UNIT = "responsible_unit"
LEADER = "leader"
EMPLOYER = "employer"
AUDITOR = "auditor"
OWNER = "owner"
ADMIN = "admin"
SECURITY = "security"

ROLES: frozenset[str] = frozenset(
    {LIAISON, TALENT_OFFICE, RESPONSIBLE_UNIT, LEADER, EMPLOYER, AUDITOR, OWNER, ADMIN, SECURITY}
)
"""The roles that the product itself knows."""

UNIT_ROLES: frozenset[str] = frozenset({LIAISON, RESPONSIBLE_UNIT, EMPLOYER})
"""Roles that mean nothing without a unit."""

DELEGABLE: frozenset[str] = frozenset({LIAISON, TALENT_OFFICE, RESPONSIBLE_UNIT, LEADER, EMPLOYER})
"""Roles that a substitute (代理) takes over: the handling of matters, never the care of the system or its audit."""


@dataclass(frozen=True, slots=True)
class Right:
    """The holders of a right: of ``roles``, of ``unit_roles`` for their own unit, with ``own`` the person itself."""

    name: str
    roles: frozenset[str] = frozenset()
    unit_roles: frozenset[str] = frozenset()
    own: bool = False
    everybody: bool = False
    staff: bool = False
    """Every role but an employer's: also one that an office has added in ``organization.toml``."""


def _roles(*roles: str) -> frozenset[str]:
    return frozenset(roles)


RIGHTS: Mapping[str, Right] = {
    "view_accounts": Right("查看账号", _roles(ADMIN, SECURITY)),
    "manage_accounts": Right("管理账号", _roles(ADMIN)),
    "propose_access": Right("提出授予角色、重置二次验证", _roles(ADMIN, SECURITY)),
    "view_account_rules": Right("查看登录和密码规则", _roles(ADMIN, SECURITY, AUDITOR)),
    "grant_roles": Right("授予和收回角色、审批授权", _roles(ADMIN, SECURITY)),
    "manage_tokens": Right("管理他人的接口令牌", _roles(ADMIN, SECURITY)),
    "view_access_log": Right("查看登录、权限和设置的记录", _roles(ADMIN, AUDITOR)),
    # Among the answers is who was shown whose data: for those alone who have no part in the work.
    "ask_questions": Right("审计查询", _roles(AUDITOR)),
    "deploy_definitions": Right("部署流程", _roles(OWNER, ADMIN)),
    "edit_definitions": Right("编辑流程图和表单", _roles(OWNER, ADMIN)),
    "view_definitions": Right("查看流程图", everybody=True),
    "migrate_instances": Right("迁移办件的流程版本", _roles(OWNER, ADMIN)),
    "free_stuck_cases": Right("处理无法继续的事项", _roles(OWNER, ADMIN, TALENT_OFFICE)),
    "retry_incidents": Right("处理系统故障", _roles(OWNER, ADMIN)),
    "preview_notices": Right("查看提醒样式", _roles(OWNER, ADMIN, TALENT_OFFICE)),
    "load_calendar": Right("维护工作日历", _roles(ADMIN, TALENT_OFFICE)),
    "change_settings": Right("修改系统设置", _roles(ADMIN)),
    "verify": Right("核验日志", _roles(AUDITOR, ADMIN)),
    "acknowledge_findings": Right("确认核验发现", _roles(AUDITOR)),
    # Counts, times and numbers of cases; a case itself for who may see it.
    "view_ways": Right("查看流程图谱", _roles(AUDITOR, OWNER, TALENT_OFFICE)),
    # Figures of all units' open steps; the cases behind them for who may see them.
    "view_board": Right("查看督办台", _roles(TALENT_OFFICE, AUDITOR), _roles(LIAISON, RESPONSIBLE_UNIT)),
    "view_board_pages": Right("查看督办台页面", _roles(TALENT_OFFICE, AUDITOR, LIAISON, RESPONSIBLE_UNIT)),
    # Figures of the needs that the reader may see; of units, a unit's people see their own row.
    "view_statistics": Right("查看统计", _roles(TALENT_OFFICE, AUDITOR), _roles(LIAISON, RESPONSIBLE_UNIT), own=True),
    "view_statistics_pages": Right("查看统计页面", _roles(TALENT_OFFICE, AUDITOR, LIAISON, RESPONSIBLE_UNIT, LEADER)),
    "view_history_all": Right("查看全部办理记录", _roles(AUDITOR, TALENT_OFFICE)),
    "view_ledger_all": Right("查看全部台账", _roles(TALENT_OFFICE, AUDITOR)),
    "remark_all": Right("在全部办件上留言", _roles(TALENT_OFFICE)),
    "import_data": Right("批量导入数据", _roles(TALENT_OFFICE, ADMIN)),
    # A whole journal: also what pages keep from an auditor, for without it no hash can be made again.
    "export_evidence": Right("导出证据包", _roles(AUDITOR)),
    "export_all": Right("导出全部数据", _roles(TALENT_OFFICE, AUDITOR)),
    "number_papers": Right("给文书编号", _roles(TALENT_OFFICE)),
    "keep_stamps": Right("维护印章和签名图片", _roles(TALENT_OFFICE), _roles(LIAISON), own=True),
    "operate_cases": Right("督办和管理办件", _roles(TALENT_OFFICE)),
    "manage_units": Right("维护单位", _roles(ADMIN, TALENT_OFFICE)),
    "manage_people": Right("维护人员", _roles(ADMIN, TALENT_OFFICE), _roles(LIAISON)),
    "manage_leaders_a": Right("维护区领导名录（A类）", _roles(TALENT_OFFICE)),
    "manage_leaders_b": Right("维护成员单位领导名录（B类）", _roles(TALENT_OFFICE), _roles(LIAISON)),
    "name_liaison": Right("指定联络员", _roles(ADMIN, TALENT_OFFICE), _roles(LIAISON)),
    "edit_unit_phrases": Right("维护本单位常用语", _roles(TALENT_OFFICE), _roles(LIAISON, RESPONSIBLE_UNIT)),
    "declare_substitute": Right("指定代理人", _roles(ADMIN, TALENT_OFFICE), _roles(LIAISON), own=True),
    # Names, posts, telephones and sign-in names of the staff: not for who only answers for an employer's talents.
    "view_directory": Right("查看人员名录", own=True, staff=True),
    "view_talents": Right("查看人才信息库", everybody=True),
    "edit_talents": Right("维护人才信息库", _roles(TALENT_OFFICE)),
    "confirm_talents": Right("核实人才信息", _roles(TALENT_OFFICE), _roles(*UNIT_ROLES)),
    "view_talent_identity": Right("查看人才证件号码末位", _roles(TALENT_OFFICE)),
    "view_my_talents": Right("查看我的联系对象", _roles(LIAISON, LEADER)),
    "view_people_side": Right("查看联系服务情况", _roles(TALENT_OFFICE, AUDITOR, LIAISON, LEADER)),
    "view_matter_pages": Right("查看单位事项页面", _roles(TALENT_OFFICE, AUDITOR, LIAISON, RESPONSIBLE_UNIT)),
    "view_report_pages": Right("查看半年报告页面", _roles(TALENT_OFFICE, AUDITOR, LIAISON)),
    "view_brief_pages": Right("查看专报页面", _roles(TALENT_OFFICE, AUDITOR, LEADER)),
    "record_contacts": Right("登记联系记录", _roles(TALENT_OFFICE), _roles(LIAISON), own=True),
    "view_contacts": Right("查看联系记录", _roles(TALENT_OFFICE, AUDITOR), _roles(LIAISON), own=True),
    "view_restricted": Right("查看受限记录", _roles(TALENT_OFFICE), _roles(LIAISON), own=True),
    "manage_activities": Right("组织活动", _roles(TALENT_OFFICE), _roles(LIAISON)),
    "view_activities": Right("查看活动", _roles(TALENT_OFFICE, AUDITOR, LIAISON, LEADER)),
    "record_matters": Right("登记本单位办结的事项", _roles(TALENT_OFFICE), _roles(LIAISON, RESPONSIBLE_UNIT)),
    "view_matters": Right("查看单位事项", _roles(TALENT_OFFICE, AUDITOR), _roles(LIAISON, RESPONSIBLE_UNIT)),
    "compile_reports": Right("编制半年报告", _roles(TALENT_OFFICE), _roles(LIAISON)),
    "submit_reports": Right("报送半年报告", unit_roles=_roles(LIAISON)),
    "view_reports": Right("查看半年报告", _roles(TALENT_OFFICE, AUDITOR), _roles(LIAISON)),
    "review_reports": Right("审核半年报告", _roles(TALENT_OFFICE)),
    "release_briefs": Right("签发专报", _roles(TALENT_OFFICE)),
    "view_briefs": Right("查看专报", _roles(TALENT_OFFICE, AUDITOR), own=True),
    "view_assessment": Right("查看考核指标", _roles(TALENT_OFFICE, AUDITOR), _roles(LIAISON), own=True),
    "view_links": Right("查看联系关系", _roles(TALENT_OFFICE, AUDITOR, LIAISON, LEADER)),
    "view_links_all": Right("查看全部联系关系", _roles(TALENT_OFFICE, AUDITOR), _roles(LIAISON)),
    # An actor who files a need names the leader who serves the talent; one who asks for a link should not double one
    # (O3).
    "view_serving_leaders": Right("查看人才由哪位领导联系", _roles(TALENT_OFFICE, AUDITOR, LIAISON)),
    "manage_links_a": Right("维护区领导联系关系（A类）", _roles(TALENT_OFFICE)),
    "manage_links_b": Right("维护成员单位联系关系（B类）", _roles(TALENT_OFFICE), _roles(LIAISON)),
    "decide_unit_roster": Right("确定本单位联系名单", unit_roles=_roles(LIAISON)),
    "file_rosters": Right("联系名单备案", _roles(TALENT_OFFICE)),
    "view_talent_contact": Right("查看人才联系电话", _roles(TALENT_OFFICE, LIAISON), _roles(*UNIT_ROLES), own=True),
}

SEPARATED: Mapping[str, frozenset[str]] = {
    ADMIN: frozenset(
        {
            "view_accounts",
            "view_account_rules",
            "manage_accounts",
            "propose_access",
            "manage_units",
            "manage_people",
            "view_directory",
            "load_calendar",
            "change_settings",
            "retry_incidents",
            "preview_notices",
            "view_definitions",
        }
    ),
    SECURITY: frozenset(
        {
            "view_accounts",
            "view_account_rules",
            "propose_access",
            "grant_roles",
            "manage_tokens",
            "view_directory",
            "view_definitions",
        }
    ),
}
"""All that these two may do where the administrators are separated (三员分立): nothing of cases, talents and files.

The third, the auditor, reads as ever and changes nothing.
"""

APART = (
    "三员分立：系统管理员、安全管理员只办理账号、权限和系统运行，没有这个页面的权限，也看不到事项、人才信息和附件。"
    "确需查看的，请由办理人员或审计人员查看。"
)
"""Why a separated administrator is not let in, and the way out."""

GONE: frozenset[str] = frozenset({"record_needs", "supervise", "view_ledger"})
"""Rights of before that nothing asks for: a role of an office may still name them, and has nothing by them."""


def administers_only(actor: Actor) -> bool:
    """Whether ``actor`` is a separated administrator (三员分立), who has nothing of cases, talents and files."""
    return actor.separate and not actor.roles.isdisjoint(SEPARATED)


def may(actor: Actor, action: str, *, unit: str | None = None, person_id: UUID | None = None) -> bool:
    """Whether ``actor`` has the right ``action`` (a key of ``RIGHTS``).

    ``unit`` is the unit, ``person_id`` the person that the operation concerns; without them only the roles that have
    the right everywhere count. The service itself may do everything.
    """
    right = RIGHTS[action]
    if actor.separate:
        for role in actor.roles & SEPARATED.keys():
            return action in SEPARATED[role]
    if actor.is_system or right.everybody or actor.roles & right.roles or (right.staff and actor.roles - {EMPLOYER}):
        return True
    if any(one.right == action and one.scope == "all" for one in actor.permissions):
        return True
    if unit is not None and unit in units_with(actor, action):
        return True
    return right.own and person_id is not None and actor.person_id == person_id


def units_with(actor: Actor, action: str) -> frozenset[str]:
    """The codes of the units for which ``actor`` has the right by a role of that unit."""
    added = {one.role for one in actor.permissions if one.right == action and one.scope == "unit"}
    return frozenset(
        grant.unit
        for grant in actor.grants
        if grant.unit is not None and grant.role in RIGHTS[action].unit_roles | added
    )


def require(actor: Actor, action: str, *, unit: str | None = None, person_id: UUID | None = None) -> None:
    """Raises ``NotAllowed`` unless ``may`` says yes."""
    if not may(actor, action, unit=unit, person_id=person_id):
        raise NotAllowed(f"您没有“{RIGHTS[action].name}”的权限；如确需办理，请联系系统管理员或区人才办")
