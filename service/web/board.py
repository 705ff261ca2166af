"""督办台: all open steps by unit, stage and light; what is done with many of them at once; the screen for the wall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.config.supervision import FACTS, SYSTEM
from service.db.lists import Page
from service.http.context import actor, db, settings
from service.ledger import board as ledger
from service.ledger.board import LIGHTS, BoardFilter, Cell, board_rows, by_holder, cells, parts, scope_of, tasks_by_id
from service.processes import queries
from service.processes.definitions import list_definitions
from service.processes.lateness import MEANING
from service.processes.models import UserTask
from service.processes.rules import NEED, RED, one_line
from service.processes.urges import receipts
from service.processes.wiring import wiring
from service.rights import may
from service.usecases import supervision
from service.usecases.case_papers import SHEET, kinds
from service.usecases.names import Names
from service.usecases.supervision import OFFICE_OPERATIONS, OPERATIONS, Order
from service.web import tasks as task_lists
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, listed, offset, sent, text
from service.web.asked import asked, asked_answer
from service.web.context import role_name, stage_name, stage_names
from service.web.exports import Columns, exported
from service.web.present import LIGHTS as LIGHT_NAMES
from service.web.present import case_number
from service.web.tasks import time_left

blueprint = Blueprint("board", __name__)

SHADES = {name: LIGHT_NAMES[name] for name in LIGHTS}
"""The lights in the order of the board: what is late first."""
NEAR = (
    "临期：到期日前若干个工作日起，由流程图按步骤定，期限短的提前得少，所以同一天到期的步骤灯号可以不同；"
    "鼠标停在灯号上显示自哪天起。"
)
"""The explanation of the yellow light."""
ON_THE_WALL = 12
"""Units, and late steps, that fit on the wall."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of figures: a stage of a process, or a process whole where it is not the one that is looked at."""

    process: str
    stage: str | None
    name: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A unit (or a role without one) with its figures by light, and by light in each column."""

    unit: str | None
    role: str | None
    total: Counter[str]
    by_column: Sequence[Counter[str]]


@blueprint.get("/board")
@requires(right=ledger.PAGE_RIGHT)
def board() -> ResponseReturnValue:
    """督办台."""
    today, wanted = clock.today(), _asked()
    scope = scope_of(db(), actor())
    figures = cells(db(), scope, today)
    page = board_rows(db(), scope, figures, wanted, today=today, limit=PER_PAGE, offset=offset())
    columns = _columns(figures, wanted.process)
    beside = task_lists.rows(page.items)
    beside["names"].learn(units=[one.unit for one in figures])
    office = may(actor(), "operate_cases")
    return render_template(
        "board/board.html",
        page=page,
        counts=_by_light(figures),
        shades=SHADES,
        columns=columns,
        lines=_lines([one for one in figures if wanted.process in (None, one.process)], columns),
        parts=parts(db(), page.items),
        received=receipts(db(), [task.id for task in page.items if task.urges]),
        wanted=wanted,
        ticked=_ticked(page) if argument("tick") == "late" else frozenset(),
        operations=_offered(office, today),
        texts=settings().supervision,
        facts=FACTS,
        papers=kinds(wiring(db()).house_prints()),
        office=office,
        asked=ledger.count_asked(db(), scope),
        decides=office,
        late_units=office and any(one.light == RED and one.unit for one in figures),
        processes={one.key: one.name for one in reversed(list_definitions(db()))},
        stages=stage_names().newest(wanted.process or NEED),
        meaning=MEANING,
        near=NEAR,
        **beside,
    )


@blueprint.post("/board")
@requires(right=ledger.PAGE_RIGHT)
def carry_out() -> ResponseReturnValue:
    """Does something with the ticked rows; the next page tells of each what became of it."""
    fields = sent()
    name = text(fields, "operation")
    channel, paper = text(fields, "channel") or SYSTEM, text(fields, "paper") or SHEET
    order = Order(name, listed(fields, "task"), text(fields, f"{name}_text"), channel, paper)
    made = supervision.carry_out(db(), order, supervision=settings().supervision, actor=actor(), now=clock.now())
    return done(
        f"{made.name}：成功 {made.went} 件，未成功 {len(made.outcomes) - made.went} 件。",
        url_for(".result", batch_id=made.id),
    )


@blueprint.get("/board/results/<uuid:batch_id>")
@requires(right=ledger.PAGE_RIGHT)
def result(batch_id: UUID) -> ResponseReturnValue:
    """The outcome of each row, and why."""
    batch = supervision.find_batch(db(), batch_id, actor())
    known = tasks_by_id(db(), [one.task for one in batch.outcomes if one.task is not None])
    names = Names(db()).learn([batch.by], [task.unit for task in known.values()])
    return render_template(
        "board/result.html",
        batch=batch,
        tasks=known,
        names=names,
        channel=settings().supervision.channels.get(batch.channel, batch.channel),
    )


@blueprint.get("/board/wall")
@requires(right=ledger.PAGE_RIGHT)
def wall() -> ResponseReturnValue:
    """The board for a screen on the wall: figures, and the numbers of the latest matters; nobody's personal data."""
    today, scope = clock.today(), scope_of(db(), actor())
    figures = cells(db(), scope, today)
    late = board_rows(db(), scope, figures, BoardFilter(light=RED), today=today, limit=ON_THE_WALL)
    lines = _lines(figures, [])
    return render_template(
        "board/wall.html",
        counts=_by_light(figures),
        shades=SHADES,
        lines=lines[:ON_THE_WALL],
        more=len(lines) - ON_THE_WALL,
        late=late,
        parts=parts(db(), late.items),
        **task_lists.rows(late.items),
    )


def _offered(office: bool, today: date) -> dict[str, str]:
    """The operations that the reader may carry out: to claim is for who has something to take, an auditor has not."""
    takes = sum(queries.light_counts(db(), actor(), today=today).values()) > 0
    kept = frozenset() if office else OFFICE_OPERATIONS
    return {key: name for key, name in OPERATIONS.items() if key not in kept and (takes or key != supervision.CLAIM)}


def _asked() -> BoardFilter:
    return asked(BoardFilter, asked=asked_answer("asked", "延期申请"))


def _ticked(page: Page[UserTask]) -> frozenset[UUID]:
    """The rows that are ticked for urging: those of units that are late."""
    return frozenset(task.id for task in page.items if task.unit is not None and _late(task))


def _late(task: UserTask) -> bool:
    return task.due_on is not None and task.due_on < clock.today() and not task.paused


def _by_light(figures: Iterable[Cell]) -> dict[str, int]:
    found = dict.fromkeys(LIGHTS, 0)
    for one in figures:
        found[one.light] += one.count
    return found


def _columns(figures: Sequence[Cell], process: str | None) -> list[Column]:
    """The stages of the process that is looked at (default: the needs), then one column for each other process."""
    shown = process or NEED
    there = {(one.process, one.stage) for one in figures}
    order = list(stage_names().newest(shown))
    stages = sorted(
        {stage for key, stage in there if key == shown},
        key=lambda code: (order.index(code) if code in order else len(order), code or ""),
    )
    found = [Column(shown, stage, stage_name(shown, stage) or "未分环节") for stage in stages]
    names = {one.key: one.name for one in list_definitions(db())}
    others = sorted({key for key, _ in there} - {shown}) if process is None else []
    return found + [Column(key, None, names.get(key, key), whole=True) for key in others]


def _lines(figures: Sequence[Cell], columns: Sequence[Column]) -> list[Line]:
    place_of = {(one.process, one.stage, one.whole): place for place, one in enumerate(columns)}
    counted: dict[tuple[str | None, str | None], list[Counter[str]]] = {}
    for one in figures:
        place = place_of.get((one.process, one.stage, False), place_of.get((one.process, None, True)))
        row = counted.setdefault((one.unit, one.role), [Counter() for _ in columns])
        if place is not None:
            row[place][one.light] += one.count
    return [Line(*holder, total, counted[holder]) for holder, total in by_holder(figures)]


def _found(limit: int, offset: int) -> Page[UserTask]:
    today, scope = clock.today(), scope_of(db(), actor())
    return board_rows(db(), scope, cells(db(), scope, today), _asked(), today=today, limit=limit, offset=offset)


def _sheet(items: Sequence[UserTask]) -> Columns[UserTask]:
    beside, part = task_lists.rows(items), parts(db(), items)
    received = receipts(db(), [task.id for task in items if task.urges])
    names: Names = beside["names"]
    return {
        "灯号": lambda task: LIGHT_NAMES[beside["lights"][task.id]],
        "编号": lambda task: case_number(task.instance),
        "人才": lambda task: names.talent(task.instance.talent_id),
        "事项": lambda task: task.instance.title or "（尚未登记）",
        "承办": lambda task: names.unit(task.unit) or role_name(task.role),
        "主办协办": lambda task: part.get(task.id, ""),
        "环节": lambda task: stage_name(task.instance.process, task.stage),
        "当前步骤": lambda task: one_line(task.name),
        "收到": lambda task: task.entered_at,
        "到期日": lambda task: task.due_on,
        "原定期限": lambda task: task.first_due_on,
        "申请延至": lambda task: task.asked_due_on,
        "剩余时间": lambda task: time_left(task, beside),
        "催办次数": lambda task: task.urges,
        "已签收次数": lambda task: received.get(task.id, 0),
    }


exported(blueprint, "/board.xlsx", "督办台", _found, _sheet, right=ledger.PAGE_RIGHT)
