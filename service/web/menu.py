"""The side menu: what a person sees follows from what the person may do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from service.processes.rules import NEED
from service.rights import Actor, may
from service.spelling import search_key, spell, terms


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu; shown to everybody with a role, or to those who have ``right`` or may start ``process``.
    Where ``right`` is not said, the view of the endpoint says who is let in.

    ``without_role``: also to who holds no role at all, and so has use for little.
    """

    label: str
    endpoint: str
    right: str | None = None
    process: str | None = None
    without_role: bool = False

    def shown_to(self, actor: Actor, may_start: Callable[[str], bool], admits: Callable[[str], bool]) -> bool:
        """Whether ``actor`` has use for the entry. ``may_start`` tells whether a process is ``actor``'s to start,
        ``admits`` whether the view of an endpoint lets ``actor`` in."""
        if not actor.roles and not self.without_role:
            return False
        if not admits(self.endpoint):
            return False
        return (self.right is None or may(actor, self.right)) and (self.process is None or may_start(self.process))


MOST_OPEN = 12
"""Lines that the menu shows at once: longer menus fold the groups after the first, all but the present page's."""

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
    (
        "需求",
        (
            Entry("登记需求", "web.begins.new", process=NEED),
            Entry("需求台账", "web.ledger.ledger"),
            Entry("政策受限事项", "web.revisits.index", "view_ledger_all"),
            Entry("督办台", "web.board.board", "view_board_pages"),
        ),
    ),
    (
        "联系",
        (
            Entry("我的联系对象", "web.contacts.mine", "view_my_talents"),
            Entry("联系记录", "web.contacts.index", "view_people_side"),
            Entry("意见建议", "web.opinions.opinions", "view_people_side"),
            Entry("活动", "web.activities.activities", "view_activities"),
            Entry("单位事项", "web.matters.matters", "view_matter_pages"),
            Entry("访谈进度", "web.interviews.interviews", "view_people_side"),
        ),
    ),
    (
        "联系关系",
        (
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
            Entry("联络员小结", "web.summaries.index", "view_people_side"),
            Entry("专报", "web.briefs.briefs", "view_brief_pages"),
            Entry("考核指标", "web.assessment.assessment", "view_people_side"),
            Entry("统计", "web.statistics.index", "view_statistics_pages"),
        ),
    ),
    (
        "人才与单位",
        (
            Entry("人才信息库", "web.talents.talents", "view_talents"),
            Entry("单位与人员", "web.units.units"),
            Entry("印章与签名", "web.stamps.index", "view_directory"),
        ),
    ),
    (
        "流程",
        (
            Entry("流程图", "web.processes.index"),
            Entry("流程管理", "web.studio.index", "edit_definitions"),
            Entry("流程图谱", "web.ways.index", "view_ways"),
            Entry("无法继续的事项", "web.stuck.index", "free_stuck_cases"),
        ),
    ),
    (
        "审计",
        (
            Entry("审计查询", "web.questions.index"),
            Entry("核验", "web.verifications.index", "verify"),
            Entry("封存", "web.seals.index", "verify"),
        ),
    ),
    (
        "账号与权限",
        (
            Entry("账号", "web.accounts.accounts", "view_accounts"),
            Entry("权限审批", "web.access_proposals.index", "propose_access"),
            Entry("登录与密码规则", "web.account_rules.index", "view_account_rules"),
        ),
    ),
    (
        "系统与帮助",
        (
            Entry("批量导入", "web.imports.imports", "import_data"),
            Entry("工作日历", "web.calendars.index"),
            Entry("系统设置", "web.office_settings.index", "change_settings"),
            Entry("系统状态", "web.system.status", "retry_incidents"),
            Entry("帮助", "web.desk.help_page", without_role=True),
        ),
    ),
)


ENDPOINTS: Mapping[str, str] = {entry.label: entry.endpoint for _, entries in GROUPS for entry in entries}
"""The label of an entry → the address of its page."""


def menu(
    actor: Actor | None, may_start: Callable[[str], bool], admits: Callable[[str], bool]
) -> list[tuple[str, list[Entry]]]:
    """The groups and entries for ``actor``; nothing while signed out."""
    if actor is None:
        return []
    shown = []
    for title, entries in GROUPS:
        mine = [entry for entry in entries if entry.shown_to(actor, may_start, admits)]
        if mine:
            shown.append((title, mine))
    return shown


def called(groups: Iterable[tuple[str, Iterable[Entry]]], q: str) -> list[Entry]:
    """The entries of a menu whose label holds each word of a search, as 汉字, pinyin or initials."""
    words = terms(q)
    shown = [entry for _, entries in groups for entry in entries]
    keys = {entry.label: search_key(spell(entry.label, of_person=False).keys) for entry in shown}
    return [entry for entry in shown if words and all(word in keys[entry.label] for word in words)]
