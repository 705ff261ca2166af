"""The registers of supervision: 催办登记 and 通报登记 (W10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from service import notifications
from service.db.lists import Page
from service.http.context import actor, db, settings
from service.ledger.board import PAGE_RIGHT, scope_of
from service.ledger.circular_register import CircularFilter, Issued, proposals, search_circulars
from service.ledger.registers import RECEIPTS, Entry, UrgeFilter, search_urges
from service.processes.rules import one_line
from service.usecases.names import Names
from service.web import tasks as task_lists
from service.web.access import requires
from service.web.answers import PER_PAGE, offset
from service.web.asked import asked
from service.web.choices import every_unit
from service.web.context import role_name
from service.web.exports import Columns, exported
from service.web.present import case_number

blueprint = Blueprint("registers", __name__)


@blueprint.get("/urges")
@requires(right=PAGE_RIGHT)
def urges() -> ResponseReturnValue:
    """催办登记: every urge, by hand or by the clock."""
    page = _urges(PER_PAGE, offset())
    return render_template(
        "registers/urges.html",
        page=page,
        names=_names(page.items),
        channels=settings().supervision.channels,
        receipts=RECEIPTS,
        units=every_unit(),
    )


@blueprint.get("/circulars")
@requires(right=PAGE_RIGHT)
def circulars() -> ResponseReturnValue:
    """通报登记: what waits for approval, and what was issued."""
    page = _circulars(PER_PAGE, offset())
    waiting = proposals(db(), scope_of(db(), actor()), settings().supervision.circular_step)
    beside = task_lists.rows(waiting)
    signed = _signed(page.items)
    _learnt(beside["names"], page.items, signed)
    return render_template(
        "registers/circulars.html", page=page, waiting=waiting, units=every_unit(), signed=signed, **beside
    )


def _urges(limit: int, offset: int) -> Page[Entry]:
    return search_urges(db(), scope_of(db(), actor()), asked(UrgeFilter), limit=limit, offset=offset)


def _circulars(limit: int, offset: int) -> Page[Issued]:
    return search_circulars(db(), scope_of(db(), actor()), asked(CircularFilter), limit=limit, offset=offset)


def _names(entries: Sequence[Entry]) -> Names:
    rows = [one.urge for one in entries]
    people = [name for row in rows for name in (row.urged_by, row.on_behalf_of, row.received_by, row.assignee)]
    return Names(db()).learn(people, [row.unit for row in rows], [one.case.talent_id for one in entries])


Signed = Mapping[int, Sequence[tuple[str, datetime]]]


def _signed(issued: Sequence[Issued]) -> Signed:
    """The people of units who have signed for a circular, or read it, by the entry that told them."""
    return notifications.received(db(), [one.notice for one in issued if one.notice is not None])


def _learnt(names: Names, issued: Sequence[Issued], signed: Signed) -> Names:
    people = [name for one in issued for name in (one.approved_by, one.proposed_by)]
    people += [name for each in signed.values() for name, _ in each]
    return names.learn(people, [one.unit for one in issued])


def _urge_columns(entries: Sequence[Entry]) -> Columns[Entry]:
    names, channels = _names(entries), settings().supervision.channels
    return {
        "催办编号": lambda one: one.urge.number or "（此前未编号）",
        "催办时间": lambda one: one.urge.urged_at,
        "编号": lambda one: case_number(one.case),
        "事项": lambda one: one.case.title or "（尚未登记）",
        "步骤": lambda one: one_line(one.task.name),
        "被催办单位": lambda one: names.unit(one.urge.unit) or role_name(one.urge.role),
        "被催办人": lambda one: names.person(one.urge.assignee),
        "期限": lambda one: one.urge.due_on,
        "第几次": lambda one: one.urge.n,
        "方式": lambda one: channels.get(one.urge.channel, one.urge.channel),
        "催办内容": lambda one: one.urge.text,
        "催办人": lambda one: names.person(one.urge.urged_by) if one.urge.by_hand else "系统自动",
        "签收": lambda one: RECEIPTS[one.receipt],
        "签收人": lambda one: names.person(one.urge.received_by),
        "签收时间": lambda one: one.urge.received_at,
    }


def _circular_columns(issued: Sequence[Issued]) -> Columns[Issued]:
    signed = _signed(issued)
    names = _learnt(Names(db()), issued, signed)
    return {
        "文号": lambda one: one.number,
        "发出时间": lambda one: one.issued_at,
        "被通报单位": lambda one: names.unit(one.unit),
        "编号": lambda one: case_number(one.case),
        "事项": lambda one: one.case.title,
        "通报范围": lambda one: one.scope,
        "通报内容": lambda one: one.text,
        "提请": lambda one: names.person(one.proposed_by) if one.proposed_by else "系统自动",
        "提请理由": lambda one: one.reason,
        "审批人": lambda one: names.person(one.approved_by),
        "状态": lambda one: "已发出" if one.stands else "已撤回",
        "签收": lambda one: "、".join(names.person(name) for name, _ in signed.get(one.notice or 0, ())),
        "签收时间": lambda one: next((at for _, at in signed.get(one.notice or 0, ())), None),
        "打印次数": lambda one: len(one.prints),
        "最近打印": lambda one: one.prints[-1] if one.prints else None,
        "可能打印": lambda one: one.perhaps[-1] if one.perhaps else None,
    }


exported(blueprint, "/urges.xlsx", "催办登记", _urges, _urge_columns, right=PAGE_RIGHT, name="export_urges")
exported(
    blueprint,
    "/circulars.xlsx",
    "通报登记",
    _circulars,
    _circular_columns,
    right=PAGE_RIGHT,
    name="export_circulars",
)
