"""Measurements within one process: commands, wake-ups, pages, verification, rework."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from sqlalchemy import event, func, select, update

from service import clock, engine
from service.clock import SHANGHAI
from service.processes import commands, queries, timers
from service.processes.bundles import compiled
from service.processes.calendars import DayFunctions, current
from service.processes.contexts import context_of
from service.processes.models import WAITING, Instance, Timer
from service.processes.replay import verify
from service.processes.wiring import wiring
from tests.bench.figures import Figure, Meter, Table, share
from tests.bench.people import fill_people
from tests.bench.volume import multiply, original
from tests.conftest import FakeClock
from tests.factories.world import LIAISON, OFFICE, World

START = datetime(2026, 9, 16, 9, 0, tzinfo=SHANGHAI)
LATER = timedelta(days=3650)
UNIT_STAFF = "handler-edu"
REDO = {"decision": "redo", "comment": "请补充材料后再报"}

CASES = 12
ROUNDS = (1, 10, 50, 100)
WAKE = 100


class Bench(World):
    """The world of the tests, but durable: its SQLite waits for the disk like production's."""

    def __init__(self, url: str, clock: FakeClock) -> None:
        super().__init__(url, clock, LIAISON_RATE_LIMITS_API_PER_MINUTE="1000000")
        if self.database.is_sqlite:
            event.listen(
                self.database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=FULL")
            )
            self.database.dispose()
        self.meter = Meter(self.database)


@contextmanager
def bench(url: str) -> Iterator[Bench]:
    """The service over the prepared database at ``url``, on a clock that stands still."""
    with ExitStack() as stack:
        made = Bench(url, FakeClock(stack))
        made.clock.set(START)
        gc.collect()  # as a server process does that has loaded the application
        gc.freeze()
        yield made
        gc.unfreeze()
        made.database.dispose()


class Steps:
    """Takes several cases side by side through the same steps and keeps the figure of each."""

    def __init__(self, world: Bench, table: Table, column: str) -> None:
        self._world, self._table, self._column = world, table, column
        self._actors = {name: world.actor(name) for name in (LIAISON, OFFICE, UNIT_STAFF)}
        self.cases: list[UUID] = []

    def start(self) -> None:
        """Starts the cases."""
        need, actor = self._world.need(), self._actors[LIAISON]

        def one() -> None:
            with self._world.transaction() as session:
                made = commands.start(session, process="request", data=need, actor=actor, now=clock.now())
            self.cases.append(made.id)

        self._table.put("start a case", self._column, self._world.meter.runs([one] * CASES))

    def step(self, user: str, step: str, data: dict[str, Any] | None = None, *, row: str) -> None:
        """``user`` completes ``step`` of every case."""
        filled = self._world.sample(step) if data is None else data
        self._table.put(row, self._column, self._world.meter.runs(list(self._calls(user, step, filled))))

    def _calls(self, user: str, step: str, data: dict[str, Any]) -> Iterator[Callable[[], None]]:
        for case in self.cases:
            self._world.case = case
            yield partial(self._complete, self._world.task(step).id, user, data)

    def _complete(self, task: UUID, user: str, data: dict[str, Any]) -> None:
        with self._world.transaction() as session:
            commands.complete(session, task_id=task, data=data, actor=self._actors[user], now=clock.now())


def operations(world: Bench, table: Table, column: str) -> list[UUID]:
    """One transaction each, on an empty database. Gives the cases, all at their end."""
    steps = Steps(world, table, column)
    steps.start()
    steps.step(LIAISON, "record_need", world.need(), row="complete 登记需求")
    steps.step(OFFICE, "accept", row="complete 受理审核 (issues the number)")
    steps.step(OFFICE, "dispatch", row="complete 派单 (opens two tasks)")
    steps.step(OFFICE, "feedback_accepted", row="complete 反馈受理情况")
    steps.step(UNIT_STAFF, "handle", row="complete 办理")
    steps.step(OFFICE, "review_reply", row="complete 办理审核")
    steps.step(OFFICE, "feedback_result", row="complete 反馈办理情况 (ends the case)")
    return steps.cases


def verification(world: Bench, cases: list[UUID], table: Table, column: str) -> None:
    """Chain and replay; what does not depend on the number of cases is taken off."""
    with world.database.reading() as session:
        began = perf_counter()
        found = [*verify(session, [])]
        alone = perf_counter()
        found += verify(session, cases)
        end = perf_counter()
    if found:
        raise RuntimeError(f"the bench's own cases do not verify: {found[0]}")
    each = ((end - alone) - (alone - began)) * 1000 / len(cases)
    table.put("verify: definitions and calendars, once", column, f"{(alone - began) * 1000:7.1f} ms")
    table.put("verify: each finished case", column, f"{each:7.1f} ms")


def rework(world: Bench, table: Table, column: str) -> None:
    """A case goes back and forth between 办理 and 办理审核."""
    world.dispatched()
    handler, office = world.actor(UNIT_STAFF), world.actor(OFFICE)
    answer = world.sample("handle")
    for number in range(1, max(ROUNDS) + 1):
        taken, worked = [], []
        for step, actor, data in (("handle", handler, answer), ("review_reply", office, REDO)):
            task = world.task(step).id
            began, busy = perf_counter(), process_time()
            with world.transaction() as session:
                commands.complete(session, task_id=task, data=data, actor=actor, now=clock.now())
            taken.append((perf_counter() - began) * 1000)
            worked.append((process_time() - busy) * 1000)
        if number in ROUNDS:
            alone, size = _engine_alone(world, answer)
            figure = f"{sum(taken):6.1f} ms  work {sum(worked):5.1f}  engine {alone:4.1f}  state {size / 1000:.1f} kB"
            table.put(f"rework: round {number} (two completions)", column, figure)


def _engine_alone(world: Bench, data: dict[str, Any]) -> tuple[float, int]:
    """Milliseconds that the engine's part of a step works (no database), and bytes of the stored state."""
    task = str(world.task("handle").id)
    with world.database.reading() as session:
        instance = session.get_one(Instance, world.case)
        made = compiled(session, instance.digest, instance.process)
        days = DayFunctions(current(session), clock.now())
        context = context_of(instance.id, 0, days, lambda _call: None, wiring(session).opening)
        taken = []
        for _ in range(15):
            began = process_time()
            engine.complete(made.program, instance.state, task, data, frozenset(), context)
            taken.append((process_time() - began) * 1000)
        return share(taken, 0.5), len(instance.state.encode())


def fill(world: Bench, finished: UUID, cases: int, opened: int, table: Table, column: str) -> None:
    """Copies until there are ``cases`` cases, and ``opened`` tasks that the Talent Office must do."""
    waiting_for_acceptance = world.recorded()
    told = world.dispatched()
    world.do(OFFICE, "feedback_accepted")
    handled = world.dispatched()
    half, others = opened // 2, max(0, cases - opened)
    counts = multiply(
        world.database,
        [
            (original(world.database, waiting_for_acceptance), opened - half),
            (original(world.database, handled), half),
            (original(world.database, told), others // 2),
            (original(world.database, finished), others - others // 2),
        ],
    )
    sizes = f"{counts['instance']:,} cases, {counts['timer']:,} timers, {counts['history_event']:,} events"
    table.put("rows", column, sizes)
    world.case = handled


def wake_ups(world: Bench, table: Table, column: str) -> None:
    """``WAKE`` timers are due, all others wait."""
    now = clock.now()
    with world.transaction() as session:
        far = update(Timer).where(Timer.status == WAITING).values(due_at=now + LATER)
        session.execute(far, execution_options={"synchronize_session": False})
        first = select(func.min(Timer.fire_at)).where(Timer.status == WAITING).scalar_subquery()
        chosen = session.scalars(
            select(Timer.id).where(Timer.status == WAITING, Timer.fire_at == first).order_by(Timer.id).limit(WAKE)
        ).all()
        due = update(Timer).where(Timer.id.in_(chosen)).values(due_at=now)
        session.execute(due, execution_options={"synchronize_session": False})
        waiting = session.scalar(select(func.count()).where(Timer.status == WAITING)) or 0
        moment = session.scalar(select(first))
    world.clock.set(moment or now)

    def look() -> list[UUID]:
        with world.database.reading() as session:
            return timers.due_timers(session, now=clock.now())

    table.put(f"find the {len(chosen)} due timers among {waiting:,}", column, world.meter.again(look))

    def fire(timer_id: UUID) -> None:
        with world.transaction() as session:
            if not timers.fire(session, timer_id=timer_id, now=clock.now()):
                raise RuntimeError("a due timer did not fire")

    table.put("fire a timer", column, world.meter.runs([partial(fire, timer_id) for timer_id in look()]))
    world.clock.set(START)


def reading(world: Bench, table: Table, column: str) -> None:
    """Pages as the Talent Office sees them, in a full database."""
    browser = world.as_user(OFFICE)
    with world.database.reading() as session:
        total = queries.open_tasks(session, world.actor(OFFICE), today=clock.today()).total
    task = world.task("feedback_accepted").id
    pages = {
        "page 工作台": "/",
        f"page 待办 ({total:,} open tasks)": "/tasks",
        "page 待办, the last of them": f"/tasks?offset={max(0, total - 50)}",
        "page 待办, searched": "/tasks?q=gongyu",
        "page 台账": "/ledger",
        "page 台账, searched": "/ledger?q=gongyu",
        "page 台账, one unit's late cases": "/ledger?unit=edu&late=yes",
        "page 事项": f"/cases/{world.case}",
        "page 任务 (with form and diagram)": f"/tasks/{task}",
    }
    for row, path in pages.items():
        table.put(row, column, _page(world, browser.get, path))
    api = world.api(OFFICE)
    table.put("GET /api/v1/tasks", column, _page(world, api.get, "/tasks"))
    table.put("GET /api/v1/requests", column, _page(world, api.get, "/requests"))
    own = world.as_user(UNIT_STAFF)
    table.put("page 待办, a unit's own", column, _page(world, own.get, "/tasks"))
    table.put("page 台账, a unit's own", column, _page(world, own.get, "/ledger"))
    table.put("需求处理单 as PDF", column, _page(world, browser.get, f"/cases/{world.case}/sheet.pdf"))


def people_pages(world: Bench, table: Table, column: str) -> None:
    """The registry, quotas, links and contacts of a large district, as the Talent Office and a liaison see them."""
    table.put("rows of the people side", column, fill_people(world.database))
    browser, api, own = world.as_user(OFFICE), world.api(OFFICE), world.as_user(LIAISON)
    pages = {
        "page 人才信息库": "/talents",
        "page 人才信息库, by pinyin": "/talents?q=tingquan",
        "page 人才信息库, by 汉字 and town": "/talents?q=慕容&town=shishan",
        "page 人才信息库, one id": "/talents?q=T123456",
        "page 配额": "/quotas",
        "page 配额, class B that lack some": "/quotas?klass=B&short=yes",
        "page 联系关系": "/links",
        "page 联系关系, far down": "/links?status=active&offset=30000",
        "page 联系关系, by pinyin": "/links?q=tingquan",
        "page 联系关系, with warnings": "/links?warned=yes",
        "page 联系记录": "/contacts",
        "page 一位人才": "/talents/T100000",
    }
    for row, path in pages.items():
        table.put(row, column, _page(world, browser.get, path))
    table.put("GET /api/v1/talents?q=", column, _page(world, api.get, "/talents?q=tingquan"))
    table.put("GET /api/v1/quotas", column, _page(world, api.get, "/quotas"))
    table.put("page 配额, a unit's own", column, _page(world, own.get, "/quotas"))
    table.put("page 联系记录, a unit's own", column, _page(world, own.get, "/contacts"))


def _page(world: Bench, get: Callable[[str], Any], path: str) -> Figure:
    answer = get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answers {answer.status_code}")
    return world.meter.again(lambda: get(path))
