"""All questions, in the order in which auditors find them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from service.access_log.entries import ACTS
from service.audit.questions import again, journal, looks, more, numbers, rounds, states, steps
from service.audit.questions.declared import (
    ABOUT,
    AT,
    BEHALF,
    CHOICE,
    DAY,
    DETAIL,
    MOMENT,
    NUMBER,
    OF_CASE,
    OF_PERSON,
    OF_TALENT,
    SINCE,
    UNIT,
    UNTIL,
    WHAT,
    WHO,
    Asked,
    Column,
    Filter,
    Question,
)
from service.audit.questions.known import Known
from service.audit.questions.words import WORDS, word
from service.auth.fields import ENTRIES as ACCOUNTS
from service.history import HistoryEvent

ALL, ACCESS = "ask_questions", "view_access_log"
"""The rights to ask about everything, and about accounts and settings alone."""

_PERIOD = (SINCE, UNTIL)
ON_A_DAY = {
    **dict.fromkeys(("started", "ended"), MOMENT),
    **dict.fromkeys(("received", "due", "first_due", "step_due"), DAY),
    **dict.fromkeys(("urges", "rounds"), NUMBER),
}
"""The columns of the ledger on a day that are no texts."""
_USUAL = (AT, WHO, BEHALF, ABOUT, WHAT, DETAIL)
_STEP, _UNIT = Column("step", "步骤", wide=True), Column("unit", "单位")
_OWN = Filter(looks.OWN, "我自己的查看", CHOICE, {looks.OWN: "包括我自己的"})
_LOOK = (
    AT,
    WHO,
    Column("act", "做了什么"),
    Column("about", "看了谁的、哪件", wide=True),
    Column("why", "凭什么看到", wide=True),
    Column("asked", "检索条件", wide=True),
    Column("way", "经由"),
    Column("address", "来源地址"),
)

RETURNS = ("returned", "taken_back", "reassigned")
ROLES = tuple(kind for kind in ACCOUNTS if kind.startswith(("role_", "grant_")))
SETTINGS = (
    "settings_loaded",
    "settings_changed",
    "organization_loaded",
    "calendar_loaded",
    "notices_added",
    "notices_filed",
    "notices_withdrawn",
    *ROLES,
)
SIGN_INS = tuple(kind for kind in ACCOUNTS if kind not in ROLES)
HANDED_OUT = ("exported", "printed_out", "printed", "evidence_exported")
VERSIONS = ("deployed", "redrawn", "prints_kept", "scenarios_replaced", "scenarios_kept")


def _of(*kinds: str, **more: str) -> Filter:
    return Filter("kind", "种类", CHOICE, {**{kind: word(kind) for kind in kinds if kind in WORDS}, **more})


def _account(asked: Asked) -> list[ColumnElement[bool]]:
    """Of sign-ins and tokens the account that they are about, whoever did it."""
    name = asked.text("account")
    return [HistoryEvent.data["username"].as_string() == name] if name else []


def _returns(session: Session, events: Sequence[journal.Event], known: Known) -> Mapping[int, Mapping[str, Any]]:
    """Of returns by hand and by form: to which step."""
    return {**more.returns(session, events, known), **again.details(session, events, known)}


QUESTIONS: tuple[Question, ...] = (
    Question(
        "looks",
        "谁看了谁的资料",
        "某位人才、某个事项的资料被谁查看、检索、打印、导出，何时、从哪里、凭什么（不写人员的，不列您自己的）",
        ALL,
        (OF_TALENT, OF_CASE, OF_PERSON, Filter("act", "做了什么", CHOICE, ACTS), _OWN, *_PERIOD),
        _LOOK,
        looks.looks(),
    ),
    Question(
        "restricted",
        "谁打开了受限记录",
        "联系记录里的受限内容被谁打开过；这里不显示内容",
        ALL,
        (OF_PERSON, *_PERIOD),
        _LOOK,
        looks.looks(restricted=True),
    ),
    Question(
        "exports",
        "谁导出、打印了什么",
        "导出的表格、打印的文书、证据包，包括用命令行导出的",
        ALL,
        (OF_PERSON, OF_CASE, _of(*HANDED_OUT), *_PERIOD),
        _USUAL,
        journal.of(HANDED_OUT, more=more.prints),
    ),
    Question(
        "acts",
        "一个人做过的全部事情",
        "某个账号在系统里做的每一件事，包括代理别人做的",
        ALL,
        (Filter("person", "人员", OF_PERSON.kind, required=True, note="姓名或用户名"), *_PERIOD),
        _USUAL,
        journal.of(less=journal.EFFECTS, more=again.outcomes),
    ),
    Question(
        "substitution",
        "代理、代办",
        "由代理人、代办人替别人做的全部事情",
        ALL,
        (OF_PERSON, OF_CASE, *_PERIOD),
        _USUAL,
        journal.of(
            less=journal.EFFECTS,
            where=lambda _: [HistoryEvent.on_behalf_of.is_not(None)],
            few=True,
            more=again.outcomes,
        ),
    ),
    Question(
        "returns",
        "退回、撤回、转办",
        "退回、撤回、转给他人的步骤和理由。在表单里退回的（退回补正、退回重办、退回改派）也在内："
        "凡是完成一步之后，办过的步骤又打开的都列出，写明当时选了什么；没有选“退回”的（如同意分步办理），列为“回到办过的步骤”",
        ALL,
        (OF_CASE, OF_PERSON, _of(*RETURNS, **again.KINDS), *_PERIOD),
        _USUAL,
        journal.of(RETURNS, beside=again.BY_FORM, more=_returns),
    ),
    Question(
        "dates",
        "谁改了这个日期",
        "到期日的每一次变动：从哪天改到哪天，因为什么；同一步骤再次办理（同意分步办理、退回重办、改派）而到期日不同的也在内",
        ALL,
        (OF_CASE, OF_PERSON, *_PERIOD),
        (
            AT,
            WHO,
            ABOUT,
            _STEP,
            Column("before", "原到期日", DAY),
            Column("after", "现到期日", DAY),
            Column("detail", "依据", wide=True),
        ),
        journal.of((rounds.MOVED,), beside=rounds.ANEW, more=rounds.dates),
    ),
    Question(
        "lateness",
        "超期与催办、通报",
        "超过期限的步骤：超几天、何时由谁答复、催办几次、是否通报",
        ALL,
        (OF_CASE, Filter("unit", "单位", UNIT), Filter("since", "到期日从", DAY), Filter("until", "到", DAY)),
        (
            ABOUT,
            _STEP,
            _UNIT,
            Column("due", "到期日", DAY),
            Column("done", "办结时间", MOMENT),
            Column("late", "超期工作日", NUMBER),
            Column("who", "办结人"),
            Column("urges", "催办次数", NUMBER),
            Column("circular", "通报"),
            Column("detail", "最近一次催办", wide=True),
        ),
        steps.late,
    ),
    Question(
        "urges",
        "催办和通报",
        "每一次催办、签收和通报的时间与内容；签收的是步骤，没有催办过的也可以签收",
        ALL,
        (OF_CASE, OF_PERSON, _of("urged", "acknowledged", "circular_issued"), *_PERIOD),
        _USUAL,
        journal.of(("urged", "acknowledged", "circular_issued")),
    ),
    Question(
        "four-eyes",
        "同一人先办理后审核",
        "审核、签发等步骤由发起人或办过前面步骤的同一人完成的（不写日期的，查最近 90 天登记的事项）；"
        "先后两步都是审核的也在内，不等于自己审核自己录入的，后者请选“只看发起人自己审核的”",
        ALL,
        (
            OF_PERSON,
            OF_CASE,
            Filter(steps.BEGAN, "范围", CHOICE, {steps.BEGAN: "只看发起人自己审核的"}),
            Filter("since", "登记日期从", DAY),
            Filter("until", "到", DAY),
        ),
        (AT, WHO, ABOUT, Column("step", "审核步骤", wide=True), Column("entered", "此前办的步骤", wide=True)),
        steps.by_who_entered,
    ),
    Question(
        "unusual",
        "走法不寻常的事项",
        "有过退回（含在表单里退回、回到办过的步骤）、撤回、转办、挂起、终止或换过流程版本的事项，各有几次；在“回放”里看它在哪一步离开了多数事项的走法",
        ALL,
        (Filter("kind", "种类", CHOICE, {**steps.UNUSUAL, **again.KINDS}), *_PERIOD),
        (
            Column("at", "最近一次", MOMENT),
            ABOUT,
            Column("process", "流程", wide=True),
            Column("state", "现状"),
            Column("detail", "次数", wide=True),
        ),
        steps.unusual,
    ),
    Question(
        "migrations",
        "流程版本迁移",
        "在办事项换到另一版流程：哪些事项、谁、从哪版到哪版、期限怎样处理、理由",
        ALL,
        (OF_CASE, OF_PERSON, *_PERIOD),
        _USUAL,
        journal.of(("migrated",)),
    ),
    Question(
        "gaps",
        "无人办理、后台停顿",
        "没有人领办的步骤，放了多久；其后是后台没有任何活动的工作日（默认查最近 90 天）",
        ALL,
        (Filter("kind", "种类", CHOICE, steps.GAPS), *_PERIOD),
        (
            WHAT,
            ABOUT,
            _STEP,
            Column("unit", "单位或角色"),
            Column("since", "自", DAY),
            Column("days", "已放天数", NUMBER),
            Column("due", "到期日", DAY),
        ),
        steps.gaps,
    ),
    Question(
        "numbers",
        "按编号查文书、缺号重号",
        "受理编号、通报文号、催办编号等按次序列出；缺号、重号列在最前",
        ALL,
        (Filter("series", "系列", CHOICE, numbers.SERIES), OF_CASE, *_PERIOD),
        (Column("number", "编号"), Column("series", "系列"), Column("what", "情况"), AT, WHO, ABOUT),
        numbers.numbers,
    ),
    Question(
        "on-a-day",
        "某一天的情况",
        "全部事项截至过去某日的情况",
        ALL,
        (Filter("day", "日期", DAY, required=True), Filter("q", "编号或事项")),
        tuple(
            Column(
                name,
                title,
                ON_A_DAY.get(name, "text"),
                wide=name in ("title", "unit"),
            )
            for name, title in steps.DAY_TITLES.items()
        ),
        steps.on_a_day,
    ),
    Question(
        "definitions",
        "流程的部署和改动",
        "谁在何时部署了哪一版流程，核准人是谁，与上一版有什么不同",
        ALL,
        (OF_PERSON, _of(*VERSIONS), *_PERIOD),
        (
            AT,
            WHO,
            ABOUT,
            WHAT,
            Column("version", "版本", NUMBER),
            Column("second", "核准人"),
            Column("detail", "说明", wide=True),
            Column("changes", "与上一版的不同", wide=True),
        ),
        journal.of(VERSIONS, more=more.versions),
    ),
    Question(
        "refused-files",
        "查毒没有通过的附件",
        "谁在何时上传了没有通过查毒的文件，文件名，查出什么；文件本身没有保存",
        ALL,
        (OF_PERSON, *_PERIOD),
        (AT, WHO, WHAT, DETAIL),
        journal.of(("file_refused",)),
    ),
    Question(
        "settings",
        "设置、组织、日历、角色的改动",
        "系统设置、组织配置、工作日历和放假安排由什么改成什么（首次的列出当时的全部内容），角色的授予和收回",
        ACCESS,
        (OF_PERSON, _of(*SETTINGS), *_PERIOD),
        (AT, WHO, WHAT, DETAIL),
        journal.of(SETTINGS, more=states.changes),
    ),
    Question(
        "sign-ins",
        "登录、失败、锁定、令牌",
        "账号的登录和登录失败、锁定、密码、令牌",
        ACCESS,
        (OF_PERSON, Filter("account", "账号（用户名）"), _of(*SIGN_INS), *_PERIOD),
        (AT, WHO, WHAT, DETAIL),
        journal.of(SIGN_INS, where=_account),
    ),
)
BY_NAME: Mapping[str, Question] = {one.name: one for one in QUESTIONS}
