"""The side menu: what a person sees follows from what the person may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.processes.rules import NEED
from service.rights import Actor, administers_only, may

FOR_ADMINISTRATORS = frozenset({"web.desk.desk", "web.notices.notices", "web.units.units", "web.desk.help_page"})
"""Pages without a right of their own that also the separated administrators (三员分立) have use for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu; shown to everybody with a role, or to those who have ``right`` or may start ``process``.

    ``without_role``: also to who holds no role at all, and so has use for little.
    """

    label: str
    endpoint: str
    right: str | None = None
    process: str | None = None
    without_role: bool = False

    @property
    def _would_be_empty(self) -> bool:
        """Whether a separated administrator, whose is no matter and no talent, would find nothing on the page."""
        return self.right is None and self.endpoint not in FOR_ADMINISTRATORS

    def shown_to(self, actor: Actor, may_start: Callable[[str], bool]) -> bool:
        """Whether ``actor`` has use for the entry. ``may_start`` tells whether a process is ``actor``'s to start."""
        if not actor.roles and not self.without_role:
            return False
        if administers_only(actor) and self._would_be_empty:
            return False
        return (self.right is None or may(actor, self.right)) and (self.process is None or may_start(self.process))


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "我的事项",
        (
            Entry("工作台", "web.desk.desk", without_role=True),
            Entry("待办", "web.tasks.todo"),
            Entry("已办", "web.tasks.done"),
            Entry("我发起的", "web.cases.started"),
            Entry("抄送我的", "web.copies.copied"),
            Entry("提醒", "web.notices.notices", without_role=True),
        ),
    ),
    ("需求", (Entry("登记需求", "web.begins.new", process=NEED), Entry("需求台账", "web.ledger.ledger"))),
    (
        "联系服务",
        (
            Entry("我的联系对象", "web.contacts.mine", "view_my_talents"),
            Entry("联系记录", "web.contacts.index", "view_people_side"),
            Entry("意见建议", "web.opinions.opinions", "view_people_side"),
            Entry("活动", "web.activities.activities", "view_activities"),
            Entry("单位事项", "web.matters.matters", "view_matter_pages"),
            Entry("访谈进度", "web.interviews.interviews", "view_people_side"),
            Entry("联系关系", "web.links.links", "view_links"),
            Entry("配额", "web.quotas.quotas", "view_links"),
            Entry("工作团队", "web.service_teams.service_teams", "view_links"),
            Entry("名单", "web.rosters.rosters", "view_links"),
        ),
    ),
    (
        "报告与考核",
        (
            Entry("半年报告", "web.reports.reports_list", "view_report_pages"),
            Entry("专报", "web.briefs.briefs", "view_brief_pages"),
            Entry("考核指标", "web.assessment.assessment", "view_people_side"),
        ),
    ),
    (
        "人才与单位",
        (Entry("人才信息库", "web.talents.talents", "view_talents"), Entry("单位与人员", "web.units.units")),
    ),
    (
        "其他",
        (
            Entry("批量导入", "web.imports.imports", "import_data"),
            Entry("流程图", "web.processes.index"),
            Entry("流程管理", "web.studio.index", "edit_definitions"),
            Entry("流程图谱", "web.ways.index", "view_ways"),
            Entry("无法继续的事项", "web.stuck.index", "free_stuck_cases"),
            Entry("审计查询", "web.questions.index", "view_access_log"),
            Entry("核验", "web.verifications.index", "verify"),
            Entry("封存", "web.seals.index", "verify"),
            Entry("账号", "web.accounts.accounts", "view_accounts"),
            Entry("权限审批", "web.access_proposals.index", "propose_access"),
            Entry("系统状态", "web.system.status", "retry_incidents"),
            Entry("帮助", "web.desk.help_page", without_role=True),
        ),
    ),
)


ENDPOINTS: Mapping[str, str] = {entry.label: entry.endpoint for _, entries in GROUPS for entry in entries}
"""The label of an entry → the address of its page."""


def menu(actor: Actor | None, may_start: Callable[[str], bool]) -> list[tuple[str, list[Entry]]]:
    """The groups and entries for ``actor``; nothing while signed out."""
    if actor is None:
        return []
    shown = []
    for title, entries in GROUPS:
        mine = [entry for entry in entries if entry.shown_to(actor, may_start)]
        if mine:
            shown.append((title, mine))
    return shown
