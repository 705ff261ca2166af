"""The ledger (台账, R2): every case that the reader may see, filterable, with the columns the reader wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from service import clock
from service.db.memory import remembered
from service.errors import Invalid
from service.http.context import actor, db, wired
from service.ledger import COLUMNS, OUTCOMES, Cell, ledger_rows, views
from service.ledger.models import LedgerView
from service.ledger.said import said_cells
from service.ledger.statistics import OF_UNIT
from service.people.queries import all_unit_names
from service.processes import queries, speaking
from service.processes.bundles import compiled
from service.processes.definitions import newest_digest
from service.processes.dispatching import dispatch_rules
from service.processes.filters import BEST, COMPUTED, MOST, UNSAID, CaseFilter
from service.processes.lateness import ANSWERS, MEANING
from service.processes.models import TERMINATED, Instance
from service.processes.need_figures import FIGURES
from service.processes.past import is_past
from service.processes.rules import NEED, STATUSES
from service.processes.said_fields import HOW, SaidColumn, said_columns
from service.rights import may
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, offset, sent, text
from service.web.choices import every_unit
from service.web.context import stage_names
from service.web.exports import Columns, groups, workbook
from service.web.ledger_asked import DATES, Choices, asked_of

blueprint = Blueprint("ledger", __name__)

LINKED = "需求"
"""The column that leads to the case; it is always shown."""
USUAL = ("编号", LINKED, "状态", "联系对象", "主办", "收到", "期限", "剩余/超期", "催办次数")
STEPS = "环节超期"
"""The column that shows why a case is found by the filter of that name."""
COUNTED = 999
"""So many cases are counted for the tab of a view."""
WIDE = (
    *("责任单位", "登记单位", "联系领导", "主办", "协办", "期限单位", "各单位期限", "结束方式"),
    *("剩余/超期", "环节剩余/超期"),
)
"""Columns whose cells may break into lines."""
BESIDE_DUE = ("原定期限", "期限单位")
"""Columns of which the cell of 期限 tells what differs, where they are not shown themselves."""
MOMENTS, DAYS = ("登记时间", "结束时间"), ("收到", "期限", "原定期限", "环节期限")
SORTED: Mapping[str, str] = {
    "编号": "number",
    LINKED: "title",
    "状态": "status",
    "当前环节": "stage",
    "联系对象": "talent",
    "联系领导": "leader",
    "类别": "category",
    "镇街": "town",
    "登记单位": "origin",
    "责任单位": "lead",
    "主办": "lead",
    "协办": "assisting",
    "轮次": "rounds",
    "收到": "received",
    "期限": "due",
    "原定期限": "first_due",
    "期限单位": "due_unit",
    "各单位期限": "due",
    "剩余/超期": "due",
    "环节期限": "step_due",
    "环节剩余/超期": "step_due",
    "登记时间": "started",
    "结束时间": "ended",
    "结束方式": "end",
    "办理结果": "outcome",
    "催办次数": "urges",
    "是否超期": "late",
    STEPS: "late_steps",
}
"""Every column → the order in which it sorts."""


@blueprint.get("/ledger")
@requires()
def ledger() -> ResponseReturnValue:
    """需求台账."""
    known = choices()
    wanted = asked_of(request.args, known)
    page = queries.cases(db(), actor(), filters=wanted, limit=PER_PAGE, offset=offset())
    table = ledger_rows(db(), page.items, wired().organization, wanted.as_of, (*_shown(), *BESIDE_DUE))
    every = said_columns(db())
    said = _said(every)
    filled = said_cells(db(), [case.id for case in page.items], said, wanted.as_of or clock.today())
    more, past = [name for name in MORE if argument(name)], is_past(wanted.as_of)
    names = Names(db()).learn(talents=[wanted.talent_id], leaders=[wanted.leader_id])
    return render_template(
        "ledger/ledger.html",
        page=page,
        rows=[
            {**dict(zip(COLUMNS, row, strict=True)), **filled.get(case.id, {})}
            for case, row in zip(page.items, table, strict=True)
        ],
        said=every,
        asked_said={one.key for one in said},
        today=clock.today(),
        as_of=wanted.as_of,
        begun=queries.first_started(db(), actor(), NEED) if not page.total and wanted.as_of else None,
        meaning=f"{MEANING}{speaking.MEANING}",
        columns=COLUMNS,
        shown=[*_shown(), *(one.title for one in said)],
        linked=LINKED,
        wide=WIDE,
        moments=MOMENTS,
        days=DAYS,
        sorted_by={name: sort for name, sort in SORTED.items() if not (page.more and past and sort in COMPUTED)}
        | {one.title: one.key for one in said},
        sort=wanted.sort_said or (wanted.sort if wanted.sort != BEST else ("" if wanted.q else "-started")),
        choices=known,
        stages=stage_names().newest(NEED),
        units=every_unit(),
        dates=DATES,
        most=MOST,
        more=more,
        tabs=_tabs(known),
        question=_asked(request.args),
        may_share=may(actor(), views.SHARING),
        ends={**compiled(db(), newest_digest(db(), NEED), NEED).ends, TERMINATED: STATUSES[TERMINATED]},
        talent=names.known("talents", wanted.talent_id),
        leader=names.known("leaders", wanted.leader_id),
        may_pick_talents=may(actor(), "view_talents"),
        may_pick_leaders=may(actor(), "view_directory"),
    )


@blueprint.post("/ledger/views")
@requires()
def save() -> ResponseReturnValue:
    """Keeps the question of the page under a name."""
    fields = sent()
    query = _asked(MultiDict(parse_qsl(text(fields, "query"))))
    view = views.save_view(
        db(),
        values={"name": text(fields, "name"), "shared": text(fields, "shared") == "yes"},
        query=query,
        actor=actor(),
        now=clock.now(),
    )
    return done(f"已保存视图“{view.name}”", f"{url_for('web.ledger.ledger')}?{query}")


@blueprint.post("/ledger/views/<uuid:view_id>/drop")
@requires()
def drop(view_id: UUID) -> ResponseReturnValue:
    """Removes a saved view."""
    name = views.drop_view(db(), view_id=view_id, actor=actor(), now=clock.now())
    return done(f"已删除视图“{name}”", url_for("web.ledger.ledger"))


@dataclass(frozen=True, slots=True)
class Tab:
    """A saved view as a tab: how many cases it finds (None: its question can no longer be asked), whether it is what
    the page shows, and whether the reader may remove it."""

    view: LedgerView
    count: str | None
    shown: bool
    mine: bool


def _tabs(known: Choices) -> list[Tab]:
    found = views.views_of(db(), actor())
    questions: dict[UUID, CaseFilter] = {}
    for view in found:
        with suppress(Invalid):
            questions[view.id] = asked_of(MultiDict(parse_qsl(view.query)), known)
    counted = queries.count_each(db(), actor(), list(questions.values()), COUNTED + 1)
    counts = {key: f"{COUNTED}+" if n > COUNTED else str(n) for key, n in zip(questions, counted, strict=True)}
    now, shares = _asked(request.args), may(actor(), views.SHARING)
    return [
        Tab(one, counts.get(one.id), one.query == now, shares if one.shared else one.owner == actor().username)
        for one in found
    ]


def _asked(args: MultiDict[str, str]) -> str:
    """The question of an address: its filters, columns and sort, in one order."""
    given = sorted((name, value) for name, value in args.items(multi=True) if name not in ("offset", "view") and value)
    asked_of(args, choices())
    return urlencode(given)


@blueprint.get("/ledger.xlsx")
@requires()
def export() -> ResponseReturnValue:
    """Exports the shown list, by its filters and columns, all its pages, for a spreadsheet."""
    wanted = asked_of(request.args, choices())

    said = _said(said_columns(db()))

    def load(ids: Sequence[UUID]) -> Sequence[Instance]:
        db().expunge_all()  # a ledger of 100,000 rows is not held in memory
        found = queries.instances_by_id(db(), ids)
        return [found[one] for one in ids]

    def columns(cases: Sequence[Instance]) -> Columns[Instance]:
        table = ledger_rows(db(), cases, wired().organization, wanted.as_of, _shown())
        cells = {case.id: row for case, row in zip(cases, table, strict=True)}

        def column(place: int) -> Callable[[Instance], Cell]:
            return lambda case: cells[case.id][place]

        filled = said_cells(db(), [case.id for case in cases], said, wanted.as_of or clock.today())

        def filled_in(title: str) -> Callable[[Instance], Cell]:
            return lambda case: filled.get(case.id, {}).get(title, "")

        told = {name: column(COLUMNS.index(name)) for name in _shown()}
        return told | {one.title: filled_in(one.title) for one in said}

    on = wanted.as_of or clock.today()
    return workbook(
        f"需求台账（截至{on.isoformat()}）", groups(queries.each_case_id(db(), actor(), wanted), load), columns
    )


def choices() -> Choices:
    """The values among which the filters of the ledger choose, each with its words."""
    return remembered(db(), choices, _choices)


def _choices() -> Choices:
    organization, units = wired().organization, all_unit_names(db())
    stages = {**stage_names().every(), **stage_names().newest(NEED)}
    rules = {one.id: f"{one.place}　{one.words}" for one in dispatch_rules(db())}
    return {
        "stage": stages,
        "category": {**{code: one.name for code, one in organization.categories.items()}, UNSAID: "未注明"},
        "town": {**{code: one.name for code, one in organization.towns.items()}, UNSAID: "未注明"},
        "figure": {key: one.name for key, one in FIGURES.items()},
        "done_in": done_in_words(stages),
        "rule": rules,
        "against": rules,
        "outcome": dict(OUTCOMES),
        "answers": ANSWERS,
        "said": {key: one.title for key, one in said_columns(db()).items()},
        "said_is": HOW,
        **dict.fromkeys(("unit", "lead", "assisting", "due_unit", "origin", "asked", "office"), units),
    }


def done_in_words(stages: Mapping[str, str]) -> dict[str, str]:
    """The values of the filter ``done_in`` in words: the steps of responsible units apart from all others."""
    whose = {"": "其他步骤", f".{OF_UNIT}": "责任单位"}
    return {f"{code}{mark}": f"{name}（{words}）" for code, name in stages.items() for mark, words in whose.items()}


MORE = (
    "figure",
    "asked",
    "done_in",
    "answers",
    "lead",
    "assisting",
    "due_unit",
    "origin",
    "office",
    "outcome",
    "talent",
    "leader",
    "urges",
    "rounds",
    "end",
    "said",
    "said_text",
    *DATES,
)
"""The filters that are folded away until one of them is used."""


def _said(every: Mapping[str, SaidColumn]) -> list[SaidColumn]:
    """The fields of forms that the address asks for as columns."""
    return [every[key] for key in dict.fromkeys(request.args.getlist("col")) if key in every]


def _shown() -> Sequence[str]:
    """The columns that the address asks for, in the table's order."""
    asked = set(request.args.getlist("col")) & set(COLUMNS)
    usual = {*USUAL, STEPS} if request.args.get("late") == "steps" else set(USUAL)
    return [name for name in COLUMNS if name in (asked | {LINKED} if asked else usual)]
